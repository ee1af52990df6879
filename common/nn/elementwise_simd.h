/*
 * elementwise_simd.h - sums, products and column sums, sixteen at a time.
 */
#ifndef NN_ELEMENTWISE_SIMD_H
#define NN_ELEMENTWISE_SIMD_H

#include "nn/kernels_isa.h"
#include "nn/vec.h"

void ISA(add)(float *y, const float *x, size_t n)
{
    const vec none = v_set(0.0f);
    size_t i = 0;

    for (; i + VEC <= n; i += VEC)
        v_store(y + i, v_add(v_load(y + i), v_load(x + i)));
    if (i < n)
        v_store_n(
            y + i,
            v_add(v_load_n(y + i, n - i, none), v_load_n(x + i, n - i, none)),
            n - i);
}

void ISA(axpy)(float *y, float a, const float *x, size_t n)
{
    const vec k = v_set(a), none = v_set(0.0f);
    size_t i = 0;

    for (; i + VEC <= n; i += VEC)
        v_store(y + i, v_fma(k, v_load(x + i), v_load(y + i)));
    if (i < n)
        v_store_n(y + i,
                  v_fma(k, v_load_n(x + i, n - i, none),
                        v_load_n(y + i, n - i, none)),
                  n - i);
}

float ISA(dot)(const float *a, const float *b, size_t n)
{
    const vec none = v_set(0.0f);
    vec even = none, odd = none;
    size_t i = 0;

    for (; i + 2 * VEC <= n; i += 2 * VEC) {
        even = v_fma(v_load(a + i), v_load(b + i), even);
        odd = v_fma(v_load(a + i + VEC), v_load(b + i + VEC), odd);
    }
    for (; i + VEC <= n; i += VEC)
        even = v_fma(v_load(a + i), v_load(b + i), even);
    if (i < n)
        odd = v_fma(v_load_n(a + i, n - i, none), v_load_n(b + i, n - i, none),
                    odd);
    return v_sum(v_add(even, odd));
}

void ISA(bias_bwd)(float *dbias, const float *dy, size_t c0, size_t c1,
                   size_t N, size_t C)
{
    const vec none = v_set(0.0f);
    size_t c = c0;

    for (; c + VEC <= c1; c += VEC) {
        vec sum = v_load(dbias + c);

        for (size_t n = 0; n < N; n++)
            sum = v_add(sum, v_load(dy + n * C + c));
        v_store(dbias + c, sum);
    }
    if (c < c1) {
        vec sum = v_load_n(dbias + c, c1 - c, none);

        for (size_t n = 0; n < N; n++)
            sum = v_add(sum, v_load_n(dy + n * C + c, c1 - c, none));
        v_store_n(dbias + c, sum, c1 - c);
    }
}

#endif
