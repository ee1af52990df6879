/* One of kernels_avx2.c and kernels_avx512.c, alike but for the flags that the
 * Makefile gives by name. */
#include "nn/adamw_simd.h"
#include "nn/dropout_simd.h"
#include "nn/elementwise_simd.h"
#include "nn/gelu_simd.h"
#include "nn/layernorm_simd.h"
#include "nn/panel_simd.h"
#include "nn/softmax_simd.h"
