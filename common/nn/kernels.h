/*
 * kernels.h - one table of the kernels that have a variant per instruction
 * set, filled once at start. Other modules call the public functions (gelu.h,
 * softmax.h, layernorm.h, elementwise.h, dropout.h, adamw.h), which go through
 * the table. Until kernels_init() it holds the portable variants.
 *
 * AVX2 and AVX-512 add in the same order and give the same bits; portable C
 * uses libm and no FMA and agrees to rounding.
 */
#ifndef NN_KERNELS_H
#define NN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "nn/panel_isa.h"

struct adamw;

struct kernels {
    void (*gelu_fwd)(float *y, const float *x, size_t n);
    void (*gelu_bwd)(float *dx, const float *dy, const float *x, size_t n);
    void (*softmax_fwd)(float *y, const float *x, const float *bias,
                        float scale, size_t n);
    void (*softmax_bwd)(float *dx, const float *dy, const float *y, float scale,
                        size_t n);
    void (*layernorm_fwd)(float *y, float *mean, float *rstd, const float *x,
                          const float *gamma, const float *beta, float eps,
                          size_t N, size_t C);
    void (*layernorm_bwd_x)(float *dx, const float *dy, const float *x,
                            const float *gamma, const float *mean,
                            const float *rstd, size_t N, size_t C);
    void (*layernorm_bwd_params)(float *dgamma, float *dbeta, const float *dy,
                                 const float *x, const float *mean,
                                 const float *rstd, size_t c0, size_t c1,
                                 size_t N, size_t C);
    void (*bias_bwd)(float *dbias, const float *dy, size_t c0, size_t c1,
                     size_t N, size_t C);
    void (*add)(float *y, const float *x, size_t n);
    void (*axpy)(float *y, float a, const float *x, size_t n);
    float (*dot)(const float *a, const float *b, size_t n);
    void (*dropout_row)(float *y, const float *x, uint32_t cut, float scale,
                        uint64_t seed, uint64_t counter, size_t n);
    void (*adamw_step)(float *p, float *m, float *v, const float *g,
                       const struct adamw *a, size_t n);
    panel_sums_fn *panel_sums_f32, *panel_sums_int8, *panel_sums_bf16;
    panel_finish_fn *panel_finish;
    panel_quantise_fn *panel_quantise;
    panel_halve_fn *panel_halve;
};

extern struct kernels kernels;

/* Take the widest variants that cpu_has() allows. After cpu_init(), before
 * the workers start. */
void kernels_init(void);

#endif
