/*
 * rewrite.h - the normalisers of a tokenizer.json other than BERT's, one after
 * the other: a text in, its normal form out. What each does is what the
 * reference tokenizers 0.23 make of it.
 *
 * Known: Sequence, Precompiled (text/charsmap.h), NFC, NFD, NFKC, NFKD, Nmt,
 * Lowercase, StripAccents, Strip, Prepend, and Replace of a plain text or of
 * a run of spaces (" {2,}", "\s+").
 */
#ifndef TEXT_REWRITE_H
#define TEXT_REWRITE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "text/charsmap.h"
#include "text/normalise.h"

enum { REWRITE_STEPS = 16 };

enum rewrite_kind {
    REWRITE_CHARSMAP,
    REWRITE_FORM,
    REWRITE_NMT, /* controls dropped, odd white space to ' ' */
    REWRITE_LOWER,
    REWRITE_NO_MARKS,
    REWRITE_STRIP,
    REWRITE_PREPEND,
    REWRITE_TEXT, /* each `what` becomes `with` */
    REWRITE_RUNS, /* each run of `least` spaces or more */
};

struct rewrite_step {
    enum rewrite_kind kind;
    struct charsmap *map; /* owned, as the texts are */
    enum normalise_form form;
    bool left, right;  /* sides to be stripped */
    char *what, *with; /* what " ": runs of U+0020; else of any white space */
    size_t least;
};

struct rewrite {
    struct rewrite_step step[REWRITE_STEPS];
    size_t n;
};

/* Append the steps of a "normalizer" (NULL or JSON null: none); only: those
 * of that type alone, or NULL. ERR_FORMAT names one that is not known, or
 * damaged. */
int rewrite_read(struct rewrite *r, const struct json *doc,
                 const struct json_node *normalizer, const char *only,
                 struct err *err) MUST_CHECK;
/* As if by one Precompiled, which is r's from then on. */
int rewrite_add_charsmap(struct rewrite *r, struct charsmap *map,
                         struct err *err) MUST_CHECK;
void rewrite_release(struct rewrite *r);

/* Bytes that one byte of text can become. */
size_t rewrite_growth(const struct rewrite *r);
/* Replace out's contents by the normal form of text (not part of out); bytes
 * that are not UTF-8 become U+FFFD first. spare is overwritten. *cut: the
 * beginning was dropped, so that the form begins later. ERR_NOMEM, ERR_FULL. */
int rewrite_apply(const struct rewrite *r, struct buf *out, struct buf *spare,
                  struct span text, bool *cut, struct err *err) MUST_CHECK;

#endif
