/*
 * pooling.h - one vector from the token vectors of a sequence, and vectors to
 * unit length. Modes as in sentence-transformers' Pooling module; a list of
 * modes concatenates: call once per mode.
 */
#ifndef NN_POOLING_H
#define NN_POOLING_H

#include <stddef.h>
#include <stdint.h>

enum pooling {
    POOLING_CLS,           /* first row */
    POOLING_MAX,           /* per column */
    POOLING_MEAN,          /* sum / len */
    POOLING_MEAN_SQRT_LEN, /* sum / sqrt(len) */
    POOLING_WEIGHTED_MEAN, /* weights 1..len */
    POOLING_LAST,          /* last row */
};

/*
 *   y     [C]     out
 *   which [C]     out   POOLING_MAX: the row of each maximum, for the backward
 *                       pass; NULL when none follows. Else not touched.
 *   x     [len,C] in
 *   len                 > 0
 */
void pooling_fwd(float *y, uint32_t *which, const float *x, enum pooling mode,
                 size_t len, size_t C);

/*
 *   dx    [len,C] out   accumulates; zero it first
 *   dy    [C]     in
 *   which [C]     in    what pooling_fwd() left
 */
void pooling_bwd(float *dx, const float *dy, const uint32_t *which,
                 enum pooling mode, size_t len, size_t C);

/*
 * y[n,:] = x[n,:] / max(|x[n,:]|, 1e-12)
 *
 *   y     [N,C] out   may alias x
 *   norm  [N]   out   for the backward pass; NULL when none follows
 *   x     [N,C] in
 */
void l2norm_fwd(float *y, float *norm, const float *x, size_t N, size_t C);

/*
 * dx = (dy - y * sum of dy*y) / norm
 *
 *   dx    [N,C] out   set, not added to; may alias dy
 *   dy    [N,C] in
 *   y, norm     in    what l2norm_fwd() left
 */
void l2norm_bwd(float *dx, const float *dy, const float *y, const float *norm,
                size_t N, size_t C);

#endif
