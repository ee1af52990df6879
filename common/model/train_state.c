/* train_state.c - a trainer to a checkpoint and back. */
#include <math.h>

#include "model/train_parts.h"

enum { TAG_STATE = 0x100, TAG_TENSOR, TAG_SLEEP };

struct state {
    uint64_t step, batches;
    struct adamw adamw;
    double norm, best_score;
};

static int put_weights(struct checkpoint_writer *c, const struct weights *w,
                       struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < w->tensors; i++)
        rc = checkpoint_put(c, TAG_TENSOR, w->tensor[i].x,
                            w->tensor[i].n * sizeof(float), err);
    return rc;
}

static int get_weights(struct weights *w, struct checkpoint *c, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < w->tensors; i++)
        rc = checkpoint_copy(c, TAG_TENSOR, w->tensor[i].x,
                             w->tensor[i].n * sizeof(float), err);
    return rc;
}

int trainer_save(struct trainer *t, struct checkpoint_writer *w,
                 struct err *err)
{
    const struct state s = { t->step, t->batches, t->adamw, t->norm,
                             t->best_score };
    int rc = checkpoint_put(w, TAG_STATE, &s, sizeof(s), err);

    trainer_settle(t);
    if (rc == 0)
        rc = put_weights(w, t->w, err);
    if (rc == 0)
        rc = put_weights(w, &t->m, err);
    if (rc == 0)
        rc = put_weights(w, &t->v, err);
    if (rc == 0 && !isnan(t->best_score))
        rc = put_weights(w, &t->best, err);
    return rc < 0
               ? rc
               : checkpoint_put(w, TAG_SLEEP, t->words.since,
                                t->words.rows * sizeof(*t->words.since), err);
}

int trainer_load(struct trainer *t, struct checkpoint *c, struct err *err)
{
    struct state s;
    int rc = checkpoint_copy(c, TAG_STATE, &s, sizeof(s), err);

    if (rc == 0)
        rc = get_weights(t->w, c, err);
    if (rc == 0)
        rc = get_weights(&t->m, c, err);
    if (rc == 0)
        rc = get_weights(&t->v, c, err);
    if (rc == 0 && !isnan(s.best_score))
        rc = get_weights(&t->best, c, err);
    if (rc == 0)
        rc = checkpoint_copy(c, TAG_SLEEP, t->words.since,
                             t->words.rows * sizeof(*t->words.since), err);
    if (rc < 0)
        return rc;
    t->step = s.step;
    t->batches = s.batches;
    t->adamw = s.adamw;
    t->norm = s.norm;
    t->best_score = s.best_score;
    t->words.steps = (uint32_t)s.step;
    return 0;
}
