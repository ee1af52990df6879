/*
 * inspect.h - what a model folder holds, as JSON for people and scripts.
 */
#ifndef MODEL_INSPECT_H
#define MODEL_INSPECT_H

#include "base/err.h"
#include "base/json.h"

/*
 * An object, the caller's to free: path, digest, kind, architecture, sizes,
 * parameters, dtype, max_length, pooling, normalise, activation, similarity,
 * tokenizer, files with bytes and SHA-256. Needs a folder that can be used:
 * errors are those of model_config_load(), safetensors_open() and
 * tokenizer_load().
 */
int inspect_model(struct json_node **out, const char *folder,
                  struct err *err) MUST_CHECK;

/* Print it as lines "name  value", files last. */
int inspect_print(const struct json_node *model, struct err *err) MUST_CHECK;

#endif
