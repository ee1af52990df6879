/*
 * cross_batch.h - a batch of examples as sequences of a cross-encoder, and its
 * loss on their logits.
 *
 * bce: labels in [0, 1], the score is the sigmoid. mse: regression, the score
 * is the logit itself (activation Identity). margin-mse: triplets; the logit
 * of (anchor, positive) less that of (anchor, negative) follows a teacher's
 * (Hofstaetter et al., arXiv:2010.02666); logits rank, and are no scores.
 */
#ifndef MODEL_CROSS_BATCH_H
#define MODEL_CROSS_BATCH_H

#include "base/rng.h"
#include "model/cross_encoder.h"
#include "model/dataset.h"
#include "model/scorer.h"

enum cross_loss { CROSS_BCE, CROSS_MSE, CROSS_MARGIN_MSE };

struct cross_loss_info {
    const char *name; /* of --loss */
    const char *title;
    enum cross_loss loss;
    enum dataset_kind kind;
    enum model_activation activation; /* of the model, for its scores */
};
/* NULL: no such name. */
const struct cross_loss_info *cross_loss_find(const char *name);

struct cross_batch {
    const struct cross_loss_info *loss;
    struct scorer *teacher; /* of margin-mse: its table has the same texts */
    struct workers *workers;
    struct packed packed;
    size_t B;       /* examples; margin-mse: packed has 2 B sequences, first
                       the positives' */
    float *target;  /* [B] labels, or margins */
    uint32_t *text; /* [3B] anchors, positives, negatives */
    float *score;   /* [2B] the teacher's */
};

/* For up to `size` examples. To be released in any case. */
int cross_batch_init(struct cross_batch *x, const struct cross_loss_info *loss,
                     size_t size, struct err *err) MUST_CHECK;
void cross_batch_release(struct cross_batch *x); /* safe on a zeroed struct */
/* Examples d->example[index[0 .. n)]; rng draws one negative of each triplet.
 * ERR_NOMEM; errors of the teacher's scores. */
int cross_batch_build(struct cross_batch *x, const struct cross_encoder *m,
                      const struct dataset *d, const uint32_t *index, size_t n,
                      struct rng *rng, struct err *err) MUST_CHECK;
/* A train_loss_fn; ctx is the batch. */
double cross_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                        size_t width);

#endif
