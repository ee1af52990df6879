#include "model/onnx_read.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

/* Field numbers of onnx.proto. */
enum {
    MODEL_GRAPH = 7,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    NODE_INPUT = 1,
    NODE_NAME = 3,
    NODE_TYPE = 4,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_FLOATS = 4,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TYPE_FLOAT = 1,
};
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct stretch {
    const unsigned char *at, *end;
};

struct field {
    uint32_t number, wire;
    uint64_t value;      /* VARINT */
    struct stretch data; /* BYTES */
};

/* An initializer as it lies in the file. */
struct entry {
    struct stretch name, values;
    uint64_t rows, cols; /* cols 0: rank 1 */
    size_t rank;
    uint64_t type;
    struct stretch node; /* name of the MatMul that reads it; empty: none */
};

struct graph {
    const unsigned char *base; /* of the file, to say where */
    struct entry *entry;
    size_t n, cap;
};

static size_t length(struct stretch s)
{
    return (size_t)(s.end - s.at);
}

static bool same(struct stretch a, struct stretch b)
{
    return length(a) == length(b) && memcmp(a.at, b.at, length(a)) == 0;
}

static bool is(struct stretch a, const char *s)
{
    return length(a) == strlen(s) && memcmp(a.at, s, length(a)) == 0;
}

/* ---- protobuf ---- */

static int bent(const struct graph *g, const unsigned char *at, struct err *err)
{
    return ERR_SET(err, ERR_FORMAT,
                   "byte %zu: not an ONNX model, or it is cut off",
                   (size_t)(at - g->base));
}

static bool varint(uint64_t *out, struct stretch *s)
{
    *out = 0;
    for (int shift = 0; shift < 64 && s->at < s->end; shift += 7) {
        unsigned char c = *s->at++;

        *out |= (uint64_t)(c & 127) << shift;
        if (c < 128)
            return true;
    }
    return false;
}

/* The next field of a message; 1 at its end. */
static int next(struct field *f, struct stretch *s, const struct graph *g,
                struct err *err)
{
    const unsigned char *start = s->at;
    uint64_t tag, n = 0;

    if (s->at == s->end)
        return 1;
    if (!varint(&tag, s))
        return bent(g, start, err);
    *f = (struct field){ .number = (uint32_t)(tag >> 3), .wire = tag & 7 };
    if (f->wire == VARINT)
        return varint(&f->value, s) ? 0 : bent(g, start, err);
    if (f->wire == FIXED64)
        n = 8;
    else if (f->wire == FIXED32)
        n = 4;
    else if (f->wire != BYTES || !varint(&n, s))
        return bent(g, start, err);
    if (n > length(*s))
        return bent(g, start, err);
    f->data = (struct stretch){ s->at, s->at + n };
    s->at += n;
    return 0;
}

/* ---- the graph ---- */

static bool add_dim(struct entry *e, uint64_t d)
{
    if (e->rank == 0)
        e->rows = d;
    else if (e->rank == 1)
        e->cols = d;
    return e->rank++ < SAFETENSORS_RANK && d > 0 && d < (UINT64_C(1) << 31);
}

static int read_dims(struct entry *e, struct field *f, const struct graph *g,
                     struct err *err)
{
    const unsigned char *start = f->data.at;
    uint64_t d = f->value;

    if (f->wire == VARINT)
        return add_dim(e, d) ? 0 : bent(g, g->base, err);
    while (f->data.at < f->data.end)
        if (!varint(&d, &f->data) || !add_dim(e, d))
            return bent(g, start, err);
    return 0;
}

static struct entry *new_entry(struct graph *g)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 256;
        struct entry *e = realloc(g->entry, cap * sizeof(*e));

        if (!e)
            return NULL;
        g->entry = e;
        g->cap = cap;
    }
    g->entry[g->n] = (struct entry){ 0 };
    return &g->entry[g->n];
}

static int read_tensor(struct graph *g, struct stretch s, struct err *err)
{
    const unsigned char *start = s.at;
    struct entry *e = new_entry(g);
    struct field f;
    int rc;

    if (!e)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    while ((rc = next(&f, &s, g, err)) == 0) {
        if (f.number == TENSOR_DIMS)
            rc = read_dims(e, &f, g, err);
        else if (f.number == TENSOR_TYPE)
            e->type = f.value;
        else if (f.number == TENSOR_NAME)
            e->name = f.data;
        else if ((f.number == TENSOR_RAW || f.number == TENSOR_FLOATS) &&
                 length(f.data) > 0)
            e->values = f.data;
        if (rc < 0)
            return rc;
    }
    if (rc < 0 || e->type != TYPE_FLOAT || e->rank == 0 || e->rank > 2)
        return rc < 0 ? rc : 0; /* shapes and constants, no weights */
    if (length(e->values) != 4 * e->rows * (e->cols ? e->cols : 1)) {
        return ERR_SET(
            err, ERR_FORMAT,
            "byte %zu: tensor %.*s has %zu bytes, expected %llu",
            (size_t)(start - g->base), (int)length(e->name),
            (const char *)e->name.at, length(e->values),
            (unsigned long long)(4 * e->rows * (e->cols ? e->cols : 1)));
    }
    g->n++;
    return 0;
}

