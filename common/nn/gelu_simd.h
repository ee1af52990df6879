/*
 * gelu_simd.h - GELU with one exponential. With t = |x| and Mills' ratio
 * M(t) = Phi(-t) / exp(-t^2 / 2), which is smooth and takes one polynomial:
 *
 *   c        = exp(-t^2 / 2) * M(t)           = Phi(-t)
 *   gelu(x)  = max(x, 0) - t * c
 *   gelu'(x) = Phi(x) + x * exp(-t^2 / 2) / sqrt(2 pi)
 *
 * M is a minimax fit on [0, 6] with weight max(1, t) * exp(-t^2 / 2): its part
 * of the error is 4e-8. Above 6 the product is below 1e-8 whatever M is.
 */
#ifndef NN_GELU_SIMD_H
#define NN_GELU_SIMD_H

#include "nn/kernels_isa.h"
#include "nn/vec.h"

/* exp(-t^2 / 2) for t in [0, 13]: 2^-122 is still a normal number. */
static inline vec gelu_bell(vec t)
{
    vec s = v_mul(v_mul(t, t), v_set(-0.72134752f)); /* log2(e) / 2 */
    vec n = v_round(s);

    return v_exp2(n, v_sub(s, n));
}

static inline vec gelu_mills(vec t)
{
    vec u = v_min(v_set(6.0f), t), m = v_set(-2.44198270e-7f);

    m = v_fma(m, u, v_set(6.28713909e-6f));
    m = v_fma(m, u, v_set(-7.27642157e-5f));
    m = v_fma(m, u, v_set(5.07444375e-4f));
    m = v_fma(m, u, v_set(-2.42995541e-3f));
    m = v_fma(m, u, v_set(8.71687871e-3f));
    m = v_fma(m, u, v_set(-2.51487651e-2f));
    m = v_fma(m, u, v_set(6.17024177e-2f));
    m = v_fma(m, u, v_set(-1.32719306e-1f));
    m = v_fma(m, u, v_set(2.49955681e-1f));
    m = v_fma(m, u, v_set(-3.98939346e-1f));
    return v_fma(m, u, v_set(4.99999968e-1f));
}

static inline vec gelu_value(vec x)
{
    vec t = v_min(v_set(13.0f), v_abs(x));
    vec c = v_mul(gelu_bell(t), gelu_mills(t));

    return v_fnma(t, c, v_max(v_set(0.0f), x));
}

static inline vec gelu_slope(vec x)
{
    vec t = v_min(v_set(13.0f), v_abs(x));
    vec bell = gelu_bell(t);
    vec c = v_mul(bell, gelu_mills(t));
    vec rise = v_mul(v_mul(t, v_set(0.39894228f)), bell); /* |x| * phi(x) */

    return v_if_neg(x, v_sub(c, rise), v_add(v_sub(v_set(1.0f), c), rise));
}

void ISA(gelu_fwd)(float *y, const float *x, size_t n)
{
    size_t i = 0;

    for (; i + VEC <= n; i += VEC)
        v_store(y + i, gelu_value(v_load(x + i)));
    if (i < n)
        v_store_n(y + i, gelu_value(v_load_n(x + i, n - i, v_set(0.0f))),
                  n - i);
}

void ISA(gelu_bwd)(float *dx, const float *dy, const float *x, size_t n)
{
    const vec none = v_set(0.0f);
    size_t i = 0;

    for (; i + VEC <= n; i += VEC)
        v_store(dx + i, v_mul(v_load(dy + i), gelu_slope(v_load(x + i))));
    if (i < n)
        v_store_n(dx + i,
                  v_mul(v_load_n(dy + i, n - i, none),
                        gelu_slope(v_load_n(x + i, n - i, none))),
                  n - i);
}

#endif
