#include "nn/gelu.h"

#include <math.h>

#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void gelu_fwd(float *y, const float *x, size_t n)
{
    kernels.gelu_fwd(y, x, n);
}

void gelu_bwd(float *dx, const float *dy, const float *x, size_t n)
{
    kernels.gelu_bwd(dx, dy, x, n);
}

/* Phi(x) = erfc(-x / sqrt 2) / 2 keeps its digits where 1 + erf cancels. */
static float normal_cdf(float x)
{
    return 0.5f * erfcf(-0.70710678f * x);
}

void gelu_fwd_c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * normal_cdf(x[i]);
}

void gelu_bwd_c(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float pdf = 0.39894228f * expf(-0.5f * x[i] * x[i]);

        dx[i] = dy[i] * (normal_cdf(x[i]) + x[i] * pdf);
    }
}
