/*
 * panel.h - linear layers with weights packed once, for inference.
 *
 *   C = then(A @ B^T + bias)
 *
 * A weight [N,K] becomes ceil(N / 16) panels of 16 outputs each; a panel holds
 * k = 0, 1, ... one after the other, 16 numbers a step, the last panel filled
 * up with zeros. A product reads it from front to back, whatever its rows.
 *
 * Each element is one chain of fused multiply-adds over k in order, whatever
 * M, the row's place, the tile or the thread: a row's result depends on that
 * row and the weight alone, and AVX2 and AVX-512 give the same bits. Portable C
 * agrees to rounding.
 */
#ifndef NN_PANEL_H
#define NN_PANEL_H

#include <stddef.h>

enum { PANEL_COLS = 16 };

/* What happens to a finished sum while it is in L1. */
enum panel_then {
    PANEL_BIAS, /* c = sum + bias */
    PANEL_GELU, /* c = gelu(sum + bias) */
    PANEL_ADD,  /* c = c + (sum + bias): a residual */
};

struct panel {
    size_t N, K;
    const float *w;    /* [ceil(N/16), K, 16] */
    const float *bias; /* [N], filled up to 16 with zeros */
};

/* Bytes of memory that panel_pack() needs; a multiple of 64. */
size_t panel_bytes(size_t N, size_t K);

/*
 *   p       out   points into memory
 *   memory  out   [panel_bytes(N, K)], 64-byte aligned, lent
 *   w       in    [N,K]
 *   bias    in    [N]; NULL = zeros
 */
void panel_pack(struct panel *p, void *memory, const float *w,
                const float *bias, size_t N, size_t K);

/*
 *   c  [M,N] out   rows ldc floats apart; with PANEL_ADD in and out
 *   a  [M,K] in    rows lda floats apart; not c
 */
void panel_fwd(float *c, size_t ldc, const float *a, size_t lda,
               const struct panel *p, enum panel_then then, size_t M);

#endif
