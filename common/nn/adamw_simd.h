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

static inline void adamw_update(struct adamw_part *s, vec g,
                                const struct adamw *a)
{
    const vec root = v_set((float)(1.0 / sqrt(a->fix2)));
    const vec rate = v_set((float)(a->lr / a->fix1));
    vec x = v_mul(v_set((float)a->clip), g), q;

    s->m = v_fma(v_set((float)a->beta1), s->m,
                 v_mul(v_set((float)(1.0 - a->beta1)), x));
    s->v = v_fma(v_set((float)a->beta2), s->v,
                 v_mul(v_set((float)(1.0 - a->beta2)), v_mul(x, x)));
    q = v_div(s->m, v_fma(v_sqrt(s->v), root, v_set((float)a->eps)));
    s->p = v_mul(v_set((float)(1.0 - a->lr * a->decay)), s->p);
    s->p = v_fnma(rate, q, s->p);
}

void ISA(adamw_step)(float *p, float *m, float *v, const float *g,
                     const struct adamw *a, size_t n)
{
    const vec none = v_set(0.0f);
    struct adamw_part s;
    size_t i = 0;

    for (; i + VEC <= n; i += VEC) {
        s.p = v_load(p + i);
        s.m = v_load(m + i);
        s.v = v_load(v + i);
        adamw_update(&s, v_load(g + i), a);
        v_store(p + i, s.p);
        v_store(m + i, s.m);
        v_store(v + i, s.v);
    }
    if (i < n) {
        size_t k = n - i;

        s.p = v_load_n(p + i, k, none);
        s.m = v_load_n(m + i, k, none);
        s.v = v_load_n(v + i, k, none);
        adamw_update(&s, v_load_n(g + i, k, none), a);
        v_store_n(p + i, s.p, k);
        v_store_n(m + i, s.m, k);
        v_store_n(v + i, s.v, k);
    }
}

#endif
