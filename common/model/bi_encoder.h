/*
 * bi_encoder.h - a sentence encoder: text to vector, as a SentenceTransformer
 * folder has it. Reimers, Gurevych, "Sentence-BERT", 2019, arXiv:1908.10084.
 */
#ifndef MODEL_BI_ENCODER_H
#define MODEL_BI_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/workers.h"
#include "model/config.h"
#include "model/infer_weights.h"
#include "model/packed.h"
#include "model/weights.h"
#include "text/tokenizer.h"

struct bi_encoder {
    struct model_config config; /* kind is MODEL_BI after loading */
    struct weights weights;     /* body and pooler */
    struct tokenizer *tokenizer;
    char folder[FILE_PATH_MAX];  /* of config.json and tokenizer files */
    struct infer_weights packed; /* private: see _freeze() */
    struct arena scratch;        /* private */
};

/*
 * A SentenceTransformer folder of either form; or a plain BERT folder: mean
 * pooling, no normalising. A cross-encoder folder is refused. On failure *m is
 * empty. Errors: those of model_config_load(), weights_load(),
 * tokenizer_load(); ERR_FORMAT when the tokenizer has ids that the embedding
 * has not.
 */
int bi_encoder_load(struct bi_encoder *m, const char *folder,
                    struct err *err) MUST_CHECK;
/* Pack the weights for inference once, instead of for every call in f32; they
 * must not change any more. ERR_NOMEM. */
int bi_encoder_freeze(struct bi_encoder *m, enum precision precision,
                      struct err *err) MUST_CHECK;
void bi_encoder_release(struct bi_encoder *m); /* safe on a zeroed struct */

/* Make folder (its parent exists) in the old form; the tokenizer's files are
 * copied from m->folder, which must still be there. */
int bi_encoder_save(const struct bi_encoder *m, const char *folder,
                    struct err *err) MUST_CHECK;

/* Channels of a vector. */
size_t bi_encoder_dim(const struct bi_encoder *m);

/*
 * Tokenise as this model wants it (prompt, lower case, keep = max_len);
 * otherwise as token_table_add().
 */
int bi_encoder_tokenise(const struct bi_encoder *m, struct token_table *t,
                        const struct span *text, size_t n, struct workers *w,
                        struct err *err) MUST_CHECK;

/*
 * Vectors of texts which[0..n) of t, in that order, into y [n,dim]. The bits
 * depend on these n texts, not on the workers: give fixed windows of some
 * thousand texts. Not for two threads at a time.
 * ERR_NOMEM; ERR_NUMERIC when a number is not finite.
 */
int bi_encoder_encode(struct bi_encoder *m, float *y,
                      const struct token_table *t, const uint32_t *which,
                      size_t n, struct workers *w, struct err *err) MUST_CHECK;

/* The same from n texts. */
int bi_encoder_encode_texts(struct bi_encoder *m, float *y,
                            const struct span *text, size_t n,
                            struct workers *w, struct err *err) MUST_CHECK;

#endif
