#include "nn/softmax.h"

#include <assert.h>
#include <math.h>

#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void softmax_fwd(float *y, const float *x, const float *bias, float scale,
                 size_t n)
{
    assert(n > 0);
    kernels.softmax_fwd(y, x, bias, scale, n);
}

void softmax_bwd(float *dx, const float *dy, const float *y, float scale,
                 size_t n)
{
    kernels.softmax_bwd(dx, dy, y, scale, n);
}

void softmax_fwd_c(float *y, const float *x, const float *bias, float scale,
                   size_t n)
{
    float max = -INFINITY;
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        y[i] = scale * x[i] + (bias ? bias[i] : 0.0f);
        max = y[i] > max ? y[i] : max;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = expf(y[i] - max);
        sum += (double)y[i];
    }
    for (size_t i = 0; i < n; i++)
        y[i] *= (float)(1.0 / sum);
}

void softmax_bwd_c(float *dx, const float *dy, const float *y, float scale,
                   size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)dy[i] * (double)y[i];
    for (size_t i = 0; i < n; i++)
        dx[i] = scale * y[i] * (dy[i] - (float)sum);
}
