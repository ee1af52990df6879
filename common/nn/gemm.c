#include "nn/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void gemm_init(void)
{
    openblas_set_num_threads(1);
}

const char *gemm_core(void)
{
    return openblas_get_corename();
}

const char *gemm_warning(void)
{
    if (getenv("OPENBLAS_CORETYPE") == NULL)
        return NULL;
    return "OPENBLAS_CORETYPE is set: OpenBLAS may use slow kernels, or crash "
           "on a CPU without them; unset it";
}

void gemm_strided(enum gemm_op op, float *c, size_t ldc, const float *a,
                  size_t lda, const float *b, size_t ldb, float alpha,
                  float beta, size_t M, size_t N, size_t K)
{
    assert(M <= INT_MAX && N <= INT_MAX && K <= INT_MAX);
    assert(lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
    if (M == 0 || N == 0)
        return;
    cblas_sgemm(CblasRowMajor, op == GEMM_TN ? CblasTrans : CblasNoTrans,
                op == GEMM_NT ? CblasTrans : CblasNoTrans, (int)M, (int)N,
                (int)K, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

/* OpenBLAS passes over C once in any case, to clear it; filling it with the
 * bias and adding takes the place of that pass. */
void gemm_nt(float *c, const float *a, const float *b, const float *bias,
             size_t M, size_t N, size_t K)
{
    if (bias == NULL) {
        gemm_strided(GEMM_NT, c, N, a, K, b, K, 1.0f, 0.0f, M, N, K);
        return;
    }
    for (size_t m = 0; m < M; m++)
        memcpy(c + m * N, bias, N * sizeof(*c));
    gemm_strided(GEMM_NT, c, N, a, K, b, K, 1.0f, 1.0f, M, N, K);
}

void gemm_nt_add(float *c, const float *a, const float *b, const float *bias,
                 size_t M, size_t N, size_t K)
{
    for (size_t m = 0; bias && m < M; m++)
        for (size_t n = 0; n < N; n++)
            c[m * N + n] += bias[n];
    gemm_strided(GEMM_NT, c, N, a, K, b, K, 1.0f, 1.0f, M, N, K);
}

void gemm_nn(float *c, const float *a, const float *b, float beta, size_t M,
             size_t N, size_t K)
{
    gemm_strided(GEMM_NN, c, N, a, K, b, N, 1.0f, beta, M, N, K);
}

void gemm_tn_add(float *c, const float *a, const float *b, size_t r0, size_t r1,
                 size_t M, size_t N, size_t K)
{
    assert(r0 <= r1 && r1 <= M);
    gemm_strided(GEMM_TN, c + r0 * N, N, a + r0, M, b, N, 1.0f, 1.0f, r1 - r0,
                 N, K);
}
