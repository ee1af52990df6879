/*
 * onnx_read.h - the weights of a BERT encoder out of an ONNX file, under the
 * names that a model folder has.
 *
 * ONNX is protobuf (github.com/onnx/onnx, onnx.proto): a model has a graph, a
 * graph has initializers (tensors) and nodes. Exporters keep the names of
 * biases and tables, but store the matrix of a linear layer transposed,
 * [in,out], under a made-up name; the layer's own name is that of the MatMul
 * node that reads it ("/encoder/layer.0/attention/self/query/MatMul").
 *
 * Read: float32 tensors with their data in the file itself. Quantised and
 * float16 models have other operators and are refused.
 */
#ifndef MODEL_ONNX_READ_H
#define MODEL_ONNX_READ_H

#include "base/err.h"
#include "model/safetensors.h"

struct onnx_weights {
    struct safetensor_f32 *tensor; /* [n], linear weights [out,in] */
    size_t n;
    void *memory; /* private: every name and value */
};

/*
 * *w is empty after a failure. Errors: ERR_NOTFOUND, ERR_IO, ERR_NOMEM, and
 * ERR_FORMAT that names the tensor or the byte where the file ends or bends.
 */
int onnx_read(struct onnx_weights *w, const char *path,
              struct err *err) MUST_CHECK;
void onnx_release(struct onnx_weights *w); /* safe on a zeroed struct */
/* NULL when there is none. */
const struct safetensor_f32 *onnx_find(const struct onnx_weights *w,
                                       const char *name);

#endif
