/*
 * infer_weights.h - an encoder's linear layers packed for inference: made from
 * struct weights once after loading, or anew when training has changed them.
 */
#ifndef MODEL_INFER_WEIGHTS_H
#define MODEL_INFER_WEIGHTS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/config.h"
#include "model/weights.h"
#include "nn/panel.h"

/* q and kv lie apart because a last layer may need them for other rows. */
struct infer_layer {
    struct panel q, kv, out, up, down;
};

struct infer_weights {
    enum precision precision;  /* of the layers; the others: f32 */
    const struct weights *w;   /* lent: embeddings, LayerNorm */
    struct infer_layer *layer; /* [L] */
    float *rel;                /* [H,2R-1] of nn/attention.h; NULL without */
    size_t R;                  /* tokens of the longest sequence there can be */
    struct panel project;      /* of the embedding; N is 0 without */
    struct panel pool, cls;    /* cls: N is 0 without a classifier */
    struct arena arena;        /* owns the panels */
};

/* ERR_NOMEM says how much was asked for; *p is then empty. w and what it
 * points to must outlive *p, and must not change meanwhile. */
int infer_weights_init(struct infer_weights *p, const struct model_config *c,
                       const struct weights *w, enum precision precision,
                       struct err *err) MUST_CHECK;
void infer_weights_release(struct infer_weights *p); /* safe on a zeroed one */

#endif
