/*
 * panel_isa.h - what a variant of the panel product consists of. panel.c walks
 * over blocks of rows and columns; a variant sums a block into `part`, then
 * finishes it.
 */
#ifndef NN_PANEL_ISA_H
#define NN_PANEL_ISA_H

#include "nn/panel.h"

enum {
    PANEL_BLOCK = 96,             /* most rows of part */
    PANEL_GROUP = 3,              /* most panels of part */
    PANEL_WIDTH = 3 * PANEL_COLS, /* numbers in a row of part */
};

/*
 * The quick GELU: x * Phi(x), Phi(x) = 1/2 + x * P(x^2) for |x| <= PANEL_FAR,
 * held to [0, 1] and constant beyond. P is a minimax fit to x * Phi(x).
 */
#define PANEL_FAR 4.0f
#define PANEL_PHI \
    { \
        2.278113141e-8f, -1.598584984e-6f, 4.795514576e-5f, -8.140116769e-4f, \
            8.772370874e-3f, -6.457308807e-2f, 3.978833817e-1f \
    }
enum { PANEL_PHI_TERMS = 7 };

/*
 * part[M,P panels] = A * B: f32, in int8 int32
 *
 *   a      [M, steps]    in   4 bytes a step; rows lda bytes apart
 *   w      [P, steps]    in   64 bytes a step
 */
typedef void panel_sums_fn(void *part, const char *a, size_t lda, const char *w,
                           size_t steps, size_t M, size_t P);

/*
 * c[M,N] from sums: rows m.. of a, columns n.. of p; N <= PANEL_WIDTH. c points
 * to the first of them.
 */
typedef void panel_finish_fn(float *c, size_t ldc, const void *part,
                             const struct panel_rows *a, const struct panel *p,
                             enum panel_then then, size_t m, size_t n, size_t M,
                             size_t N);

/*
 * One row [K] to u8 for int8: x = scale * (q - zero). q has K filled up to a
 * multiple of 16, what is behind x being zero.
 */
typedef void panel_quantise_fn(uint8_t *q, float *scale, int32_t *zero,
                               const float *x, size_t K);

/* One row [K] to bf16, K filled up to a multiple of 2 with zero. */
typedef void panel_halve_fn(uint16_t *y, const float *x, size_t K);

#endif
