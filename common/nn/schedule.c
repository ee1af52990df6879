#include "nn/schedule.h"

#include <assert.h>

double schedule_factor(enum schedule kind, uint64_t s, uint64_t W, uint64_t T)
{
    assert(W < T);
    if (s < W)
        return (double)(s + 1) / (double)W;
    if (kind == SCHEDULE_CONSTANT)
        return 1.0;
    return s < T ? (double)(T - s) / (double)(T - W) : 0.0;
}
