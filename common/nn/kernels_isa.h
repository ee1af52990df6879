/*
 * kernels_isa.h - every variant of every kernel by name, for kernels.c and the
 * tests. _c: portable, beside the public function. _avx2, _avx512: the bodies
 * in *_simd.h compiled by kernels_avx2.c and kernels_avx512.c. _vnni, _bf16:
 * what takes the place of single AVX-512 kernels. bf16 without that instruction
 * is portable only: nobody wants it but tests.
 */
#ifndef NN_KERNELS_ISA_H
#define NN_KERNELS_ISA_H

#include "nn/kernels.h"

#define KERNELS_DECLARE(isa) \
    void gelu_fwd##isa(float *y, const float *x, size_t n); \
    void gelu_bwd##isa(float *dx, const float *dy, const float *x, size_t n); \
    void softmax_fwd##isa(float *y, const float *x, const float *bias, \
                          float scale, size_t n); \
    void softmax_bwd##isa(float *dx, const float *dy, const float *y, \
                          float scale, size_t n); \
    void layernorm_fwd##isa(float *y, float *mean, float *rstd, \
                            const float *x, const float *gamma, \
                            const float *beta, float eps, size_t N, size_t C); \
    void layernorm_bwd_x##isa(float *dx, const float *dy, const float *x, \
                              const float *gamma, const float *mean, \
                              const float *rstd, size_t N, size_t C); \
    void layernorm_bwd_params##isa(float *dgamma, float *dbeta, \
                                   const float *dy, const float *x, \
                                   const float *mean, const float *rstd, \
                                   size_t c0, size_t c1, size_t N, size_t C); \
    void bias_bwd##isa(float *dbias, const float *dy, size_t c0, size_t c1, \
                       size_t N, size_t C); \
    void add##isa(float *y, const float *x, size_t n); \
    void axpy##isa(float *y, float a, const float *x, size_t n); \
    float dot##isa(const float *a, const float *b, size_t n); \
    void dropout_row##isa(float *y, const float *x, uint32_t cut, float scale, \
                          uint64_t seed, uint64_t counter, size_t n); \
    void adamw_step##isa(float *p, float *m, float *v, const float *g, \
                         const struct adamw *a, size_t n); \
    panel_sums_fn panel_sums_f32##isa, panel_sums_int8##isa; \
    panel_finish_fn panel_finish##isa; \
    panel_quantise_fn panel_quantise##isa;

KERNELS_DECLARE(_c)
KERNELS_DECLARE(_avx2)
KERNELS_DECLARE(_avx512)
panel_sums_fn panel_sums_int8_vnni, panel_sums_bf16_bf16, panel_sums_bf16_c;
panel_halve_fn panel_halve_bf16, panel_halve_c;

#define KERNELS_TABLE(isa) \
    { \
        gelu_fwd##isa, gelu_bwd##isa, softmax_fwd##isa, softmax_bwd##isa, \
            layernorm_fwd##isa, layernorm_bwd_x##isa, \
            layernorm_bwd_params##isa, bias_bwd##isa, add##isa, axpy##isa, \
            dot##isa, dropout_row##isa, adamw_step##isa, panel_sums_f32##isa, \
            panel_sums_int8##isa, panel_sums_bf16_c, panel_finish##isa, \
            panel_quantise##isa, panel_halve_c \
    }

#endif
