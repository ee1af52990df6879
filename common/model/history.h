/*
 * history.h - how a training went: rows of train.csv, and the chart of loss and
 * dev score beside the model.
 */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* 48 bytes without holes: rows are stored as they are (checkpoint.h). */
struct history_row {
    uint64_t phase; /* 0: pretraining, 1: training */
    uint64_t batch; /* of its phase; 0: before the first */
    double epoch;
    double loss; /* running mean; NaN before the first batch */
    double lr;
    double dev; /* [-1, 1]; NaN: not measured here */
};

struct history {
    struct history_row *row;
    size_t n, cap; /* cap: private */
};

int history_add(struct history *h, const struct history_row *row,
                struct err *err) MUST_CHECK;
void history_release(struct history *h); /* safe on a zeroed struct */

/* phase,batch,epoch,loss,learning_rate,dev: empty cells for NaN. */
int history_csv(const struct history *h, const char *path,
                struct err *err) MUST_CHECK;
/* Loss to the left axis, dev score to the right, one phase after the other.
 * Nothing is written for fewer than two rows. */
int history_svg(const struct history *h, const char *path, const char *title,
                struct err *err) MUST_CHECK;

#endif
