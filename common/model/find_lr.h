/*
 * find_lr.h - the learning-rate range test of Smith, "Cyclical learning rates
 * for training neural networks", 2017, arXiv:1506.01186: a short training whose
 * rate rises exponentially from 1e-7 to 1. Where the smoothed loss is least, a
 * tenth of that rate is a good peak to begin a search from.
 */
#ifndef MODEL_FIND_LR_H
#define MODEL_FIND_LR_H

#include "base/opt.h"
#include "model/train.h"

/* Steps; 0: train. Into the option table of a training stage. */
#define FIND_LR_ROW(st, field) \
    OPT_ROW_INT(0, "find-lr", st, field, "0", 0, 100000, OPT_NO_RESULT, \
                "train nothing, make nothing: raise the rate over so many " \
                "steps (100 say), print the loss at each and a good --lr")

/* The trainer's options for it; the rest stays. */
void find_lr_options(struct train_options *o, int64_t steps);

struct find_lr {
    struct trainer *trainer; /* of those options, new */
    size_t batches;          /* used in turn */
    void *ctx;
    /* Build batch i and trainer_add() it. */
    int (*add)(void *ctx, size_t i, double weight, double *loss,
               struct err *err);
};

/* The test itself, of n rates and losses ascending in rate: the rate to try
 * and the index of the least smoothed loss; smooth [n] is filled. NaN: n < 2.
 */
double find_lr_suggest(double *smooth, size_t *least, const double *rate,
                       const double *loss, size_t n);

/* Runs it to the end, or to where the loss has risen to four times its least
 * or is no number; prints the table and the suggestion. ERR_NOMEM,
 * ERR_STOPPED, those of add(). */
int find_lr_run(const struct find_lr *x, size_t steps,
                struct err *err) MUST_CHECK;

#endif
