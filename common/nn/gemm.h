/*
 * gemm.h - f32 matrix products, row-major, through OpenBLAS. Its only user.
 *
 * One product runs in the calling thread: workers split rows. Weights are
 * stored [out,in], as in safetensors files. No output may alias an input.
 */
#ifndef NN_GEMM_H
#define NN_GEMM_H

#include <stddef.h>

/* Hold OpenBLAS to one thread. Call once, before the workers start. */
void gemm_init(void);
/* The kernels OpenBLAS chose ("Zen", "Cooperlake"), for logs and benches. */
const char *gemm_core(void);
/* A sentence on an OPENBLAS_CORETYPE in the environment, which can halve the
 * speed or crash on another CPU; NULL when it is not set. */
const char *gemm_warning(void);

/*
 * Linear layer, forward: C = A @ B^T + bias
 *
 *   c     [M,N] out
 *   a     [M,K] in    inputs
 *   b     [N,K] in    weight
 *   bias  [N]   in    NULL = none; costs nothing
 */
void gemm_nt(float *c, const float *a, const float *b, const float *bias,
             size_t M, size_t N, size_t K);

/* The same, added to what c holds (a residual): C += A @ B^T + bias */
void gemm_nt_add(float *c, const float *a, const float *b, const float *bias,
                 size_t M, size_t N, size_t K);

/*
 * Linear layer, gradient of its input: C = beta * C + A @ B
 *
 *   c     [M,N] out   dx; beta 0 sets it (and never reads it), 1 adds
 *   a     [M,K] in    dy
 *   b     [K,N] in    weight
 */
void gemm_nn(float *c, const float *a, const float *b, float beta, size_t M,
             size_t N, size_t K);

/*
 * Linear layer, gradient of its weight, rows [r0,r1) of it:
 * C[m,:] += sum over k of A[k,m] * B[k,:]
 *
 * The sum runs over all tokens, so workers that own different rows need no
 * reduction, and the result depends on r0 and r1 but on no thread.
 *
 *   c     [M,N] out   dweight; other rows are not touched
 *   a     [K,M] in    dy
 *   b     [K,N] in    x
 */
void gemm_tn_add(float *c, const float *a, const float *b, size_t r0, size_t r1,
                 size_t M, size_t N, size_t K);

enum gemm_op { GEMM_NN, GEMM_NT, GEMM_TN };

/*
 * C = alpha * op(A, B) + beta * C with row strides, in floats:
 *
 *   GEMM_NN   A @ B     a [M,K]  b [K,N]
 *   GEMM_NT   A @ B^T   a [M,K]  b [N,K]
 *   GEMM_TN   A^T @ B   a [K,M]  b [K,N]
 */
void gemm_strided(enum gemm_op op, float *c, size_t ldc, const float *a,
                  size_t lda, const float *b, size_t ldb, float alpha,
                  float beta, size_t M, size_t N, size_t K);

#endif
