#include "model/encoder_layer.h"

#include <string.h>

#include "base/rng.h"
#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/gelu.h"
#include "nn/layernorm.h"

enum site { SITE_PROBS, SITE_OUT, SITE_DOWN };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t layer_first_row(const struct layer_job *j, const struct chunk *k)
{
    return j->cut ? k->b0 : k->t0;
}

size_t layer_rows(const struct layer_job *j, const struct chunk *k)
{
    return j->cut ? k->b1 - k->b0 : k->t1 - k->t0;
}

/* Floats that the rows of any product of n tokens take. */
static size_t row_floats(const struct model_config *c, enum precision precision,
                         size_t n)
{
    return panel_rows_bytes(precision, n, larger(3 * c->C, c->F)) /
           sizeof(float);
}

size_t layer_scratch(const struct model_config *c, enum precision precision,
                     size_t n, size_t longest)
{
    return row_floats(c, precision, n) + n * larger(4 * c->C, c->F) +
           attention_scratch(longest);
}

/* Rows come first in a call's scratch; behind them the rest. */
static float *behind_rows(float *scratch, const struct layer_job *j,
                          const struct chunk *k)
{
    return scratch + row_floats(j->c, j->precision, k->t1 - k->t0);
}

static struct attention heads(const struct layer_job *j)
{
    return (struct attention){ .H = j->c->H,
                               .C = j->c->C,
                               .R = j->R,
                               .rel = j->rel,
                               .causal = j->causal,
                               .drop = j->drop_attention };
}

static uint64_t probs_seed(const struct layer_job *j, size_t b)
{
    return rng_at(rng_at(j->seed, SITE_PROBS), b);
}

/* ---- panels ---- */

/* Outputs and inputs of panel `which`, in the order of struct layer_panels. */
static void panel_shape(size_t *N, size_t *K, const struct model_config *c,
                        size_t which)
{
    const size_t shape[LAYER_PANELS / 2][2] = {
        { 3 * c->C, c->C }, { c->C, c->C }, { c->F, c->C }, { c->C, c->F }
    };
    bool turned = which >= LAYER_PANELS / 2;

    *N = shape[which % (LAYER_PANELS / 2)][turned];
    *K = shape[which % (LAYER_PANELS / 2)][!turned];
}

size_t layer_panels_bytes(const struct model_config *c,
                          enum precision precision)
{
    size_t bytes = 0, N, K;

    for (size_t i = 0; i < LAYER_PANELS; i++) {
        panel_shape(&N, &K, c, i);
        bytes += panel_bytes(precision, N, K);
    }
    return bytes;
}

void layer_panels_open(struct layer_panels *p, void *memory,
                       const struct model_config *c, enum precision precision)
{
    struct panel *const all[LAYER_PANELS] = { &p->qkv,  &p->out,   &p->up,
                                              &p->down, &p->qkv_t, &p->out_t,
                                              &p->up_t, &p->down_t };
    char *at = memory;
    size_t N, K;

    for (size_t i = 0; i < LAYER_PANELS; i++) {
        panel_shape(&N, &K, c, i);
        panel_open(all[i], at, precision, N, K);
        at += panel_bytes(precision, N, K);
    }
}

void layer_panels_fill(const struct layer_panels *p,
                       const struct layer_weights *w, size_t which)
{
    const struct {
        const struct panel *panel, *turned;
        const float *w, *b;
    } all[LAYER_PANELS / 2] = {
        { &p->qkv, &p->qkv_t, w->qkv_w, w->qkv_b },
        { &p->out, &p->out_t, w->out_w, w->out_b },
        { &p->up, &p->up_t, w->up_w, w->up_b },
        { &p->down, &p->down_t, w->down_w, w->down_b },
    }, *x = &all[which % (LAYER_PANELS / 2)];

    if (which < LAYER_PANELS / 2)
        panel_fill(x->panel, x->w, x->b, 0, x->panel->N);
    else
        panel_turn(x->turned, x->w, x->turned->N, 0, x->turned->N);
}

/* c = then(a @ panel^T), M rows end to end; memory for them as the panel's
 * precision wants them */
