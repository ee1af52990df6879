/*
 * denoise.h - batches of the two objectives of decoder.h, from raw texts.
 *
 * Reconstruction: the encoder reads a damaged text (noise.h), new damage each
 * time; the decoder reads the whole text but its last token and is to say each
 * next one. Masked words: of a share of the tokens the model is to say what
 * they were; 80 % of those read as the mask, 10 % as any word, 10 % as they
 * are.
 */
#ifndef MODEL_DENOISE_H
#define MODEL_DENOISE_H

#include "model/bi_encoder.h"
#include "model/decoder.h"
#include "model/train.h"
#include "store/records.h"
#include "text/noise.h"

struct denoise {
    const struct bi_encoder *model; /* lent, as the next three */
    const struct span *text;
    struct trainer *trainer;
    struct decoder *decoder;
    bool masked_words;
    double ratio;        /* of masked words: of the tokens */
    struct noise *noise; /* of reconstruction, lent */
    uint64_t seed;       /* of the decoder's dropout */
    /* the batch */
    struct packed noisy; /* what the encoder reads */
    struct packed clean; /* what the decoder reads */
    uint32_t *target;    /* [clean.T], or [noisy.T] of masked words */
    uint32_t *id;        /* private: of one text */
    size_t cap_target, cap_id;
    double weight;
    uint64_t batches;
    int rc; /* of decoder_run() within the loss */
    struct err err;
};

void denoise_release(struct denoise *x);
/* Texts text[index[0 .. n)]. ERR_NOMEM, ERR_FORMAT (the pattern's limits). */
int denoise_build(struct denoise *x, const uint32_t *index, size_t n,
                  struct rng *rng, struct err *err) MUST_CHECK;
/* Forward and backward of that batch, as trainer_add(). */
int denoise_add(struct denoise *x, double weight, double *loss,
                struct err *err) MUST_CHECK;

#endif
