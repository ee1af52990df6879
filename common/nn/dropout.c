#include "nn/dropout.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "nn/kernels.h"
#include "nn/kernels_isa.h"

void dropout_fwd(float *y, const float *x, float p, uint64_t seed, uint64_t row,
                 size_t N, size_t C)
{
    uint32_t cut = (uint32_t)(p * 65536.0f + 0.5f);
    float scale = 65536.0f / (65536.0f - (float)cut);

    assert(p >= 0.0f && cut < 65536);
    if (cut == 0) {
        memmove(y, x, N * C * sizeof(*y));
        return;
    }
    for (size_t n = 0; n < N; n++)
        kernels.dropout_row(y + n * C, x + n * C, cut, scale, seed,
                            (row + n) * ((C + 3) / 4), C);
}

void dropout_row_c(float *y, const float *x, uint32_t cut, float scale,
                   uint64_t seed, uint64_t counter, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint64_t bits = rng_at(seed, counter + i / 4);

        for (size_t k = i; k < n && k < i + 4; k++, bits >>= 16)
            y[k] = (bits & 0xFFFF) < cut ? 0.0f : x[k] * scale;
    }
}
