/*
 * bi_dev.h - labelled pairs on which a bi-encoder is measured as it trains.
 */
#ifndef MODEL_BI_DEV_H
#define MODEL_BI_DEV_H

#include "model/bi_encoder.h"
#include "model/dataset.h"
#include "model/evaluate.h"

struct bi_dev {
    struct dataset data; /* n = 0: there is none */
    float *vector;       /* [texts, dim] */
    double *score, *label;
    char dir[FILE_PATH_MAX + 8]; /* of the result files */
};
#define BI_DEV_INIT \
    { \
        .data = DATASET_INIT \
    }

/* Load the store's pairs for m; results go to dir (made). ERR_FORMAT: no
 * labelled pair. To be released in any case. */
int bi_dev_open(struct bi_dev *d, const char *store, const char *dir,
                const struct bi_encoder *m, struct workers *w,
                struct err *err) MUST_CHECK;
void bi_dev_release(struct bi_dev *d);
/* Every similarity's agreement with the labels, e[SIM_COUNT], and a row in the
 * result files. Where one has no correlation: a warning, NaN from there on, no
 * row. ERR_NUMERIC: a vector is not finite. */
int bi_dev_measure(struct bi_dev *d, struct bi_encoder *m, double epoch,
                   size_t step, struct evaluation e[SIM_COUNT],
                   struct workers *w, struct err *err) MUST_CHECK;

#endif
