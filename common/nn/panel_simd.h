/*
 * panel_simd.h - tiles of C in registers: 8 rows by 3 panels with AVX-512, 6
 * rows by 1 panel (two registers) with AVX2; both leave room for B's step and
 * one number of A.
 *
 * For a block of rows and a few panels, k goes in blocks so that B's part
 * stays in L1 for all tiles of the block. Sums between the blocks of k, and
 * finished ones, lie in `part`; storing and loading does not change them, so
 * the chain over k is unbroken.
 */
#ifndef NN_PANEL_SIMD_H
#define NN_PANEL_SIMD_H

#include <stdbool.h>

#include "nn/gelu_simd.h"
#include "nn/kernels_isa.h"
#include "nn/panel.h"
#include "nn/vec.h"

#ifdef __AVX512F__
enum { PANEL_TILE_ROWS = 8, PANEL_TILE_COLS = 3, PANEL_TILE_K = 128 };
#else
enum { PANEL_TILE_ROWS = 6, PANEL_TILE_COLS = 1, PANEL_TILE_K = 384 };
#endif
enum {
    PANEL_BLOCK = 12 * PANEL_TILE_ROWS,         /* rows */
    PANEL_WIDTH = PANEL_TILE_COLS * PANEL_COLS, /* columns of part */
};

/* part[R,P panels] += A[R,k] * B; `fresh` starts from 0. ldb: floats from one
 * panel to the next. R and P are constants where this is inlined. */
static inline __attribute__((always_inline)) void
panel_tile(float *part, const float *a, size_t lda, const float *b, size_t ldb,
           size_t K, bool fresh, size_t R, size_t P)
{
    vec sum[PANEL_TILE_ROWS][PANEL_TILE_COLS], b_k[PANEL_TILE_COLS];

    for (size_t r = 0; r < R; r++)
        for (size_t p = 0; p < P; p++)
            sum[r][p] = fresh ? v_set(0.0f)
                              : v_load(part + r * PANEL_WIDTH + p * PANEL_COLS);
    for (size_t k = 0; k < K; k++) {
        for (size_t p = 0; p < P; p++)
            b_k[p] = v_load(b + p * ldb + k * PANEL_COLS);
        for (size_t r = 0; r < R; r++) {
            vec a_k = v_set(a[r * lda + k]);

            for (size_t p = 0; p < P; p++)
                sum[r][p] = v_fma(a_k, b_k[p], sum[r][p]);
        }
    }
    for (size_t r = 0; r < R; r++)
        for (size_t p = 0; p < P; p++)
            v_store(part + r * PANEL_WIDTH + p * PANEL_COLS, sum[r][p]);
}

#define PANEL_TILE(R, P) \
    case (R)*4 + (P): \
        panel_tile(part, a, lda, b, ldb, K, fresh, R, P); \
        break;
#ifdef __AVX512F__
#define PANEL_TILES(R) PANEL_TILE(R, 1) PANEL_TILE(R, 2) PANEL_TILE(R, 3)
#else
#define PANEL_TILES(R) PANEL_TILE(R, 1)
#endif

static void panel_tile_of(float *part, const float *a, size_t lda,
                          const float *b, size_t ldb, size_t K, bool fresh,
                          size_t R, size_t P)
{
    switch (R * 4 + P) {
        PANEL_TILES(1)
        PANEL_TILES(2)
        PANEL_TILES(3)
        PANEL_TILES(4)
        PANEL_TILES(5)
        PANEL_TILES(6)
#ifdef __AVX512F__
        PANEL_TILES(7)
        PANEL_TILES(8)
#endif
    }
}

static inline vec panel_then(vec sum, vec bias, vec c, enum panel_then then)
{
    vec x = v_add(sum, bias);

    if (then == PANEL_GELU)
        return gelu_value(x);
    return then == PANEL_ADD ? v_add(c, x) : x;
}

/* c[M,N] from sums; N <= PANEL_WIDTH. */
static inline __attribute__((always_inline)) void
panel_finish_as(float *c, size_t ldc, const float *part, const float *bias,
                enum panel_then then, size_t M, size_t N)
{
    const vec none = v_set(0.0f);

    for (size_t n = 0; n < N; n += PANEL_COLS) {
        const vec bias_n = v_load(bias + n);
        size_t k = N - n;

        for (size_t m = 0; m < M; m++) {
            vec sum = v_load(part + m * PANEL_WIDTH + n);
            float *c_m = c + m * ldc + n;
            vec old = none;

            if (k >= PANEL_COLS) {
                if (then == PANEL_ADD)
                    old = v_load(c_m);
                v_store(c_m, panel_then(sum, bias_n, old, then));
            } else {
                if (then == PANEL_ADD)
                    old = v_load_n(c_m, k, none);
                v_store_n(c_m, panel_then(sum, bias_n, old, then), k);
            }
        }
    }
}

static void panel_finish(float *c, size_t ldc, const float *part,
                         const float *bias, enum panel_then then, size_t M,
                         size_t N)
{
    switch (then) {
    case PANEL_BIAS:
        panel_finish_as(c, ldc, part, bias, PANEL_BIAS, M, N);
        break;
    case PANEL_GELU:
        panel_finish_as(c, ldc, part, bias, PANEL_GELU, M, N);
        break;
    case PANEL_ADD:
        panel_finish_as(c, ldc, part, bias, PANEL_ADD, M, N);
        break;
    }
}

static inline size_t panel_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* part = A[M,K] * the P panels at w; M <= PANEL_BLOCK */
static void panel_sums(float *part, const float *a, size_t lda, const float *w,
                       size_t K, size_t M, size_t P)
{
    for (size_t k = 0; k < K; k += PANEL_TILE_K) {
        size_t ks = panel_least(K - k, PANEL_TILE_K);

        for (size_t m = 0; m < M; m += PANEL_TILE_ROWS)
            panel_tile_of(part + m * PANEL_WIDTH, a + m * lda + k, lda,
                          w + k * PANEL_COLS, K * PANEL_COLS, ks, k == 0,
                          panel_least(M - m, PANEL_TILE_ROWS), P);
    }
}

void ISA(panel_fwd)(float *c, size_t ldc, const float *a, size_t lda,
                    const struct panel *p, enum panel_then then, size_t M)
{
    _Alignas(64) float part[PANEL_BLOCK * PANEL_WIDTH];

    for (size_t m = 0; m < M; m += PANEL_BLOCK) {
        size_t ms = panel_least(M - m, PANEL_BLOCK);

        for (size_t n = 0; n < p->N; n += PANEL_WIDTH) {
            size_t ns = panel_least(p->N - n, PANEL_WIDTH);

            panel_sums(part, a + m * lda, lda, p->w + n * p->K, p->K, ms,
                       (ns + PANEL_COLS - 1) / PANEL_COLS);
            panel_finish(c + m * ldc + n, ldc, part, p->bias + n, then, ms, ns);
        }
    }
}

#endif
