/*
 * decoder.h - the halves of two unsupervised objectives that are thrown away
 * after training. Both predict words with the encoder's own embedding, and
 * everything that the encoder has as well is the encoder's: tied.
 *
 * Reconstruction (TSDAE; Wang, Reimers, Gurevych, 2021, arXiv:2104.06979): the
 * encoder's layers, causal, each with a cross-attention between its halves
 * that sees one vector, the sentence's. Of a single key the softmax is 1: query
 * and key take no part and are left out, the dropout on it stays.
 *
 *   c = dropout(1) * (Wv s + bv) per head;  h' = LN(h + dropout(Wo c + bo))
 *
 * Masked words (MLM; Devlin et al., 2018): the encoder's layers as they are.
 *
 * Head of both: logits = LN(gelu(W x + b)) E^T + bias; the loss is the mean of
 * -log softmax(logits)[target] over the tokens that have a target.
 */
#ifndef MODEL_DECODER_H
#define MODEL_DECODER_H

#include "model/checkpoint.h"
#include "model/encoder_grad.h"

struct decoder; /* opaque: own weights and moments, activations */

enum { DECODER_NO_TARGET = UINT32_MAX };

/*
 * w and dw are the encoder's weights and gradient (trainer_gradient()), lent.
 * reconstruct: with cross-attention, causal. Own weights are normal(0,
 * c->init_range), biases 0, LayerNorm 1 and 0. ERR_NOMEM.
 */
int decoder_new(struct decoder **out, const struct model_config *c,
                const struct weights *w, struct weights *dw, bool reconstruct,
                enum precision precision, struct workers *workers,
                uint64_t seed, struct err *err) MUST_CHECK;
void decoder_free(struct decoder *d); /* NULL is fine */

/*
 * Forward and backward on one batch: weight times the loss's gradient is added
 * to dw and to the own gradient.
 *
 *   batch  sequences to predict in, specials included
 *   target [T] in   the word that belongs there, or DECODER_NO_TARGET
 *   s      [B,C] in the sentences' vectors; NULL: masked words
 *   ds     [B,C] out  set: their gradient, without weight; NULL with s
 *   key    of dropout, whose rates are the config's
 *
 * ERR_NOMEM, ERR_NUMERIC (the loss is not finite), ERR_FORMAT (no target).
 */
int decoder_run(struct decoder *d, const struct packed *batch,
                const uint32_t *target, const float *s, float *ds,
                double weight, uint64_t key, double *loss,
                struct err *err) MUST_CHECK;
/* AdamW on the own weights, update number step from 1; forgets the gradient.
 * Not clipped: the library clips the model's only. */
void decoder_update(struct decoder *d, double lr, double decay, uint64_t step);

/* An own tensor by its name in a file, without "bert.", or NULL:
 * "encoder.layer.0.crossattention.self.value.weight",
 * "cls.predictions.bias". */
float *decoder_tensor(struct decoder *d, const char *name, size_t *n);
/* Its gradient so far. */
const float *decoder_gradient(const struct decoder *d, const char *name);

int decoder_save(const struct decoder *d, struct checkpoint_writer *w,
                 struct err *err) MUST_CHECK;
int decoder_load(struct decoder *d, struct checkpoint *c,
                 struct err *err) MUST_CHECK;

#endif
