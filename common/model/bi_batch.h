/*
 * bi_batch.h - a batch of examples as sequences of a bi-encoder, and its loss.
 *
 * Order of calls: bi_batch_build(), then bi_batch_loss() on what the model
 * makes of `packed` (train.h calls it). Rows are rows of that output.
 */
#ifndef MODEL_BI_BATCH_H
#define MODEL_BI_BATCH_H

#include "base/rng.h"
#include "model/bi_encoder.h"
#include "model/dataset.h"

enum bi_loss {
    BI_COSINE, /* scored pairs */
    BI_MNRL,   /* positives and triplets, all others of the batch negatives */
    BI_TRIPLET /* triplets with exactly one negative drawn */
};
struct bi_batch_options {
    enum bi_loss loss;
    size_t negatives; /* of a triplet to use, drawn each time; BI_TRIPLET: 1 */
    float scale;      /* BI_MNRL: factor of the cosine, 1 / temperature */
    float margin;     /* BI_TRIPLET: of the euclidean distance */
};

struct bi_batch {
    struct bi_batch_options o;
    struct packed packed;
    size_t B;       /* examples */
    uint32_t *a;    /* [B] rows of the first texts */
    uint32_t *b;    /* [B] rows of the second */
    uint32_t *doc;  /* [M] b, then the rows of all negatives */
    float *label;   /* [B] */
    float *scratch; /* of the loss */
    size_t M;
    size_t cap_rows, cap_scratch; /* private */
};

void bi_batch_init(struct bi_batch *x, const struct bi_batch_options *o);
void bi_batch_release(struct bi_batch *x);
/* A dataset_tokenise_fn for bi-encoders. */
int bi_batch_tokenise(const void *model, struct token_table *t,
                      const struct span *text, size_t n, struct workers *w,
                      struct err *err) MUST_CHECK;
/* Examples d->example[index[0 .. n)]; their texts are tokenised for m. rng
 * draws negatives. ERR_NOMEM. */
int bi_batch_build(struct bi_batch *x, const struct bi_encoder *m,
                   const struct dataset *d, const uint32_t *index, size_t n,
                   struct rng *rng, struct err *err) MUST_CHECK;
/* A train_loss_fn; ctx is the batch. */
double bi_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                     size_t width);

#endif
