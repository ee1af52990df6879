#include "nn/schedule.h"

#include <assert.h>
#include <math.h>

#define PI 3.14159265358979323846

double schedule_factor(enum schedule kind, uint64_t s, uint64_t W, uint64_t T)
{
    assert(W < T);
    if (s < W)
        return (double)(s + 1) / (double)W;
    if (kind == SCHEDULE_RISING)
        return pow(1e7, T > 1 ? (double)s / (double)(T - 1) : 0.0);
    if (kind == SCHEDULE_CONSTANT)
        return 1.0;
    if (kind == SCHEDULE_COSINE && s < T)
        return 0.5 + 0.5 * cos(PI * (double)(s - W) / (double)(T - W));
    return s < T ? (double)(T - s) / (double)(T - W) : 0.0;
}
