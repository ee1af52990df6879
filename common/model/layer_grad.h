/*
 * layer_grad.h - gradients of weights, after the gradients of activations are
 * there for the whole batch. Each task owns its part of a gradient, so they
 * may run in any order on any worker.
 */
#ifndef MODEL_LAYER_GRAD_H
#define MODEL_LAYER_GRAD_H

#include <stddef.h>

#include "base/workers.h"
#include "model/encoder_layer.h"
#include "model/packed.h"
#include "model/weights.h"
#include "nn/panel_turn.h"

/* One linear layer's gradient: dw[m,:] += sum over K rows of dy[k,m] * x[k,:],
 * db[m] += sum of dy[k,m] */
struct grad_linear {
    float *dw, *db;      /* [M,N], [M] */
    const float *dy, *x; /* [K,M], [K,N] */
    size_t M, N, K;
    struct panel turned_x; /* both turned round, for the product */
    void *turned_dy;
};

enum { GRAD_LINEARS = 4 }; /* of a layer: down, up, out, qkv */

/* Bytes of memory for the call below, for T tokens. */
size_t layer_grad_bytes(const struct model_config *c, enum precision precision,
                        size_t T);
/* The linear layers of a layer whose backward pass is done. memory: 64-byte
 * aligned, lent. */
void layer_grad(const struct layer_weights *dw, const struct layer_acts *a,
                const struct layer_job *j, void *memory, struct workers *w);

/* d [T,W]: the gradient of word + segment + position, W wide each
 * (model_config_table()) */
void embedding_grad(const struct embedding_weights *dw, const float *d,
                    const struct packed *batch, const struct model_config *c,
                    struct workers *w);

/* dweight, dbias [C] += the chunks' parts [chunks,2C], in their order. */
void grad_norm_parts(float *dweight, float *dbias, const float *part,
                     size_t chunks, size_t C);

#endif
