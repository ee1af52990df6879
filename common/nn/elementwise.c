#include "nn/elementwise.h"

#include <assert.h>
#include <math.h>

#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void add_fwd(float *y, const float *x, size_t n)
{
    kernels.add(y, x, n);
}

void bias_fwd(float *y, const float *bias, size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++)
        kernels.add(y + n * C, bias, C);
}

void bias_bwd(float *dbias, const float *dy, size_t c0, size_t c1, size_t N,
              size_t C)
{
    assert(c0 <= c1 && c1 <= C);
    kernels.bias_bwd(dbias, dy, c0, c1, N, C);
}

void axpy(float *y, float a, const float *x, size_t n)
{
    kernels.axpy(y, a, x, n);
}

float dot(const float *a, const float *b, size_t n)
{
    return kernels.dot(a, b, n);
}

/* One row per sequence goes through tanh: libm is fast enough. */
void tanh_fwd(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tanhf(x[i]);
}

void tanh_bwd(float *dx, const float *dy, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}

void bias_bwd_c(float *dbias, const float *dy, size_t c0, size_t c1, size_t N,
                size_t C)
{
    for (size_t n = 0; n < N; n++)
        for (size_t c = c0; c < c1; c++)
            dbias[c] += dy[n * C + c];
}

void add_c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

void axpy_c(float *y, float a, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

float dot_c(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

void relu_fwd(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0.0f ? x[i] : 0.0f;
}

void relu_bwd(float *dx, const float *dy, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}