static void multiply(float *c, const float *a, const struct panel *p,
                     enum panel_then then, size_t M, void *memory)
{
    struct panel_rows rows = panel_rows(memory, a, p->K, p->precision, M, p->K);

    panel_fwd(c, p->N, &rows, p, then, M);
}

/* ---- forward ---- */

static void attend_sequences(struct layer_acts *a, float *scratch,
                             const struct layer_job *j, const struct chunk *k)
{
    const struct attention h = heads(j);
    const uint32_t *offset = j->batch->offset;
    size_t C = j->c->C;

    for (size_t b = k->b0; b < k->b1; b++) {
        size_t t = offset[b];

        attention_fwd(a->att + t * C, a->probs + j->prob_at[b], scratch,
                      a->qkv + t * 3 * C, &h, probs_seed(j, b),
                      offset[b + 1] - t);
    }
}

/* The first row of each sequence, from [T,C] to [B,C]. */
static void gather(float *y, const float *x, const struct layer_job *j,
                   const struct chunk *k)
{
    size_t C = j->c->C;

    for (size_t b = k->b0; b < k->b1; b++)
        memcpy(y + b * C, x + j->batch->offset[b] * C, C * sizeof(*y));
}

/* sum += x, row by row of the tail */
static void add_residual(float *sum, const float *x, const struct layer_job *j,
                         const struct chunk *k)
{
    size_t C = j->c->C;

    if (!j->cut) {
        add_fwd(sum + k->t0 * C, x + k->t0 * C, (k->t1 - k->t0) * C);
        return;
    }
    for (size_t b = k->b0; b < k->b1; b++)
        add_fwd(sum + b * C, x + j->batch->offset[b] * C, C);
}

void layer_attend_fwd(struct layer_acts *a, float *scratch,
                      const struct layer_job *j, const struct chunk *k)
{
    const struct layer_weights *w = j->w;
    size_t C = j->c->C, n = k->t1 - k->t0;
    size_t r = layer_first_row(j, k), N = layer_rows(j, k);
    float *sum = a->sum1 + r * C;

    multiply(a->qkv + k->t0 * 3 * C, a->x + k->t0 * C, &j->p->qkv, PANEL_BIAS,
             n, scratch);
    attend_sequences(a, behind_rows(scratch, j, k), j, k);
    if (j->cut)
        gather(a->cls, a->att, j, k);
    multiply(sum, (j->cut ? a->cls : a->att) + r * C, &j->p->out, PANEL_BIAS, N,
             scratch);
    dropout_fwd(sum, sum, j->drop_hidden, rng_at(j->seed, SITE_OUT), r, N, C);
    add_residual(a->sum1, a->x, j, k);
    layernorm_fwd(a->h + r * C, a->mean1 + r, a->rstd1 + r, sum, w->ln1_w,
                  w->ln1_b, j->c->eps, N, C);
}

void layer_feed_fwd(float *y, struct layer_acts *a, float *scratch,
                    const struct layer_job *j, const struct chunk *k)
{
    const struct layer_weights *w = j->w;
    size_t C = j->c->C, F = j->c->F;
    size_t r = layer_first_row(j, k), N = layer_rows(j, k);
    float *h = a->h + r * C, *u = a->u + r * F, *g = a->g + r * F;
    float *sum = a->sum2 + r * C;

    multiply(u, h, &j->p->up, PANEL_BIAS, N, scratch);
    gelu_fwd(g, u, N * F);
    multiply(sum, g, &j->p->down, PANEL_BIAS, N, scratch);
    dropout_fwd(sum, sum, j->drop_hidden, rng_at(j->seed, SITE_DOWN), r, N, C);
    add_fwd(sum, h, N * C);
    layernorm_fwd(y, a->mean2 + r, a->rstd2 + r, sum, w->ln2_w, w->ln2_b,
                  j->c->eps, N, C);
}

/* ---- backward: the forward lines in reverse ---- */

void layer_norm_bwd(float *d, float *part, const float *x, const float *weight,
                    const float *mean, const float *rstd, const struct chunk *k,
                    size_t N, size_t C)
{
    part += k->index * 2 * C;
    memset(part, 0, 2 * C * sizeof(*part));
    layernorm_bwd_params(part, part + C, d, x, mean, rstd, 0, C, N, C);
    layernorm_bwd_x(d, d, x, weight, mean, rstd, N, C);
}

