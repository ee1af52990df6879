/*
 * scorer.h - scores of pairs by a model of either kind: a cross-encoder's, in
 * one order or both, or a sentence encoder's cosine.
 */
#ifndef MODEL_SCORER_H
#define MODEL_SCORER_H

#include <stdbool.h>

#include "model/bi_encoder.h"
#include "model/cross_encoder.h"

struct scorer {
    bool is_cross, both_orders;
    bool raw; /* set after loading: vectors, or the logits of a cross-encoder
                 without a sigmoid, as the model gives them */
    struct cross_encoder cross; /* one of the two is loaded */
    struct bi_encoder bi;
    struct token_table table; /* of the texts that pairs are made of */
    float *vector;            /* [table.n, dim], unit length unless raw; of a
                                 bi-encoder */
};

/*
 * both_orders: a cross-encoder's score is the mean of (a, b) and (b, a). *s is
 * zeroed before, and empty on failure. Errors of the models' loading;
 * ERR_FORMAT for a plain encoder.
 */
int scorer_load(struct scorer *s, const char *folder, bool both_orders,
                enum precision precision, struct err *err) MUST_CHECK;
void scorer_release(struct scorer *s); /* safe on a zeroed struct */

/* A dataset_tokenise_fn; model is a struct scorer. */
int scorer_tokenise(const void *model, struct token_table *t,
                    const struct span *text, size_t n, struct workers *w,
                    struct err *err) MUST_CHECK;

/* Texts that pairs are given by: tokenised, and encoded once each where the
 * model is a sentence encoder. Texts of before are forgotten. ERR_NOMEM. */
int scorer_texts(struct scorer *s, const struct span *text, size_t n,
                 struct workers *w, struct err *err) MUST_CHECK;
/* The same from a table tokenised by scorer_tokenise(), which moves here. */
int scorer_take(struct scorer *s, struct token_table *t, struct workers *w,
                struct err *err) MUST_CHECK;

/*
 * score[i] of texts a[i], b[i]: [0, 1] of a cross-encoder, [-1, 1] a cosine.
 * Of a cross-encoder without a sigmoid (regression) the logit, cut to [0, 1];
 * ERR_FORMAT when over a tenth of n are beyond [-0.5, 1.5]: a ranker's.
 * reverse (may be NULL) [n] out: the cross-encoder's score of (b, a), NaN where
 * that was not asked for. The bits depend on these n pairs, as
 * cross_encoder_logits() says.
 */
int scorer_score(struct scorer *s, float *score, float *reverse,
                 const uint32_t *a, const uint32_t *b, size_t n,
                 struct workers *w, struct err *err) MUST_CHECK;

#endif
