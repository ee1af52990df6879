/* encoder_grad_embed.c - from ids to the first layer's input in training. */
#include <string.h>

#include "base/rng.h"
#include "model/encoder.h"
#include "model/encoder_grad_parts.h"
#include "model/family.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gemm.h"
#include "nn/layernorm.h"
#include "nn/relative.h"

enum { PROJECT_ROWS = 128 /* of a task */ };

static uint64_t embedding_seed(const struct encoder_grad *g)
{
    return rng_at(g->key, 0);
}

void positions_fwd(struct encoder_grad *g)
{
    const size_t R = g->batch->longest, H = g->c->H;

    if (!g->rel)
        return;
    relative_fwd(g->rel, g->w->embedding.relative, H, R);
    memset(g->drel, 0, g->chunks * H * (2 * R - 1) * sizeof(*g->drel));
}

void embed_fwd(struct encoder_grad *g, const struct chunk *k)
{
    const struct embedding_weights *e = &g->w->embedding;
    const size_t C = g->c->C, W = model_config_table(g->c), n = k->t1 - k->t0;
    float *x = g->layer[0].x + k->t0 * C, *sum = g->sum + k->t0 * W;
    float *y = g->c->E ? g->narrow + k->t0 * W : x;

    encoder_embed(sum, g->c, e, g->batch, k->b0, k->b1);
    layernorm_fwd(y, g->mean + k->t0, g->rstd + k->t0, sum, e->ln_w, e->ln_b,
                  g->c->eps, n, W);
    dropout_fwd(y, y, g->job[0].drop_hidden, embedding_seed(g), k->t0, n, W);
    if (g->c->E)
        gemm_nt(x, y, e->project_w, e->project_b, n, C, W);
}

/* x = y W^T + b, so dy = dx W; dx is kept for the weight's gradient. */
static void project_bwd(float *dy, struct encoder_grad *g, const float *dx,
                        const struct chunk *k)
{
    const size_t C = g->c->C, n = k->t1 - k->t0;

    memcpy(g->dproject + k->t0 * C, dx, n * C * sizeof(*dx));
    gemm_nn(dy, dx, g->w->embedding.project_w, 0.0f, n, g->c->E, C);
}

void embed_bwd(float *d, struct encoder_grad *g, float *scratch,
               const struct chunk *k)
{
    const size_t W = model_config_table(g->c), n = k->t1 - k->t0;
    float *sum = g->sum + k->t0 * W, *dy = g->c->E ? scratch : d;

    if (g->c->E)
        project_bwd(dy, g, d, k);
    dropout_fwd(dy, dy, g->job[0].drop_hidden, embedding_seed(g), k->t0, n, W);
    layer_norm_bwd(dy, g->dln, sum, g->w->embedding.ln_w, g->mean + k->t0,
                   g->rstd + k->t0, k, n, W);
    memcpy(sum, dy, n * W * sizeof(*sum));
}

/* ---- gradients of weights ---- */

/* Rows [begin,end) of the projection's. */
static void project_rows(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct encoder_grad *g = ctx;
    const struct embedding_weights *dw = &g->dw->embedding;
    const size_t C = g->c->C, T = g->batch->T;

    (void)worker;
    gemm_tn_add(dw->project_w, g->dproject, g->narrow, begin, end, C, g->c->E,
                T);
    bias_bwd(dw->project_b, g->dproject, begin, end, T, C);
}

void embed_grad(struct encoder_grad *g)
{
    const struct embedding_weights *dw = &g->dw->embedding;
    const size_t W = model_config_table(g->c), R = g->batch->longest;
    const size_t positions = g->c->H * (2 * R - 1);

    embedding_grad(dw, g->sum, g->batch, g->c, g->workers);
    if (!family_of(g->c->layout)->size[2]) /* the table is not the model's */
        memset(dw->segment, 0, g->c->S * W * sizeof(*dw->segment));
    grad_norm_parts(dw->ln_w, dw->ln_b, g->dln, g->chunks, W);
    for (size_t k = 0; g->rel && k < g->chunks; k++)
        relative_bwd(dw->relative, g->drel + k * positions, g->c->H, R);
    if (g->c->E)
        workers_run(g->workers, g->c->C, PROJECT_ROWS, project_rows, g);
}
