/*
 * anchors.h - the texts to ask about. They stay in their store and are read one
 * at a time: a million of them take four bytes each.
 */
#ifndef LLM_ANCHORS_H
#define LLM_ANCHORS_H

#include "store/records.h"

struct anchors {
    struct store *in;
    uint32_t *ordinal; /* [n] in the store, ascending */
    uint32_t n;
    uint32_t skipped; /* nobody knows an answer to them */
};

/* Does anybody know an answer to that text? */
typedef bool anchors_fits(const void *ctx, struct span text);

/* All texts of a store that fit (fits NULL: all), at most limit of them (0: no
 * limit). */
int anchors_open(struct anchors *a, const char *path, uint64_t limit,
                 anchors_fits *fits, const void *ctx,
                 struct err *err) MUST_CHECK;
void anchors_close(struct anchors *a); /* {0} is fine */
/* Text i, valid until the next call. */
int anchors_get(const struct anchors *a, uint32_t i, struct span *text,
                struct err *err) MUST_CHECK;
/* Leave n of them, drawn by a hash of text and seed. */
int anchors_sample(struct anchors *a, uint32_t n, uint64_t seed,
                   struct err *err) MUST_CHECK;

#endif
