/*
 * panel_turn.h - panels for training, f32 or bf16: of weights that change every
 * step, and of matrices that lie the other way round. With panel.h:
 *
 *   forward     y  = x @ W^T     panel_fill(W [out,in])
 *   backward    dx = dy @ W      panel_turn(W [out,in]): N = in, K = out
 *               dW += dy^T @ x   panel_turn(x [tokens,in]): N = in, K = tokens,
 *                                rows of turn_rows(dy)
 *
 * Filling is cut into ranges of outputs, so that workers share it.
 */
#ifndef NN_PANEL_TURN_H
#define NN_PANEL_TURN_H

#include "nn/panel.h"

/* A panel of [N,K] over memory [panel_bytes(precision, N, K)], 64-byte aligned,
 * without a bias; its numbers are not set yet. */
void panel_open(struct panel *p, void *memory, enum precision precision,
                size_t N, size_t K);

/* Set outputs [begin,end); both multiples of PANEL_COLS, or end is N.
 *   w     [N,K] in
 *   bias  [N]   in   NULL = zeros */
void panel_fill(const struct panel *p, const float *w, const float *bias,
                size_t begin, size_t end);
/* The same from b [K,N], rows ldb floats apart. */
void panel_turn(const struct panel *p, const float *b, size_t ldb, size_t begin,
                size_t end);

/* Bytes of memory that M rows of the transpose need; a multiple of 64 for M a
 * multiple of 16. */
size_t turn_bytes(enum precision precision, size_t M, size_t K);
/*
 * Rows [begin,end) of the transpose of x [K,M], for a product with a panel of
 * that precision. Callers may share memory [turn_bytes(precision, M, K)] for
 * different ranges.
 */
struct panel_rows turn_rows(void *memory, enum precision precision,
                            const float *x, size_t K, size_t M, size_t begin,
                            size_t end);

#endif
