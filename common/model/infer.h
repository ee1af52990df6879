/*
 * infer.h - what bi- and cross-encoders share: reading a folder, tokenising,
 * and running the encoder over many sequences with all workers.
 */
#ifndef MODEL_INFER_H
#define MODEL_INFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/workers.h"
#include "model/config.h"
#include "model/infer_weights.h"
#include "model/packed.h"
#include "model/weights.h"
#include "text/tokenizer.h"

/* Path of the subfolder with weights and tokenizer. */
int infer_body(char *out, const struct model_config *c, const char *folder,
               struct err *err) MUST_CHECK;

/* tokenizer_load(), and its ids fit the embedding. */
int infer_tokenizer(struct tokenizer **out, const struct model_config *c,
                    const char *body, struct err *err) MUST_CHECK;

/* Append a text as the tokenizer gets it: the config's prompt, lower case. */
int infer_text(struct buf *out, const struct model_config *c, struct span text,
               struct err *err) MUST_CHECK;

/* token_table_add() with the config's prompt, lower case and length. */
int infer_tokenise(struct token_table *t, const struct model_config *c,
                   const struct tokenizer *tok, const struct span *text,
                   size_t n, struct workers *w, struct err *err) MUST_CHECK;

/* n sequences of texts a[i], or of pairs a[i], b[i] with b not NULL. */
struct infer {
    const struct model_config *config; /* MODEL_CROSS: logits, else vectors */
    const struct weights *weights;
    const struct infer_weights *packed; /* of weights; NULL: packed for the run,
                                           as training changes them */
    const struct tokenizer *tokenizer;
    const struct token_table *table;
    const uint32_t *a, *b;
    size_t n;
};

/*
 * y [n, labels or model_config_dim()], in order. arena is reset and grown as
 * needed. Chunks are consecutive sequences, cut by ENCODER_CHUNK: without
 * padding there is nothing to gain from sorting by length.
 * ERR_NOMEM; ERR_NUMERIC when a number is not finite.
 */
int infer_run(float *y, const struct infer *job, struct arena *arena,
              struct workers *w, struct err *err) MUST_CHECK;

#endif
