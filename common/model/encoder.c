#include "model/encoder.h"

#include <assert.h>
#include <string.h>

#include "model/family.h"
#include "nn/attention_infer.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/layernorm.h"

/* Rows that go through the second half of a layer together, so that their
 * feed-forward rows stay in L2. */
enum { BLOCK = 48 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Floats that hold any converted rows of a pass. */
static size_t rows_floats(const struct model_config *c, enum precision p,
                          size_t T)
{
    size_t x = panel_rows_bytes(p, T, c->C);
    size_t u = panel_rows_bytes(p, smaller(T, BLOCK), c->F);

    return (x > u ? x : u) / sizeof(float);
}

size_t encoder_scratch(const struct model_config *c, enum precision precision,
                       size_t T, size_t longest)
{
    const struct attention a = { .H = c->H, .C = c->C };

    return T * 5 * c->C + smaller(T, BLOCK) * c->F +
           rows_floats(c, precision, T) + attention_infer_scratch(&a, longest) +
           T * c->E;
}

size_t encoder_position(const struct model_config *c, uint32_t id,
                        size_t *before)
{
    if (c->first > 0 && id == c->pad_id)
        return c->pad_id;
    return c->first + (*before)++;
}

void encoder_embed(float *x, const struct model_config *c,
                   const struct embedding_weights *e, const struct packed *p,
                   size_t b0, size_t b1)
{
    const size_t W = model_config_table(c);

    for (size_t b = b0; b < b1; b++) {
        size_t before = 0;

        for (size_t t = p->offset[b]; t < p->offset[b + 1]; t++, x += W) {
            size_t row = encoder_position(c, p->id[t], &before);

            assert(p->id[t] < c->V && row < c->P && p->segment[t] < c->S);
            memcpy(x, e->word + p->id[t] * W, W * sizeof(*x));
            add_fwd(x, e->segment + p->segment[t] * W, W);
            add_fwd(x, e->position + row * W, W);
        }
    }
}

/* What the layers of a pass write to, parts of the caller's scratch, and how
 * they attend. */
struct room {
    struct attention heads;
    float *x;         /* [T,C] */
    float *qkv, *att; /* [T,3C], [T,C] */
    float *u;         /* [BLOCK,F] */
    float *rows;      /* [rows_floats()] */
    float *scratch;   /* [attention_infer_scratch(longest)] */
    float *narrow;    /* [T,E] */
};

static void linear(float *y, size_t ldy, const float *x, const struct panel *p,
                   enum panel_then then, const struct room *r, size_t N)
{
    struct panel_rows rows =
        panel_rows(r->rows, x, p->K, p->precision, N, p->K);

