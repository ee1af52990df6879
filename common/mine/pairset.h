/*
 * pairset.h - a set of unordered pairs of ordinals: {a, b} = {b, a}.
 */
#ifndef MINE_PAIRSET_H
#define MINE_PAIRSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct pairset {
    uint64_t *slot; /* open addressing; 0 = empty */
    size_t n, cap;  /* cap is a power of two */
};
#define PAIRSET_INIT \
    { \
        NULL, 0, 0 \
    }

void pairset_release(struct pairset *s);
/* *added tells whether {a, b} was new. a and b differ (assert). */
int pairset_add(struct pairset *s, uint32_t a, uint32_t b, bool *added,
                struct err *err) MUST_CHECK;
bool pairset_has(const struct pairset *s, uint32_t a, uint32_t b);

#endif
