#include "nn/layernorm.h"

#include <assert.h>
#include <math.h>

#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void layernorm_fwd(float *y, float *mean, float *rstd, const float *x,
                   const float *gamma, const float *beta, float eps, size_t N,
                   size_t C)
{
    assert(C > 0 && (mean == NULL) == (rstd == NULL));
    kernels.layernorm_fwd(y, mean, rstd, x, gamma, beta, eps, N, C);
}

void layernorm_bwd_x(float *dx, const float *dy, const float *x,
                     const float *gamma, const float *mean, const float *rstd,
                     size_t N, size_t C)
{
    assert(C > 0);
    kernels.layernorm_bwd_x(dx, dy, x, gamma, mean, rstd, N, C);
}

void layernorm_bwd_params(float *dgamma, float *dbeta, const float *dy,
                          const float *x, const float *mean, const float *rstd,
                          size_t c0, size_t c1, size_t N, size_t C)
{
    assert(c0 <= c1 && c1 <= C);
    kernels.layernorm_bwd_params(dgamma, dbeta, dy, x, mean, rstd, c0, c1, N,
                                 C);
}

void layernorm_fwd_c(float *y, float *mean, float *rstd, const float *x,
                     const float *gamma, const float *beta, float eps, size_t N,
                     size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C;
        double m = 0.0, v = 0.0;
        float mu, r;

        for (size_t c = 0; c < C; c++)
            m += (double)x_n[c];
        m /= (double)C;
        for (size_t c = 0; c < C; c++)
            v += ((double)x_n[c] - m) * ((double)x_n[c] - m);
        mu = (float)m;
        r = (float)(1.0 / sqrt(v / (double)C + (double)eps));
        for (size_t c = 0; c < C; c++)
            y[n * C + c] = gamma[c] * ((x_n[c] - mu) * r) + beta[c];
        if (mean) {
            mean[n] = mu;
            rstd[n] = r;
        }
    }
}

/*
 * With s2 the variance, r = 1 / sqrt(s2 + eps), xhat = (x - m) * r:
 * dxhat_i/dx_j = r * (delta_ij - 1/C - xhat_i * xhat_j / C), since
 * dm/dx_j = 1/C and dr/dx_j = -r^2 * xhat_j / C.
 */
void layernorm_bwd_x_c(float *dx, const float *dy, const float *x,
                       const float *gamma, const float *mean, const float *rstd,
                       size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C, *dy_n = dy + n * C;
        double avg_g = 0.0, avg_gx = 0.0;

        for (size_t c = 0; c < C; c++) {
            double g = (double)gamma[c] * (double)dy_n[c];

            avg_g += g / (double)C;
            avg_gx += g * (double)((x_n[c] - mean[n]) * rstd[n]) / (double)C;
        }
        for (size_t c = 0; c < C; c++) {
            float xhat = (x_n[c] - mean[n]) * rstd[n];
            float g = gamma[c] * dy_n[c];

            dx[n * C + c] = rstd[n] * (g - (float)avg_g - xhat * (float)avg_gx);
        }
    }
}

void layernorm_bwd_params_c(float *dgamma, float *dbeta, const float *dy,
                            const float *x, const float *mean,
                            const float *rstd, size_t c0, size_t c1, size_t N,
                            size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C, *dy_n = dy + n * C;

        for (size_t c = c0; c < c1; c++) {
            dgamma[c] += dy_n[c] * ((x_n[c] - mean[n]) * rstd[n]);
            dbeta[c] += dy_n[c];
        }
    }
}
