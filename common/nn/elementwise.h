/*
 * elementwise.h - the small passes between the matrix products.
 */
#ifndef NN_ELEMENTWISE_H
#define NN_ELEMENTWISE_H

#include <stddef.h>

/* y[i] += x[i] */
void add_fwd(float *y, const float *x, size_t n);

/* y[n,c] += bias[c]; gemm_nt() does it for nothing */
void bias_fwd(float *y, const float *bias, size_t N, size_t C);

/*
 * Columns [c0,c1): dbias[c] += sum over n of dy[n,c]
 *
 *   dbias [C]   out   accumulates; zero it first
 *   dy    [N,C] in
 */
void bias_bwd(float *dbias, const float *dy, size_t c0, size_t c1, size_t N,
              size_t C);

/* y = tanh(x); y may alias x */
void tanh_fwd(float *y, const float *x, size_t n);
/* dx = dy * (1 - y^2), set, not added to; dx may alias dy. y: tanh's output */
void tanh_bwd(float *dx, const float *dy, const float *y, size_t n);

/* y = max(x, 0); y may alias x. Backward: where y > 0. */
void relu_fwd(float *y, const float *x, size_t n);
void relu_bwd(float *dx, const float *dy, const float *y, size_t n);

/* y[i] += a * x[i] */
void axpy(float *y, float a, const float *x, size_t n);
/* sum of a[i] * b[i], in 32 partial sums */
float dot(const float *a, const float *b, size_t n);

#endif
