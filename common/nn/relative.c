#include "nn/relative.h"

enum { HALF = RELATIVE_BUCKETS / 2, EXACT = HALF / 2 };

/* The logarithm to the base of sqrt(2) of n / EXACT, in whole numbers: the
 * largest k with n^2 >= EXACT^2 * 2^k. */
static size_t logarithmic(size_t n)
{
    size_t bucket = EXACT;

    for (size_t most = 2 * EXACT * EXACT; bucket < HALF - 1 && n * n >= most;
         most *= 2)
        bucket++;
    return bucket;
}

size_t relative_bucket(ptrdiff_t distance)
{
    size_t n = (size_t)(distance < 0 ? -distance : distance);

    return (distance > 0 ? HALF : 0) + (n < EXACT ? n : logarithmic(n));
}

void relative_fwd(float *rel, const float *table, size_t H, size_t R)
{
    for (size_t i = 0; i < 2 * R - 1; i++) {
        size_t b = relative_bucket((ptrdiff_t)i - (ptrdiff_t)(R - 1));

        for (size_t h = 0; h < H; h++)
            rel[h * (2 * R - 1) + i] = table[b * H + h];
    }
}

void relative_bwd(float *dtable, const float *drel, size_t H, size_t R)
{
    for (size_t i = 0; i < 2 * R - 1; i++) {
        size_t b = relative_bucket((ptrdiff_t)i - (ptrdiff_t)(R - 1));

        for (size_t h = 0; h < H; h++)
            dtable[b * H + h] += drel[h * (2 * R - 1) + i];
    }
}
