#include "nn/adamw.h"

#include <assert.h>
#include <math.h>

#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void adamw_begin(struct adamw *a, uint64_t k)
{
    assert(k > 0);
    a->fix1 = 1.0 - pow(a->beta1, (double)k);
    a->fix2 = 1.0 - pow(a->beta2, (double)k);
}

float adamw_keep(const struct adamw *a)
{
    return (float)(1.0 - a->lr * a->decay);
}

void adamw_step(float *p, float *m, float *v, const float *g,
                const struct adamw *a, size_t begin, size_t end)
{
    assert(begin <= end && a->fix1 > 0.0 && a->fix2 > 0.0);
    kernels.adamw_step(p + begin, m + begin, v + begin, g + begin, a,
                       end - begin);
}

void adamw_step_c(float *p, float *m, float *v, const float *g,
                  const struct adamw *a, size_t n)
{
    const float keep = adamw_keep(a), clip = (float)a->clip;
    const float b1 = (float)a->beta1, c1 = (float)(1.0 - a->beta1);
    const float b2 = (float)a->beta2, c2 = (float)(1.0 - a->beta2);
    const float rate = (float)(a->lr / a->fix1), eps = (float)a->eps;
    const float root = (float)(1.0 / sqrt(a->fix2));

    for (size_t i = 0; i < n; i++) {
        float x = clip * g[i];

        m[i] = b1 * m[i] + c1 * x;
        v[i] = b2 * v[i] + c2 * (x * x);
        p[i] = keep * p[i] - rate * (m[i] / (sqrtf(v[i]) * root + eps));
    }
}

double grad_sumsq(const float *g, size_t n)
{
    enum { PARTS = 8 };
    double part[PARTS] = { 0 }, sum = 0.0;
    size_t i = 0;

    for (; i + PARTS <= n; i += PARTS)
        for (size_t k = 0; k < PARTS; k++)
            part[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        part[i % PARTS] += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < PARTS; k++)
        sum += part[k];
    return sum;
}

double grad_norm(const double *partial, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += partial[i];
    return sqrt(sum);
}

double clip_factor(double norm, double max)
{
    return max > 0.0 ? fmin(1.0, max / (norm + 1e-6)) : 1.0;
}
