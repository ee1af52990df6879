/*
 * layer_grad.h - gradients of weights, after the gradients of activations are
 * there for the whole batch. A list of tasks of about equal cost; each owns
 * its part of a gradient, so they may run in any order on any worker.
 */
#ifndef MODEL_LAYER_GRAD_H
#define MODEL_LAYER_GRAD_H

#include <stddef.h>

#include "base/workers.h"
#include "model/encoder_layer.h"
#include "model/packed.h"
#include "model/weights.h"

/* Rows (linear) or columns (embedding) [begin,end) of one gradient. */
struct grad_task {
    float *dw, *db;      /* [M,N], [M]; db NULL: an embedding */
    const float *dy, *x; /* [K,M], [K,N] */
    size_t begin, end, M, N, K;
    const struct embedding_weights *embedding; /* else NULL ... */
    const struct packed *batch;                /* ... and this */
};

struct grad_tasks {
    struct grad_task *task; /* room for grad_tasks_count() */
    size_t n;
};

/* Tasks of L layers and the embedding. */
size_t grad_tasks_count(const struct model_config *c);
/* dw[m,:] += sum over K rows of dy[k,m] * x[k,:], db[m] += sum of dy[k,m] */
void grad_tasks_add_linear(struct grad_tasks *t, float *dw, float *db,
                           const float *dy, const float *x, size_t M, size_t N,
                           size_t K);
/* The four linear layers of a layer whose backward pass is done. */
void grad_tasks_add_layer(struct grad_tasks *t, const struct layer_weights *dw,
                          const struct layer_acts *a,
                          const struct layer_job *j);
/* d [T,C]: the gradient of word + segment + position */
void grad_tasks_add_embedding(struct grad_tasks *t,
                              const struct embedding_weights *dw,
                              const float *d, const struct packed *batch,
                              size_t C);
void grad_tasks_run(const struct grad_tasks *t, struct workers *w);

/* dweight, dbias [C] += the chunks' parts [chunks,2C], in their order. */
void grad_norm_parts(float *dweight, float *dbias, const float *part,
                     size_t chunks, size_t C);

#endif
