/*
 * tupleset.h - a set of tuples of u32, numbered in the order they came.
 */
#ifndef STORE_TUPLESET_H
#define STORE_TUPLESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tupleset {
    uint32_t *pool; /* the numbers, tuple after tuple */
    size_t used, room;
    size_t *begin; /* [n + 1] into pool */
    size_t n, cap;
    size_t *slot; /* open addressing: number + 1, 0 = empty */
    size_t slots;
};

/* A zeroed struct is an empty set. *index is the tuple's number, *added
 * whether it is new. ERR_NOMEM. */
int tupleset_add(struct tupleset *s, const uint32_t *v, size_t n, size_t *index,
                 bool *added, struct err *err) MUST_CHECK;
void tupleset_release(struct tupleset *s);

#endif
