/* int8 sums with VPDPBUSD. */
#include <immintrin.h>
#include <string.h>

#include "nn/kernels_isa.h"
#include "nn/panel_isa.h"

static inline __m512i spread(const char *a)
{
    int32_t x;

    memcpy(&x, a, sizeof(x));
    return _mm512_set1_epi32(x);
}

/* gcc 12 copies every accumulator around the intrinsic, which halves the
 * speed; written out, it keeps them in place. */
static inline __m512i dot(__m512i a, __m512i b, __m512i sum)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

#define TILE_NAME panel_sums_int8_vnni
#define TILE_ROWS 8
#define TILE_COLS 3
#define TILE_STEPS 128
#define TILE_SUM __m512i
#define TILE_ZERO _mm512_setzero_si512()
#define TILE_LOAD(p) _mm512_loadu_si512(p)
#define TILE_STORE(p, x) _mm512_storeu_si512(p, x)
#define TILE_A __m512i
#define TILE_SPREAD(a) spread(a)
#define TILE_B __m512i
#define TILE_STEP(b) _mm512_loadu_si512(b)
#define TILE_DOT(a, b, sum) dot(a, b, sum)
#include "nn/panel_tile.h"
