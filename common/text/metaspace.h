/*
 * metaspace.h - SentencePiece's words: a visible mark (U+2581) stands for each
 * space and in front of the text, and begins a word.
 */
#ifndef TEXT_METASPACE_H
#define TEXT_METASPACE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum metaspace_prepend {
    METASPACE_ALWAYS, /* in front of every part between added tokens */
    METASPACE_FIRST,  /* in front of the text only */
    METASPACE_NEVER,
};

struct metaspace {
    char mark[5]; /* one character, with NUL */
    enum metaspace_prepend prepend;
    bool whole;    /* marks begin no words: there is one */
    bool by_space; /* words between white space first, each with a mark */
};

/* From a "pre_tokenizer": Metaspace, alone or behind WhitespaceSplit.
 * ERR_FORMAT names what is not known. */
int metaspace_read(struct metaspace *m, const struct json *doc,
                   const struct json_node *pre_tokenizer,
                   struct err *err) MUST_CHECK;

/* Called with each word; a return below 0 stops the walk and is passed on. */
typedef int metaspace_fn(void *ctx, struct span word, struct err *err);

/* Words of text, valid UTF-8; first: it begins the whole text. marked is
 * overwritten, and text no part of it. */
int metaspace_each(const struct metaspace *m, struct span text, bool first,
                   struct buf *marked, metaspace_fn *fn, void *ctx,
                   struct err *err) MUST_CHECK;

#endif
