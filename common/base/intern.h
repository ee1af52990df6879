/*
 * intern.h - distinct byte strings, numbered from 0 in the order they came.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct intern_block; /* where the bytes are; blocks never move */

struct intern {
    struct span *text; /* [n]; lives as long as the table */
    uint32_t n;
    /* private */
    struct intern_block *block;
    uint64_t *hash;
    uint32_t *slot; /* open addressing: number + 1, 0 = empty */
    size_t slots, cap;
};
#define INTERN_INIT \
    { \
        NULL, 0, NULL, NULL, NULL, 0, 0 \
    }

/* The number of s, added (the bytes are copied) when new. ERR_NOMEM. */
int intern_add(struct intern *t, struct span s, uint32_t *number, bool *added,
               struct err *err) MUST_CHECK;
/* Its number, or -1. */
int64_t intern_find(const struct intern *t, struct span s);
void intern_release(struct intern *t);

#endif
