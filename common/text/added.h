/*
 * added.h - tokens that are found in a text before it is split into words:
 * "[MASK]", or a domain's own terms. As the reference does it: the leftmost
 * match counts, of those the longest; first in the text as it is, then in the
 * normal form of what lies between.
 */
#ifndef TEXT_ADDED_H
#define TEXT_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/normalise.h"

struct added_token {
    struct span text; /* the caller's; as long as the list */
    uint32_t *form;   /* its normal form; NULL: found in the raw text */
    size_t form_len;  /* code points */
    uint32_t id;
    bool single_word; /* counts only where no word character touches it */
    bool takes_before, takes_after; /* the white space beside it, in raw text */
};

/* All raw or all normal; zeroed at the start. */
struct added {
    struct added_token *item; /* longest first once sorted */
    size_t n, cap;
    bool first[256]; /* low byte of some item's first byte or code point */
};

/* Add a token; norm not NULL: one to be found in the normal form. A token
 * that is empty, or empty in its normal form, is left out: it would match
 * everywhere. ERR_NOMEM. */
int added_put(struct added *a, struct span text, uint32_t id, bool single_word,
              const struct normalise_bert *norm, struct err *err) MUST_CHECK;
/* Tokens of that id take the white space beside them along. */
void added_take_space(struct added *a, uint32_t id, bool before, bool after);
/* After the last added_put(). */
void added_sort(struct added *a);
void added_release(struct added *a);
bool added_has(const struct added *a, uint32_t id);

/* The longest token that begins at p, or NULL; p < end. Whether it stands
 * alone is not asked. */
const struct added_token *added_raw(const struct added *a, const char *p,
                                    const char *end);
/* Are the neighbours of [p, after) in [start, end) no word characters? */
bool added_alone_raw(const char *start, const char *p, const char *after,
                     const char *end);

/* The longest token that the stream goes on with, or NULL; *after is the
 * stream behind it. */
const struct added_token *added_normal(const struct added *a,
                                       const struct normalise_stream *s,
                                       struct normalise_stream *after);
/* before: the code point in front of it, or NORMALISE_END. */
bool added_alone_normal(uint32_t before, struct normalise_stream after);

#endif
