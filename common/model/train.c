#include "model/train.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/train_parts.h"

/* How fast each tensor learns. */
static int set_rates(struct trainer *t, size_t layers, struct err *err)
{
    double decay = t->o.layer_decay > 0.0 ? t->o.layer_decay : 1.0;

    t->rate = malloc(t->w->tensors * sizeof(*t->rate));
    if (!t->rate)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < t->w->tensors; i++) {
        size_t depth = tensor_depth(&t->w->tensor[i], layers);

        t->rate[i] = depth < t->o.freeze
                         ? 0.0
                         : pow(decay, (double)(layers + 1 - depth));
    }
    return 0;
}

/* Elements of a chunk of tensor i. */
static size_t chunk_size(const struct trainer *t, size_t i)
{
    size_t cols = t->w->tensor[i].cols;

    return i == t->word && cols < GRAD_CHUNK ? GRAD_CHUNK / cols * cols
                                             : GRAD_CHUNK;
}

static int cut_chunks(struct trainer *t, struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < t->w->tensors; i++)
        n += t->w->tensor[i].n / chunk_size(t, i) + 1;
    t->chunk = calloc(n, sizeof(*t->chunk));
    t->partial = calloc(n, sizeof(*t->partial));
    if (!t->chunk || !t->partial)
        return ERR_SET(err, ERR_NOMEM, "cannot cut %zu chunks", n);
    for (size_t i = 0; i < t->w->tensors; i++) {
        const struct tensor *x = &t->w->tensor[i];
        size_t size = chunk_size(t, i);

        for (size_t at = 0; x->trains && t->rate[i] > 0.0 && at < x->n;
             at += size)
            t->chunk[t->chunks++] =
                (struct chunk){ i, at, x->n - at < size ? x->n : at + size };
    }
    return 0;
}

static int follow_words(struct trainer *t, struct err *err)
{
    const struct tensor *x;

    while (t->w->tensor[t->word].x != t->w->embedding.word)
        t->word++;
    x = &t->w->tensor[t->word];
    return lazy_rows_init(&t->words, x->x, t->dw.tensor[t->word].x, x->rows,
                          x->cols, t->o.steps, err);
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
        rc = set_rates(t, c->L, err);
    if (rc == 0)
        rc = follow_words(t, err);
    if (rc == 0)
        rc = cut_chunks(t, err);
    if (rc == 0)
        rc = encoder_grad_new(&t->grad, c, w, &t->dw, o->precision, workers,
                              err);
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
    trainer_settle(t);
    encoder_grad_free(t->grad);
    lazy_rows_release(&t->words);
    weights_release(&t->dw);
    weights_release(&t->m);
    weights_release(&t->v);
    weights_release(&t->best);
    free(t->chunk);
    free(t->rate);
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

/* ---- a step ---- */

static double word_squares(const struct lazy_rows *r, const struct chunk *c)
{
    double sum = 0.0;

    for (size_t row = c->begin / r->cols; row * r->cols < c->end; row++)
        if (r->has[row])
            sum += grad_sumsq(r->dx + row * r->cols, r->cols);
    return sum;
}

static void sum_squares(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct trainer *t = ctx;

    (void)worker;
    for (size_t k = begin; k < end; k++) {
        const struct chunk *c = &t->chunk[k];
        const float *g = t->dw.tensor[c->tensor].x;

        t->partial[k] = c->tensor == t->word
                            ? word_squares(&t->words, c)
                            : grad_sumsq(g + c->begin, c->end - c->begin);
    }
}

static void update_range(struct trainer *t, size_t tensor, size_t begin,
                         size_t end)
{
    const struct tensor *x = &t->w->tensor[tensor];
    struct adamw a = t->adamw;

    a.decay = x->decay ? (float)t->o.decay : 0.0f;
    a.lr *= t->rate[tensor];
    adamw_step(x->x, t->m.tensor[tensor].x, t->v.tensor[tensor].x,
               t->dw.tensor[tensor].x, &a, begin, end);
}

static void update(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct trainer *t = ctx;
    const struct lazy_rows *r = &t->words;

    (void)worker;
    for (size_t k = begin; k < end; k++) {
        const struct chunk *c = &t->chunk[k];

        if (c->tensor != t->word) {
            update_range(t, c->tensor, c->begin, c->end);
            continue;
        }
        for (size_t at = c->begin; at < c->end; at += r->cols)
            if (r->since[at / r->cols] == LAZY_ROWS_AWAKE)
                update_range(t, c->tensor, at, at + r->cols);
    }
}

struct weights *trainer_gradient(struct trainer *t)
{
    return &t->dw;
}

void trainer_touch(struct trainer *t)
{
    for (uint32_t i = 0; i < t->words.rows; i++)
        lazy_rows_touch(&t->words, &i, 1);
}

static int check_loss(const struct trainer *t, double loss, struct err *err)
{
    if (isfinite(loss))
        return 0;
    return ERR_SET(err, ERR_NUMERIC,
                   "step %llu: the loss is not finite; a lower --lr may help",
                   (unsigned long long)t->step);
}

/* Outputs of every part; the activations kept are those of the last. */
static int forward_parts(struct trainer *t, const struct packed *part,
                         size_t parts, struct err *err)
{
    size_t width = encoder_grad_width(t->grad), at = 0;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < parts; k++) {
        rc =
            encoder_batch_forward(t->grad, t->y + at * width, &part[k],
                                  rng_at(t->o.seed, t->batches + k), true, err);
        at += part[k].B;
    }
    return rc;
}

