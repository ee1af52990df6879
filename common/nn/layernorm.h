/*
 * layernorm.h - layer normalisation over the last axis.
 * Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv:1607.06450, eq. 4.
 */
#ifndef NN_LAYERNORM_H
#define NN_LAYERNORM_H

#include <stddef.h>

/*
 * y[n,c] = gamma[c] * (x[n,c] - mean[n]) * rstd[n] + beta[c]
 *
 *   y     [N,C] out   may alias x when no backward pass follows
 *   mean  [N]   out   for the backward pass; NULL when none follows
 *   rstd  [N]   out   1 / sqrt(biased variance + eps); NULL with mean
 *   x     [N,C] in
 *   gamma [C]   in    "LayerNorm.weight"
 *   beta  [C]   in    "LayerNorm.bias"
 *   eps               1e-12 in BERT (not PyTorch's 1e-5): take config.json's
 */
void layernorm_fwd(float *y, float *mean, float *rstd, const float *x,
                   const float *gamma, const float *beta, float eps, size_t N,
                   size_t C);

/*
 * dx = rstd * (g - avg(g) - xhat * avg(g * xhat)), g = gamma * dy,
 * xhat = (x - mean) * rstd, averages over the row
 *
 *   dx    [N,C] out   set, not added to; may alias dy
 *   dy    [N,C] in    the other inputs are those of layernorm_fwd()
 */
void layernorm_bwd_x(float *dx, const float *dy, const float *x,
                     const float *gamma, const float *mean, const float *rstd,
                     size_t N, size_t C);

/*
 * Columns [c0,c1) only, over all rows, so that workers who own different
 * columns need no reduction:
 * dgamma[c] += sum over n of dy[n,c] * xhat[n,c];  dbeta[c] += sum of dy[n,c]
 *
 *   dgamma [C]  out   accumulates; zero it first
 *   dbeta  [C]  out   accumulates; zero it first
 */
void layernorm_bwd_params(float *dgamma, float *dbeta, const float *dy,
                          const float *x, const float *mean, const float *rstd,
                          size_t c0, size_t c1, size_t N, size_t C);

#endif
