#include "model/decoder.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/decoder_parts.h"
#include "nn/adamw.h"

enum { CROSS_PARAMS = 6, HEAD_PARAMS = 5, TAG_PARAM = 0x200 };

/* ---- own weights ---- */

static size_t count_floats(const struct model_config *c, bool reconstruct)
{
    size_t layer = 2 * c->C * c->C + 4 * c->C, W = model_config_table(c);

    return (reconstruct ? c->L * layer : 0) + W * c->C + 3 * W + c->V;
}

static struct param *add(struct decoder *d, const char *name, size_t n,
                         bool decay)
{
    struct param *p = &d->param[d->params++];

    snprintf(p->name, sizeof(p->name), "%s", name);
    p->n = n;
    p->decay = decay;
    p->x = arena_calloc(&d->memory, n, sizeof(float));
    p->dx = arena_calloc(&d->memory, n, sizeof(float));
    p->m = arena_calloc(&d->memory, n, sizeof(float));
    p->v = arena_calloc(&d->memory, n, sizeof(float));
    assert(p->x && p->dx && p->m && p->v);
    return p;
}

static struct param *add_of_layer(struct decoder *d, size_t l, const char *name,
                                  size_t n, bool decay)
{
    char full[80];

    snprintf(full, sizeof(full), "encoder.layer.%zu.crossattention.%s", l,
             name);
    return add(d, full, n, decay);
}

static void add_cross(struct decoder *d, size_t l)
{
    struct cross *x = &d->cross[l];
    size_t C = d->c->C;

    x->v_w = add_of_layer(d, l, "self.value.weight", C * C, true);
    x->v_b = add_of_layer(d, l, "self.value.bias", C, false);
    x->o_w = add_of_layer(d, l, "output.dense.weight", C * C, true);
    x->o_b = add_of_layer(d, l, "output.dense.bias", C, false);
    x->ln_w = add_of_layer(d, l, "output.LayerNorm.weight", C, false);
    x->ln_b = add_of_layer(d, l, "output.LayerNorm.bias", C, false);
}

static void add_head(struct decoder *d)
{
    struct head *h = &d->head;
    size_t C = d->c->C, W = model_config_table(d->c);

    h->dense_w = add(d, "cls.predictions.transform.dense.weight", W * C, true);
    h->dense_b = add(d, "cls.predictions.transform.dense.bias", W, false);
    h->ln_w = add(d, "cls.predictions.transform.LayerNorm.weight", W, false);
    h->ln_b = add(d, "cls.predictions.transform.LayerNorm.bias", W, false);
    h->bias = add(d, "cls.predictions.bias", d->c->V, false);
}

static void fill(struct decoder *d, uint64_t seed)
{
    for (size_t i = 0; i < d->params; i++) {
        struct param *p = &d->param[i];
        struct rng rng;

        rng_init(&rng, seed, 0xdec0de + i);
        for (size_t k = 0; p->decay && k < p->n; k++)
            p->x[k] = (float)((double)d->c->init_range * rng_normal(&rng));
        for (size_t k = 0; strstr(p->name, "LayerNorm.weight") && k < p->n; k++)
            p->x[k] = 1.0f;
    }
}

static int make_params(struct decoder *d, bool reconstruct, uint64_t seed,
                       struct err *err)
{
    size_t L = reconstruct ? d->c->L : 0, most = CROSS_PARAMS * L + HEAD_PARAMS;
    int rc =
        arena_reserve(&d->memory,
                      4 * (sizeof(float) * count_floats(d->c, reconstruct) +
                           most * ARENA_ALIGN),
                      err);

    if (rc < 0)
        return rc;
    d->param = calloc(most, sizeof(*d->param));
    d->cross = L ? calloc(L, sizeof(*d->cross)) : NULL;
    if (!d->param || (L && !d->cross))
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    for (size_t l = 0; l < L; l++)
        add_cross(d, l);
    add_head(d);
    fill(d, seed);
    return 0;
}