static int backward_parts(struct trainer *t, const struct packed *part,
                          size_t parts, struct err *err)
{
    size_t width = encoder_grad_width(t->grad), at = 0;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < parts; k++) {
        if (parts > 1)
            rc = encoder_batch_forward(t->grad, t->y + at * width, &part[k],
                                       rng_at(t->o.seed, t->batches + k), true,
                                       err);
        if (rc == 0)
            encoder_batch_backward(t->grad, t->dy + at * width);
        at += part[k].B;
    }
    t->batches += parts;
    return rc;
}

int trainer_add_parts(struct trainer *t, const struct packed *part,
                      size_t parts, train_loss_fn *fn, void *ctx, double weight,
                      double *loss, struct err *err)
{
    size_t width = encoder_grad_width(t->grad), B = 0;
    int rc;

    for (size_t k = 0; k < parts; k++) {
        lazy_rows_touch(&t->words, part[k].id, part[k].T);
        B += part[k].B;
    }
    rc = reserve(t, B * width, err);
    if (rc == 0)
        rc = forward_parts(t, part, parts, err);
    if (rc < 0)
        return rc;
    memset(t->dy, 0, B * width * sizeof(*t->dy));
    *loss = fn(ctx, t->dy, t->y, B, width);
    rc = check_loss(t, *loss, err);
    if (weight != 1.0)
        for (size_t i = 0; i < B * width; i++)
            t->dy[i] *= (float)weight;
    return rc < 0 ? rc : backward_parts(t, part, parts, err);
}

int trainer_add(struct trainer *t, const struct packed *batch,
                train_loss_fn *fn, void *ctx, double weight, double *loss,
                struct err *err)
{
    return trainer_add_parts(t, batch, 1, fn, ctx, weight, loss, err);
}

/* The gradients of the step before, but for words: lazy_rows_step() does. */
static void zero_gradients(struct trainer *t)
{
    for (size_t i = 0; i < t->dw.tensors; i++)
        if (i != t->word)
            memset(t->dw.tensor[i].x, 0,
                   t->dw.tensor[i].n * sizeof(*t->dw.tensor[i].x));
}

/* Rounded up, as the library does, but one step at least goes without. */
static uint64_t warm_steps(const struct train_options *o)
{
    uint64_t warm = (uint64_t)ceil(o->warmup * (double)o->steps);

    return warm < o->steps ? warm : o->steps - 1;
}

int trainer_update(struct trainer *t, struct err *err)
{
    uint64_t warm = warm_steps(&t->o);
    bool decays = t->w->tensor[t->word].decay;
    struct adamw asleep;

    assert(t->step < t->o.steps);
    workers_run(t->workers, t->chunks, 1, sum_squares, t);
    t->norm = grad_norm(t->partial, t->chunks);
    if (!isfinite(t->norm))
        return ERR_SET(err, ERR_NUMERIC,
                       "step %llu: gradient norm %g is not finite; a lower "
                       "--lr may help",
                       (unsigned long long)t->step, t->norm);
    t->adamw.clip = (float)clip_factor(t->norm, t->o.clip);
    t->adamw.lr = (float)(t->o.lr * schedule_factor(t->o.schedule, t->step,
                                                    warm, t->o.steps));
    t->step++;
    adamw_begin(&t->adamw, t->step);
    workers_run(t->workers, t->chunks, 1, update, t);
    asleep = t->adamw;
    asleep.decay = decays ? (float)t->o.decay : 0.0f;
    asleep.lr *= t->rate[t->word];
    lazy_rows_step(&t->words, adamw_keep(&asleep));
    zero_gradients(t);
    return 0;
}

int trainer_step(struct trainer *t, const struct packed *batch,
                 train_loss_fn *fn, void *ctx, double *loss, struct err *err)
{
    int rc = trainer_add(t, batch, fn, ctx, 1.0, loss, err);

    return rc < 0 ? rc : trainer_update(t, err);
}

static void settle(void *ctx, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    lazy_rows_settle(ctx, begin, end);
}

void trainer_settle(struct trainer *t)
{
    workers_run(t->workers, t->words.rows, 256, settle, &t->words);
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

double trainer_best(const struct trainer *t)
{
    return t->best_score;
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
    if (!isnan(t->best_score)) {
        copy_weights(t->w, &t->best);
        lazy_rows_release(&t->words); /* they are settled */
    }
    return t->best_score;
}
