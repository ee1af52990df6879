/*
 * encoder_layer.h - one layer in training, in two halves:
 *
 *   attend:  h = LN1(x + dropout(out(attention(qkv(x)))))
 *   feed:    y = LN2(h + dropout(down(gelu(up(h)))))
 *
 * Each half runs on one chunk of the batch, in one thread. What the backward
 * pass needs stays in struct layer_acts, which covers the whole batch; there
 * the backward pass leaves, over values that are dead by then, the gradients
 * of the linear layers' outputs, from which layer_grad.h makes weight
 * gradients.
 *
 * A cut layer makes h and y for the first token of each sequence only; the
 * others serve as keys and values. Then R = B, else R = T.
 */
#ifndef MODEL_ENCODER_LAYER_H
#define MODEL_ENCODER_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/config.h"
#include "model/packed.h"
#include "model/weights.h"
#include "nn/panel_turn.h"

/* Sequences [b0,b1) and their tokens [t0,t1); index counts the chunks. */
struct chunk {
    size_t index, b0, b1, t0, t1;
};

struct layer_acts {
    float *x;     /* [T,C]  the layer's input */
    float *qkv;   /* [T,3C] then its gradient */
    float *probs; /* of sequence b at probs + prob_at[b] */
    float *att;   /* [T,C]  the attention's output */
    float *cls;   /* [B,C]  cut: its first rows; else NULL */
    float *sum1;  /* [R,C]  LN1's input; then the gradient of out's output */
    float *mean1, *rstd1; /* [R] */
    float *h;             /* [R,C] */
    float *u;             /* [R,F]  up's output; then its gradient */
    float *g;             /* [R,F]  gelu(u) */
    float *sum2;          /* [R,C]  as sum1, of LN2 and down */
    float *mean2, *rstd2; /* [R] */
    float *dln1, *dln2;   /* [chunks,2C]  each chunk's part of the gradients of
                             LayerNorm: weight, then bias */
};

/* This step's weights, packed for both directions. */
struct layer_panels {
    struct panel qkv, out, up, down;
    struct panel qkv_t, out_t, up_t, down_t; /* for dx = dy @ W */
};
enum { LAYER_PANELS = 8 };

/* Bytes of memory that a layer's panels need. */
size_t layer_panels_bytes(const struct model_config *c,
                          enum precision precision);
void layer_panels_open(struct layer_panels *p, void *memory,
                       const struct model_config *c, enum precision precision);
/* Fill panel number `which` of LAYER_PANELS from w. */
void layer_panels_fill(const struct layer_panels *p,
                       const struct layer_weights *w, size_t which);

struct layer_job {
    const struct model_config *c;
    const struct layer_weights *w;
    const struct layer_panels *p;
    const struct packed *batch;
    const size_t *prob_at; /* [B] */
    const float *rel;      /* [H,2R-1] of nn/attention.h, or NULL */
    float *drel;           /* [chunks,H,2R-1] its gradient, each
                              chunk's part */
    size_t R;
    float drop_hidden, drop_attention; /* 0: none */
    uint64_t seed;                     /* of this layer in this step */
    bool cut, causal;
    enum precision precision; /* of the linear layers' products, f32 or bf16 */
};

/* Rows of the tail of a layer: tokens, or sequences when it is cut. */
size_t layer_first_row(const struct layer_job *j, const struct chunk *k);
size_t layer_rows(const struct layer_job *j, const struct chunk *k);

/* Floats of scratch for the calls below, for chunks of up to n tokens. */
size_t layer_scratch(const struct model_config *c, enum precision precision,
                     size_t n, size_t longest);

/* From a->x to a->h. */
void layer_attend_fwd(struct layer_acts *a, float *scratch,
                      const struct layer_job *j, const struct chunk *k);
/* From a->h to y, this chunk's rows of it only. */
void layer_feed_fwd(float *y, struct layer_acts *a, float *scratch,
                    const struct layer_job *j, const struct chunk *k);

/* d, the chunk's rows: from the gradient of y to that of h, in place. */
void layer_feed_bwd(float *d, struct layer_acts *a, float *scratch,
                    const struct layer_job *j, const struct chunk *k);
/* From dh, the chunk's rows of the tail, to dx, its tokens. dh is changed; it
 * is dx unless the layer is cut. */
void layer_attend_bwd(float *dx, float *dh, struct layer_acts *a,
                      float *scratch, const struct layer_job *j,
                      const struct chunk *k);

/*
 * One chunk through a LayerNorm: d from the gradient of its output to that of
 * its input, in place.
 *
 *   d    [N,C]      in and out
 *   part [chunks,2C] out   row k->index is set
 *   x    [N,C]      in     what the forward pass normalised
 */
void layer_norm_bwd(float *d, float *part, const float *x, const float *weight,
                    const float *mean, const float *rstd, const struct chunk *k,
                    size_t N, size_t C);

#endif