void layer_feed_bwd(float *d, struct layer_acts *a, float *scratch,
                    const struct layer_job *j, const struct chunk *k)
{
    const struct layer_weights *w = j->w;
    size_t C = j->c->C, F = j->c->F;
    size_t r = layer_first_row(j, k), N = layer_rows(j, k);
    float *sum = a->sum2 + r * C, *u = a->u + r * F,
          *du = behind_rows(scratch, j, k);

    layer_norm_bwd(d, a->dln2, sum, w->ln2_w, a->mean2 + r, a->rstd2 + r, k, N,
                   C);
    /* sum = h + dropout(down(g)): d is also the gradient of h */
    dropout_fwd(sum, d, j->drop_hidden, rng_at(j->seed, SITE_DOWN), r, N, C);
    multiply(du, sum, &j->p->down_t, PANEL_BIAS, N, scratch);
    gelu_bwd(du, du, u, N * F);
    memcpy(u, du, N * F * sizeof(*u));
    multiply(d, u, &j->p->up_t, PANEL_ADD, N, scratch);
}

/* From the tail's rows to those of all tokens: dx = dh, and 0 for tokens that
 * are keys and values only. */
static void scatter(float *to, const float *from, const struct layer_job *j,
                    const struct chunk *k)
{
    size_t C = j->c->C;

    memset(to, 0, (k->t1 - k->t0) * C * sizeof(*to));
    for (size_t b = k->b0; b < k->b1; b++)
        memcpy(to + (j->batch->offset[b] - k->t0) * C, from + (b - k->b0) * C,
               C * sizeof(*to));
}

static void sequences_bwd(float *dqkv, float *scratch, const float *datt,
                          struct layer_acts *a, const struct layer_job *j,
                          const struct chunk *k)
{
    const struct attention h = heads(j);
    const uint32_t *offset = j->batch->offset;
    const size_t C = j->c->C, positions = j->c->H * (2 * j->R - 1);
    float *drel = j->rel ? j->drel + k->index * positions : NULL;

    for (size_t b = k->b0; b < k->b1; b++) {
        size_t t = offset[b], at = t - k->t0;

        attention_bwd(dqkv + at * 3 * C, drel, scratch, datt + at * C,
                      a->qkv + t * 3 * C, a->probs + j->prob_at[b], &h,
                      probs_seed(j, b), offset[b + 1] - t);
    }
    memcpy(a->qkv + k->t0 * 3 * C, dqkv,
           (k->t1 - k->t0) * 3 * C * sizeof(*dqkv));
}

void layer_attend_bwd(float *dx, float *dh, struct layer_acts *a,
                      float *scratch, const struct layer_job *j,
                      const struct chunk *k)
{
    const struct layer_weights *w = j->w;
    size_t C = j->c->C, n = k->t1 - k->t0;
    size_t r = layer_first_row(j, k), N = layer_rows(j, k);
    float *sum = a->sum1 + r * C;
    float *datt = behind_rows(scratch, j, k), *dqkv = datt + n * C;

    layer_norm_bwd(dh, a->dln1, sum, w->ln1_w, a->mean1 + r, a->rstd1 + r, k, N,
                   C);
    /* sum = x + dropout(out(att)): dh is also a gradient of x */
    dropout_fwd(sum, dh, j->drop_hidden, rng_at(j->seed, SITE_OUT), r, N, C);
    if (j->cut) {
        multiply(dqkv, sum, &j->p->out_t, PANEL_BIAS, N, scratch);
        scatter(datt, dqkv, j, k);
        scatter(dx, dh, j, k);
    } else {
        multiply(datt, sum, &j->p->out_t, PANEL_BIAS, N, scratch);
    }
    sequences_bwd(dqkv, dqkv + n * 3 * C, datt, a, j, k);
    multiply(dx, a->qkv + k->t0 * 3 * C, &j->p->qkv_t, PANEL_ADD, n, scratch);
}
