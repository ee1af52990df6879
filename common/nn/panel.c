#include "nn/panel.h"

#include <assert.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/kernels.h"
#include "nn/kernels_isa.h"

static size_t panels(size_t N)
{
    return (N + PANEL_COLS - 1) / PANEL_COLS;
}

size_t panel_bytes(size_t N, size_t K)
{
    return panels(N) * PANEL_COLS * (K + 1) * sizeof(float);
}

void panel_pack(struct panel *p, void *memory, const float *w,
                const float *bias, size_t N, size_t K)
{
    float *out = memory, *out_bias = out + panels(N) * PANEL_COLS * K;

    memset(out, 0, panel_bytes(N, K));
    for (size_t n = 0; n < N; n++) {
        float *column = out + n / PANEL_COLS * PANEL_COLS * K + n % PANEL_COLS;

        for (size_t k = 0; k < K; k++)
            column[k * PANEL_COLS] = w[n * K + k];
    }
    if (bias)
        memcpy(out_bias, bias, N * sizeof(*bias));
    *p = (struct panel){ .N = N, .K = K, .w = out, .bias = out_bias };
}

void panel_fwd(float *c, size_t ldc, const float *a, size_t lda,
               const struct panel *p, enum panel_then then, size_t M)
{
    assert(p->N <= ldc && p->K <= lda && p->K > 0);
    kernels.panel_fwd(c, ldc, a, lda, p, then, M);
}

/* One panel's sums of a row. */
static void row_c(float *sum, const float *a, const float *w, size_t K)
{
    memset(sum, 0, PANEL_COLS * sizeof(*sum));
    for (size_t k = 0; k < K; k++)
        for (size_t i = 0; i < PANEL_COLS; i++)
            sum[i] += a[k] * w[k * PANEL_COLS + i];
}

void panel_fwd_c(float *c, size_t ldc, const float *a, size_t lda,
                 const struct panel *p, enum panel_then then, size_t M)
{
    float sum[PANEL_COLS];

    for (size_t m = 0; m < M; m++) {
        for (size_t n = 0; n < p->N; n += PANEL_COLS) {
            size_t cols = p->N - n < PANEL_COLS ? p->N - n : PANEL_COLS;
            float *c_m = c + m * ldc + n;

            row_c(sum, a + m * lda, p->w + n * p->K, p->K);
            for (size_t i = 0; i < cols; i++)
                sum[i] += p->bias[n + i];
            if (then == PANEL_GELU)
                gelu_fwd_c(sum, sum, cols);
            for (size_t i = 0; i < cols; i++)
                c_m[i] = then == PANEL_ADD ? c_m[i] + sum[i] : sum[i];
        }
    }
}
