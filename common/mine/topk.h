/*
 * topk.h - exact search for the nearest vectors by dot product (cosine, for
 * vectors of unit length). Products through nn/gemm, a tile at a time.
 */
#ifndef MINE_TOPK_H
#define MINE_TOPK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/workers.h"

struct topk_hit {
    uint32_t doc;
    float score;
};

/*
 * For each of n vectors its k nearest among the same n, itself left out, best
 * first, ties by lower document.
 *
 *   hit   [n,k] out   places beyond n-1 hits have doc UINT32_MAX
 *   x     [n,C] in    unit length for cosine
 *
 * The result does not depend on the number of workers. ERR_NOMEM.
 */
int topk_self(struct topk_hit *hit, const float *x, size_t n, size_t k,
              size_t C, struct workers *w, struct err *err) MUST_CHECK;

#endif