int decoder_new(struct decoder **out, const struct model_config *c,
                const struct weights *w, struct weights *dw, bool reconstruct,
                enum precision precision, struct workers *workers,
                uint64_t seed, struct err *err)
{
    struct decoder *d = calloc(1, sizeof(*d));
    int rc;

    *out = NULL;
    if (!d)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    d->c = c;
    d->own = *c; /* dropout rates with it */
    d->own.kind = MODEL_PLAIN;
    d->own.poolings = 1;
    d->own.pooling[0] = POOLING_MEAN;
    d->w = w;
    d->dw = dw;
    d->workers = workers;
    d->memory = d->arena = (struct arena)ARENA_INIT;
    d->between = (struct layer_between){ d, cross_fwd, cross_bwd };
    rc = make_params(d, reconstruct, seed, err);
    if (rc == 0)
        rc = encoder_grad_new_tokens(&d->body, &d->own, w, dw, precision,
                                     workers, reconstruct ? &d->between : NULL,
                                     reconstruct, err);
    if (rc < 0) {
        decoder_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    encoder_grad_free(d->body);
    arena_release(&d->memory);
    arena_release(&d->arena);
    free(d->param);
    free(d->cross);
    free(d);
}

/* ---- a batch ---- */

static int reserve(struct decoder *d, const uint32_t *target, struct err *err)
{
    size_t B = d->batch->B, T = d->batch->T, C = d->c->C;
    size_t ends = (2 * T + B) * C * sizeof(float) + 3 * ARENA_ALIGN;

    d->head.R = 0;
    for (size_t t = 0; t < T; t++)
        d->head.R += target[t] != DECODER_NO_TARGET;
    if (d->head.R == 0)
        return ERR_SET(err, ERR_FORMAT, "no token of the batch has a target");
    arena_reset(&d->arena);
    return arena_reserve(&d->arena,
                         ends + (d->cross ? cross_bytes(d, B, T) : 0) +
                             head_bytes(d, d->head.R),
                         err);
}

static void place(struct decoder *d, const uint32_t *target)
{
    size_t B = d->batch->B, T = d->batch->T, C = d->c->C;

    d->temporary = arena_alloc(&d->arena, T * C, sizeof(float));
    d->drows = arena_alloc(&d->arena, T * C, sizeof(float));
    d->ds = arena_alloc(&d->arena, B * C, sizeof(float));
    if (d->cross)
        cross_begin(d);
    head_begin(d, target);
}

int decoder_run(struct decoder *d, const struct packed *batch,
                const uint32_t *target, const float *s, float *ds,
                double weight, uint64_t key, double *loss, struct err *err)
{
    int rc = encoder_tokens_begin(d->body, batch, key, true, err);

    assert((s != NULL) == (d->cross != NULL));
    if (rc < 0)
        return rc;
    d->batch = batch;
    d->s = s;
    d->key = key;
    d->weight = weight;
    d->chunks = encoder_tokens_chunks(d->body);
    d->drop_hidden = d->c->drop_hidden;
    d->drop_attention = d->c->drop_attention;
    rc = reserve(d, target, err);
    if (rc < 0)
        return rc;
    place(d, target);
    *loss = head_run(d, encoder_tokens_forward(d->body));
    if (!isfinite(*loss))
        return ERR_SET(err, ERR_NUMERIC,
                       "the loss is not finite; a lower --lr may help");
    encoder_tokens_backward(d->body, d->drows);
    if (d->cross)
        cross_grad(d);
    for (size_t i = 0; ds && i < batch->B * d->c->C; i++)
        ds[i] = d->ds[i] / (float)weight;
    return 0;
}

void decoder_update(struct decoder *d, double lr, double decay, uint64_t step)
{
    struct adamw a = {
        .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f, .lr = lr, .clip = 1.0
    };

    adamw_begin(&a, step);
    for (size_t i = 0; i < d->params; i++) {
        struct param *p = &d->param[i];

        a.decay = p->decay ? decay : 0.0;
        adamw_step(p->x, p->m, p->v, p->dx, &a, 0, p->n);
        memset(p->dx, 0, p->n * sizeof(*p->dx));
    }
}

/* ---- looking in ---- */

static struct param *find(const struct decoder *d, const char *name)
{
    for (size_t i = 0; i < d->params; i++)
        if (strcmp(d->param[i].name, name) == 0)
            return &d->param[i];
    return NULL;
}

float *decoder_tensor(struct decoder *d, const char *name, size_t *n)
{
    struct param *p = find(d, name);

    *n = p ? p->n : 0;
    return p ? p->x : NULL;
}

const float *decoder_gradient(const struct decoder *d, const char *name)
{
    const struct param *p = find(d, name);

    return p ? p->dx : NULL;
}

int decoder_save(const struct decoder *d, struct checkpoint_writer *w,
                 struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->params; i++) {
        const struct param *p = &d->param[i];
        const float *const part[] = { p->x, p->m, p->v };

        for (size_t k = 0; rc == 0 && k < 3; k++)
            rc = checkpoint_put(w, TAG_PARAM, part[k], p->n * sizeof(float),
                                err);
    }
    return rc;
}

int decoder_load(struct decoder *d, struct checkpoint *c, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->params; i++) {
        struct param *p = &d->param[i];
        float *const part[] = { p->x, p->m, p->v };

        for (size_t k = 0; rc == 0 && k < 3; k++)
            rc = checkpoint_copy(c, TAG_PARAM, part[k], p->n * sizeof(float),
                                 err);
    }
    return rc;
}