static int read_node(struct graph *g, struct stretch s, struct err *err)
{
    struct stretch input[2] = { { 0 } }, name = { 0 };
    bool product = false;
    size_t inputs = 0;
    struct field f;
    int rc;

    while ((rc = next(&f, &s, g, err)) == 0) {
        if (f.number == NODE_INPUT && inputs++ < 2)
            input[inputs - 1] = f.data;
        else if (f.number == NODE_NAME)
            name = f.data;
        else if (f.number == NODE_TYPE)
            product = is(f.data, "MatMul");
    }
    for (size_t i = 0; rc > 0 && product && i < g->n; i++)
        if (same(g->entry[i].name, input[1]))
            g->entry[i].node = name;
    return rc < 0 ? rc : 0;
}

/* Nodes stand before the initializers they read, hence two passes. */
static int read_graph(struct graph *g, struct stretch graph, struct err *err)
{
    struct stretch s = graph;
    struct field f;
    int rc;

    while ((rc = next(&f, &s, g, err)) == 0) {
        if (f.number == GRAPH_INITIALIZER && f.wire == BYTES)
            rc = read_tensor(g, f.data, err);
        if (rc < 0)
            return rc;
    }
    for (s = graph; rc >= 0;) {
        rc = next(&f, &s, g, err);
        if (rc != 0)
            break;
        if (f.number == GRAPH_NODE && f.wire == BYTES)
            rc = read_node(g, f.data, err);
    }
    return rc < 0 ? rc : 0;
}

static int read_model(struct graph *g, struct stretch s, struct err *err)
{
    struct field f;
    int rc;

    while ((rc = next(&f, &s, g, err)) == 0) {
        if (f.number == MODEL_GRAPH && f.wire == BYTES)
            rc = read_graph(g, f.data, err);
        if (rc < 0)
            return rc;
    }
    if (rc > 0 && g->n == 0)
        return ERR_SET(err, ERR_FORMAT,
                       "has no float32 tensors, expected an ONNX model that "
                       "is not quantised");
    return rc < 0 ? rc : 0;
}

/* ---- what a folder wants ---- */

/* "/encoder/layer.0/x/MatMul" -> "encoder.layer.0.x.weight". */
static size_t node_name(char *to, struct stretch node)
{
    const char *from = (const char *)node.at;
    size_t n = length(node), k = 0;

    while (n > 0 && from[n - 1] != '/')
        n--;
    for (size_t i = from[0] == '/'; i + 1 < n; i++)
        to[k++] = from[i] == '/' ? '.' : from[i];
    memcpy(to + k, ".weight", sizeof(".weight"));
    return k + sizeof(".weight");
}

static void transpose(float *to, const unsigned char *from, size_t in,
                      size_t out)
{
    for (size_t i = 0; i < in; i++)
        for (size_t o = 0; o < out; o++)
            memcpy(&to[o * in + i], from + 4 * (i * out + o), 4);
}

static void place(struct safetensor_f32 *t, const struct entry *e,
                  struct arena *a)
{
    size_t n = length(e->values) / 4;
    float *x = arena_alloc(a, n, sizeof(*x));
    char *name = arena_alloc(a, length(e->name) + length(e->node) + 8, 1);

    if (e->cols > 0 && length(e->node) > 0) {
        (void)node_name(name, e->node);
        transpose(x, e->values.at, e->rows, e->cols);
        *t = (struct safetensor_f32){ name, x, e->cols, e->rows };
        return;
    }
    if (length(e->name) > 0)
        memcpy(name, e->name.at, length(e->name));
    name[length(e->name)] = '\0';
    memcpy(x, e->values.at, length(e->values));
    *t = (struct safetensor_f32){ name, x, e->rows, e->cols };
}

static int place_all(struct onnx_weights *w, const struct graph *g,
                     struct err *err)
{
    size_t bytes = 0;
    struct arena *a = calloc(1, sizeof(*a));

    for (size_t i = 0; i < g->n; i++)
        bytes += length(g->entry[i].values) + length(g->entry[i].name) +
                 length(g->entry[i].node) + 8 + 2 * ARENA_ALIGN;
    w->memory = a;
    w->tensor = calloc(g->n, sizeof(*w->tensor));
    if (!a || !w->tensor)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    if (arena_init(a, bytes, err) < 0)
        return ERR_NOMEM;
    for (size_t i = 0; i < g->n; i++)
        place(&w->tensor[w->n++], &g->entry[i], a);
    return 0;
}

int onnx_read(struct onnx_weights *w, const char *path, struct err *err)
{
    struct graph g = { 0 };
    struct file_map m;
    int rc = file_map(&m, path, err);

    *w = (struct onnx_weights){ 0 };
    if (rc < 0)
        return rc;
    g.base = m.ptr;
    rc = read_model(&g, (struct stretch){ g.base, g.base + m.len }, err);
    if (rc == 0)
        rc = place_all(w, &g, err);
    if (rc < 0) {
        onnx_release(w);
        rc = err_prefix(err, "%s", path);
    }
    free(g.entry);
    file_unmap(&m);
    return rc;
}

void onnx_release(struct onnx_weights *w)
{
    if (w->memory)
        arena_release(w->memory);
    free(w->memory);
    free(w->tensor);
    *w = (struct onnx_weights){ 0 };
}

const struct safetensor_f32 *onnx_find(const struct onnx_weights *w,
                                       const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->tensor[i].name, name) == 0)
            return &w->tensor[i];
    return NULL;
}
