/*
 * bi_batch.h - a batch of examples as sequences of a bi-encoder, and its loss.
 *
 * Order of calls: bi_batch_build(), then bi_batch_loss() on what the model
 * makes of the parts (train.h calls it). Rows are rows of that output.
 */
#ifndef MODEL_BI_BATCH_H
#define MODEL_BI_BATCH_H

#include "base/rng.h"
#include "model/bi_encoder.h"
#include "model/dataset.h"
#include "model/scorer.h"
#include "nn/loss.h"

enum bi_loss {
    BI_COSINE,
    BI_COSENT,
    BI_ANGLE,
    BI_MNRL,
    BI_SYMMETRIC,
    BI_TRIPLET,
    BI_CONTRASTIVE,
    BI_ONLINE,
    BI_MSE,
    BI_FOLLOW,
    BI_MULTILINGUAL,
    BI_MARGIN_MSE,
};

/* What a loss needs of the data. */
struct bi_loss_info {
    const char *name; /* of --loss */
    enum bi_loss loss;
    enum dataset_kind kind;
    bool classes;  /* labels must be 0 or 1 */
    bool negative; /* exactly one negative each */
    bool ranking;  /* no text twice in a batch */
    bool teacher;
};
/* NULL: no such name. */
const struct bi_loss_info *bi_loss_find(const char *name);

struct bi_batch_options {
    const struct bi_loss_info *loss;
    size_t negatives; /* of a triplet to use, drawn each time; 1 where the loss
                         wants exactly one */
    float scale;      /* of ranking and order losses: 1 / temperature */
    float margin;     /* of triplet and contrastive */
    enum loss_distance distance;
    size_t part; /* sequences of a part at most (trainer_add_parts()); 0: all */
    /* Of losses with a teacher: its table has the same texts under the same
     * numbers. MSE: raw vectors (scorer.h). */
    struct scorer *teacher;
    struct workers *workers;
};

struct bi_batch {
    struct bi_batch_options o;
    struct packed *part;  /* [parts] */
    size_t parts, rows;   /* rows: sequences of all parts */
    size_t B;             /* examples */
    uint32_t *a;          /* [B] rows of the first texts */
    uint32_t *b;          /* [B] rows of the second */
    uint32_t *doc;        /* [M] b, then the rows of all negatives */
    float *label;         /* [B] */
    uint32_t *text;       /* [rows] the table's number of each */
    float *teacher;       /* [2B] scores of (a, positive), of (a, negative) */
    const float **target; /* [2B] vectors to follow */
    uint32_t *row;        /* [2B] which rows follow them */
    float *scratch;       /* of ranking losses */
    double *work;         /* of order losses */
    size_t M;
    size_t cap_rows, cap_scratch, cap_parts; /* private */
};

/* A loss with a teacher needs one; one with exactly one negative,
 * negatives 1. */
void bi_batch_init(struct bi_batch *x, const struct bi_batch_options *o);
void bi_batch_release(struct bi_batch *x);
/* A dataset_tokenise_fn for bi-encoders. */
int bi_batch_tokenise(const void *model, struct token_table *t,
                      const struct span *text, size_t n, struct workers *w,
                      struct err *err) MUST_CHECK;
/* Examples d->example[index[0 .. n)]; their texts are tokenised for m. rng
 * draws negatives. ERR_NOMEM; errors of the teacher's scores. */
int bi_batch_build(struct bi_batch *x, const struct bi_encoder *m,
                   const struct dataset *d, const uint32_t *index, size_t n,
                   struct rng *rng, struct err *err) MUST_CHECK;
/* A train_loss_fn; ctx is the batch. */
double bi_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                     size_t width);

#endif
