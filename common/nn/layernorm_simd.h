/*
 * layernorm_simd.h - a row is at most a few KB and stays in L1, so every
 * average is its own pass. Sums over a row are in 32 parts.
 */
#ifndef NN_LAYERNORM_SIMD_H
#define NN_LAYERNORM_SIMD_H

#include <math.h>

#include "nn/kernels_isa.h"
#include "nn/vec.h"

static inline float layernorm_mean(const float *x, size_t C)
{
    vec even = v_set(0.0f), odd = even;
    size_t c = 0;

    for (; c + 2 * VEC <= C; c += 2 * VEC) {
        even = v_add(even, v_load(x + c));
        odd = v_add(odd, v_load(x + c + VEC));
    }
    for (; c + VEC <= C; c += VEC)
        even = v_add(even, v_load(x + c));
    if (c < C)
        odd = v_add(odd, v_load_n(x + c, C - c, v_set(0.0f)));
    return v_sum(v_add(even, odd)) / (float)C;
}

static inline float layernorm_variance(const float *x, float mean, size_t C)
{
    const vec m = v_set(mean);
    vec even = v_set(0.0f), odd = even, d;
    size_t c = 0;

    for (; c + 2 * VEC <= C; c += 2 * VEC) {
        d = v_sub(v_load(x + c), m);
        even = v_fma(d, d, even);
        d = v_sub(v_load(x + c + VEC), m);
        odd = v_fma(d, d, odd);
    }
    for (; c + VEC <= C; c += VEC) {
        d = v_sub(v_load(x + c), m);
        even = v_fma(d, d, even);
    }
    if (c < C) {
        d = v_sub(v_load_n(x + c, C - c, m), m);
        odd = v_fma(d, d, odd);
    }
    return v_sum(v_add(even, odd)) / (float)C;
}

static inline void layernorm_scale(float *y, const float *x, const float *gamma,
                                   const float *beta, float mean, float rstd,
                                   size_t C)
{
    const vec m = v_set(mean), r = v_set(rstd), none = v_set(0.0f);
    size_t c = 0;

    for (; c + VEC <= C; c += VEC) {
        vec xhat = v_mul(v_sub(v_load(x + c), m), r);

        v_store(y + c, v_fma(v_load(gamma + c), xhat, v_load(beta + c)));
    }
    if (c < C) {
        vec xhat = v_mul(v_sub(v_load_n(x + c, C - c, m), m), r);

        v_store_n(y + c,
                  v_fma(v_load_n(gamma + c, C - c, none), xhat,
                        v_load_n(beta + c, C - c, none)),
                  C - c);
    }
}

void ISA(layernorm_fwd)(float *y, float *mean, float *rstd, const float *x,
                        const float *gamma, const float *beta, float eps,
                        size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C;
        float m = layernorm_mean(x_n, C);
        float r = 1.0f / sqrtf(layernorm_variance(x_n, m, C) + eps);

        layernorm_scale(y + n * C, x_n, gamma, beta, m, r, C);
        if (mean) {
            mean[n] = m;
            rstd[n] = r;
        }
    }
}

/* Up to VEC channels of one row: g = gamma * dy and xhat. Lanes from k on are
 * g = 0. */
struct layernorm_part {
    vec g, xhat;
};

static inline struct layernorm_part layernorm_take(const float *dy,
                                                   const float *x,
                                                   const float *gamma, vec m,
                                                   vec r, size_t k)
{
    const vec none = v_set(0.0f);
    struct layernorm_part p;

    if (k >= VEC) {
        p.g = v_mul(v_load(gamma), v_load(dy));
        p.xhat = v_mul(v_sub(v_load(x), m), r);
    } else {
        p.g = v_mul(v_load_n(gamma, k, none), v_load_n(dy, k, none));
        p.xhat = v_mul(v_sub(v_load_n(x, k, m), m), r);
    }
    return p;
}

void ISA(layernorm_bwd_x)(float *dx, const float *dy, const float *x,
                          const float *gamma, const float *mean,
                          const float *rstd, size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C, *dy_n = dy + n * C;
        const vec m = v_set(mean[n]), r = v_set(rstd[n]);
        vec sum_g = v_set(0.0f), sum_gx = sum_g, avg_g, avg_gx;
        struct layernorm_part p;

        for (size_t c = 0; c < C; c += VEC) {
            p = layernorm_take(dy_n + c, x_n + c, gamma + c, m, r, C - c);
            sum_g = v_add(sum_g, p.g);
            sum_gx = v_fma(p.g, p.xhat, sum_gx);
        }
        avg_g = v_set(v_sum(sum_g) / (float)C);
        avg_gx = v_set(v_sum(sum_gx) / (float)C);
        for (size_t c = 0; c < C; c += VEC) {
            vec d;

            p = layernorm_take(dy_n + c, x_n + c, gamma + c, m, r, C - c);
            d = v_mul(r, v_fnma(p.xhat, avg_gx, v_sub(p.g, avg_g)));
            if (C - c >= VEC)
                v_store(dx + n * C + c, d);
            else
                v_store_n(dx + n * C + c, d, C - c);
        }
    }
}

/* Sums over all rows of VEC columns at a time stay in registers; workers that
 * split the columns share the cache lines at most at their borders. */
void ISA(layernorm_bwd_params)(float *dgamma, float *dbeta, const float *dy,
                               const float *x, const float *mean,
                               const float *rstd, size_t c0, size_t c1,
                               size_t N, size_t C)
{
    const vec none = v_set(0.0f);
    size_t c = c0;

    for (; c + VEC <= c1; c += VEC) {
        vec dg = v_load(dgamma + c), db = v_load(dbeta + c);

        for (size_t n = 0; n < N; n++) {
            vec d = v_load(dy + n * C + c);
            vec xhat = v_sub(v_load(x + n * C + c), v_set(mean[n]));

            dg = v_fma(d, v_mul(xhat, v_set(rstd[n])), dg);
            db = v_add(db, d);
        }
        v_store(dgamma + c, dg);
        v_store(dbeta + c, db);
    }
    if (c < c1) {
        size_t k = c1 - c;
        vec dg = v_load_n(dgamma + c, k, none);
        vec db = v_load_n(dbeta + c, k, none);

        for (size_t n = 0; n < N; n++) {
            vec d = v_load_n(dy + n * C + c, k, none);
            vec xhat = v_sub(v_load_n(x + n * C + c, k, none), v_set(mean[n]));

            dg = v_fma(d, v_mul(xhat, v_set(rstd[n])), dg);
            db = v_add(db, d);
        }
        v_store_n(dgamma + c, dg, k);
        v_store_n(dbeta + c, db, k);
    }
}

#endif
