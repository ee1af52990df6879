/*
 * model_export.h - a model for other programs: a folder as
 * sentence-transformers has it, or the same with an ONNX file (onnx_export.h)
 * for weights, where its ONNX backend looks for it (onnx/model.onnx).
 */
#ifndef MODEL_MODEL_EXPORT_H
#define MODEL_MODEL_EXPORT_H

#include "model/onnx_export.h"

enum export_kind { EXPORT_LIBRARY, EXPORT_ONNX };

/*
 * Fill folder to, which exists, from a model's folder. fp16 weights of a
 * library folder are F16 in model.safetensors; config.json goes on saying
 * float32, so that readers widen them and compute as we do.
 * ERR_USAGE: int8 weights of a library folder. Errors of loading and writing.
 */
int model_export(const char *to, const char *from, enum export_kind kind,
                 enum export_format format, struct err *err) MUST_CHECK;

#endif
