/* decoder_cross.c - the cross-attention to one vector. */
#include <string.h>

#include "base/rng.h"
#include "model/decoder_parts.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gemm.h"
#include "nn/layernorm.h"

enum site { SITE_PROB, SITE_OUT, SITES };

static uint64_t seed(const struct decoder *d, size_t layer, enum site site)
{
    return rng_at(d->key, 1000 + SITES * layer + site);
}

/* ---- memory ---- */

static size_t aligned(size_t floats)
{
    return (floats * sizeof(float) + ARENA_ALIGN - 1) / ARENA_ALIGN *
           ARENA_ALIGN;
}

size_t cross_bytes(const struct decoder *d, size_t B, size_t T)
{
    size_t C = d->c->C;

    return d->c->L *
           (2 * aligned(B * C) + aligned(T * d->c->H) + 2 * aligned(T * C) +
            2 * aligned(T) + aligned(d->chunks * 2 * C));
}

static float *floats(struct decoder *d, size_t n)
{
    return arena_alloc(&d->arena, n, sizeof(float));
}

void cross_begin(struct decoder *d)
{
    size_t B = d->batch->B, T = d->batch->T, C = d->c->C;

    for (size_t l = 0; l < d->c->L; l++) {
        struct cross *x = &d->cross[l];

        x->value = floats(d, B * C);
        x->dvalue = floats(d, B * C);
        x->mask = floats(d, T * d->c->H);
        x->c = floats(d, T * C);
        x->sum = floats(d, T * C);
        x->mean = floats(d, T);
        x->rstd = floats(d, T);
        x->part = floats(d, d->chunks * 2 * C);
    }
    memset(d->ds, 0, B * C * sizeof(*d->ds));
}

/* ---- forward ---- */

/* c = mask * value, head by head, of every token of the chunk. */
static void spread(struct decoder *d, struct cross *x, const struct chunk *k)
{
    size_t C = d->c->C, H = d->c->H, D = C / H;

    for (size_t b = k->b0; b < k->b1; b++)
        for (size_t t = d->batch->offset[b]; t < d->batch->offset[b + 1]; t++)
            for (size_t i = 0; i < C; i++)
                x->c[t * C + i] = x->mask[t * H + i / D] * x->value[b * C + i];
}

void cross_fwd(void *ctx, size_t layer, float *h, const struct chunk *k)
{
    struct decoder *d = ctx;
    struct cross *x = &d->cross[layer];
    size_t C = d->c->C, H = d->c->H, t0 = k->t0, n = k->t1 - t0;
    float *mask = x->mask + t0 * H, *sum = x->sum + t0 * C;

    gemm_nt(x->value + k->b0 * C, d->s + k->b0 * C, x->v_w->x, x->v_b->x,
            k->b1 - k->b0, C, C);
    for (size_t i = 0; i < n * H; i++)
        mask[i] = 1.0f;
    dropout_fwd(mask, mask, d->drop_attention, seed(d, layer, SITE_PROB), t0, n,
                H);
    spread(d, x, k);
    gemm_nt(sum, x->c + t0 * C, x->o_w->x, x->o_b->x, n, C, C);
    dropout_fwd(sum, sum, d->drop_hidden, seed(d, layer, SITE_OUT), t0, n, C);
    add_fwd(sum, h, n * C);
    layernorm_fwd(h, x->mean + t0, x->rstd + t0, sum, x->ln_w->x, x->ln_b->x,
                  d->c->eps, n, C);
}

/* ---- backward ---- */

/* dvalue[b] = sum over its tokens of mask * dc. */
static void gather(struct decoder *d, struct cross *x, const float *dc,
                   const struct chunk *k)
{
    size_t C = d->c->C, H = d->c->H, D = C / H;

    memset(x->dvalue + k->b0 * C, 0, (k->b1 - k->b0) * C * sizeof(float));
    for (size_t b = k->b0; b < k->b1; b++)
        for (size_t t = d->batch->offset[b]; t < d->batch->offset[b + 1]; t++)
            for (size_t i = 0; i < C; i++)
                x->dvalue[b * C + i] += x->mask[t * H + i / D] * dc[t * C + i];
}

void cross_bwd(void *ctx, size_t layer, float *dh, const struct chunk *k)
{
    struct decoder *d = ctx;
    struct cross *x = &d->cross[layer];
    size_t C = d->c->C, t0 = k->t0, n = k->t1 - t0;
    float *sum = x->sum + t0 * C, *dc = d->temporary;

    layer_norm_bwd(dh, x->part, sum, x->ln_w->x, x->mean + t0, x->rstd + t0, k,
                   n, C);
    dropout_fwd(sum, dh, d->drop_hidden, seed(d, layer, SITE_OUT), t0, n, C);
    gemm_nn(dc + t0 * C, sum, x->o_w->x, 0.0f, n, C, C);
    gather(d, x, dc, k);
    gemm_nn(d->ds + k->b0 * C, x->dvalue + k->b0 * C, x->v_w->x, 1.0f,
            k->b1 - k->b0, C, C);
}

static void layer_weights_grad(void *ctx, size_t begin, size_t end,
                               size_t worker)
{
    struct decoder *d = ctx;
    size_t C = d->c->C, B = d->batch->B, T = d->batch->T;

    (void)worker;
    for (size_t l = begin; l < end; l++) {
        struct cross *x = &d->cross[l];

        gemm_tn_add(x->o_w->dx, x->sum, x->c, 0, C, C, C, T);
        bias_bwd(x->o_b->dx, x->sum, 0, C, T, C);
        gemm_tn_add(x->v_w->dx, x->dvalue, d->s, 0, C, C, C, B);
        bias_bwd(x->v_b->dx, x->dvalue, 0, C, B, C);
        grad_norm_parts(x->ln_w->dx, x->ln_b->dx, x->part, d->chunks, C);
    }
}

void cross_grad(struct decoder *d)
{
    workers_run(d->workers, d->c->L, 1, layer_weights_grad, d);
}
