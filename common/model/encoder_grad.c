#include "model/encoder_grad.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/encoder_grad_parts.h"
#include "nn/elementwise.h"
#include "nn/pooling.h"

size_t encoder_grad_width(const struct encoder_grad *g)
{
    return g->c->kind == MODEL_CROSS ? g->c->labels : model_config_dim(g->c);
}

static int open_panels(struct encoder_grad *g, struct err *err)
{
    size_t L = g->c->L, each = layer_panels_bytes(g->c, g->precision);
    int rc;

    g->panel_arena = (struct arena)ARENA_INIT;
    rc = arena_reserve(&g->panel_arena,
                       L * (each + sizeof(*g->panels) + 2 * ARENA_ALIGN), err);
    if (rc < 0)
        return rc;
    g->panels = arena_alloc(&g->panel_arena, L, sizeof(*g->panels));
    for (size_t l = 0; l < L; l++)
        layer_panels_open(&g->panels[l], arena_alloc(&g->panel_arena, each, 1),
                          g->c, g->precision);
    return 0;
}

static int make(struct encoder_grad **out, const struct model_config *c,
                const struct weights *w, struct weights *dw,
                enum precision precision, struct workers *workers, bool cut,
                struct err *err)
{
    struct encoder_grad *g = calloc(1, sizeof(*g));
    int rc;

    *out = NULL;
    if (!g)
        return ERR_SET(err, ERR_NOMEM, "no memory for the training state");
    assert(dw->tensors == w->tensors);
    g->c = c;
    g->w = w;
    g->dw = dw;
    g->workers = workers;
    g->precision = precision;
    g->arena = (struct arena)ARENA_INIT;
    g->cut = cut;
    rc = open_panels(g, err);
    if (rc < 0) {
        encoder_grad_free(g);
        return rc;
    }
    *out = g;
    return 0;
}

int encoder_grad_new(struct encoder_grad **out, const struct model_config *c,
                     const struct weights *w, struct weights *dw,
                     enum precision precision, struct workers *workers,
                     struct err *err)
{
    bool cut = c->kind == MODEL_CROSS ||
               (c->poolings == 1 && c->pooling[0] == POOLING_CLS);

    assert((c->kind == MODEL_CROSS) == (w->head.cls_w != NULL));
    return make(out, c, w, dw, precision, workers, cut, err);
}

int encoder_grad_new_tokens(struct encoder_grad **out,
                            const struct model_config *c,
                            const struct weights *w, struct weights *dw,
                            enum precision precision, struct workers *workers,
                            const struct layer_between *between, bool causal,
                            struct err *err)
{
    int rc = make(out, c, w, dw, precision, workers, false, err);

    assert(c->kind != MODEL_CROSS);
    if (rc < 0)
        return rc;
    (*out)->tokens = true;
    (*out)->causal = causal;
    (*out)->between = between;
    return 0;
}

void encoder_grad_free(struct encoder_grad *g)
{
    if (!g)
        return;
    arena_release(&g->arena);
    arena_release(&g->panel_arena);
    free(g);
}

/* ---- forward ---- */

/* Rows of the last layer's output that sequence b is pooled from. */
static size_t pool_rows(const struct encoder_grad *g, size_t b, size_t *first)
{
    const uint32_t *offset = g->batch->offset;

    *first = g->cut ? b : offset[b];
    return g->cut ? 1 : offset[b + 1] - offset[b];
}

static void pool(struct encoder_grad *g, const struct chunk *k)
{
    size_t C = g->c->C, E = model_config_dim(g->c);

    for (size_t b = k->b0; b < k->b1; b++) {
        float *y = g->out + b * E;
        size_t first, len = pool_rows(g, b, &first);

        for (size_t i = 0; i < g->c->poolings; i++)
            pooling_fwd(y + i * C, g->which + b * E + i * C,
                        g->last + first * C, g->c->pooling[i], len, C);
        if (g->c->normalise)
            l2norm_fwd(y, g->norm + b, y, 1, E);
    }
}

static void forward(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct encoder_grad *g = ctx;
    size_t C = g->c->C, L = g->c->L;
    float *scratch = g->lane[worker].scratch;

    for (size_t i = begin; i < end; i++) {
        const struct chunk *k = &g->chunk[i];

        embed_fwd(g, k);
        for (size_t l = 0; l < L; l++) {
            const struct layer_job *j = &g->job[l];
            float *y = l + 1 < L ? g->layer[l + 1].x : g->last;

            layer_attend_fwd(&g->layer[l], scratch, j, k);
            if (g->between)
                g->between->fwd(g->between->ctx, l, g->layer[l].h + k->t0 * C,
                                k);
            layer_feed_fwd(y + layer_first_row(j, k) * C, &g->layer[l], scratch,
                           j, k);
        }
        if (g->c->kind != MODEL_CROSS && !g->tokens)
            pool(g, k);
    }
}

