/* encoder_grad_head.c - a classifier's head in training: few rows, so the
 * calling thread does it. */
#include "base/rng.h"
#include "model/encoder.h"
#include "model/encoder_grad_parts.h"
#include "model/family.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/gemm.h"

static uint64_t head_seed(const struct encoder_grad *g)
{
    return rng_at(g->key, 1);
}

static uint64_t drop_first_seed(const struct encoder_grad *g)
{
    return rng_at(head_seed(g), 0);
}

static float head_rate(const struct encoder_grad *g)
{
    return g->train ? g->c->drop_classifier : 0.0f;
}

void classify_fwd(struct encoder_grad *g)
{
    const struct head_weights *h = &g->w->head;
    size_t B = g->batch->B, C = g->c->C;

    if (family_of(g->c->layout)->drop_first)
        dropout_fwd(g->last, g->last, head_rate(g), drop_first_seed(g), 0, B,
                    C);
    gemm_nt(g->dense, g->last, h->pool_w, h->pool_b, B, C, C);
    encoder_head_fwd(g->pooled, g->dense, g->c, B * C);
    dropout_fwd(g->dropped, g->pooled, head_rate(g), head_seed(g), 0, B, C);
    gemm_nt(g->out, g->dropped, h->cls_w, h->cls_b, B, g->c->labels, C);
}

/* d: from the gradient of encoder_head_fwd()'s output to that of its input. */
static void head_bwd(float *d, const struct encoder_grad *g, size_t n)
{
    switch (family_of(g->c->layout)->head_by) {
    case HEAD_TANH:
        tanh_bwd(d, d, g->pooled, n);
        break;
    case HEAD_RELU:
        relu_bwd(d, d, g->pooled, n);
        break;
    case HEAD_GELU:
        gelu_bwd(d, d, g->dense, n);
        break;
    }
}

void classify_bwd(struct encoder_grad *g, const float *dy)
{
    const struct head_weights *h = &g->w->head, *dh = &g->dw->head;
    size_t B = g->batch->B, C = g->c->C, labels = g->c->labels;
    float *d = g->dropped; /* free once cls_w has its gradient */

    gemm_tn_add(dh->cls_w, dy, g->dropped, 0, labels, labels, C, B);
    bias_bwd(dh->cls_b, dy, 0, labels, B, labels);
    gemm_nn(d, dy, h->cls_w, 0.0f, B, C, labels);
    dropout_fwd(d, d, head_rate(g), head_seed(g), 0, B, C);
    head_bwd(d, g, B * C);
    gemm_tn_add(dh->pool_w, d, g->last, 0, C, C, C, B);
    bias_bwd(dh->pool_b, d, 0, C, B, C);
    gemm_nn(g->drows, d, h->pool_w, 0.0f, B, C, C);
    if (family_of(g->c->layout)->drop_first)
        dropout_fwd(g->drows, g->drows, head_rate(g), drop_first_seed(g), 0, B,
                    C);
}
