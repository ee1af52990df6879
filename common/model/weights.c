#include "model/weights.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/family.h"
#include "model/safetensors.h"
#include "model/weights_parts.h"
#include "nn/relative.h"

enum dim {
    DIM_NONE,
    DIM_C,
    DIM_3C,
    DIM_F,
    DIM_V,
    DIM_P,
    DIM_S,
    DIM_W,
    DIM_E,
    DIM_H,
    DIM_BUCKETS,
    DIM_LABELS
};

enum group { GROUP_EMBEDDING, GROUP_LAYER, GROUP_POOLER, GROUP_CLASSIFIER };

/* "*" in a name stands for query, key and value in turn. */
struct tensor_spec {
    const char *name;
    size_t field;
    enum dim rows, cols;
    bool decay;
};

#define ROWS(table, st) \
    _Static_assert(sizeof(table) / sizeof((table)[0]) == \
                       sizeof(struct st) / sizeof(float *), \
                   "every field of struct " #st " has one row")

#define AT(field) offsetof(struct embedding_weights, field)
static const struct tensor_spec embedding_table[] = {
    { "embeddings.word_embeddings.weight", AT(word), DIM_V, DIM_W, true },
    { "embeddings.position_embeddings.weight", AT(position), DIM_P, DIM_W,
      true },
    { "embeddings.token_type_embeddings.weight", AT(segment), DIM_S, DIM_W,
      true },
    { "embeddings.LayerNorm.weight", AT(ln_w), DIM_W, DIM_NONE, false },
    { "embeddings.LayerNorm.bias", AT(ln_b), DIM_W, DIM_NONE, false },
    { "embeddings_project.weight", AT(project_w), DIM_C, DIM_E, true },
    { "embeddings_project.bias", AT(project_b), DIM_C, DIM_NONE, false },
    /* a bias by its name, so that the library's trainers do not decay it */
    { "encoder.relative_attention_bias.weight", AT(relative), DIM_BUCKETS,
      DIM_H, false },
};
ROWS(embedding_table, embedding_weights);
#undef AT

#define AT(field) offsetof(struct layer_weights, field)
static const struct tensor_spec layer_table[] = {
    { "attention.self.*.weight", AT(qkv_w), DIM_3C, DIM_C, true },
    { "attention.self.*.bias", AT(qkv_b), DIM_3C, DIM_NONE, false },
    { "attention.output.dense.weight", AT(out_w), DIM_C, DIM_C, true },
    { "attention.output.dense.bias", AT(out_b), DIM_C, DIM_NONE, false },
    { "attention.output.LayerNorm.weight", AT(ln1_w), DIM_C, DIM_NONE, false },
    { "attention.output.LayerNorm.bias", AT(ln1_b), DIM_C, DIM_NONE, false },
    { "intermediate.dense.weight", AT(up_w), DIM_F, DIM_C, true },
    { "intermediate.dense.bias", AT(up_b), DIM_F, DIM_NONE, false },
    { "output.dense.weight", AT(down_w), DIM_C, DIM_F, true },
    { "output.dense.bias", AT(down_b), DIM_C, DIM_NONE, false },
    { "output.LayerNorm.weight", AT(ln2_w), DIM_C, DIM_NONE, false },
    { "output.LayerNorm.bias", AT(ln2_b), DIM_C, DIM_NONE, false },
};
ROWS(layer_table, layer_weights);
#undef AT

#define AT(field) offsetof(struct head_weights, field)
static const struct tensor_spec head_table[] = {
    { "pooler.dense.weight", AT(pool_w), DIM_C, DIM_C, true },
    { "pooler.dense.bias", AT(pool_b), DIM_C, DIM_NONE, false },
    { "classifier.weight", AT(cls_w), DIM_LABELS, DIM_C, true },
    { "classifier.bias", AT(cls_b), DIM_LABELS, DIM_NONE, false },
};
ROWS(head_table, head_weights);
#undef AT

enum {
    EMBEDDING_ROWS = sizeof(embedding_table) / sizeof(embedding_table[0]),
    LAYER_ROWS = sizeof(layer_table) / sizeof(layer_table[0]),
    POOLER_ROWS = 2,
    HEAD_ROWS = sizeof(head_table) / sizeof(head_table[0]),
};

static size_t dim(enum dim d, const struct model_config *c)
{
    switch (d) {
    case DIM_NONE:
        return 0;
    case DIM_C:
        return c->C;
    case DIM_3C:
        return 3 * c->C;
    case DIM_F:
        return c->F;
    case DIM_V:
        return c->V;
    case DIM_P:
        return c->P;
    case DIM_S:
        return c->S;
    case DIM_W:
        return model_config_table(c);
    case DIM_E:
        return c->E;
    case DIM_H:
        return c->H;
    case DIM_BUCKETS:
        return RELATIVE_BUCKETS;
    case DIM_LABELS:
        return c->labels;
    }
    return 0;
}

/* ---- allocation ---- */

static size_t aligned(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

static struct tensor describe(const struct tensor_spec *spec, enum group group,
                              size_t layer, const struct model_config *c)
{
    struct tensor t = { .spec = spec, .group = group, .layer = layer };

    t.decay = spec->decay;
    t.trains = true;
    t.rows = dim(spec->rows, c);
    t.cols = dim(spec->cols, c);
    t.n = t.rows * (t.cols ? t.cols : 1);
    return t;
}

/* Does the config's encoder have this part of the embedding? */
static bool has_row(const struct tensor_spec *spec,
                    const struct model_config *c)
{
    size_t at = spec->field;

    if (at == offsetof(struct embedding_weights, project_w) ||
        at == offsetof(struct embedding_weights, project_b))
        return c->E > 0;
    return at != offsetof(struct embedding_weights, relative) || c->relative;
}

/* Fill all[] with every tensor but its memory; returns how many. */
static size_t describe_all(struct tensor *all, const struct model_config *c,
                           unsigned parts)
{
    bool classifier = parts & WEIGHTS_CLASSIFIER;
    size_t n = 0, heads = classifier ? HEAD_ROWS : POOLER_ROWS;

    for (size_t i = 0; i < EMBEDDING_ROWS; i++) {
        if (!has_row(&embedding_table[i], c))
            continue;
        all[n] = describe(&embedding_table[i], GROUP_EMBEDDING, 0, c);
        all[n].trains = !tensor_absent(&all[n], c->layout);
        n++;
    }
    for (size_t l = 0; l < c->L; l++)
        for (size_t i = 0; i < LAYER_ROWS; i++)
            all[n++] = describe(&layer_table[i], GROUP_LAYER, l, c);
    for (size_t i = 0; i < heads; i++) {
        all[n] =
            describe(&head_table[i],
                     i < POOLER_ROWS ? GROUP_POOLER : GROUP_CLASSIFIER, 0, c);
        all[n++].trains = classifier;
    }
    return n;
}

bool tensor_absent(const struct tensor *t, enum model_layout layout)
{
    return t->spec->field == offsetof(struct embedding_weights, segment) &&
           t->group == GROUP_EMBEDDING && !family_of(layout)->size[2];
}

bool tensor_in_layer(const struct tensor *t)
{
    return t->group == GROUP_LAYER;
}

/* The pointer of struct weights that belongs to the row. */
static void connect(struct weights *w, const struct tensor *t)
{
    char *base = (char *)&w->embedding;

    if (tensor_in_layer(t))
        base = (char *)&w->layer[t->layer];
    else if (t->group != GROUP_EMBEDDING)
        base = (char *)&w->head;
    memcpy(base + t->spec->field, &t->x, sizeof(t->x));
}

int weights_init(struct weights *w, const struct model_config *c,
                 unsigned parts, struct err *err)
{
    size_t most = EMBEDDING_ROWS + c->L * LAYER_ROWS + HEAD_ROWS;
    struct tensor *all = calloc(most, sizeof(*all));
    size_t bytes, n;
    int rc;

    *w = (struct weights){ .arena = ARENA_INIT, .layout = c->layout };
    assert(!(parts & WEIGHTS_CLASSIFIER) || c->labels > 0);
    if (!all)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu tensors", most);
    n = describe_all(all, c, parts);
    bytes = aligned(n * sizeof(*all)) + aligned(c->L * sizeof(*w->layer));
    for (size_t i = 0; i < n; i++)
        bytes += aligned(all[i].n * sizeof(float));
    rc = arena_init(&w->arena, bytes, err);
    if (rc == 0) {
        w->tensors = n;
        w->tensor = arena_alloc(&w->arena, n, sizeof(*all));
        w->layer = arena_calloc(&w->arena, c->L, sizeof(*w->layer));
        assert(w->tensor && w->layer);
        memcpy(w->tensor, all, n * sizeof(*all));
        for (size_t i = 0; i < n; i++) {
            w->tensor[i].x = arena_calloc(&w->arena, all[i].n, sizeof(float));
            assert(w->tensor[i].x);
            w->count += all[i].n;
            connect(w, &w->tensor[i]);
        }
    }
    free(all);
    return rc;
}

void weights_release(struct weights *w)
{
    arena_release(&w->arena);
    *w = (struct weights){ .arena = ARENA_INIT };
}

void weights_zero(struct weights *w)
{
    for (size_t i = 0; i < w->tensors; i++)
        memset(w->tensor[i].x, 0, w->tensor[i].n * sizeof(float));
}

/* ---- names ---- */

size_t tensor_parts(const struct tensor *t)
{
    return strchr(t->spec->name, '*') ? 3 : 1;
}

void tensor_part_name(char *out, size_t size, const struct tensor *t,
                      const char *part)
{
    const char *name = t->spec->name, *star = strchr(name, '*');
    char layer[48] = "";

    if (tensor_in_layer(t))
        snprintf(layer, sizeof(layer), "encoder.layer.%zu.", t->layer);
    if (star)
        snprintf(out, size, "%s%.*s%s%s", layer, (int)(star - name), name, part,
                 star + 1);
    else
        snprintf(out, size, "%s%s", layer, name);
}

void tensor_name(char *out, size_t size, const struct tensor *t)
{
    tensor_part_name(out, size, t, "*");
}

enum weights_found tensor_head(const struct tensor *t)
{
    if (t->group == GROUP_POOLER)
        return WEIGHTS_FOUND_POOLER;
    return t->group == GROUP_CLASSIFIER ? WEIGHTS_FOUND_CLASSIFIER : 0;
}

/* ---- new values ---- */

static void fill(const struct weights *w, size_t i, float range, uint64_t seed)
{
    const struct tensor *t = &w->tensor[i];
    const char *name = t->spec->name;
    struct rng rng;

    if (tensor_absent(t, w->layout)) {
        memset(t->x, 0, t->n * sizeof(*t->x));
        return;
    }
    rng_init(&rng, seed, i);
    if (t->cols == 0) {
        bool one = strstr(name, "LayerNorm.weight") != NULL;

        for (size_t k = 0; k < t->n; k++)
            t->x[k] = one ? 1.0f : 0.0f;
        return;
    }
    for (size_t k = 0; k < t->n; k++)
        t->x[k] = range * (float)rng_normal(&rng);
}

void weights_random(struct weights *w, float range, uint64_t seed)
{
    for (size_t i = 0; i < w->tensors; i++)
        fill(w, i, range, seed);
}

static void fill_head(struct weights *w, enum weights_found which, float range,
                      uint64_t seed)
{
    for (size_t i = 0; i < w->tensors; i++)
        if (tensor_head(&w->tensor[i]) == which)
            fill(w, i, range, seed);
}

void weights_random_pooler(struct weights *w, float range, uint64_t seed)
{
    fill_head(w, WEIGHTS_FOUND_POOLER, range, seed);
}

void weights_random_classifier(struct weights *w, float range, uint64_t seed)
{
    fill_head(w, WEIGHTS_FOUND_CLASSIFIER, range, seed);
}

size_t tensor_depth(const struct tensor *t, size_t layers)
{
    if (t->group == GROUP_EMBEDDING)
        return 0;
    return t->group == GROUP_LAYER ? t->layer + 1 : layers + 1;
}

/* ---- fewer layers ---- */

static const struct tensor *sister(const struct weights *w,
                                   const struct tensor *t, size_t layer)
{
    for (size_t i = 0; i < w->tensors; i++)
        if (w->tensor[i].spec == t->spec && w->tensor[i].group == t->group &&
            w->tensor[i].layer == layer)
            return &w->tensor[i];
    assert(!"every layer has the same tensors");
    return NULL;
}

/* Ascending, and none comes from below: nothing is overwritten before it was
 * read. */
void weights_cut(struct weights *w, const size_t *layer, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->tensors; i++) {
        struct tensor *t = &w->tensor[i];

        if (t->group == GROUP_LAYER && t->layer < n &&
            layer[t->layer] > t->layer)
            memcpy(t->x, sister(w, t, layer[t->layer])->x,
                   t->n * sizeof(*t->x));
    }
    w->count = 0;
    for (size_t i = 0; i < w->tensors; i++) {
        const struct tensor t = w->tensor[i];

        if (t.group == GROUP_LAYER && t.layer >= n)
            continue;
        w->count += t.n;
        w->tensor[kept++] = t;
    }
    w->tensors = kept;
}
