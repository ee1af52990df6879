/*
 * precision.h - the number format of weights and inputs in inference's
 * products. Sums, and all between the products, are f32 in any case.
 */
#ifndef NN_PRECISION_H
#define NN_PRECISION_H

enum precision { PRECISION_F32, PRECISION_BF16, PRECISION_INT8 };

/* "f32", "bf16", "int8" */
const char *precision_name(enum precision p);

#endif
