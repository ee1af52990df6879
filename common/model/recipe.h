/*
 * recipe.h - the options that every training stage has, and the batches of a
 * run: all epochs' batches as lists of example numbers, drawn at the start.
 */
#ifndef MODEL_RECIPE_H
#define MODEL_RECIPE_H

#include "base/opt.h"
#include "base/rng.h"
#include "model/dataset.h"
#include "model/train.h"

struct recipe_args {
    double epochs, lr, warmup, decay, clip, dropout, layer_decay;
    double checkpoint_minutes;
    int64_t batch, accumulate, max_length, eval_steps, patience, freeze;
    const char *schedule, *precision;
};

/* Of the stages that try several seeds (course.h). */
struct seeds_args {
    int64_t seeds;
    double share;
};
#define SEEDS_ROWS(st, f) \
    OPT_ROW_INT(0, "seeds", st, f.seeds, "1", 1, 100, 0, \
                "seeds to try, --seed and those after it: each for " \
                "--seed-share of the steps, then the best on --dev goes on"), \
        OPT_ROW_REAL(0, "seed-share", st, f.share, "0.3", 0.001, 1, 0, \
                     "share of the steps for each of --seeds")
/* --seeds needs a --dev. */
int seeds_check(const struct seeds_args *s, const char *dev,
                struct err *err) MUST_CHECK;

/* Splice into the option table of a training stage. d_*: defaults. */
#define RECIPE_ROWS(st, f, d_epochs, d_lr, d_batch) \
    OPT_ROW_REAL(0, "epochs", st, f.epochs, d_epochs, 0, 1e6, 0, \
                 "passes over --pairs"), \
        OPT_ROW_INT('b', "batch", st, f.batch, d_batch, 1, 65536, 0, \
                    "examples a batch"), \
        OPT_ROW_INT(0, "accumulate", st, f.accumulate, "1", 1, 65536, 0, \
                    "batches a step: gradients are added up first"), \
        OPT_ROW_REAL(0, "lr", st, f.lr, d_lr, 0, 1, 0, "peak learning rate"), \
        OPT_ROW_REAL(0, "warmup", st, f.warmup, "0.1", 0, 0.99, 0, \
                     "share of the steps in which the rate rises"), \
        OPT_ROW_CHOICE(0, "schedule", st, f.schedule, "linear", \
                       "linear|cosine|constant", 0, \
                       "the rate after the warm-up"), \
        OPT_ROW_CHOICE(0, "precision", st, f.precision, "f32", "f32|bf16", 0, \
                       "format of the products; bf16: sums and weights stay " \
                       "f32, f32 where the CPU has none"), \
        OPT_ROW_REAL(0, "weight-decay", st, f.decay, "0.01", 0, 1, 0, \
                     "AdamW's decay, not for biases and LayerNorm"), \
        OPT_ROW_REAL(0, "clip", st, f.clip, "1", 0, 1e6, 0, \
                     "largest gradient norm; 0: none"), \
        OPT_ROW_REAL(0, "dropout", st, f.dropout, "-1", -1, 0.9, 0, \
                     "dropout; -1: what the base model's config says"), \
        OPT_ROW_INT(0, "max-length", st, f.max_length, "0", 0, 8192, 0, \
                    "tokens an input; 0: what the base model says"), \
        OPT_ROW_INT(0, "eval-steps", st, f.eval_steps, "0", 0, 1e9, 0, \
                    "batches between evaluations on --dev; 0: once an " \
                    "epoch"), \
        OPT_ROW_INT(0, "patience", st, f.patience, "0", 0, 1e6, 0, \
                    "stop after so many evaluations without a better one; " \
                    "0: never"), \
        OPT_ROW_INT(0, "freeze", st, f.freeze, "0", 0, 1000, 0, \
                    "1: the embeddings stay as they are; N: those and the " \
                    "first N-1 layers"), \
        OPT_ROW_REAL(0, "layer-decay", st, f.layer_decay, "1", 0.01, 1, 0, \
                     "each layer learns at this times the rate of the one " \
                     "above"), \
        OPT_ROW_REAL(0, "checkpoint-minutes", st, f.checkpoint_minutes, "10", \
                     0, 1e6, OPT_NO_RESULT, \
                     "time between checkpoints; 0: only when stopped")

/* For a stage's resolve hook: bf16 becomes f32 where the CPU has none. */
void recipe_resolve(struct recipe_args *r);

enum precision recipe_precision(const struct recipe_args *r);
/* One log line: CPU, path, speed of a short self-test, threads. */
void recipe_announce(const struct recipe_args *r, const struct workers *w);

/* Put dropout and length into the model's config. ERR_USAGE when the length
 * is over the model's positions. */
int recipe_apply(const struct recipe_args *r, struct model_config *c,
                 struct err *err) MUST_CHECK;

struct batches {
    uint32_t *example; /* numbers of examples, batch after batch */
    size_t *start;     /* [n+1] */
    size_t n;
    size_t per_epoch; /* of the first epoch */
};

/*
 * Shuffle anew each epoch and cut into batches. A fraction of an epoch takes
 * that share of the examples. With distinct, no text is twice in a batch (the
 * library's no-duplicates sampler): a row that collides waits for the next
 * batch. ERR_NOMEM.
 */
int batches_draw(struct batches *b, const struct dataset *d, double epochs,
                 size_t size, bool distinct, struct rng *rng,
                 struct err *err) MUST_CHECK;
void batches_release(struct batches *b);

/* Batch i of n within its step. */
struct recipe_part {
    double weight; /* of its loss: 1 / batches of the step */
    bool last;     /* ends the step */
};
struct recipe_part recipe_part(const struct recipe_args *r, size_t i, size_t n);

/* For n batches. */
void recipe_options(struct train_options *o, const struct recipe_args *r,
                    size_t n, uint64_t seed);

#endif
