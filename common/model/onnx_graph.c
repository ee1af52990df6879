#include "model/onnx_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proto.h"

enum { MESSAGE_MAX = 2147483647 };

/* Fields of onnx.proto. */
enum { GRAPH_NODE = 1, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3 };
enum { ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_INTS = 7 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1 };
enum { ELEMENT_TYPE = 1, SHAPE = 2, SHAPE_DIM = 1 };
enum { DIM_VALUE = 1, DIM_SYMBOL = 2 };

void onnx_graph_init(struct onnx_graph *g, struct err *err)
{
    *g = (struct onnx_graph){ .node = BUF_INIT(MESSAGE_MAX),
                              .input = BUF_INIT(MESSAGE_MAX),
                              .output = BUF_INIT(MESSAGE_MAX),
                              .err = err };
}

void onnx_graph_release(struct onnx_graph *g)
{
    for (size_t i = 0; i < g->n; i++) {
        buf_release(&g->constant[i].head);
        free(g->constant[i].raw);
    }
    free(g->constant);
    buf_release(&g->node);
    buf_release(&g->input);
    buf_release(&g->output);
}

static struct onnx_value named(const char *name)
{
    struct onnx_value v;

    snprintf(v.name, sizeof(v.name), "%s", name);
    return v;
}

static struct onnx_value fresh(struct onnx_graph *g)
{
    struct onnx_value v;

    snprintf(v.name, sizeof(v.name), "v%u", g->next++);
    return v;
}

/* ---- inputs and outputs ---- */

static int put_dim(struct buf *b, int64_t dim, const char *symbol,
                   struct err *err)
{
    struct buf d = BUF_INIT(4096);
    int rc = dim < 0 ? proto_text(&d, DIM_SYMBOL, symbol, err)
                     : proto_int(&d, DIM_VALUE, dim, err);

    if (rc == 0)
        rc = proto_bytes(b, SHAPE_DIM, d.ptr, d.len, err);
    buf_release(&d);
    return rc;
}

static int put_value(struct buf *to, unsigned field, const char *name,
                     enum onnx_type type, const struct onnx_shape *s,
                     struct err *err)
{
    struct buf shape = BUF_INIT(4096), tensor = BUF_INIT(4096);
    struct buf outer = BUF_INIT(4096), value = BUF_INIT(4096);
    int rc = proto_int(&tensor, ELEMENT_TYPE, type, err);

    for (size_t i = 0; rc == 0 && i < s->rank; i++)
        rc = put_dim(&shape, s->dim[i], s->symbol[i], err);
    if (rc == 0)
        rc = proto_bytes(&tensor, SHAPE, shape.ptr, shape.len, err);
    if (rc == 0)
        rc = proto_bytes(&outer, TYPE_TENSOR, tensor.ptr, tensor.len, err);
    if (rc == 0)
        rc = proto_text(&value, VALUE_NAME, name, err);
    if (rc == 0)
        rc = proto_bytes(&value, VALUE_TYPE, outer.ptr, outer.len, err);
    if (rc == 0)
        rc = proto_bytes(to, field, value.ptr, value.len, err);
    buf_release(&shape);
    buf_release(&tensor);
    buf_release(&outer);
    buf_release(&value);
    return rc;
}

struct onnx_value onnx_input(struct onnx_graph *g, const char *name,
                             enum onnx_type type,
                             const struct onnx_shape *shape)
{
    if (g->rc == 0)
        g->rc = put_value(&g->input, GRAPH_INPUT, name, type, shape, g->err);
    return named(name);
}

static int put_node(struct buf *to, const struct onnx_node *node,
                    const struct onnx_value *out, size_t outputs,
                    struct err *err);

void onnx_output(struct onnx_graph *g, const char *name, enum onnx_type type,
                 const struct onnx_shape *shape, struct onnx_value v)
{
    const struct onnx_node same = { .op = "Identity",
                                    .in = { v },
                                    .inputs = 1 };
    const struct onnx_value out = named(name);

    if (g->rc == 0)
        g->rc = put_node(&g->node, &same, &out, 1, g->err);
    if (g->rc == 0)
        g->rc = put_value(&g->output, GRAPH_OUTPUT, name, type, shape, g->err);
}

/* ---- constants ---- */

static struct onnx_constant *add_constant(struct onnx_graph *g)
{
    struct onnx_constant *p = g->constant;

    if (g->n == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 64;
        p = realloc(p, g->cap * sizeof(*p));
        if (!p) {
            g->rc = ERR_SET(g->err, ERR_NOMEM, "%zu constants", g->cap);
            return NULL;
        }
        g->constant = p;
    }
    p += g->n++;
    *p = (struct onnx_constant){ .head = BUF_INIT(4096) };
    return p;
}

static int put_head(struct onnx_constant *c, const char *name,
                    enum onnx_type type, const int64_t *dim, size_t rank,
                    struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < rank; i++)
        rc = proto_int(&c->head, TENSOR_DIM, dim[i], err);
    if (rc == 0)
        rc = proto_int(&c->head, TENSOR_TYPE, type, err);
    if (rc == 0)
        rc = proto_text(&c->head, TENSOR_NAME, name, err);
    return rc < 0 ? rc : proto_head(&c->head, TENSOR_RAW, c->len, err);
}

