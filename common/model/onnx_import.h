/*
 * onnx_import.h - a model folder out of an ONNX file and a tokenizer.json, for
 * models that can be had as ONNX only, or where the model hub is out of reach.
 */
#ifndef MODEL_ONNX_IMPORT_H
#define MODEL_ONNX_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "nn/pooling.h"

struct onnx_import {
    const char *onnx, *tokenizer; /* paths; the tokenizer's is a
                                     tokenizer.json of any name */
    size_t heads;                 /* the one size that no tensor tells */
    enum pooling pooling;
    bool normalise;
};

/*
 * Write a bi-encoder's folder, which exists, and load it again. Every other
 * size is read off the tensors.
 * Errors: ERR_FORMAT (not a BERT encoder: the first tensor that is missing;
 * heads that do not divide the channels; what model_config_load() and
 * tokenizer_load() refuse), ERR_NOTFOUND, ERR_IO, ERR_NOMEM.
 */
int onnx_import(const char *folder, const struct onnx_import *o,
                struct err *err) MUST_CHECK;

#endif
