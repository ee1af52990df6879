/* onnx_heads.c - from token vectors to a sentence's, or to a pair's score. */
#include "model/family.h"
#include "model/onnx_parts.h"

static struct onnx_value sum_tokens(struct onnx_builder *b, struct onnx_value x)
{
    const struct onnx_node n = { .op = "ReduceSum",
                                 .in = { x, onnx_int(b, 1) },
                                 .inputs = 2,
                                 .attribute = { { .name = "keepdims",
                                                  .i = 0 } },
                                 .attributes = 1 };
    struct onnx_value y;

    onnx_node(&b->g, &n, &y, 1);
    return y;
}

/* sum of weight x over sum of weight, or over its root */
static struct onnx_value mean(struct onnx_builder *b, struct onnx_value x,
                              struct onnx_value weight, bool root)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value n = sum_tokens(b, weight);

    n = onnx_op2(g, "Max", n, onnx_float(g, 1e-9f));
    if (root)
        n = onnx_op1(g, "Sqrt", n);
    return onnx_op2(g, "Div", sum_tokens(b, onnx_op2(g, "Mul", x, weight)), n);
}

/* weight of token t: t + 1 */
static struct onnx_value rising(struct onnx_builder *b,
                                const struct onnx_flow *f)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value t = onnx_cast(g, ONNX_FLOAT, onnx_positions(b, f));

    t = onnx_op2(g, "Add", t, onnx_float(g, 1.0f));
    return onnx_op2(g, "Mul", f->weight,
                    onnx_op2(g, "Unsqueeze", t, onnx_int(b, 1)));
}

static struct onnx_value most(struct onnx_builder *b, const struct onnx_flow *f)
{
    static const int64_t tokens = 1;
    const struct onnx_node n = {
        .op = "ReduceMax",
        .inputs = 1,
        .attribute = { { .name = "axes", .ints = &tokens, .n = 1 },
                       { .name = "keepdims", .i = 0 } },
        .attributes = 2
    };
    struct onnx_node masked = n;
    struct onnx_graph *g = &b->g;
    struct onnx_value y, off;

    off = onnx_op2(g, "Sub", f->weight, onnx_float(g, 1.0f));
    off = onnx_op2(g, "Mul", off, onnx_float(g, 1e9f));
    masked.in[0] = onnx_op2(g, "Add", f->x, off);
    onnx_node(g, &masked, &y, 1);
    return y;
}

/* The row of token `which` (int64, [B]) of each sequence. */
static struct onnx_value pick(struct onnx_builder *b, const struct onnx_flow *f,
                              struct onnx_value which)
{
    const struct onnx_node n = {
        .op = "GatherND",
        .in = { f->x, onnx_op2(&b->g, "Unsqueeze", which, onnx_int(b, 1)) },
        .inputs = 2,
        .attribute = { { .name = "batch_dims", .i = 1 } },
        .attributes = 1
    };
    struct onnx_value y;

    onnx_node(&b->g, &n, &y, 1);
    return y;
}

static struct onnx_value first(struct onnx_builder *b,
                               const struct onnx_flow *f)
{
    struct onnx_value zero;

    (void)onnx_constant(&b->g, &zero, NULL, ONNX_INT64, 8, NULL, 0);
    return onnx_with_axis(b, "Gather", f->x, zero, 2, 1);
}

static struct onnx_value last(struct onnx_builder *b, const struct onnx_flow *f)
{
    return pick(b, f,
                onnx_op2(&b->g, "Sub", sum_tokens(b, f->mask), onnx_int(b, 1)));
}

static struct onnx_value pool(struct onnx_builder *b, const struct onnx_flow *f,
                              enum pooling mode)
{
    switch (mode) {
    case POOLING_CLS:
        return first(b, f);
    case POOLING_MAX:
        return most(b, f);
    case POOLING_MEAN_SQRT_LEN:
        return mean(b, f->x, f->weight, true);
    case POOLING_WEIGHTED_MEAN:
        return mean(b, f->x, rising(b, f), false);
    case POOLING_LAST:
        return last(b, f);
    case POOLING_MEAN:
        break;
    }
    return mean(b, f->x, f->weight, false);
}

static struct onnx_value normalise(struct onnx_builder *b, struct onnx_value x)
{
    static const int64_t channels = -1;
    struct onnx_value n =
        onnx_with_ints(b, "ReduceL2", x, "axes", &channels, 1);

    n = onnx_op2(&b->g, "Max", n, onnx_float(&b->g, 1e-12f));
    return onnx_op2(&b->g, "Div", x, n);
}

void onnx_end_bi(struct onnx_builder *b, const struct onnx_flow *f)
{
    const struct model_config *c = b->c;
    const struct onnx_shape tokens = { 3,
                                       { -1, -1, (int64_t)c->C },
                                       { "batch", "sequence", "" } };
    const struct onnx_shape sentence = { 2,
                                         { -1, (int64_t)model_config_dim(c) },
                                         { "batch", "" } };
    struct onnx_value y = pool(b, f, c->pooling[0]);

    for (size_t i = 1; i < c->poolings; i++)
        y = onnx_with_axis(b, "Concat", y, pool(b, f, c->pooling[i]), 2, -1);
    if (c->normalise)
        y = normalise(b, y);
    onnx_output(&b->g, "token_embeddings", ONNX_FLOAT, &tokens, f->x);
    onnx_output(&b->g, "sentence_embedding", ONNX_FLOAT, &sentence, y);
}

/* encoder_head_fwd() */
static struct onnx_value activate(struct onnx_builder *b, struct onnx_value x)
{
    switch (family_of(b->c->layout)->head_by) {
    case HEAD_TANH:
        break;
    case HEAD_RELU:
        return onnx_op1(&b->g, "Relu", x);
    case HEAD_GELU:
        return onnx_gelu(b, x);
    }
    return onnx_op1(&b->g, "Tanh", x);
}

void onnx_end_cross(struct onnx_builder *b, const struct onnx_flow *f)
{
    const struct head_weights *h = &b->w->head;
    const struct model_config *c = b->c;
    const struct onnx_shape s = { 2,
                                  { -1, (int64_t)c->labels },
                                  { "batch", "" } };
    struct onnx_operand o = onnx_operand(b, first(b, f));
    struct onnx_value z;

    z = onnx_linear(b, &o, "pooler.dense", h->pool_w, h->pool_b, c->C, c->C);
    o = onnx_operand(b, activate(b, z));
    z = onnx_linear(b, &o, "classifier", h->cls_w, h->cls_b, c->labels, c->C);
    onnx_output(&b->g, "logits", ONNX_FLOAT, &s, z);
    if (c->activation == ACTIVATION_SIGMOID)
        z = onnx_op1(&b->g, "Sigmoid", z);
    onnx_output(&b->g, "scores", ONNX_FLOAT, &s, z);
}
