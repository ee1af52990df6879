/*
 * onnx_parts.h - private to onnx_export.c and its parts: the graph of an
 * encoder under construction. From ids to the first layer is onnx_embed.c. What
 * depends on the weights' format, tables and products, is onnx_linear.c; from
 * token vectors to outputs, onnx_heads.c.
 */
#ifndef MODEL_ONNX_PARTS_H
#define MODEL_ONNX_PARTS_H

#include "model/onnx_export.h"
#include "model/onnx_graph.h"

struct onnx_builder {
    struct onnx_graph g;
    const struct model_config *c;
    const struct weights *w;
    enum export_format format;
};

/* What several parts of the graph use. */
struct onnx_flow {
    struct onnx_value ids, mask, segments; /* inputs [B,T]; segments where they
                                              are an input */
    struct onnx_value weight;              /* 1 for a token, 0 for padding;
                                              float [B,T,1] */
    struct onnx_value bias; /* 0 for a token, else hugely negative; [B,1,1,T] */
    struct onnx_value relative; /* [H,T,T], of relative positions */
    struct onnx_value x;        /* [B,T,C] */
};

/* ---- onnx_export.c ---- */

struct onnx_value onnx_int(struct onnx_builder *b, int64_t v); /* [1] */
/* One input and an attribute of integers. */
struct onnx_value onnx_with_ints(struct onnx_builder *b, const char *op,
                                 struct onnx_value x, const char *attribute,
                                 const int64_t *v, size_t n);
/* One or two inputs and the attribute axis. */
struct onnx_value onnx_with_axis(struct onnx_builder *b, const char *op,
                                 struct onnx_value x, struct onnx_value y,
                                 size_t inputs, int64_t axis);
/* A layer's path in BERT, "encoder.layer.0.output.dense", as the family has
 * it. */
void onnx_family_name(char out[ONNX_NAME], const struct onnx_builder *b,
                      const char *name);
/* Over n channels; layer is what ".LayerNorm" belongs to, in BERT's terms. */
struct onnx_value onnx_layer_norm(struct onnx_builder *b, struct onnx_value x,
                                  const char *layer, const float *weight,
                                  const float *bias, size_t n);
struct onnx_value onnx_gelu(struct onnx_builder *b, struct onnx_value x);

/* ---- onnx_embed.c ---- */

/* Inputs, and f->x as the first layer takes it. */
void onnx_begin(struct onnx_builder *b, struct onnx_flow *f);
/* 0, 1, ... T-1 */
struct onnx_value onnx_positions(struct onnx_builder *b,
                                 const struct onnx_flow *f);

/* ---- onnx_heads.c: pooled vectors, or logits and scores, as outputs ---- */

void onnx_end_bi(struct onnx_builder *b, const struct onnx_flow *f);
void onnx_end_cross(struct onnx_builder *b, const struct onnx_flow *f);

/* ---- onnx_linear.c ---- */

/* The input of one or several products; int8 quantises it once. */
struct onnx_operand {
    struct onnx_value x;              /* float */
    struct onnx_value q, scale, zero; /* of int8 */
};
struct onnx_operand onnx_operand(struct onnx_builder *b, struct onnx_value x);

/* x [..,in] times weight [out,in] transposed, plus bias [out]. layer is its
 * path in BERT, "encoder.layer.0.output.dense". */
struct onnx_value onnx_linear(struct onnx_builder *b,
                              const struct onnx_operand *x, const char *layer,
                              const float *weight, const float *bias,
                              size_t out, size_t in);

/* A bias, or a weight of LayerNorm: float32, or float16 widened. */
struct onnx_value onnx_vector(struct onnx_builder *b, const char *name,
                              const float *x, size_t n);

/* A table [rows,cols] as it is, float32, or float16 widened. */
struct onnx_value onnx_table(struct onnx_builder *b, const char *name,
                             const float *x, size_t rows, size_t cols);

/* Rows of a table [rows,cols] by number. */
struct onnx_value onnx_rows(struct onnx_builder *b, const char *name,
                            const float *table, size_t rows, size_t cols,
                            struct onnx_value which);

#endif
