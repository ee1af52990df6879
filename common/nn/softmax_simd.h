/*
 * softmax_simd.h - the row stays in L1: scaled logits and their maximum,
 * exponentials and their sum, one product.
 */
#ifndef NN_SOFTMAX_SIMD_H
#define NN_SOFTMAX_SIMD_H

#include <math.h>

#include "nn/kernels_isa.h"
#include "nn/vec.h"

/* exp(x) for x <= 0; exact 0 where the result would be subnormal. log2(e) in
 * two parts, so that the product's rounding does not show. */
static inline vec softmax_exp(vec x)
{
    const vec least = v_set(-126.0f), log2e = v_set(1.44269502f);
    vec s = v_mul(x, log2e);
    vec n = v_round(v_max(least, s));
    vec f =
        v_fma(x, v_set(1.92596303e-8f), v_fma(x, log2e, v_sub(v_set(0), n)));

    return v_zero_if_less(s, least, v_exp2(n, f));
}

/* y = scale * x + bias; returns the maximum. */
static inline float softmax_logits(float *y, const float *x, const float *bias,
                                   float scale, size_t n)
{
    const vec a = v_set(scale), low = v_set(-INFINITY), none = v_set(0.0f);
    vec max = low;
    size_t i = 0;

    for (; i + VEC <= n; i += VEC) {
        vec s = v_fma(a, v_load(x + i), bias ? v_load(bias + i) : none);

        max = v_max(max, s);
        v_store(y + i, s);
    }
    if (i < n) {
        vec b = bias ? v_load_n(bias + i, n - i, none) : none;
        vec s = v_fma(a, v_load_n(x + i, n - i, none), b);

        v_store_n(y + i, s, n - i);
        max = v_max(max, v_load_n(y + i, n - i, low));
    }
    return v_largest(max);
}

void ISA(softmax_fwd)(float *y, const float *x, const float *bias, float scale,
                      size_t n)
{
    const vec max = v_set(softmax_logits(y, x, bias, scale, n));
    vec sum = v_set(0.0f), part;
    size_t i = 0;

    for (; i + VEC <= n; i += VEC) {
        part = softmax_exp(v_sub(v_load(y + i), max));
        v_store(y + i, part);
        sum = v_add(sum, part);
    }
    if (i < n) {
        part = v_load_n(y + i, n - i, v_set(-INFINITY));
        part = softmax_exp(v_sub(part, max));
        v_store_n(y + i, part, n - i);
        sum = v_add(sum, part);
    }
    sum = v_set(1.0f / v_sum(sum));
    for (i = 0; i + VEC <= n; i += VEC)
        v_store(y + i, v_mul(v_load(y + i), sum));
    if (i < n)
        v_store_n(y + i, v_mul(v_load_n(y + i, n - i, sum), sum), n - i);
}

void ISA(softmax_bwd)(float *dx, const float *dy, const float *y, float scale,
                      size_t n)
{
    const vec a = v_set(scale), none = v_set(0.0f);
    vec sum = none;
    size_t i = 0;

    for (; i + VEC <= n; i += VEC)
        sum = v_fma(v_load(dy + i), v_load(y + i), sum);
    if (i < n)
        sum = v_fma(v_load_n(dy + i, n - i, none), v_load_n(y + i, n - i, none),
                    sum);
    sum = v_set(v_sum(sum));
    for (i = 0; i + VEC <= n; i += VEC)
        v_store(dx + i,
                v_mul(v_mul(a, v_load(y + i)), v_sub(v_load(dy + i), sum)));
    if (i < n)
        v_store_n(dx + i,
                  v_mul(v_mul(a, v_load_n(y + i, n - i, none)),
                        v_sub(v_load_n(dy + i, n - i, none), sum)),
                  n - i);
}

#endif
