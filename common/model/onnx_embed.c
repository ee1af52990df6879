/* onnx_embed.c - from token ids to the first layer's input. */
#include "model/family.h"
#include "model/onnx_parts.h"
#include "nn/relative.h"

/* RoBERTa has a table of segments and a tokenizer that gives none. */
static bool takes_segments(const struct model_config *c)
{
    const struct family *f = family_of(c->layout);

    return f->size[2] && !f->positions_padded;
}

static void take_inputs(struct onnx_builder *b, struct onnx_flow *f)
{
    const struct onnx_shape s = { 2, { -1, -1 }, { "batch", "sequence" } };
    struct onnx_graph *g = &b->g;
    struct onnx_value mask, free_place;
    const int64_t axes[2] = { 1, 2 };

    f->ids = onnx_input(g, "input_ids", ONNX_INT64, &s);
    f->mask = onnx_input(g, "attention_mask", ONNX_INT64, &s);
    if (takes_segments(b->c))
        f->segments = onnx_input(g, "token_type_ids", ONNX_INT64, &s);
    mask = onnx_cast(g, ONNX_FLOAT, f->mask);
    f->weight = onnx_op2(g, "Unsqueeze", mask, onnx_int(b, 2));
    free_place = onnx_op2(g, "Sub", onnx_float(g, 1.0f), mask);
    f->bias = onnx_op2(
        g, "Mul", onnx_op2(g, "Unsqueeze", free_place, onnx_ints(g, axes, 2)),
        onnx_float(g, -1e9f));
}

static struct onnx_value scalar(struct onnx_builder *b, int64_t x)
{
    struct onnx_value v;
    int64_t *p =
        onnx_constant(&b->g, &v, NULL, ONNX_INT64, sizeof(*p), NULL, 0);

    if (p)
        *p = x;
    return v;
}

/* 0, 1, ... T-1 */
struct onnx_value onnx_positions(struct onnx_builder *b,
                                 const struct onnx_flow *f)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value zero = scalar(b, 0), one = scalar(b, 1), T;

    T = onnx_op2(g, "Gather", onnx_op1(g, "Shape", f->ids), one);
    return onnx_op3(g, "Range", zero, T, one);
}

/* Rows of the position table: 0, 1, ...; or behind the padding's, which every
 * padding has (encoder_position()). */
static struct onnx_value position_rows(struct onnx_builder *b,
                                       const struct onnx_flow *f)
{
    struct onnx_graph *g = &b->g;
    struct onnx_value pad, real;

    if (b->c->first == 0)
        return onnx_positions(b, f);
    pad = scalar(b, (int64_t)b->c->pad_id);
    real = onnx_op1(g, "Not", onnx_op2(g, "Equal", f->ids, pad));
    real = onnx_cast(g, ONNX_INT64, real);
    real = onnx_op2(g, "Mul", onnx_op2(g, "CumSum", real, scalar(b, 1)), real);
    return onnx_op2(g, "Add", real, pad);
}

/* The bucket of every distance from -(R-1) to R-1. */
static struct onnx_value buckets(struct onnx_builder *b, size_t R)
{
    const int64_t dim = (int64_t)(2 * R - 1);
    struct onnx_value v;
    int64_t *p =
        onnx_constant(&b->g, &v, NULL, ONNX_INT64, sizeof(*p), &dim, 1);

    for (size_t i = 0; p && i < 2 * R - 1; i++)
        p[i] = (int64_t)relative_bucket((ptrdiff_t)i - (ptrdiff_t)(R - 1));
    return v;
}

/* [H,T,T]: what every layer adds to its logits. */
static struct onnx_value relative(struct onnx_builder *b,
                                  const struct onnx_flow *f)
{
    static const int64_t heads_first[3] = { 2, 0, 1 };
    const size_t R = b->c->P - b->c->first;
    struct onnx_graph *g = &b->g;
    struct onnx_value t = onnx_positions(b, f), d, table;

    d = onnx_op2(g, "Sub", onnx_op2(g, "Unsqueeze", t, onnx_int(b, 0)),
                 onnx_op2(g, "Unsqueeze", t, onnx_int(b, 1)));
    d = onnx_op2(g, "Add", d, scalar(b, (int64_t)(R - 1)));
    d = onnx_op2(g, "Gather", buckets(b, R), d);
    table = onnx_table(b, "encoder.relative_attention_bias.weight",
                       b->w->embedding.relative, RELATIVE_BUCKETS, b->c->H);
    return onnx_with_ints(b, "Transpose", onnx_op2(g, "Gather", table, d),
                          "perm", heads_first, 3);
}

static void embed(struct onnx_builder *b, struct onnx_flow *f)
{
    const struct embedding_weights *e = &b->w->embedding;
    const struct model_config *c = b->c;
    const size_t W = model_config_table(c);
    struct onnx_operand o;
    struct onnx_value x, y;

    x = onnx_rows(b, "embeddings.word_embeddings.weight", e->word, c->V, W,
                  f->ids);
    if (family_of(c->layout)->size[2]) {
        y = takes_segments(c) ? f->segments : scalar(b, 0);
        y = onnx_rows(b, "embeddings.token_type_embeddings.weight", e->segment,
                      c->S, W, y);
        x = onnx_op2(&b->g, "Add", x, y);
    }
    y = onnx_rows(b, "embeddings.position_embeddings.weight", e->position, c->P,
                  W, position_rows(b, f));
    x = onnx_op2(&b->g, "Add", x, y);
    f->x = onnx_layer_norm(b, x, "embeddings", e->ln_w, e->ln_b, W);
    if (!c->E)
        return;
    o = onnx_operand(b, f->x);
    f->x = onnx_linear(b, &o, "embeddings_project", e->project_w, e->project_b,
                       c->C, c->E);
}

void onnx_begin(struct onnx_builder *b, struct onnx_flow *f)
{
    take_inputs(b, f);
    if (b->c->relative)
        f->relative = relative(b, f);
    embed(b, f);
}
