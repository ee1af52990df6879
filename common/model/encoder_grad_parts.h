/*
 * encoder_grad_parts.h - the training state, as encoder_grad.c (passes), its
 * two ends, encoder_grad_embed.c and encoder_grad_head.c, and
 * encoder_grad_memory.c (memory and plan of a batch) share it.
 */
#ifndef MODEL_ENCODER_GRAD_PARTS_H
#define MODEL_ENCODER_GRAD_PARTS_H

#include "base/arena.h"
#include "base/workers.h"
#include "model/config.h"
#include "model/encoder_grad.h"
#include "model/encoder_layer.h"
#include "model/layer_grad.h"
#include "model/packed.h"
#include "model/weights.h"

struct lane {                /* one worker's */
    float *d, *dh, *scratch; /* d, dh: as wide as the wider of C and E */
};

struct encoder_grad {
    const struct model_config *c;
    const struct weights *w;
    struct weights *dw;
    struct workers *workers;
    struct arena arena;
    enum precision precision; /* of the linear layers' products */
    bool cut;                 /* the last layer makes first rows only */
    bool tokens, causal;      /* a language model: encoder_grad.h */
    const struct layer_between *between;
    const float *dtokens;        /* [T,C] of encoder_tokens_backward() */
    struct layer_panels *panels; /* [L] */
    struct arena panel_arena;    /* owns them and what they hold */
    /* this batch */
    const struct packed *batch;
    struct chunk *chunk;
    size_t chunks;
    size_t *prob_at;       /* [B] */
    struct layer_job *job; /* [L] */
    struct layer_acts *layer;
    float *sum, *mean, *rstd, *dln; /* of the embedding's LayerNorm */
    float *narrow, *dproject;       /* [T,E], [T,C]: what is projected, and the
                                       gradient of what becomes of it */
    float *rel, *drel; /* of relative positions, as the layers' jobs have
                          them; NULL without */
    float *last;       /* [R,C] the last layer's output */
    float *out, *norm; /* [B,width], [B] */
    uint32_t *which;   /* [B,width] of max pooling */
    float *dense, *pooled, *dropped; /* [B,C] of the classifier */
    float *dout, *drows;             /* [B,width], [B,C] */
    void *turned;                    /* of layer_grad() */
    struct lane *lane;
    uint64_t key;
    bool train;
};

/* Reserve memory for the batch, cut it into chunks, and set up the layers'
 * jobs. ERR_NOMEM. */
int encoder_grad_begin(struct encoder_grad *g, const struct packed *batch,
                       uint64_t key, bool train, struct err *err) MUST_CHECK;

/* ---- encoder_grad_embed.c ---- */

/* rel of this batch, and drel to 0. */
void positions_fwd(struct encoder_grad *g);
/* A chunk's rows of the first layer's input. */
void embed_fwd(struct encoder_grad *g, const struct chunk *k);
/* d: the gradient of those rows; changed. scratch: a lane's, as wide as d. */
void embed_bwd(float *d, struct encoder_grad *g, float *scratch,
               const struct chunk *k);
/* Gradients of weights, all chunks being through. */
void embed_grad(struct encoder_grad *g);

/* ---- encoder_grad_head.c ---- */

/* From last to out. */
void classify_fwd(struct encoder_grad *g);
/* From dy [B,labels] to drows, and gradients of weights. */
void classify_bwd(struct encoder_grad *g, const float *dy);

#endif
