#include "model/encoder.h"

#include <assert.h>
#include <string.h>

#include "nn/attention.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/gemm.h"
#include "nn/layernorm.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* qkv and the attention's output are dead when the feed-forward rows are
 * made: both live in `wide`. */
static size_t wide_floats(const struct model_config *c)
{
    return larger(4 * c->C, c->F);
}

size_t encoder_scratch(const struct model_config *c, size_t T, size_t longest)
{
    return T * (c->C + wide_floats(c)) + attention_scratch(longest);
}

void encoder_embed(float *x, const struct model_config *c,
                   const struct embedding_weights *e, const struct packed *p,
                   size_t b0, size_t b1)
{
    size_t C = c->C;

    for (size_t b = b0; b < b1; b++) {
        for (size_t t = p->offset[b]; t < p->offset[b + 1]; t++, x += C) {
            size_t row = t - p->offset[b];

            assert(p->id[t] < c->V && row < c->P && p->segment[t] < c->S);
            memcpy(x, e->word + p->id[t] * C, C * sizeof(*x));
            add_fwd(x, e->segment + p->segment[t] * C, C);
            add_fwd(x, e->position + row * C, C);
        }
    }
}

/* x = LN1(x + out(att)), then x = LN2(x + down(gelu(up(x)))) */
static void tail(float *x, float *u, const float *att,
                 const struct model_config *c, const struct layer_weights *l,
                 size_t N)
{
    gemm_nt_add(x, att, l->out_w, l->out_b, N, c->C, c->C);
    layernorm_fwd(x, NULL, NULL, x, l->ln1_w, l->ln1_b, c->eps, N, c->C);
    gemm_nt(u, x, l->up_w, l->up_b, N, c->F, c->C);
    gelu_fwd(u, u, N * c->F);
    gemm_nt_add(x, u, l->down_w, l->down_b, N, c->C, c->F);
    layernorm_fwd(x, NULL, NULL, x, l->ln2_w, l->ln2_b, c->eps, N, c->C);
}

static void layer(float *x, float *wide, float *scratch,
                  const struct model_config *c, const struct layer_weights *l,
                  const struct packed *p)
{
    const struct attention a = { .H = c->H, .C = c->C };
    float *att = wide, *qkv = wide + p->T * c->C;

    gemm_nt(qkv, x, l->qkv_w, l->qkv_b, p->T, 3 * c->C, c->C);
    for (size_t b = 0; b < p->B; b++) {
        size_t t = p->offset[b];

        attention_fwd(att + t * c->C, NULL, scratch, qkv + t * 3 * c->C, &a, 0,
                      p->offset[b + 1] - t);
    }
    /* att must outlive the product that reads it, u begins after that */
    tail(x, wide, att, c, l, p->T);
}

/* The same for the first token of each sequence only, into y [B,C]: the other
 * tokens are needed as keys and values alone. */
static void layer_cls(float *y, const float *x, float *wide, float *scratch,
                      const struct model_config *c,
                      const struct layer_weights *l, const struct packed *p)
{
    const struct attention a = { .H = c->H, .C = c->C };
    size_t C = c->C;
    float *kv = wide, *att = wide + 2 * p->T * C, *q = att + p->B * C;

    for (size_t b = 0; b < p->B; b++)
        memcpy(y + b * C, x + p->offset[b] * C, C * sizeof(*y));
    gemm_nt(kv, x, l->qkv_w + C * C, l->qkv_b + C, p->T, 2 * C, C);
    gemm_nt(q, y, l->qkv_w, l->qkv_b, p->B, C, C);
    for (size_t b = 0; b < p->B; b++) {
        const float *kv_b = kv + p->offset[b] * 2 * C;

        attention_cls_fwd(att + b * C, scratch, q + b * C, kv_b, kv_b + C,
                          2 * C, &a, p->offset[b + 1] - p->offset[b]);
    }
    tail(y, wide, att, c, l, p->B);
}

void encoder_forward(float *y, float *scratch, const struct model_config *c,
                     const struct weights *w, const struct packed *p,
                     enum encoder_rows rows)
{
    const struct embedding_weights *e = &w->embedding;
    bool cls = rows == ENCODER_CLS;
    float *x = cls ? scratch : y, *wide = scratch + p->T * c->C;
    float *last = wide + p->T * wide_floats(c);

    encoder_embed(x, c, e, p, 0, p->B);
    layernorm_fwd(x, NULL, NULL, x, e->ln_w, e->ln_b, c->eps, p->T, c->C);
    for (size_t l = 0; l + cls < c->L; l++)
        layer(x, wide, last, c, &w->layer[l], p);
    if (cls)
        layer_cls(y, x, wide, last, c, &w->layer[c->L - 1], p);
}

void encoder_pool(float *y, const float *x, const struct model_config *c,
                  const struct packed *p)
{
    size_t C = c->C, E = model_config_dim(c);

    for (size_t b = 0; b < p->B; b++)
        for (size_t i = 0; i < c->poolings; i++)
            pooling_fwd(y + b * E + i * C, NULL, x + p->offset[b] * C,
                        c->pooling[i], p->offset[b + 1] - p->offset[b], C);
    if (c->normalise)
        l2norm_fwd(y, NULL, y, p->B, E);
}

void encoder_logits(float *y, float *pooled, const float *x,
                    const struct model_config *c, const struct head_weights *h,
                    size_t B)
{
    gemm_nt(pooled, x, h->pool_w, h->pool_b, B, c->C, c->C);
    tanh_fwd(pooled, pooled, B * c->C);
    gemm_nt(y, pooled, h->cls_w, h->cls_b, B, c->labels, c->C);
}
