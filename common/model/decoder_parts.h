/*
 * decoder_parts.h - what decoder.c (weights, a run), decoder_cross.c (the
 * cross-attention) and decoder_head.c (words) share. Nobody else includes
 * this.
 */
#ifndef MODEL_DECODER_PARTS_H
#define MODEL_DECODER_PARTS_H

#include "base/arena.h"
#include "model/decoder.h"
#include "model/encoder_layer.h"
#include "model/layer_grad.h"

struct param {
    char name[80];
    float *x, *dx, *m, *v; /* [n] */
    size_t n;
    bool decay;
};

/* Of one layer; what points into params. */
struct cross {
    struct param *v_w, *v_b, *o_w, *o_b, *ln_w, *ln_b;
    /* this batch */
    float *value;  /* [B,C] Wv s + bv */
    float *dvalue; /* [B,C] */
    float *mask;   /* [T,H] dropout of the one probability */
    float *c;      /* [T,C] */
    float *sum;    /* [T,C] LN's input; then the gradient of out's output */
    float *mean, *rstd; /* [T] */
    float *part;        /* [chunks,2C] */
};

struct head {
    struct param *dense_w, *dense_b, *ln_w, *ln_b, *bias;
    /* rows with a target, this batch */
    size_t R;
    uint32_t *row, *target; /* [R] token, word */
    float *x, *dx;          /* [R,C] input, its gradient */
    float *t, *g, *y;       /* [R,W] dense, gelu, LN; W columns as the
                               embedding's tables (model_config_table()) */
    float *d;               /* [R,W] gradient of t */
    float *mean, *rstd;     /* [R] */
    float *logit;           /* [R,V] then its gradient */
    float *part;            /* [blocks,2W] */
    double *loss;           /* [blocks] */
};

struct decoder {
    const struct model_config *c;
    struct model_config own; /* c with one pooling, so that nothing is cut */
    const struct weights *w;
    struct weights *dw;
    struct workers *workers;
    struct layer_between between;
    struct encoder_grad *body;
    struct param *param;
    size_t params;
    struct cross *cross; /* [L]; NULL: masked words */
    struct head head;
    struct arena memory; /* of params */
    struct arena arena;  /* of the batch */
    /* this batch */
    const struct packed *batch;
    const float *s;
    float *ds;        /* [B,C] */
    float *temporary; /* [T,C] */
    float *drows;     /* [T,C] */
    size_t chunks;
    uint64_t key;
    float drop_hidden, drop_attention;
    double weight;
};

/* Bytes that a batch needs; then places in d->arena. */
size_t cross_bytes(const struct decoder *d, size_t B, size_t T);
void cross_begin(struct decoder *d);
void cross_fwd(void *ctx, size_t layer, float *h, const struct chunk *k);
void cross_bwd(void *ctx, size_t layer, float *dh, const struct chunk *k);
/* Gradients of weights, once all chunks are done. */
void cross_grad(struct decoder *d);

size_t head_bytes(const struct decoder *d, size_t R);
void head_begin(struct decoder *d, const uint32_t *target);
/* From the last rows [T,C] to the loss, its gradients, and d->drows. */
double head_run(struct decoder *d, const float *rows);

#endif
