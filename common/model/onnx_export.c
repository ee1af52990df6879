#include "model/onnx_export.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

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

static struct onnx_value layer_norm(struct onnx_builder *b, struct onnx_value x,
                                    const char *layer, const float *weight,
                                    const float *bias)
{
    char name[2][ONNX_NAME];
    struct onnx_node n = { .op = "LayerNormalization",
                           .in = { x },
                           .inputs = 3,
                           .attribute = { { .name = "axis", .i = -1 },
                                          { .name = "epsilon",
                                            .f = b->c->eps,
                                            .is_float = true } },
                           .attributes = 2 };
    struct onnx_value y;

    snprintf(name[0], sizeof(name[0]), "%s.LayerNorm.weight", layer);
    snprintf(name[1], sizeof(name[1]), "%s.LayerNorm.bias", layer);
    n.in[1] = onnx_vector(b, name[0], weight, b->c->C);
    n.in[2] = onnx_vector(b, name[1], bias, b->c->C);
    onnx_node(&b->g, &n, &y, 1);
    return y;
}

/* ---- embeddings ---- */

static void take_inputs(struct onnx_builder *b, struct onnx_flow *f)
{
    const struct onnx_shape s = { 2, { -1, -1 }, { "batch", "sequence" } };
    struct onnx_graph *g = &b->g;
    struct onnx_value mask, free_place;
    const int64_t axes[2] = { 1, 2 };

    f->ids = onnx_input(g, "input_ids", ONNX_INT64, &s);
    f->mask = onnx_input(g, "attention_mask", ONNX_INT64, &s);
    f->segments = onnx_input(g, "token_type_ids", ONNX_INT64, &s);
    mask = onnx_cast(g, ONNX_FLOAT, f->mask);
    f->weight = onnx_op2(g, "Unsqueeze", mask, onnx_int(b, 2));
    free_place = onnx_op2(g, "Sub", onnx_float(g, 1.0f), mask);
    f->bias = onnx_op2(
        g, "Mul", onnx_op2(g, "Unsqueeze", free_place, onnx_ints(g, axes, 2)),
        onnx_float(g, -1e9f));
}

/* 0, 1, ... T-1 */
struct onnx_value onnx_positions(struct onnx_builder *b,
                                 const struct onnx_flow *f)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value zero, one, T, shape = onnx_op1(g, "Shape", f->ids);
    int64_t *p;

    p = onnx_constant(g, &zero, NULL, ONNX_INT64, sizeof(*p), NULL, 0);
    p = onnx_constant(g, &one, NULL, ONNX_INT64, sizeof(*p), NULL, 0);
    if (p)
        *p = 1;
    T = onnx_op2(g, "Gather", shape, one);
    return onnx_op3(g, "Range", zero, T, one);
}

static void embed(struct onnx_builder *b, struct onnx_flow *f)
{
    const struct embedding_weights *e = &b->w->embedding;
    const struct model_config *c = b->c;
    struct onnx_value word, segment, position;

    word = onnx_rows(b, "embeddings.word_embeddings.weight", e->word, c->V,
                     c->C, f->ids);
    segment = onnx_rows(b, "embeddings.token_type_embeddings.weight",
                        e->segment, c->S, c->C, f->segments);
    position = onnx_rows(b, "embeddings.position_embeddings.weight",
                         e->position, c->P, c->C, onnx_positions(b, f));
    word = onnx_op2(&b->g, "Add", word, segment);
    word = onnx_op2(&b->g, "Add", word, position);
    f->x = layer_norm(b, word, "embeddings", e->ln_w, e->ln_b);
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
    p = onnx_op2(g, "Add", p, f->bias);
    p = onnx_with_axis(b, "Softmax", p, p, 1, -1);
    v = onnx_with_ints(b, "Transpose", onnx_op2(g, "MatMul", p, v), "perm",
                       back, 4);
    return onnx_op2(g, "Reshape", v, onnx_ints(g, shape, 3));
}

/* x/2 (1 + erf(x / sqrt(2))) */
static struct onnx_value gelu(struct onnx_builder *b, struct onnx_value x)
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
    f->x = layer_norm(b, onnx_op2(&b->g, "Add", y, f->x), name, weight[2],
                      weight[3]);
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
    y = gelu(b, onnx_linear(b, &o, name, w->up_w, w->up_b, b->c->F, b->c->C));
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
    if (c->layout != LAYOUT_BERT)
        return ERR_SET(err, ERR_FORMAT,
                       "ONNX export knows the BERT layout only (BERT, MiniLM, "
                       "TinyBERT, Chinese RoBERTa-wwm)");
    onnx_graph_init(&b.g, err);
    take_inputs(&b, &f);
    embed(&b, &f);
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
