#include "model/onnx_export.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/family.h"
#include "model/onnx_parts.h"

const char *export_format_name(enum export_format f)
{
    switch (f) {
    case EXPORT_F32:
        return "f32";
    case EXPORT_FP16:
        return "fp16";
    case EXPORT_INT8:
        return "int8";
    }
    return "?";
}

void onnx_family_name(char out[ONNX_NAME], const struct onnx_builder *b,
                      const char *name)
{
    char dotted[ONNX_NAME];

    snprintf(dotted, sizeof(dotted), "%.80s.", name);
    family_name(out, ONNX_NAME, family_of(b->c->layout), dotted,
                b->c->kind == MODEL_CROSS);
    out[strlen(out) - 1] = '\0';
}

struct onnx_value onnx_int(struct onnx_builder *b, int64_t v)
{
    return onnx_ints(&b->g, &v, 1);
}

struct onnx_value onnx_with_ints(struct onnx_builder *b, const char *op,
                                 struct onnx_value x, const char *attribute,
                                 const int64_t *v, size_t n)
{
    const struct onnx_node node = {
        .op = op,
        .in = { x },
        .inputs = 1,
        .attribute = { { .name = attribute, .ints = v, .n = n } },
        .attributes = 1
    };
    struct onnx_value y;

    onnx_node(&b->g, &node, &y, 1);
    return y;
}

struct onnx_value onnx_with_axis(struct onnx_builder *b, const char *op,
                                 struct onnx_value x, struct onnx_value y,
                                 size_t inputs, int64_t axis)
{
    const struct onnx_node node = { .op = op,
                                    .in = { x, y },
                                    .inputs = inputs,
                                    .attribute = { { .name = "axis",
                                                     .i = axis } },
                                    .attributes = 1 };
    struct onnx_value out;

    onnx_node(&b->g, &node, &out, 1);
    return out;
}

struct onnx_value onnx_layer_norm(struct onnx_builder *b, struct onnx_value x,
                                  const char *layer, const float *weight,
                                  const float *bias, size_t n)
{
    char family[ONNX_NAME], name[2][ONNX_NAME];
    struct onnx_node node = { .op = "LayerNormalization",
                              .in = { x },
                              .inputs = 3,
                              .attribute = { { .name = "axis", .i = -1 },
                                             { .name = "epsilon",
                                               .f = b->c->eps,
                                               .is_float = true } },
                              .attributes = 2 };
    struct onnx_value y;

    snprintf(name[0], sizeof(name[0]), "%.80s.LayerNorm", layer);
    onnx_family_name(family, b, name[0]);
    snprintf(name[0], sizeof(name[0]), "%.80s.weight", family);
    snprintf(name[1], sizeof(name[1]), "%.80s.bias", family);
    node.in[1] = onnx_vector(b, name[0], weight, n);
    node.in[2] = onnx_vector(b, name[1], bias, n);
    onnx_node(&b->g, &node, &y, 1);
    return y;
}

/* ---- one layer ---- */

/* [B,T,C] to [B,H,T,D], or for keys [B,H,D,T]. */
static struct onnx_value split_heads(struct onnx_builder *b,
                                     struct onnx_value x, bool keys)
{
    static const int64_t rows[4] = { 0, 2, 1, 3 }, columns[4] = { 0, 2, 3, 1 };
    const int64_t shape[4] = { 0, 0, (int64_t)b->c->H,
                               (int64_t)(b->c->C / b->c->H) };

    x = onnx_op2(&b->g, "Reshape", x, onnx_ints(&b->g, shape, 4));
    return onnx_with_ints(b, "Transpose", x, "perm", keys ? columns : rows, 4);
}

/* Query, key or value; they are one tensor in memory. */
static struct onnx_value project(struct onnx_builder *b,
                                 const struct onnx_operand *x, size_t layer,
                                 size_t part)
{
    static const char *const names[] = { "query", "key", "value" };
    const struct layer_weights *w = &b->w->layer[layer];
    const size_t C = b->c->C;
    char name[ONNX_NAME];

    snprintf(name, sizeof(name), "encoder.layer.%zu.attention.self.%s", layer,
             names[part]);
    return split_heads(b,
                       onnx_linear(b, x, name, w->qkv_w + part * C * C,
                                   w->qkv_b + part * C, C, C),
                       part == 1);
}