    panel_fwd(y, ldy, &rows, p, then, N);
}

/* x = LN1(x + out(att)), then x = LN2(x + down(gelu(up(x)))) */
static void tail(float *x, const struct room *r, const struct model_config *c,
                 const struct layer_weights *l, const struct infer_layer *p,
                 size_t N)
{
    const size_t C = c->C, F = c->F;

    for (size_t n = 0; n < N; n += BLOCK) {
        const size_t M = smaller(N - n, BLOCK);
        float *x_n = x + n * C;

        linear(x_n, C, r->att + n * C, &p->out, PANEL_ADD, r, M);
        layernorm_fwd(x_n, NULL, NULL, x_n, l->ln1_w, l->ln1_b, c->eps, M, C);
        linear(r->u, F, x_n, &p->up, PANEL_GELU, r, M);
        linear(x_n, C, r->u, &p->down, PANEL_ADD, r, M);
        layernorm_fwd(x_n, NULL, NULL, x_n, l->ln2_w, l->ln2_b, c->eps, M, C);
    }
}

static void layer(const struct room *r, const struct model_config *c,
                  const struct layer_weights *l, const struct infer_layer *w,
                  const struct packed *p)
{
    const size_t C = c->C;
    const struct panel_rows x =
        panel_rows(r->rows, r->x, C, w->q.precision, p->T, C);

    panel_fwd(r->qkv, 3 * C, &x, &w->q, PANEL_BIAS, p->T);
    panel_fwd(r->qkv + C, 3 * C, &x, &w->kv, PANEL_BIAS, p->T);
    for (size_t b = 0; b < p->B; b++) {
        size_t t = p->offset[b];

        attention_infer_fwd(r->att + t * C, r->scratch, r->qkv + t * 3 * C,
                            &r->heads, p->offset[b + 1] - t);
    }
    tail(r->x, r, c, l, w, p->T);
}

/* The same for the first token of each sequence only, into y [B,C]: the other
 * tokens are needed as keys and values alone. */
static void layer_cls(float *y, const struct room *r,
                      const struct model_config *c,
                      const struct layer_weights *l,
                      const struct infer_layer *w, const struct packed *p)
{
    const size_t C = c->C;
    float *kv = r->qkv, *q = kv + 2 * p->T * C;

    for (size_t b = 0; b < p->B; b++)
        memcpy(y + b * C, r->x + p->offset[b] * C, C * sizeof(*y));
    linear(kv, 2 * C, r->x, &w->kv, PANEL_BIAS, r, p->T);
    linear(q, C, y, &w->q, PANEL_BIAS, r, p->B);
    for (size_t b = 0; b < p->B; b++) {
        const float *kv_b = kv + p->offset[b] * 2 * C;

        attention_cls_fwd(r->att + b * C, r->scratch, q + b * C, kv_b, kv_b + C,
                          2 * C, &r->heads, p->offset[b + 1] - p->offset[b]);
    }
    tail(y, r, c, l, w, p->B);
}

static void embed(const struct room *r, const struct model_config *c,
                  const struct infer_weights *w, const struct packed *p)
{
    const struct embedding_weights *e = &w->w->embedding;
    float *x = c->E ? r->narrow : r->x;
    struct panel_rows rows;

    encoder_embed(x, c, e, p, 0, p->B);
    layernorm_fwd(x, NULL, NULL, x, e->ln_w, e->ln_b, c->eps, p->T,
                  model_config_table(c));
    if (!c->E)
        return;
    rows = panel_rows(NULL, x, c->E, PRECISION_F32, p->T, c->E);
    panel_fwd(r->x, c->C, &rows, &w->project, PANEL_BIAS, p->T);
}

void encoder_forward(float *y, float *scratch, const struct model_config *c,
                     const struct infer_weights *w, const struct packed *p,
                     enum encoder_rows rows)
{
    const struct layer_weights *l = w->w->layer;
    const size_t wide = p->T * c->C, last = c->L - 1;
    const bool cls = rows == ENCODER_CLS;
    struct room r = { .x = cls ? scratch : y };

    r.heads =
        (struct attention){ .H = c->H, .C = c->C, .R = w->R, .rel = w->rel };
    r.qkv = scratch + wide;
    r.att = r.qkv + 3 * wide;
    r.u = r.att + wide;
    r.rows = r.u + smaller(p->T, BLOCK) * c->F;
    r.scratch = r.rows + rows_floats(c, w->precision, p->T);
    r.narrow = r.scratch + attention_infer_scratch(&r.heads, p->longest);
    embed(&r, c, w, p);
    for (size_t i = 0; i < last; i++)
        layer(&r, c, &l[i], &w->layer[i], p);
    if (cls)
        layer_cls(y, &r, c, &l[last], &w->layer[last], p);
    else
        layer(&r, c, &l[last], &w->layer[last], p);
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

void encoder_head_fwd(float *y, const float *x, const struct model_config *c,
                      size_t n)
{
    switch (family_of(c->layout)->head_by) {
    case HEAD_TANH:
        tanh_fwd(y, x, n);
        break;
    case HEAD_RELU:
        relu_fwd(y, x, n);
        break;
    case HEAD_GELU:
        gelu_fwd(y, x, n);
        break;
    }
}

void encoder_logits(float *y, float *pooled, const float *x,
                    const struct model_config *c, const struct infer_weights *w,
                    size_t B)
{
    struct panel_rows rows = panel_rows(NULL, x, c->C, PRECISION_F32, B, c->C);

    panel_fwd(pooled, c->C, &rows, &w->pool, PANEL_BIAS, B);
    encoder_head_fwd(pooled, pooled, c, B * c->C);
    rows = panel_rows(NULL, pooled, c->C, PRECISION_F32, B, c->C);
    panel_fwd(y, c->labels, &rows, &w->cls, PANEL_BIAS, B);
}
