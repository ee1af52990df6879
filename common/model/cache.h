/*
 * cache.h - what lies in the model cache (stage_model_cache()).
 */
#ifndef MODEL_CACHE_H
#define MODEL_CACHE_H

#include "base/err.h"
#include "base/json.h"

/* An array of {"name", "bytes", "complete"} by name, the caller's to free;
 * complete is false for what a fetch has not finished. No cache: empty. */
int cache_list(struct json_node **out, struct err *err) MUST_CHECK;

#endif