static struct onnx_value attend(struct onnx_builder *b,
                                const struct onnx_flow *f, size_t layer)
{
    static const int64_t back[4] = { 0, 2, 1, 3 };
    const int64_t shape[3] = { 0, 0, (int64_t)b->c->C };
    const float scale = 1.0f / sqrtf((float)(b->c->C / b->c->H));
    const struct onnx_operand x = onnx_operand(b, f->x);
    struct onnx_graph *g = &b->g;
    struct onnx_value q = project(b, &x, layer, 0);
    struct onnx_value k = project(b, &x, layer, 1);
    struct onnx_value v = project(b, &x, layer, 2), p;

    p = onnx_op2(g, "MatMul", q, k);
    p = onnx_op2(g, "Mul", p, onnx_float(g, scale));
    if (b->c->relative)
        p = onnx_op2(g, "Add", p, f->relative);
    p = onnx_op2(g, "Add", p, f->bias);
    p = onnx_with_axis(b, "Softmax", p, p, 1, -1);
    v = onnx_with_ints(b, "Transpose", onnx_op2(g, "MatMul", p, v), "perm",
                       back, 4);
    return onnx_op2(g, "Reshape", v, onnx_ints(g, shape, 3));
}

/* x/2 (1 + erf(x / sqrt(2))) */
struct onnx_value onnx_gelu(struct onnx_builder *b, struct onnx_value x)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value y;

    y = onnx_op2(g, "Div", x, onnx_float(g, 1.41421356f));
    y = onnx_op2(g, "Add", onnx_op1(g, "Erf", y), onnx_float(g, 1.0f));
    y = onnx_op2(g, "Mul", x, y);
    return onnx_op2(g, "Mul", y, onnx_float(g, 0.5f));
}

/* x = LayerNorm(x + dense(y)); name is the layer's folder. */
static void close_half(struct onnx_builder *b, struct onnx_flow *f,
                       struct onnx_value y, const char *name,
                       const float *const weight[4], size_t in)
{
    const struct onnx_operand o = onnx_operand(b, y);
    char dense[ONNX_NAME];

    snprintf(dense, sizeof(dense), "%.80s.dense", name);
    y = onnx_linear(b, &o, dense, weight[0], weight[1], b->c->C, in);
    f->x = onnx_layer_norm(b, onnx_op2(&b->g, "Add", y, f->x), name, weight[2],
                           weight[3], b->c->C);
}

static void encode_layer(struct onnx_builder *b, struct onnx_flow *f,
                         size_t layer)
{
    const struct layer_weights *w = &b->w->layer[layer];
    const float *const one[4] = { w->out_w, w->out_b, w->ln1_w, w->ln1_b };
    const float *const two[4] = { w->down_w, w->down_b, w->ln2_w, w->ln2_b };
    struct onnx_operand o;
    char name[ONNX_NAME];
    struct onnx_value y = attend(b, f, layer);

    snprintf(name, sizeof(name), "encoder.layer.%zu.attention.output", layer);
    close_half(b, f, y, name, one, b->c->C);
    o = onnx_operand(b, f->x);
    snprintf(name, sizeof(name), "encoder.layer.%zu.intermediate.dense", layer);
    y = onnx_gelu(b,
                  onnx_linear(b, &o, name, w->up_w, w->up_b, b->c->F, b->c->C));
    snprintf(name, sizeof(name), "encoder.layer.%zu.output", layer);
    close_half(b, f, y, name, two, b->c->F);
}

int onnx_export(const char *path, const struct model_config *c,
                const struct weights *w, enum export_format format,
                struct err *err)
{
    struct onnx_builder b = { .c = c, .w = w, .format = format };
    struct onnx_flow f;
    int rc;

    assert(c->kind != MODEL_PLAIN);
    onnx_graph_init(&b.g, err);
    onnx_begin(&b, &f);
    for (size_t i = 0; i < c->L; i++)
        encode_layer(&b, &f, i);
    if (c->kind == MODEL_CROSS)
        onnx_end_cross(&b, &f);
    else
        onnx_end_bi(&b, &f);
    rc = onnx_graph_write(&b.g, "silversmith", path);
    onnx_graph_release(&b.g);
    return rc;
}
