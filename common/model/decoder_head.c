/* decoder_head.c - from rows to words, with the encoder's embedding: what its
 * tables are wide, W, the dense layer makes of C. */
#include <math.h>
#include <string.h>

#include "model/decoder_parts.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/gemm.h"
#include "nn/layernorm.h"
#include "nn/softmax.h"

enum { BLOCK = 32 /* rows */, WORDS = 2048 /* of the embedding */ };

static size_t blocks_of(size_t R)
{
    return (R + BLOCK - 1) / BLOCK;
}

static size_t aligned(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

size_t head_bytes(const struct decoder *d, size_t R)
{
    size_t C = d->c->C, W = model_config_table(d->c), f = sizeof(float);

    return 2 * aligned(R * sizeof(uint32_t)) + 4 * aligned(R * W * f) +
           2 * aligned(R * C * f) + 2 * aligned(R * f) +
           aligned(R * d->c->V * f) + aligned(blocks_of(R) * 2 * W * f) +
           aligned(blocks_of(R) * sizeof(double));
}

void head_begin(struct decoder *d, const uint32_t *target)
{
    struct head *h = &d->head;
    size_t R = h->R, C = d->c->C, W = model_config_table(d->c), at = 0;
    float **const rows[] = { &h->t, &h->g, &h->y, &h->d };

    h->row = arena_alloc(&d->arena, R, sizeof(*h->row));
    h->target = arena_alloc(&d->arena, R, sizeof(*h->target));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        *rows[i] = arena_alloc(&d->arena, R * W, sizeof(float));
    h->x = arena_alloc(&d->arena, R * C, sizeof(float));
    h->dx = arena_alloc(&d->arena, R * C, sizeof(float));
    h->mean = arena_alloc(&d->arena, R, sizeof(float));
    h->rstd = arena_alloc(&d->arena, R, sizeof(float));
    h->logit = arena_alloc(&d->arena, R * d->c->V, sizeof(float));
    h->part = arena_alloc(&d->arena, blocks_of(R) * 2 * W, sizeof(float));
    h->loss = arena_alloc(&d->arena, blocks_of(R), sizeof(double));
    for (size_t t = 0; t < d->batch->T; t++)
        if (target[t] != DECODER_NO_TARGET) {
            h->row[at] = (uint32_t)t;
            h->target[at++] = target[t];
        }
}

/* -log softmax(z)[target], where float's softmax has lost it. */
static double far_loss(const float *z, uint32_t target, size_t V)
{
    double max = -INFINITY, sum = 0.0;

    for (size_t v = 0; v < V; v++)
        max = fmax(max, (double)z[v]);
    for (size_t v = 0; v < V; v++)
        sum += exp((double)z[v] - max);
    return max + log(sum) - (double)z[target];
}

/* One row of logits becomes k times their gradient. */
static double row_loss(float *z, uint32_t target, float k, size_t V)
{
    float kept = z[target], max = z[0], p;
    double loss;

    for (size_t v = 1; v < V; v++)
        max = z[v] > max ? z[v] : max;
    loss = max - kept > 60.0f ? far_loss(z, target, V) : 0.0;
    softmax_fwd(z, z, NULL, 1.0f, V);
    p = z[target];
    if (!(max - kept > 60.0f))
        loss = -log((double)p);
    z[target] -= 1.0f;
    for (size_t v = 0; v < V; v++)
        z[v] *= k;
    return loss;
}

/* Rows [r, r + n): words, loss, and back to dx. */
static void block(struct decoder *d, size_t number, size_t r, size_t n)
{
    struct head *h = &d->head;
    size_t C = d->c->C, W = model_config_table(d->c), V = d->c->V;
    const float *E = d->w->embedding.word;
    float *t = h->t + r * W, *g = h->g + r * W, *y = h->y + r * W;
    float *z = h->logit + r * V, *dd = h->d + r * W;
    float k = (float)(d->weight / (double)h->R);
    const struct chunk whole = { .index = number };

    gemm_nt(t, h->x + r * C, h->dense_w->x, h->dense_b->x, n, W, C);
    gelu_fwd(g, t, n * W);
    layernorm_fwd(y, h->mean + r, h->rstd + r, g, h->ln_w->x, h->ln_b->x,
                  d->c->eps, n, W);
    gemm_nt(z, y, E, h->bias->x, n, V, W);
    h->loss[number] = 0.0;
    for (size_t i = 0; i < n; i++)
        h->loss[number] += row_loss(z + i * V, h->target[r + i], k, V);
    gemm_nn(dd, z, E, 0.0f, n, W, V);
    layer_norm_bwd(dd, h->part, g, h->ln_w->x, h->mean + r, h->rstd + r, &whole,
                   n, W);
    gelu_bwd(dd, dd, t, n * W);
    gemm_nn(h->dx + r * C, dd, h->dense_w->x, 0.0f, n, C, W);
}

static void run_blocks(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct decoder *d = ctx;

    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t r = i * BLOCK, left = d->head.R - r;

        block(d, i, r, left < BLOCK ? left : BLOCK);
    }
}

static void word_grad(void *ctx, size_t begin, size_t end, size_t worker)
{
    struct decoder *d = ctx;
    struct head *h = &d->head;
    size_t W = model_config_table(d->c), V = d->c->V;

    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t v = i * WORDS, last = v + WORDS < V ? v + WORDS : V;

        gemm_tn_add(d->dw->embedding.word, h->logit, h->y, v, last, V, W, h->R);
        bias_bwd(h->bias->dx, h->logit, v, last, h->R, V);
    }
}

double head_run(struct decoder *d, const float *rows)
{
    struct head *h = &d->head;
    size_t C = d->c->C, W = model_config_table(d->c);
    size_t blocks = blocks_of(h->R);
    double loss = 0.0;

    for (size_t i = 0; i < h->R; i++)
        memcpy(h->x + i * C, rows + h->row[i] * C, C * sizeof(float));
    workers_run(d->workers, blocks, 1, run_blocks, d);
    workers_run(d->workers, (d->c->V + WORDS - 1) / WORDS, 1, word_grad, d);
    gemm_tn_add(h->dense_w->dx, h->d, h->x, 0, W, W, C, h->R);
    bias_bwd(h->dense_b->dx, h->d, 0, W, h->R, W);
    grad_norm_parts(h->ln_w->dx, h->ln_b->dx, h->part, blocks, W);
    memset(d->drows, 0, d->batch->T * C * sizeof(float));
    for (size_t i = 0; i < h->R; i++)
        memcpy(d->drows + h->row[i] * C, h->dx + i * C, C * sizeof(float));
    for (size_t i = 0; i < blocks; i++)
        loss += h->loss[i];
    return loss / (double)h->R;
}
