/*
 * onnx_graph.h - an ONNX model under construction: operators, constants,
 * inputs and outputs, then a file. github.com/onnx/onnx, onnx.proto; IR
 * version 8, opset 17.
 *
 * The first failure is kept and every later call does nothing, so that a graph
 * reads as the formula it is; onnx_graph_write() reports it.
 */
#ifndef MODEL_ONNX_GRAPH_H
#define MODEL_ONNX_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { ONNX_OPSET = 17, ONNX_NAME = 96, ONNX_INPUTS = 4, ONNX_RANK = 4 };

/* Data types of onnx.proto. */
enum onnx_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_INT64 = 7,
    ONNX_FLOAT16 = 10,
};

/* What an edge of the graph carries, by name. */
struct onnx_value {
    char name[ONNX_NAME];
};

/* A TensorProto: its fields up to the length of the data, and the data. */
struct onnx_constant {
    struct buf head;
    void *raw;
    size_t len;
};

struct onnx_graph {
    struct buf node, input, output; /* fields of a GraphProto */
    struct onnx_constant *constant; /* private, as all below */
    size_t n, cap;
    unsigned next; /* number of the next unnamed value */
    int rc;
    struct err *err;
};

/* err outlives the graph. */
void onnx_graph_init(struct onnx_graph *g, struct err *err);
void onnx_graph_release(struct onnx_graph *g);

/* dim[i] a length, or -1 with symbol[i] its name ("batch"). */
struct onnx_shape {
    size_t rank;
    int64_t dim[ONNX_RANK];
    const char *symbol[ONNX_RANK];
};
struct onnx_value onnx_input(struct onnx_graph *g, const char *name,
                             enum onnx_type type,
                             const struct onnx_shape *shape);
/* Make v an output under this name. */
void onnx_output(struct onnx_graph *g, const char *name, enum onnx_type type,
                 const struct onnx_shape *shape, struct onnx_value v);

/* Memory for a constant's values, `size` bytes an element, for the caller to
 * fill now; NULL after a failure. name NULL: a made-up one. dim [rank]. */
void *onnx_constant(struct onnx_graph *g, struct onnx_value *out,
                    const char *name, enum onnx_type type, size_t size,
                    const int64_t *dim, size_t rank);
struct onnx_value onnx_floats(struct onnx_graph *g, const char *name,
                              const float *x, size_t n);
struct onnx_value onnx_float(struct onnx_graph *g, float x); /* a scalar */
struct onnx_value onnx_ints(struct onnx_graph *g, const int64_t *x, size_t n);

/* An attribute: ints when n > 0, the float when is_float, else the int. */
struct onnx_attribute {
    const char *name;
    const int64_t *ints;
    size_t n;
    int64_t i;
    float f;
    bool is_float;
};

struct onnx_node {
    const char *op, *name; /* name NULL: none */
    struct onnx_value in[ONNX_INPUTS];
    size_t inputs;
    struct onnx_attribute attribute[2];
    size_t attributes;
};
/* Append it; out [outputs] are its results. */
void onnx_node(struct onnx_graph *g, const struct onnx_node *node,
               struct onnx_value *out, size_t outputs);
/* Operators without attributes and with one result. */
struct onnx_value onnx_op1(struct onnx_graph *g, const char *op,
                           struct onnx_value a);
struct onnx_value onnx_op2(struct onnx_graph *g, const char *op,
                           struct onnx_value a, struct onnx_value b);
struct onnx_value onnx_op3(struct onnx_graph *g, const char *op,
                           struct onnx_value a, struct onnx_value b,
                           struct onnx_value c);
struct onnx_value onnx_cast(struct onnx_graph *g, enum onnx_type to,
                            struct onnx_value a);

/* Write path (path.tmp, fsync, rename). ERR_FULL: over protobuf's 2 GB. */
int onnx_graph_write(struct onnx_graph *g, const char *name,
                     const char *path) MUST_CHECK;

#endif