static void pack(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct encoder_grad *g = ctx;

    (void)worker;
    for (size_t i = begin; i < end; i++)
        layer_panels_fill(&g->panels[i / LAYER_PANELS],
                          &g->w->layer[i / LAYER_PANELS], i % LAYER_PANELS);
}

static void run_forward(struct encoder_grad *g)
{
    workers_run(g->workers, g->c->L * LAYER_PANELS, 1, pack, g);
    workers_run(g->workers, g->chunks, 1, forward, g);
}

int encoder_batch_forward(struct encoder_grad *g, float *y,
                          const struct packed *batch, uint64_t key, bool train,
                          struct err *err)
{
    size_t n = batch->B * encoder_grad_width(g);
    int rc = encoder_grad_begin(g, batch, key, train, err);

    if (rc < 0)
        return rc;
    run_forward(g);
    if (g->c->kind == MODEL_CROSS)
        classify_fwd(g);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(g->out[i]))
            return ERR_SET(err, ERR_NUMERIC,
                           "output %zu of the batch is not finite", i);
    memcpy(y, g->out, n * sizeof(*y));
    return 0;
}

/* ---- backward ---- */

/* The gradient of the chunk's rows of the last layer's output. */
static void unpool(float *d, const struct encoder_grad *g,
                   const struct chunk *k)
{
    size_t C = g->c->C, E = model_config_dim(g->c);
    size_t r0 = g->cut ? k->b0 : k->t0, r1 = g->cut ? k->b1 : k->t1;

    if (g->tokens || g->c->kind == MODEL_CROSS) {
        memcpy(d, (g->tokens ? g->dtokens : g->drows) + r0 * C,
               (r1 - r0) * C * sizeof(*d));
        return;
    }
    memset(d, 0, (r1 - r0) * C * sizeof(*d));
    for (size_t b = k->b0; b < k->b1; b++) {
        size_t first, len = pool_rows(g, b, &first);

        for (size_t i = 0; i < g->c->poolings; i++)
            pooling_bwd(d + (first - r0) * C, g->dout + b * E + i * C,
                        g->which + b * E + i * C, g->c->pooling[i], len, C);
    }
}

static void backward(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct encoder_grad *g = ctx;
    struct lane *b = &g->lane[worker];

    for (size_t i = begin; i < end; i++) {
        const struct chunk *k = &g->chunk[i];

        unpool(g->cut ? b->dh : b->d, g, k);
        for (size_t l = g->c->L; l-- > 0;) {
            const struct layer_job *j = &g->job[l];
            float *dh = j->cut ? b->dh : b->d;

            layer_feed_bwd(dh, &g->layer[l], b->scratch, j, k);
            if (g->between)
                g->between->bwd(g->between->ctx, l, dh, k);
            layer_attend_bwd(b->d, dh, &g->layer[l], b->scratch, j, k);
        }
        embed_bwd(b->d, g, b->dh, k);
    }
}

static void weight_gradients(struct encoder_grad *g)
{
    size_t C = g->c->C;

    for (size_t l = g->c->L; l-- > 0;)
        layer_grad(&g->dw->layer[l], &g->layer[l], &g->job[l], g->turned,
                   g->workers);
    embed_grad(g);
    for (size_t l = 0; l < g->c->L; l++) {
        const struct layer_weights *dw = &g->dw->layer[l];

        grad_norm_parts(dw->ln1_w, dw->ln1_b, g->layer[l].dln1, g->chunks, C);
        grad_norm_parts(dw->ln2_w, dw->ln2_b, g->layer[l].dln2, g->chunks, C);
    }
}

void encoder_batch_backward(struct encoder_grad *g, const float *dy)
{
    size_t B = g->batch->B, E = encoder_grad_width(g);

    assert(g->train);
    if (g->c->kind == MODEL_CROSS)
        classify_bwd(g, dy);
    else if (g->c->normalise)
        l2norm_bwd(g->dout, dy, g->out, g->norm, B, E);
    else
        memcpy(g->dout, dy, B * E * sizeof(*dy));
    workers_run(g->workers, g->chunks, 1, backward, g);
    weight_gradients(g);
    g->train = false; /* the activations are gone */
}

/* ---- as a language model ---- */

int encoder_tokens_begin(struct encoder_grad *g, const struct packed *batch,
                         uint64_t key, bool train, struct err *err)
{
    assert(g->tokens);
    return encoder_grad_begin(g, batch, key, train, err);
}

size_t encoder_tokens_chunks(const struct encoder_grad *g)
{
    return g->chunks;
}

const float *encoder_tokens_forward(struct encoder_grad *g)
{
    run_forward(g);
    return g->last;
}

void encoder_tokens_backward(struct encoder_grad *g, const float *d)
{
    assert(g->train);
    g->dtokens = d;
    workers_run(g->workers, g->chunks, 1, backward, g);
    weight_gradients(g);
    g->train = false;
}
