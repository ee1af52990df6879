/*
 * attention.h - multi-head attention within one packed sequence.
 * Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, eq. 1.
 *
 * Per head: P = softmax(Q K^T / sqrt(D) + rel), y = dropout(P) V, D = C / H.
 * Rows are tokens; a row of qkv is q | k | v, each C wide, head h in columns
 * [h*D, (h+1)*D) of its part. A worker handles whole sequences.
 */
#ifndef NN_ATTENTION_H
#define NN_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attention {
    size_t H, C; /* heads, channels; H divides C */
    bool causal; /* row i sees rows 0..i only (TSDAE's decoder) */
    float drop;  /* dropout on P; 0 in inference */
    size_t R;    /* with rel: len <= R */
    /* [H, 2R-1] or NULL: row i adds rel[h][j - i + R - 1] to its logit for row
     * j (MPNet's relative positions) */
    const float *rel;
};

/* Floats of scratch that the calls below need for one sequence. */
size_t attention_scratch(size_t len);
/* Floats of probs for one sequence: H * len * len. */
size_t attention_probs(const struct attention *a, size_t len);

/*
 *   y       [len,C]     out
 *   probs   [H,len,len] out   P for the backward pass; NULL when none follows
 *   scratch [attention_scratch(len)]
 *   qkv     [len,3C]    in
 *   seed                for dropout: one for each step, layer and sequence
 */
void attention_fwd(float *y, float *probs, float *scratch, const float *qkv,
                   const struct attention *a, uint64_t seed, size_t len);

/*
 * One query against all keys: what [CLS] needs in the last layer. Inference
 * only: no dropout, never causal.
 *
 *   y       [C]     out
 *   scratch [attention_scratch(len)]
 *   q       [C]     in    the query of row 0
 *   k, v    [len,C] in    rows ld floats apart
 */
void attention_cls_fwd(float *y, float *scratch, const float *q, const float *k,
                       const float *v, size_t ld, const struct attention *a,
                       size_t len);

/*
 *   dqkv    [len,3C]    out   set, not added to; not qkv
 *   drel    [H,2R-1]    out   accumulates; NULL when a->rel is
 *   scratch [attention_scratch(len)]
 *   dy      [len,C]     in
 *   qkv, probs, seed    in    as attention_fwd() had and left them
 */
void attention_bwd(float *dqkv, float *drel, float *scratch, const float *dy,
                   const float *qkv, const float *probs,
                   const struct attention *a, uint64_t seed, size_t len);

#endif
