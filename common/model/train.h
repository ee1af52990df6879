/*
 * train.h - one optimisation: steps of AdamW over the parameters of a model,
 * with warm-up, decay, clipping, and the best weights kept.
 *
 * The result depends on the batches and options only, not on the number of
 * workers.
 */
#ifndef MODEL_TRAIN_H
#define MODEL_TRAIN_H

#include <stdint.h>

#include "base/workers.h"
#include "model/checkpoint.h"
#include "model/config.h"
#include "model/packed.h"
#include "model/weights.h"
#include "nn/precision.h"
#include "nn/schedule.h"

struct train_options {
    uint64_t steps; /* all of them: the schedule needs to know */
    double warmup;  /* share of the steps, [0, 1) */
    double lr;      /* peak learning rate */
    double decay;   /* weight decay, not for biases and LayerNorm */
    double clip;    /* largest gradient norm; 0 = none */
    uint64_t seed;  /* of dropout */
    enum schedule schedule;
    enum precision precision; /* of products: f32, or bf16 */
    size_t freeze;      /* depths below this stay as they are: 0 none, 1 the
                           embeddings, n + 1 those and n layers */
    double layer_decay; /* rate of a layer as part of that above; 0 = 1 */
};

struct trainer; /* opaque: gradient, moments, activations, best weights */

/* config, w and workers are lent. ERR_NOMEM. */
int trainer_new(struct trainer **out, const struct model_config *c,
                struct weights *w, struct workers *workers,
                const struct train_options *o, struct err *err) MUST_CHECK;
/* NULL is fine. Leaves w whole: settles it. */
void trainer_free(struct trainer *t);

/* Value of the loss and its gradient dy [B,width] (zeroed before) from what
 * the model gave for the batch, y [B,width]. */
typedef double train_loss_fn(void *ctx, float *dy, const float *y, size_t B,
                             size_t width);

/*
 * Add the gradient of weight * loss on one batch to those of this step. *loss
 * is its loss, without the weight.
 * ERR_NUMERIC when the output is not finite.
 */
int trainer_add(struct trainer *t, const struct packed *batch,
                train_loss_fn *fn, void *ctx, double weight, double *loss,
                struct err *err) MUST_CHECK;
/*
 * The same on a batch in parts, whose sequences are counted on from part to
 * part: y and dy [B,width] are of all. More than one part: GradCache (Gao et
 * al., 2021, arXiv:2101.06983). Each part goes forward without being kept, and
 * once the gradient of all outputs is known, forward again with the same
 * dropout and backward; memory is that of the largest part.
 */
int trainer_add_parts(struct trainer *t, const struct packed *part,
                      size_t parts, train_loss_fn *fn, void *ctx, double weight,
                      double *loss, struct err *err) MUST_CHECK;
/* For objectives with more than the encoder (decoder.h): the gradient of this
 * step so far, to be added to after trainer_touch(). */
struct weights *trainer_gradient(struct trainer *t);
/* Every row of the word embedding gets a gradient in this step. */
void trainer_touch(struct trainer *t);
/*
 * End the step: clip, and update the weights. ERR_NUMERIC when the gradient is
 * not finite: the weights are then those of the step before.
 */
int trainer_update(struct trainer *t, struct err *err) MUST_CHECK;

/* Rows of the word embedding that no batch has had yet are brought up to date
 * late (lazy_rows.h): call this before anyone else reads the weights. */
void trainer_settle(struct trainer *t);

/* A step on one batch: trainer_add() with weight 1, trainer_update(). */
int trainer_step(struct trainer *t, const struct packed *batch,
                 train_loss_fn *fn, void *ctx, double *loss,
                 struct err *err) MUST_CHECK;
uint64_t trainer_steps(const struct trainer *t); /* done so far */
double trainer_lr(const struct trainer *t);      /* of the last step */
double trainer_norm(const struct trainer *t);    /* before clipping */
double trainer_best(const struct trainer *t);    /* kept score; NaN: none */

/* Keep the weights when score is the best so far; true if it was. After
 * trainer_settle(). */
bool trainer_keep(struct trainer *t, double score);
/* Put the kept weights back, if any; their score, or NaN. The end: no step may
 * follow. */
double trainer_restore(struct trainer *t);

/*
 * Between two steps: weights, moments, position, the best weights so far, as
 * pieces of a checkpoint; settles. Loaded into a new trainer of the same
 * model and options it goes on to the same bits. ERR_FORMAT: of another shape.
 */
int trainer_save(struct trainer *t, struct checkpoint_writer *w,
                 struct err *err) MUST_CHECK;
int trainer_load(struct trainer *t, struct checkpoint *c,
                 struct err *err) MUST_CHECK;

#endif
