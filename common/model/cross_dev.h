/*
 * cross_dev.h - labelled pairs on which a cross-encoder is measured as it
 * trains.
 */
#ifndef MODEL_CROSS_DEV_H
#define MODEL_CROSS_DEV_H

#include "model/cross_encoder.h"
#include "model/dataset.h"
#include "model/evaluate.h"

struct cross_dev {
    struct dataset data; /* n = 0: there is none */
    float *logit;        /* [n] */
    uint32_t *a, *b;     /* [n] */
    double *score, *label;
    char dir[FILE_PATH_MAX + 8]; /* of the result files */
};
#define CROSS_DEV_INIT \
    { \
        .data = DATASET_INIT \
    }

/* A dataset_tokenise_fn for cross-encoders. */
int cross_dev_tokenise(const void *model, struct token_table *t,
                       const struct span *text, size_t n, struct workers *w,
                       struct err *err) MUST_CHECK;
/* Load the store's pairs for m; results go to dir (made). ERR_FORMAT: no
 * labelled pair. To be released in any case. */
int cross_dev_open(struct cross_dev *d, const char *store, const char *dir,
                   const struct cross_encoder *m, struct workers *w,
                   struct err *err) MUST_CHECK;
void cross_dev_release(struct cross_dev *d);
/* Spearman of scores and labels, and a row in the result files; NaN, after a
 * warning and without a row, where there is no correlation. ERR_NUMERIC: a
 * logit is not finite. */
int cross_dev_measure(struct cross_dev *d, struct cross_encoder *m,
                      double epoch, size_t step, double *spearman,
                      struct workers *w, struct err *err) MUST_CHECK;

#endif
