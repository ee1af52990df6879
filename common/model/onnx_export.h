/*
 * onnx_export.h - a model as an ONNX file that holds everything from token ids
 * to sentence vectors or scores.
 *
 *   inputs   input_ids, attention_mask, and where the tokenizer gives segments
 *            (BERT, ELECTRA) token_type_ids   int64 [batch,sequence]
 *   outputs  of a sentence encoder: token_embeddings [batch,sequence,C],
 *            sentence_embedding [batch,dim] (pooled, normalised where the
 *            model does); of a cross-encoder: logits [batch,labels],
 *            scores [batch,labels] (activated)
 *
 * Opset 17; batch and sequence are free. Names of nodes and constants are
 * those of PyTorch's exporter, so that onnx_read.h reads an f32 file back.
 * Every family of family.h.
 *
 * Weights in other formats, outputs always float32:
 *   fp16  stored as float16 and widened when loaded: the arithmetic is float32
 *         and runs on every CPU
 *   int8  matrices int8, symmetric, a scale for each output channel;
 *         activations uint8, a scale for each product, computed from the
 *         values ("dynamic": DynamicQuantizeLinear, MatMulInteger); the word
 *         table int8 with a scale for each row. What lies between stays f32.
 *         On CPUs without VNNI ONNX Runtime adds in 16 bits that can saturate.
 */
#ifndef MODEL_ONNX_EXPORT_H
#define MODEL_ONNX_EXPORT_H

#include "base/err.h"
#include "model/config.h"
#include "model/weights.h"

enum export_format { EXPORT_F32, EXPORT_FP16, EXPORT_INT8 };
/* "f32", "fp16", "int8". */
const char *export_format_name(enum export_format f);

/*
 * Write path. c->kind MODEL_BI or MODEL_CROSS (w then has the classifier).
 * ERR_FULL: over 2 GB;
 * ERR_NUMERIC: a weight too large for float16; ERR_IO, ERR_NOMEM.
 */
int onnx_export(const char *path, const struct model_config *c,
                const struct weights *w, enum export_format format,
                struct err *err) MUST_CHECK;

#endif
