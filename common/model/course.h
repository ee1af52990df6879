/*
 * course.h - what every training stage does around its batches: steps, dev
 * scores, early stop, checkpoints, the history, an end to a loss that is no
 * number. A course has one or two phases (pretraining, training), each with a
 * trainer of its own.
 *
 * The checkpoint is one file beside the output, OUT.checkpoint, written every
 * --checkpoint-minutes, at each dev score (unless writing would then take more
 * than a twentieth of the time) and on SIGINT or SIGTERM, between two steps.
 * The same command finds it and goes on to the same bytes; other inputs or
 * options start again. It goes when the output is complete.
 *
 * Seeds (Dodge et al., 2020, arXiv:2002.06305, "early stopping" of seeds; as
 * augmented SBERT has it): each of several is trained from the phase's start
 * for a share of its steps, on the schedule of the whole; that with the best
 * dev score goes on from its exact state. OUT.checkpoint.start and .best are
 * the states of the start and of the best seed so far.
 */
#ifndef MODEL_COURSE_H
#define MODEL_COURSE_H

#include <stdbool.h>

#include "base/file.h"
#include "model/history.h"
#include "model/recipe.h"
#include "store/stage.h"

/* Where a phase is; goes into the checkpoint as it is. */
struct course_position {
    uint64_t phase, batch; /* batches done */
    uint64_t worse;        /* dev scores in a row that were not the best */
    double mean;           /* running mean of the loss */
    double dev;            /* last score; NaN: none */
    uint64_t seed;         /* number of the seed that is at work, from 0 */
    struct rng rng;
};

/* What became of a seed; goes into the checkpoint as it is. */
struct course_seed {
    uint64_t seed;    /* as --seed would have it */
    uint64_t batches; /* done when it was measured */
    uint64_t failed;  /* 1: its loss was no number */
    double dev;       /* there; NaN: failed, or no correlation exists */
    double loss;      /* running mean there */
};
enum { COURSE_SEEDS = 100 };

struct course {
    struct stage *st;
    const struct recipe_args *recipe;
    struct history history;
    struct course_seed tried[COURSE_SEEDS];
    size_t seeds;                      /* of them, done */
    char path[FILE_PATH_MAX + 24];     /* of the checkpoint */
    char eval_dir[FILE_PATH_MAX + 16]; /* result files, as of this moment */
    char owner[65];
    struct checkpoint *found;        /* to go on from; NULL: none, or used */
    struct course_position position; /* of found */
    double saved, cost;              /* when; how long it took: seconds */
};

/* Look for a checkpoint; st->part was made. To be released in any case. */
int course_open(struct course *c, struct stage *st,
                const struct recipe_args *recipe, struct err *err) MUST_CHECK;
void course_release(struct course *c);
/* The checkpoint is of a later phase: this one is over. */
bool course_skips(const struct course *c, uint64_t phase);

/* One phase. The functions get ctx. */
struct course_phase {
    uint64_t number; /* 0: pretraining, 1: training */
    bool choose;     /* keep the weights that are best on dev */
    bool start;      /* measure before the first batch, too */
    struct trainer *trainer;
    size_t batches, per_epoch;
    struct rng *rng; /* what add() draws from */
    void *ctx;
    /* Build batch i and trainer_add() it. */
    int (*add)(void *ctx, size_t i, double weight, double *loss,
               struct err *err);
    /* The score on dev, [-1, 1]; NaN, after a warning, where no correlation
     * exists; NULL: no dev. */
    int (*measure)(void *ctx, double epoch, size_t step, double *score,
                   struct err *err);
    /* For what a trainer does not know of, NULL: nothing. After a step; into a
     * checkpoint; out of it. */
    void (*stepped)(void *ctx);
    int (*save)(void *ctx, struct checkpoint_writer *w, struct err *err);
    int (*load)(void *ctx, struct checkpoint *c, struct err *err);
    /* What batch i is made of, for a message: "gold.lmdb 3 17". */
    void (*name)(void *ctx, size_t i, char *out, size_t size);
    /* The model as it is to a new folder, for a loss that is no number when
     * better weights were kept; NULL: never. */
    int (*rescue)(void *ctx, const char *folder, struct err *err);
    /* Seeds to try; 0, 1: no trials. With more, measure must be there. */
    size_t seeds;
    uint64_t seed; /* the first */
    double share;  /* (0, 1] of the steps, for each */
    /* The model is as at the start: begin again as number k of the seeds, with
     * a new order and a new trainer; put them into p. */
    int (*reseed)(void *ctx, uint64_t k, struct course_phase *p,
                  struct err *err);
};

/*
 * All batches, or what is left of them. Afterwards the best weights are in
 * place when choose, and the score is in the stage's receipt ("dev_spearman"),
 * as are the seeds ("seeds"). p->trainer may be another one afterwards.
 * Errors: ERR_NUMERIC (loss or gradient not finite: names the batch; the
 * checkpoint stays, and the best weights so far, if they are not those of the
 * start, are in OUT.last-good), ERR_STOPPED (after a checkpoint), those of the
 * functions and of files.
 */
int course_run(struct course *c, struct course_phase *p,
               struct err *err) MUST_CHECK;
/* Of the seeds tried, which went on: the first of the best. */
size_t course_best_seed(const struct course *c);

/* train.csv and train.svg into st->part. */
int course_write(const struct course *c, struct err *err) MUST_CHECK;
/* The output is complete: the checkpoint goes. */
void course_done(struct course *c);

#endif
