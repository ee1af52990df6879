/*
 * gelu.h - y = x * Phi(x), Phi the normal distribution function: the exact
 * (erf) form of BERT, not the tanh approximation.
 * Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415.
 */
#ifndef NN_GELU_H
#define NN_GELU_H

#include <stddef.h>

/*
 *   y     [n] out   may alias x when no backward pass follows
 *   x     [n] in
 *
 * |error| <= 1e-7 + 1e-7 * |y| against double precision.
 */
void gelu_fwd(float *y, const float *x, size_t n);

/*
 * dx = dy * (Phi(x) + x * phi(x))
 *
 *   dx    [n] out   set, not added to; may alias dy
 *   dy    [n] in
 *   x     [n] in    the input of gelu_fwd()
 */
void gelu_bwd(float *dx, const float *dy, const float *x, size_t n);

#endif
