/*
 * encoder.h - the forward pass of BERT over packed sequences, for inference.
 * Devlin et al., "BERT", 2018, arXiv:1810.04805; LayerNorm after each block.
 *
 *   x = LN(word[id] + position[first..] + segment[s])   [then W x + b: ELECTRA]
 *   per layer:  h = LN1(x + out(attention(qkv(x))))
 *               x = LN2(h + down(gelu(up(h))))
 *
 * One thread runs one chunk: a few whole sequences. Chunks are a function of
 * the input alone, so the bits do not depend on the number of workers. There
 * is no padding, and so no mask.
 *
 * A sequence's result depends on that sequence and the weights alone, to the
 * bit: products and passes work row by row (nn/panel.h), attention sequence by
 * sequence.
 */
#ifndef MODEL_ENCODER_H
#define MODEL_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "model/config.h"
#include "model/infer_weights.h"
#include "model/packed.h"
#include "model/weights.h"

enum encoder_rows {
    ENCODER_TOKENS, /* the last layer's row of every token */
    ENCODER_CLS,    /* of the first token of each sequence only: in the last
                       layer nothing else is computed but keys and values */
};

/* Tokens of a chunk: sequences are added while they fit; a longer one is a
 * chunk of its own. */
enum { ENCODER_CHUNK = 192 };

/* Floats of scratch for a chunk of up to T tokens and sequences of up to
 * `longest` tokens. */
size_t encoder_scratch(const struct model_config *c, enum precision precision,
                       size_t T, size_t longest);

/*
 *   y       [T,C] or [B,C]  out   by rows
 *   scratch [encoder_scratch(c, w->precision, p->T, p->longest)]
 *   p                       in    every id < V, segment < S, length <= P -
 * first
 */
void encoder_forward(float *y, float *scratch, const struct model_config *c,
                     const struct infer_weights *w, const struct packed *p,
                     enum encoder_rows rows);

/*
 * Sentence vectors of rows x as the config says: poolings concatenated, then
 * unit length when it normalises.
 *
 *   y [B, model_config_dim(c)] out
 *   x [T,C]                    in
 */
void encoder_pool(float *y, const float *x, const struct model_config *c,
                  const struct packed *p);

/*
 * A classifier's logits of rows x of first tokens: cls(head(pool(x))), where
 * head is tanh in BERT (encoder_head_fwd())
 *
 *   y      [B,labels] out
 *   pooled [B,C]      out   what the classifier saw
 *   x      [B,C]      in    encoder_forward()'s with ENCODER_CLS
 */
void encoder_logits(float *y, float *pooled, const float *x,
                    const struct model_config *c, const struct infer_weights *w,
                    size_t B);

/* What follows the head's first product: y[n] of x[n], which may be one. */
void encoder_head_fwd(float *y, const float *x, const struct model_config *c,
                      size_t n);

/* Row of the position table of a token of which *before came before it, which
 * becomes one more. Where positions begin behind the padding's, as in RoBERTa
 * and MPNet, a "<pad>" in a text has the padding's own. */
size_t encoder_position(const struct model_config *c, uint32_t id,
                        size_t *before);

/* x = word + segment + position of sequences [b0,b1), their rows only, each
 * model_config_table(c) wide. The first step of every forward pass. */
void encoder_embed(float *x, const struct model_config *c,
                   const struct embedding_weights *e, const struct packed *p,
                   size_t b0, size_t b1);

#endif
