/*
 * encoder_grad.h - training: forward with everything kept, and backward.
 *
 *     struct encoder_grad *g;
 *     encoder_grad_new(&g, &m.config, &m.weights, &dw, PRECISION_F32,
 *                      workers, err);
 *     for each step:
 *         weights_zero(&dw);
 *         encoder_batch_forward(g, y, &batch, key, true, err);
 *         loss and dy from y ...
 *         encoder_batch_backward(g, dy);
 *         clip, AdamW over m.weights, dw, moments (weights.h, nn/adamw.h)
 *
 * What comes out is decided by the config: of MODEL_CROSS logits, else
 * sentence vectors (pooled, and normalised where the model normalises).
 * For pairs of a bi-encoder put both texts of all pairs into one batch.
 *
 * The bits depend on the batch and the key only, not on the number of workers,
 * and there is one gradient buffer. Three passes: activations forward, chunks
 * of sequences side by side; gradients of activations backward, the same
 * chunks; then gradients of weights, where a worker owns rows of a weight and
 * sums over all tokens of the batch.
 *
 * Dropout masks are functions of (key, layer, place, row of the batch, column),
 * so the backward pass draws them anew.
 */
#ifndef MODEL_ENCODER_GRAD_H
#define MODEL_ENCODER_GRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/workers.h"
#include "model/config.h"
#include "model/packed.h"
#include "model/weights.h"
#include "nn/precision.h"

struct encoder_grad; /* opaque: activations and scratch */
struct chunk;        /* encoder_layer.h */

/*
 * config, w, dw and workers are lent and must outlive g. dw has the parts of
 * w: WEIGHTS_CLASSIFIER exactly when config is of MODEL_CROSS. Dropout rates
 * are config's; change them there before this call.
 *
 * precision is of the linear layers' products, forward and backward: f32, or
 * bf16 with sums, weights and everything else in f32. ERR_NOMEM.
 */
int encoder_grad_new(struct encoder_grad **out, const struct model_config *c,
                     const struct weights *w, struct weights *dw,
                     enum precision precision, struct workers *workers,
                     struct err *err) MUST_CHECK;
void encoder_grad_free(struct encoder_grad *g); /* NULL is fine */

/*
 * The same layers as a language model: what comes out is the last layer's row
 * of every token, nothing is pooled. between, lent, is what a decoder does to
 * each chunk between a layer's two halves (decoder.h); NULL: nothing. causal:
 * a token sees those before it and itself.
 */
struct layer_between {
    void *ctx;
    /* h, the chunk's rows [tokens,C], in place. Any worker. */
    void (*fwd)(void *ctx, size_t layer, float *h, const struct chunk *k);
    /* d, from the gradient of what fwd left to that of what it found. */
    void (*bwd)(void *ctx, size_t layer, float *d, const struct chunk *k);
};
int encoder_grad_new_tokens(struct encoder_grad **out,
                            const struct model_config *c,
                            const struct weights *w, struct weights *dw,
                            enum precision precision, struct workers *workers,
                            const struct layer_between *between, bool causal,
                            struct err *err) MUST_CHECK;
/* Cut the batch into chunks, which between may ask for, and reserve memory;
 * then the forward pass. ERR_NOMEM. */
int encoder_tokens_begin(struct encoder_grad *g, const struct packed *batch,
                         uint64_t key, bool train, struct err *err) MUST_CHECK;
size_t encoder_tokens_chunks(const struct encoder_grad *g);
/* rows [T,C], lent until the backward pass. */
const float *encoder_tokens_forward(struct encoder_grad *g);
/* dw += d [T,C] times the Jacobian. */
void encoder_tokens_backward(struct encoder_grad *g, const float *d);

/*
 * Reserve memory for batches of up to B sequences and T tokens, none longer
 * than `longest`, so that a lack of memory shows before the first step:
 * ERR_NOMEM with the number of bytes. Larger batches still work; they reserve
 * anew. Calling it is optional.
 */
int encoder_grad_reserve(struct encoder_grad *g, size_t B, size_t T,
                         size_t longest, struct err *err) MUST_CHECK;
/* Bytes that such a batch needs. */
size_t encoder_grad_bytes(const struct encoder_grad *g, size_t B, size_t T,
                          size_t longest);

/* Numbers per sequence that forward gives: labels or model_config_dim(). */
size_t encoder_grad_width(const struct encoder_grad *g);

/*
 * y [B,width] out. batch is lent until the backward pass is done. key tells
 * the dropout draws of this batch from all others: rng_at(seed, step). train
 * false: no dropout, and no backward pass may follow.
 * ERR_NOMEM (before any work), ERR_NUMERIC (a y is not finite).
 */
int encoder_batch_forward(struct encoder_grad *g, float *y,
                          const struct packed *batch, uint64_t key, bool train,
                          struct err *err) MUST_CHECK;

/*
 * Of the last forward pass: dw += dy[B,width] times the Jacobian. Tensors with
 * trains == false are not touched.
 */
void encoder_batch_backward(struct encoder_grad *g, const float *dy);

#endif
