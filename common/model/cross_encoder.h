/*
 * cross_encoder.h - a pair of texts to a score, as a CrossEncoder folder has
 * it: BERT over [CLS] A [SEP] B [SEP], pooler, one logit, activation.
 */
#ifndef MODEL_CROSS_ENCODER_H
#define MODEL_CROSS_ENCODER_H

#include <stdbool.h>
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

struct cross_encoder {
    struct model_config config; /* kind is MODEL_CROSS after loading */
    struct weights weights;     /* with classifier */
    struct tokenizer *tokenizer;
    bool fresh;                  /* the folder had no classifier */
    bool fresh_pooler;           /* ... and no pooler */
    char folder[FILE_PATH_MAX];  /* of config.json and tokenizer files */
    struct infer_weights packed; /* private: see _freeze() */
    struct arena scratch;        /* private */
};

/*
 * A CrossEncoder folder of either form; or a SentenceTransformer or plain BERT
 * folder: body and pooler are kept, the classifier (and an absent pooler) is
 * normal(0, init_range) from seed, the activation Sigmoid, the length that of
 * the folder (the library takes the tokenizer's instead).
 * Models with several labels are refused. On failure *m is empty. Errors as
 * bi_encoder_load(); ERR_FORMAT when a CrossEncoder folder lacks its head.
 */
int cross_encoder_load(struct cross_encoder *m, const char *folder,
                       uint64_t seed, struct err *err) MUST_CHECK;
/* For a fresh model: what the folder lacked, anew from another seed. */
void cross_encoder_new_head(struct cross_encoder *m, uint64_t seed);
/* Pack the weights for inference once, instead of for every call in f32; they
 * must not change any more. ERR_NOMEM. */
int cross_encoder_freeze(struct cross_encoder *m, enum precision precision,
                         struct err *err) MUST_CHECK;
void cross_encoder_release(struct cross_encoder *m);

/* Make folder (its parent exists) in the old form; the tokenizer's files are
 * copied from m->folder, with model_max_length set to config.max_len. */
int cross_encoder_save(const struct cross_encoder *m, const char *folder,
                       struct err *err) MUST_CHECK;

/* Tokenise as this model wants it; otherwise as token_table_add(). */
int cross_encoder_tokenise(const struct cross_encoder *m, struct token_table *t,
                           const struct span *text, size_t n, struct workers *w,
                           struct err *err) MUST_CHECK;

/*
 * Logits of the pairs (a[i], b[i]) of texts of t, in that order. The bits
 * depend on these n pairs, not on the workers: give fixed windows of some
 * thousand pairs. Not for two threads at a time.
 * ERR_NOMEM; ERR_NUMERIC when a logit is not finite.
 */
int cross_encoder_logits(struct cross_encoder *m, float *logit,
                         const struct token_table *t, const uint32_t *a,
                         const uint32_t *b, size_t n, struct workers *w,
                         struct err *err) MUST_CHECK;

/* logit[i] becomes a score: the model's activation. */
void cross_encoder_activate(const struct cross_encoder *m, float *logit,
                            size_t n);

/* Scores from n pairs of texts. */
int cross_encoder_score_texts(struct cross_encoder *m, float *score,
                              const struct span *a, const struct span *b,
                              size_t n, struct workers *w,
                              struct err *err) MUST_CHECK;

#endif
