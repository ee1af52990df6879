/*
 * panel.h - linear layers with weights packed once, for inference.
 *
 *   C = then(A @ B^T + bias)
 *
 * A weight [N,K] becomes ceil(N / 16) panels of 16 outputs each. A panel is a
 * row of steps over k, 64 bytes each: 16 numbers of 1 k in f32, 16 x 2 in bf16,
 * 16 x 4 in int8; what is missing in N and K is zero. A product reads it from
 * front to back, whatever its rows, and takes 4 bytes of A a step.
 *
 *   f32   one chain of fused multiply-adds over k in order
 *   bf16  both sides rounded to nearest even; one chain of VDPBF16PS
 *   int8  weight = scale[n] * integer in [-127, 127]; each input row = scale *
 *         (integer in [0, 255] - zero), scale and zero from the row's least and
 *         largest number and 0. Weights k and k + 1, k even, add up to at most
 *         128 either way, so two products with inputs are at most 255 * 128 =
 *         32640: they fit 16 bits, and CPUs without VNNI have the same, exact
 *         sums. scale[n] is the one that loses least (panel_round.h).
 *
 * So a row's result depends on that row and the weight alone, whatever M, its
 * place, the tile or the thread, and AVX2 and AVX-512 give the same bits in
 * f32 and int8. Portable C agrees to rounding.
 */
#ifndef NN_PANEL_H
#define NN_PANEL_H

#include <stddef.h>
#include <stdint.h>

#include "nn/precision.h"

enum {
    PANEL_COLS = 16,
    PANEL_STEP = 64,    /* bytes of a panel's step */
    PANEL_LEVELS = 127, /* largest integer of an int8 weight */
    PANEL_PAIR = 128,   /* and of the sum of two that are multiplied at once */
    PANEL_MOST = 65536, /* largest K: int8 sums fit 32 bits */
};

/* What happens to a finished sum while it is in L1. */
enum panel_then {
    PANEL_BIAS, /* c = sum + bias */
    PANEL_GELU, /* c = gelu(sum + bias); in bf16 and int8 to 2e-4, far below
                   what rounding c for the next product costs */
    PANEL_ADD,  /* c = c + (sum + bias): a residual */
};

struct panel {
    enum precision precision;
    size_t N, K;
    const char *w;        /* [ceil(N/16), steps, 64 bytes] */
    const float *bias;    /* [N], as the next two filled up to 16 with zeros */
    const float *scale;   /* [N] of int8 */
    const int32_t *total; /* [N] of int8: sum of the integers over k */
};

/* Bytes of memory that panel_pack() needs; a multiple of 64. */
size_t panel_bytes(enum precision precision, size_t N, size_t K);

/*
 *   p       out   points into memory
 *   memory  out   [panel_bytes(precision, N, K)], 64-byte aligned, lent
 *   w       in    [N,K]
 *   bias    in    [N]; NULL = zeros
 */
void panel_pack(struct panel *p, void *memory, enum precision precision,
                const float *w, const float *bias, size_t N, size_t K);

/* Input rows as a product of some precision wants them. */
struct panel_rows {
    enum precision precision;
    size_t K;
    const char *x;
    size_t ld;          /* bytes from row to row */
    const float *scale; /* [M] of int8 */
    const int32_t *zero;
};

/* Bytes of memory that panel_rows() needs for M rows: 0 for f32. */
size_t panel_rows_bytes(enum precision precision, size_t M, size_t K);

/*
 * Rows x [M,K], ldx floats apart, in that precision. f32 takes x as it is:
 * it must stay until the product is done.
 */
struct panel_rows panel_rows(void *memory, const float *x, size_t ldx,
                             enum precision precision, size_t M, size_t K);

/*
 *   c  [M,N] out   rows ldc floats apart; with PANEL_ADD in and out; not a's x
 *   a  [M,K] in    the rows of the panel's precision
 */
void panel_fwd(float *c, size_t ldc, const struct panel_rows *a,
               const struct panel *p, enum panel_then then, size_t M);

#endif
