/*
 * weights_parts.h - what weights.c tells weights_file.c about its rows.
 */
#ifndef MODEL_WEIGHTS_PARTS_H
#define MODEL_WEIGHTS_PARTS_H

#include "model/weights.h"

/* Tensors that t is in a file: 3 for query, key and value, else 1. */
size_t tensor_parts(const struct tensor *t);
/* Name in a file; part stands for the "*" of fused tensors. */
void tensor_part_name(char *out, size_t size, const struct tensor *t,
                      const char *part);
bool tensor_in_layer(const struct tensor *t);
/* The head that t belongs to, or 0. */
enum weights_found tensor_head(const struct tensor *t);

#endif
