#include "model/train.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/encoder_grad.h"
#include "nn/adamw.h"

struct trainer {
    struct train_options o;
    struct weights *w;
    struct weights dw, m, v, best;
    struct encoder_grad *grad;
    struct workers *workers;
    double *partial; /* [chunks] of the gradient norm */
    struct chunk {
        size_t tensor, begin, end;
    } * chunk; /* GRAD_CHUNK elements of one tensor each */
    size_t chunks;
    float *y, *dy;
    size_t cap_y;
    struct adamw adamw;
    uint64_t step;
    double norm, best_score;
};

static int cut_chunks(struct trainer *t, struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < t->w->tensors; i++)
        n += (t->w->tensor[i].n + GRAD_CHUNK - 1) / GRAD_CHUNK;
    t->chunk = calloc(n, sizeof(*t->chunk));
    t->partial = calloc(n, sizeof(*t->partial));
    if (!t->chunk || !t->partial)
        return ERR_SET(err, ERR_NOMEM, "cannot cut %zu chunks", n);
    for (size_t i = 0; i < t->w->tensors; i++) {
        const struct tensor *x = &t->w->tensor[i];

        for (size_t at = 0; x->trains && at < x->n; at += GRAD_CHUNK)
            t->chunk[t->chunks++] = (struct chunk){
                i, at, x->n - at < GRAD_CHUNK ? x->n : at + GRAD_CHUNK
            };
    }
    return 0;
}

int trainer_new(struct trainer **out, const struct model_config *c,
                struct weights *w, struct workers *workers,
                const struct train_options *o, struct err *err)
{
    unsigned parts = c->kind == MODEL_CROSS ? WEIGHTS_CLASSIFIER : WEIGHTS_BODY;
    struct trainer *t = calloc(1, sizeof(*t));
    int rc;

    *out = NULL;
    if (!t)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a trainer");
    t->o = *o;
    t->w = w;
    t->workers = workers;
    t->best_score = NAN;
    t->adamw = (struct adamw){ .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f };
    rc = weights_init(&t->dw, c, parts, err);
    if (rc == 0)
        rc = weights_init(&t->m, c, parts, err);
    if (rc == 0)
        rc = weights_init(&t->v, c, parts, err);
    if (rc == 0)
        rc = weights_init(&t->best, c, parts, err);
    if (rc == 0)
        rc = cut_chunks(t, err);
    if (rc == 0)
        rc = encoder_grad_new(&t->grad, c, w, &t->dw, workers, err);
    if (rc < 0) {
        trainer_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    encoder_grad_free(t->grad);
    weights_release(&t->dw);
    weights_release(&t->m);
    weights_release(&t->v);
    weights_release(&t->best);
    free(t->chunk);
    free(t->partial);
    free(t->y);
    free(t->dy);
    free(t);
}

static int reserve(struct trainer *t, size_t n, struct err *err)
{
    if (n <= t->cap_y)
        return 0;
    free(t->y);
    free(t->dy);
    t->y = malloc(n * sizeof(*t->y));
    t->dy = malloc(n * sizeof(*t->dy));
    t->cap_y = t->y && t->dy ? n : 0;
    return t->cap_y ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu outputs", n);
}

static void sum_squares(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct trainer *t = ctx;

    (void)worker;
    for (size_t k = begin; k < end; k++) {
        const struct chunk *c = &t->chunk[k];

        t->partial[k] =
            grad_sumsq(t->dw.tensor[c->tensor].x + c->begin, c->end - c->begin);
    }
}

static void update(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct trainer *t = ctx;

    (void)worker;
    for (size_t k = begin; k < end; k++) {
        const struct chunk *c = &t->chunk[k];
        const struct tensor *x = &t->w->tensor[c->tensor];
        struct adamw a = t->adamw;

        a.decay = x->decay ? (float)t->o.decay : 0.0f;
        adamw_step(x->x, t->m.tensor[c->tensor].x, t->v.tensor[c->tensor].x,
                   t->dw.tensor[c->tensor].x, &a, c->begin, c->end);
    }
}

int trainer_step(struct trainer *t, const struct packed *batch,
                 train_loss_fn *fn, void *ctx, double *loss, struct err *err)
{
    size_t width = encoder_grad_width(t->grad), n = batch->B * width;
    uint64_t warm = (uint64_t)ceil(t->o.warmup * (double)t->o.steps);
    int rc = reserve(t, n, err);

    assert(t->step < t->o.steps);
    if (rc < 0)
        return rc;
    weights_zero(&t->dw);
    rc = encoder_batch_forward(t->grad, t->y, batch, rng_at(t->o.seed, t->step),
                               true, err);
    if (rc < 0)
        return rc;
    memset(t->dy, 0, n * sizeof(*t->dy));
    *loss = fn(ctx, t->dy, t->y, batch->B, width);
    encoder_batch_backward(t->grad, t->dy);
    workers_run(t->workers, t->chunks, 1, sum_squares, t);
    t->norm = grad_norm(t->partial, t->chunks);
    if (!isfinite(*loss) || !isfinite(t->norm))
        return ERR_SET(err, ERR_NUMERIC,
                       "step %llu: loss %g, gradient norm %g: not finite; a "
                       "lower --lr may help",
                       (unsigned long long)t->step, *loss, t->norm);
    t->adamw.clip = (float)clip_factor(t->norm, t->o.clip);
    t->adamw.lr = (float)(t->o.lr * schedule_factor(t->o.schedule, t->step,
                                                    warm, t->o.steps));
    t->step++;
    adamw_begin(&t->adamw, t->step);
    workers_run(t->workers, t->chunks, 1, update, t);
    return 0;
}

uint64_t trainer_steps(const struct trainer *t)
{
    return t->step;
}

double trainer_lr(const struct trainer *t)
{
    return (double)t->adamw.lr;
}

double trainer_norm(const struct trainer *t)
{
    return t->norm;
}

static void copy_weights(struct weights *to, const struct weights *from)
{
    for (size_t i = 0; i < from->tensors; i++)
        memcpy(to->tensor[i].x, from->tensor[i].x,
               from->tensor[i].n * sizeof(float));
}

bool trainer_keep(struct trainer *t, double score)
{
    if (!isnan(t->best_score) && !(score > t->best_score))
        return false;
    copy_weights(&t->best, t->w);
    t->best_score = score;
    return true;
}

double trainer_restore(struct trainer *t)
{
    if (!isnan(t->best_score))
        copy_weights(t->w, &t->best);
    return t->best_score;
}
