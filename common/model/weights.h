/*
 * weights.h - the parameters of an encoder and its heads: one table of rows
 * over which allocation, loading, saving, clipping and AdamW loop.
 *
 * A gradient or a moment is another struct weights of the same config and
 * parts: tensor i of one belongs to tensor i of the other.
 *
 * Linear weights are [out,in]. Query, key and value are one tensor [3C,C] in
 * memory, for one product, and three in files.
 */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/config.h"

/* One layer; the formulas are in encoder.h. Only float pointers. */
struct layer_weights {
    float *qkv_w, *qkv_b;   /* [3C,C], [3C] */
    float *out_w, *out_b;   /* [C,C], [C] */
    float *ln1_w, *ln1_b;   /* [C] */
    float *up_w, *up_b;     /* [F,C], [F] */
    float *down_w, *down_b; /* [C,F], [C] */
    float *ln2_w, *ln2_b;   /* [C] */
};

/* W: model_config_table(). */
struct embedding_weights {
    float *word, *position, *segment; /* [V,W], [P,W], [S,W] */
    float *ln_w, *ln_b;               /* [W] */
    float *project_w, *project_b;     /* [C,W], [C]; NULL when W is C */
    float *relative; /* [RELATIVE_BUCKETS,H], of every layer; NULL without */
};

struct head_weights {
    float *pool_w, *pool_b; /* [C,C], [C]: tanh of the first token's row */
    float *cls_w, *cls_b; /* [labels,C], [labels]; NULL without a classifier */
};

/* One tensor as it is in memory. */
struct tensor {
    float *x;                       /* [rows,cols], or [rows] with cols 0 */
    size_t rows, cols, n;           /* n elements in all */
    bool decay;                     /* weight decay: no bias, no LayerNorm */
    bool trains;                    /* false: never gets a gradient (the pooler
                                       of a model without classifier) */
    const struct tensor_spec *spec; /* private to weights.c, as the next two */
    int group;
    size_t layer;
};

struct weights {
    struct embedding_weights embedding;
    struct layer_weights *layer; /* [L] */
    struct head_weights head;
    struct tensor *tensor;    /* [tensors]: all of the above */
    size_t tensors, count;    /* count: elements in all */
    enum model_layout layout; /* whose names a file has */
    struct arena arena;       /* owns everything */
};

enum weights_parts { WEIGHTS_BODY = 0, WEIGHTS_CLASSIFIER = 1 };

/*
 * All zeros. parts: WEIGHTS_CLASSIFIER adds cls_w and cls_b (c->labels > 0).
 * The pooler is always there, since a folder should have it.
 * ERR_NOMEM says how much was asked for; *w is then empty.
 */
int weights_init(struct weights *w, const struct model_config *c,
                 unsigned parts, struct err *err) MUST_CHECK;
void weights_release(struct weights *w); /* safe on a zeroed struct */
void weights_zero(struct weights *w);

/* What weights_load() found beside the body. */
enum weights_found { WEIGHTS_FOUND_POOLER = 1, WEIGHTS_FOUND_CLASSIFIER = 2 };

/*
 * Fill an initialised w from model.safetensors (or the files of
 * model.safetensors.index.json) in folder. Takes every spelling: "bert." in
 * front or not, LayerNorm.gamma and beta; ignores position_ids and the heads
 * of other tasks. Pooler and classifier may be absent: what is absent keeps
 * its values, and *found (enum weights_found) tells.
 * Errors: ERR_NOTFOUND (no file; only pytorch_model.bin: how to convert it),
 * ERR_FORMAT (a tensor absent, of another shape or dtype), ERR_NUMERIC.
 */
int weights_load(struct weights *w, unsigned *found, const char *folder,
                 struct err *err) MUST_CHECK;

/*
 * Write path as F32. cross: the names of a BertForSequenceClassification
 * ("bert." before the body), else those of a BertModel.
 */
int weights_save(const struct weights *w, const char *path, bool cross,
                 struct err *err) MUST_CHECK;

/*
 * New values: normal(0, range), LayerNorm weights 1, biases 0. Each tensor has
 * its own stream of seed.
 */
void weights_random(struct weights *w, float range, uint64_t seed);
void weights_random_pooler(struct weights *w, float range, uint64_t seed);
void weights_random_classifier(struct weights *w, float range, uint64_t seed);

/*
 * Keep n layers, layer[0] < layer[1] < ... < L, as layers 0, 1, ...: a shallow
 * model out of a deep one. The caller sets the config's L to n.
 */
void weights_cut(struct weights *w, const size_t *layer, size_t n);

/* 0: embeddings; l + 1: layer l; layers + 1: heads. */
size_t tensor_depth(const struct tensor *t, size_t layers);

/* No file of the layout has it: all 0, and stays so. */
bool tensor_absent(const struct tensor *t, enum model_layout layout);

/* The tensor's name in a file, without "bert.", for messages: query, key and
 * value as "encoder.layer.0.attention.self.*.weight". */
void tensor_name(char *out, size_t size, const struct tensor *t);

#endif
