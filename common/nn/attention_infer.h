/*
 * attention_infer.h - attention.h's forward pass for inference: the products
 * of a head through panels (nn/panel.h), made for sequences of some hundred
 * tokens and heads of 32 or 64 channels, where OpenBLAS packs longer than it
 * multiplies. The bits depend on the sequence alone, and are the same with
 * AVX2 and AVX-512.
 */
#ifndef NN_ATTENTION_INFER_H
#define NN_ATTENTION_INFER_H

#include "nn/attention.h"

/* Floats of scratch for one sequence; 64-byte aligned, as the call wants it. */
size_t attention_infer_scratch(const struct attention *a, size_t len);

/*
 *   y       [len,C]  out
 *   scratch [attention_infer_scratch(a, len)]
 *   qkv     [len,3C] in
 */
void attention_infer_fwd(float *y, float *scratch, const float *qkv,
                         const struct attention *a, size_t len);

#endif
