/* bf16 sums with VDPBF16PS, and input rows for them. */
#include <immintrin.h>
#include <string.h>

#include "nn/kernels_isa.h"
#include "nn/panel_isa.h"

static inline __m512bh spread(const char *a)
{
    int32_t x;

    memcpy(&x, a, sizeof(x));
    return (__m512bh)_mm512_set1_epi32(x);
}

/* Written out for the reason that kernels_vnni.c has. */
static inline __m512 dot(__m512bh a, __m512bh b, __m512 sum)
{
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

#define TILE_NAME panel_sums_bf16_bf16
#define TILE_ROWS 8
#define TILE_COLS 3
#define TILE_STEPS 128
#define TILE_SUM __m512
#define TILE_ZERO _mm512_setzero_ps()
#define TILE_LOAD(p) _mm512_loadu_ps(p)
#define TILE_STORE(p, x) _mm512_storeu_ps(p, x)
#define TILE_A __m512bh
#define TILE_SPREAD(a) spread(a)
#define TILE_B __m512bh
#define TILE_STEP(b) (__m512bh) _mm512_loadu_si512(b)
#define TILE_DOT(a, b, sum) dot(a, b, sum)
#include "nn/panel_tile.h"

void panel_halve_bf16(uint16_t *y, const float *x, size_t K)
{
    size_t k = 0;

    for (; k + 16 <= K; k += 16)
        _mm256_storeu_si256((__m256i *)(y + k), (__m256i)_mm512_cvtneps_pbh(
                                                    _mm512_loadu_ps(x + k)));
    if (k < K) {
        __mmask16 rest = (__mmask16)((1u << (K - k)) - 1);
        __m512 last = _mm512_maskz_loadu_ps(rest, x + k);

        _mm256_mask_storeu_epi16(y + k, (__mmask16)(rest | rest << 1),
                                 (__m256i)_mm512_cvtneps_pbh(last));
    }
}