void *onnx_constant(struct onnx_graph *g, struct onnx_value *out,
                    const char *name, enum onnx_type type, size_t size,
                    const int64_t *dim, size_t rank)
{
    struct onnx_constant *c;

    *out = name ? named(name) : fresh(g);
    c = g->rc == 0 ? add_constant(g) : NULL;
    if (!c)
        return NULL;
    c->len = size;
    for (size_t i = 0; i < rank; i++)
        c->len *= (size_t)dim[i];
    c->raw = calloc(c->len + 1, 1);
    if (!c->raw)
        g->rc =
            ERR_SET(g->err, ERR_NOMEM, "%zu bytes of %s", c->len, out->name);
    else
        g->rc = put_head(c, out->name, type, dim, rank, g->err);
    return g->rc == 0 ? c->raw : NULL;
}

struct onnx_value onnx_floats(struct onnx_graph *g, const char *name,
                              const float *x, size_t n)
{
    const int64_t dim = (int64_t)n;
    struct onnx_value v;
    void *p = onnx_constant(g, &v, name, ONNX_FLOAT, sizeof(*x), &dim, 1);

    if (p)
        memcpy(p, x, n * sizeof(*x));
    return v;
}

struct onnx_value onnx_float(struct onnx_graph *g, float x)
{
    struct onnx_value v;
    void *p = onnx_constant(g, &v, NULL, ONNX_FLOAT, sizeof(x), NULL, 0);

    if (p)
        memcpy(p, &x, sizeof(x));
    return v;
}

struct onnx_value onnx_ints(struct onnx_graph *g, const int64_t *x, size_t n)
{
    const int64_t dim = (int64_t)n;
    struct onnx_value v;
    void *p = onnx_constant(g, &v, NULL, ONNX_INT64, sizeof(*x), &dim, 1);

    if (p)
        memcpy(p, x, n * sizeof(*x));
    return v;
}

/* ---- operators ---- */

static int put_attribute(struct buf *to, const struct onnx_attribute *a,
                         struct err *err)
{
    struct buf b = BUF_INIT(4096);
    int64_t type = a->n ? TYPE_INTS : a->is_float ? TYPE_FLOAT : TYPE_INT;
    int rc = proto_text(&b, ATTRIBUTE_NAME, a->name, err);

    if (rc == 0 && type == TYPE_FLOAT)
        rc = proto_float(&b, ATTRIBUTE_F, a->f, err);
    if (rc == 0 && type == TYPE_INT)
        rc = proto_int(&b, ATTRIBUTE_I, a->i, err);
    for (size_t i = 0; rc == 0 && i < a->n; i++)
        rc = proto_int(&b, ATTRIBUTE_INTS, a->ints[i], err);
    if (rc == 0)
        rc = proto_int(&b, ATTRIBUTE_TYPE, type, err);
    if (rc == 0)
        rc = proto_bytes(to, NODE_ATTRIBUTE, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

static int put_node(struct buf *to, const struct onnx_node *node,
                    const struct onnx_value *out, size_t outputs,
                    struct err *err)
{
    struct buf b = BUF_INIT(1 << 16);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < node->inputs; i++)
        rc = proto_text(&b, NODE_INPUT, node->in[i].name, err);
    for (size_t i = 0; rc == 0 && i < outputs; i++)
        rc = proto_text(&b, NODE_OUTPUT, out[i].name, err);
    /* Readers want names that are there and differ. */
    if (rc == 0)
        rc = proto_text(&b, NODE_NAME, node->name ? node->name : out[0].name,
                        err);
    if (rc == 0)
        rc = proto_text(&b, NODE_OP, node->op, err);
    for (size_t i = 0; rc == 0 && i < node->attributes; i++)
        rc = put_attribute(&b, &node->attribute[i], err);
    if (rc == 0)
        rc = proto_bytes(to, GRAPH_NODE, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

void onnx_node(struct onnx_graph *g, const struct onnx_node *node,
               struct onnx_value *out, size_t outputs)
{
    for (size_t i = 0; i < outputs; i++)
        out[i] = fresh(g);
    if (g->rc == 0)
        g->rc = put_node(&g->node, node, out, outputs, g->err);
}

struct onnx_value onnx_op1(struct onnx_graph *g, const char *op,
                           struct onnx_value a)
{
    const struct onnx_node n = { .op = op, .in = { a }, .inputs = 1 };
    struct onnx_value v;

    onnx_node(g, &n, &v, 1);
    return v;
}

struct onnx_value onnx_op2(struct onnx_graph *g, const char *op,
                           struct onnx_value a, struct onnx_value b)
{
    const struct onnx_node n = { .op = op, .in = { a, b }, .inputs = 2 };
    struct onnx_value v;

    onnx_node(g, &n, &v, 1);
    return v;
}

struct onnx_value onnx_op3(struct onnx_graph *g, const char *op,
                           struct onnx_value a, struct onnx_value b,
                           struct onnx_value c)
{
    const struct onnx_node n = { .op = op, .in = { a, b, c }, .inputs = 3 };
    struct onnx_value v;

    onnx_node(g, &n, &v, 1);
    return v;
}

struct onnx_value onnx_cast(struct onnx_graph *g, enum onnx_type to,
                            struct onnx_value a)
{
    const struct onnx_node n = { .op = "Cast",
                                 .in = { a },
                                 .inputs = 1,
                                 .attribute = { { .name = "to", .i = to } },
                                 .attributes = 1 };
    struct onnx_value v;

    onnx_node(g, &n, &v, 1);
    return v;
}
