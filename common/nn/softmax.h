/*
 * softmax.h - softmax of one row, and its backward pass.
 */
#ifndef NN_SOFTMAX_H
#define NN_SOFTMAX_H

#include <stddef.h>

/*
 * y[i] = exp(s[i] - max s) / sum, s[i] = scale * x[i] + bias[i]
 *
 *   y     [n] out   may alias x; exact 0 below about -87 from the maximum
 *   x     [n] in
 *   bias  [n] in    NULL = none
 *   scale           attention: 1 / sqrt(D)
 *   n               > 0
 */
void softmax_fwd(float *y, const float *x, const float *bias, float scale,
                 size_t n);

/*
 * dx[i] = scale * y[i] * (dy[i] - sum of dy*y)
 * With scale 1 this is the gradient of bias.
 *
 *   dx    [n] out   set, not added to; may alias dy
 *   dy    [n] in
 *   y     [n] in    the output of softmax_fwd()
 */
void softmax_bwd(float *dx, const float *dy, const float *y, float scale,
                 size_t n);

#endif
