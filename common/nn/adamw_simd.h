/*
 * adamw_simd.h - one pass over parameter, moments and gradient.
 */
#ifndef NN_ADAMW_SIMD_H
#define NN_ADAMW_SIMD_H

#include <math.h>

#include "nn/adamw.h"
#include "nn/kernels_isa.h"
#include "nn/vec.h"

struct adamw_part {
    vec p, m, v;
};

struct adamw_factors {
    vec clip, b1, c1, b2, c2, keep, rate, root, eps;
};

static inline struct adamw_factors adamw_prepare(const struct adamw *a)
{
    return (struct adamw_factors){
        .clip = v_set((float)a->clip),
        .b1 = v_set((float)a->beta1),
        .c1 = v_set((float)(1.0 - a->beta1)),
        .b2 = v_set((float)a->beta2),
        .c2 = v_set((float)(1.0 - a->beta2)),
        .keep = v_set(adamw_keep(a)),
        .rate = v_set((float)(a->lr / a->fix1)),
        .root = v_set((float)(1.0 / sqrt(a->fix2))),
        .eps = v_set((float)a->eps),
    };
}

static inline void adamw_update(struct adamw_part *s, vec g,
                                const struct adamw_factors *f)
{
    vec x = v_mul(f->clip, g);

    s->m = v_fma(f->b1, s->m, v_mul(f->c1, x));
    s->v = v_fma(f->b2, s->v, v_mul(f->c2, v_mul(x, x)));
    x = v_div(s->m, v_fma(v_sqrt(s->v), f->root, f->eps));
    s->p = v_fnma(f->rate, x, v_mul(f->keep, s->p));
}

void ISA(adamw_step)(float *p, float *m, float *v, const float *g,
                     const struct adamw *a, size_t n)
{
    const struct adamw_factors f = adamw_prepare(a);
    const vec none = v_set(0.0f);
    struct adamw_part s;
    size_t i = 0;

    for (; i + VEC <= n; i += VEC) {
        s.p = v_load(p + i);
        s.m = v_load(m + i);
        s.v = v_load(v + i);
        adamw_update(&s, v_load(g + i), &f);
        v_store(p + i, s.p);
        v_store(m + i, s.m);
        v_store(v + i, s.v);
    }
    if (i < n) {
        size_t k = n - i;

        s.p = v_load_n(p + i, k, none);
        s.m = v_load_n(m + i, k, none);
        s.v = v_load_n(v + i, k, none);
        adamw_update(&s, v_load_n(g + i, k, none), &f);
        v_store_n(p + i, s.p, k);
        v_store_n(m + i, s.m, k);
        v_store_n(v + i, s.v, k);
    }
}

#endif
