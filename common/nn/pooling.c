#include "nn/pooling.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/elementwise.h"

/* The weight of row i in the modes that add rows. */
static float row_weight(enum pooling mode, size_t i, size_t len)
{
    double T = (double)len;

    switch (mode) {
    case POOLING_CLS:
        return i == 0 ? 1.0f : 0.0f;
    case POOLING_LAST:
        return i == len - 1 ? 1.0f : 0.0f;
    case POOLING_MEAN:
        return (float)(1.0 / T);
    case POOLING_MEAN_SQRT_LEN:
        return (float)(1.0 / sqrt(T));
    case POOLING_WEIGHTED_MEAN:
        return (float)(2.0 * (double)(i + 1) / (T * (T + 1.0)));
    case POOLING_MAX:
        break;
    }
    return 0.0f; /* chooses elements, not rows */
}

static void max_fwd(float *y, uint32_t *which, const float *x, size_t len,
                    size_t C)
{
    memcpy(y, x, C * sizeof(*y));
    if (which)
        memset(which, 0, C * sizeof(*which));
    for (size_t i = 1; i < len; i++) {
        for (size_t c = 0; c < C; c++) {
            if (!(x[i * C + c] > y[c]))
                continue;
            y[c] = x[i * C + c];
            if (which)
                which[c] = (uint32_t)i;
        }
    }
}

void pooling_fwd(float *y, uint32_t *which, const float *x, enum pooling mode,
                 size_t len, size_t C)
{
    assert(len > 0 && len <= UINT32_MAX);
    if (mode == POOLING_MAX) {
        max_fwd(y, which, x, len, C);
        return;
    }
    memset(y, 0, C * sizeof(*y));
    for (size_t i = 0; i < len; i++) {
        float w = row_weight(mode, i, len);

        if (w > 0.0f)
            axpy(y, w, x + i * C, C);
    }
}

void pooling_bwd(float *dx, const float *dy, const uint32_t *which,
                 enum pooling mode, size_t len, size_t C)
{
    assert(len > 0);
    if (mode == POOLING_MAX) {
        for (size_t c = 0; c < C; c++)
            dx[which[c] * C + c] += dy[c];
        return;
    }
    for (size_t i = 0; i < len; i++) {
        float w = row_weight(mode, i, len);

        if (w > 0.0f)
            axpy(dx + i * C, w, dy, C);
    }
}

void l2norm_fwd(float *y, float *norm, const float *x, size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *x_n = x + n * C;
        float length = fmaxf(sqrtf(dot(x_n, x_n, C)), 1e-12f);

        for (size_t c = 0; c < C; c++)
            y[n * C + c] = x_n[c] / length;
        if (norm)
            norm[n] = length;
    }
}

void l2norm_bwd(float *dx, const float *dy, const float *y, const float *norm,
                size_t N, size_t C)
{
    for (size_t n = 0; n < N; n++) {
        const float *dy_n = dy + n * C, *y_n = y + n * C;
        float along = dot(dy_n, y_n, C);

        for (size_t c = 0; c < C; c++)
            dx[n * C + c] = (dy_n[c] - y_n[c] * along) / norm[n];
    }
}
