#include "model/onnx_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"

enum { SIDE = 127 }; /* int8 from -127 to 127 */
static const float largest_half = 65504.0f;

/* ---- values ---- */

static int8_t quantised(float x, float scale)
{
    long v = scale > 0.0f ? lrintf(x / scale) : 0;

    return (int8_t)(v > SIDE ? SIDE : v < -SIDE ? -SIDE : v);
}

static float scale_of(const float *row, size_t n)
{
    float most = 0.0f;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(row[i]));
    return most / SIDE;
}

static void fill_halves(struct onnx_graph *g, const char *name, uint16_t *to,
                        const float *from, size_t rows, size_t cols, bool turn)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++) {
            float x = from[r * cols + k];

            if (fabsf(x) > largest_half && g->rc == 0)
                g->rc =
                    ERR_SET(g->err, ERR_NUMERIC, "%s: %g is too large for fp16",
                            name, (double)x);
            store_u16(to + (turn ? k * rows + r : r * cols + k), half_from(x));
        }
}

static void fill_floats(float *to, const float *from, size_t rows, size_t cols,
                        bool turn)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++)
            to[turn ? k * rows + r : r * cols + k] = from[r * cols + k];
}

struct onnx_value onnx_vector(struct onnx_builder *b, const char *name,
                              const float *x, size_t n)
{
    const int64_t dim = (int64_t)n;
    struct onnx_value v;
    uint16_t *p;

    if (b->format != EXPORT_FP16)
        return onnx_floats(&b->g, name, x, n);
    p = onnx_constant(&b->g, &v, name, ONNX_FLOAT16, sizeof(*p), &dim, 1);
    if (p)
        fill_halves(&b->g, name, p, x, 1, n, false);
    return onnx_cast(&b->g, ONNX_FLOAT, v);
}

/* A matrix as float32 or float16, as it is or transposed; a float value. */
static struct onnx_value matrix(struct onnx_builder *b, const char *name,
                                const float *x, size_t rows, size_t cols,
                                bool turn)
{
    const int64_t dim[2] = { (int64_t)(turn ? cols : rows),
                             (int64_t)(turn ? rows : cols) };
    bool half = b->format == EXPORT_FP16;
    struct onnx_value v;
    void *p = onnx_constant(&b->g, &v, name, half ? ONNX_FLOAT16 : ONNX_FLOAT,
                            half ? 2 : 4, dim, 2);

    if (p && half)
        fill_halves(&b->g, v.name, p, x, rows, cols, turn);
    else if (p)
        fill_floats(p, x, rows, cols, turn);
    return half ? onnx_cast(&b->g, ONNX_FLOAT, v) : v;
}

/* int8 and the scales of its rows, or, transposed, of its columns. */
static void matrix_int8(struct onnx_builder *b, struct onnx_value *q,
                        struct onnx_value *scale, const char *name,
                        const float *x, size_t rows, size_t cols, bool turn)
{
    const int64_t dim[2] = { (int64_t)(turn ? cols : rows),
                             (int64_t)(turn ? rows : cols) };
    const int64_t scales[2] = { (int64_t)rows, 1 };
    int8_t *to = onnx_constant(&b->g, q, name, ONNX_INT8, 1, dim, 2);
    float *s = onnx_constant(&b->g, scale, NULL, ONNX_FLOAT, sizeof(*s), scales,
                             turn ? 1 : 2);

    for (size_t r = 0; to && s && r < rows; r++) {
        s[r] = scale_of(x + r * cols, cols);
        for (size_t k = 0; k < cols; k++)
            to[turn ? k * rows + r : r * cols + k] =
                quantised(x[r * cols + k], s[r]);
    }
}

/* ---- products ---- */

struct onnx_operand onnx_operand(struct onnx_builder *b, struct onnx_value x)
{
    const struct onnx_node n = { .op = "DynamicQuantizeLinear",
                                 .in = { x },
                                 .inputs = 1 };
    struct onnx_operand o = { .x = x };
    struct onnx_value out[3];

    if (b->format != EXPORT_INT8)
        return o;
    onnx_node(&b->g, &n, out, 3);
    o.q = out[0];
    o.scale = out[1];
    o.zero = out[2];
    return o;
}

/* The unsigned zero point is subtracted by the operator; weights have none. */
static struct onnx_value product_int8(struct onnx_builder *b,
                                      const struct onnx_operand *x,
                                      const char *name, const float *weight,
                                      size_t out, size_t in)
{
    struct onnx_value w, scale, y;
    struct onnx_node n = { .op = "MatMulInteger", .name = name, .inputs = 3 };

    matrix_int8(b, &w, &scale, NULL, weight, out, in, true);
    n.in[0] = x->q;
    n.in[1] = w;
    n.in[2] = x->zero;
    onnx_node(&b->g, &n, &y, 1);
    return onnx_op2(&b->g, "Mul", onnx_cast(&b->g, ONNX_FLOAT, y),
                    onnx_op2(&b->g, "Mul", x->scale, scale));
}

static struct onnx_value product(struct onnx_builder *b,
                                 const struct onnx_operand *x, const char *name,
                                 const float *weight, size_t out, size_t in)
{
    const struct onnx_node n = { .op = "MatMul",
                                 .name = name,
                                 .in = { x->x, matrix(b, NULL, weight, out, in,
                                                      true) },
                                 .inputs = 2 };
    struct onnx_value y;

    onnx_node(&b->g, &n, &y, 1);
    return y;
}

/* "encoder.layer.0.output.dense" is "/encoder/layer.0/output/dense/MatMul":
 * a number stays with the name before it. */
static void node_name(char name[ONNX_NAME], const char *layer)
{
    size_t n = (size_t)snprintf(name, ONNX_NAME, "/%s/MatMul", layer);

    for (size_t i = 1; i < n && i < ONNX_NAME - 1; i++)
        if (name[i] == '.' && !(name[i + 1] >= '0' && name[i + 1] <= '9'))
            name[i] = '/';
}

struct onnx_value onnx_linear(struct onnx_builder *b,
                              const struct onnx_operand *x, const char *layer,
                              const float *weight, const float *bias,
                              size_t out, size_t in)
{
    char family[ONNX_NAME], name[ONNX_NAME], bias_name[ONNX_NAME];
    struct onnx_value y;

    onnx_family_name(family, b, layer);
    node_name(name, family);
    snprintf(bias_name, sizeof(bias_name), "%.80s.bias", family);
    y = b->format == EXPORT_INT8 ? product_int8(b, x, name, weight, out, in)
                                 : product(b, x, name, weight, out, in);
    return onnx_op2(&b->g, "Add", y, onnx_vector(b, bias_name, bias, out));
}

/* ---- tables ---- */

struct onnx_value onnx_table(struct onnx_builder *b, const char *name,
                             const float *x, size_t rows, size_t cols)
{
    return matrix(b, name, x, rows, cols, false);
}

struct onnx_value onnx_rows(struct onnx_builder *b, const char *name,
                            const float *table, size_t rows, size_t cols,
                            struct onnx_value which)
{
    struct onnx_value q, scale;

    if (b->format != EXPORT_INT8)
        return onnx_op2(&b->g, "Gather",
                        matrix(b, name, table, rows, cols, false), which);
    matrix_int8(b, &q, &scale, name, table, rows, cols, false);
    q = onnx_cast(&b->g, ONNX_FLOAT, onnx_op2(&b->g, "Gather", q, which));
    return onnx_op2(&b->g, "Mul", q, onnx_op2(&b->g, "Gather", scale, which));
}
