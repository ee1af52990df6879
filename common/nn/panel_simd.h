/*
 * panel_simd.h - f32 and int8 sums, the pass after a product, and an input
 * row's quantisation. f32 tiles are 8 x 48 with AVX-512, 6 x 16 with AVX2:
 * sums, B's step and one number of A fill the registers.
 */
#ifndef NN_PANEL_SIMD_H
#define NN_PANEL_SIMD_H

#include <string.h>

#include "nn/gelu_simd.h"
#include "nn/kernels_isa.h"
#include "nn/panel_isa.h"
#include "nn/vec.h"

static inline float panel_spread(const char *a)
{
    float x;

    memcpy(&x, a, sizeof(x));
    return x;
}

#define TILE_NAME ISA(panel_sums_f32)
#ifdef __AVX512F__
#define TILE_ROWS 8
#define TILE_COLS 3
#define TILE_STEPS 128
#else
#define TILE_ROWS 6
#define TILE_COLS 1
#define TILE_STEPS 384
#endif
#define TILE_SUM vec
#define TILE_ZERO v_set(0.0f)
#define TILE_LOAD(p) v_load(p)
#define TILE_STORE(p, x) v_store(p, x)
#define TILE_A vec
#define TILE_SPREAD(a) v_set(panel_spread(a))
#define TILE_B vec
#define TILE_STEP(b) v_load((const float *)(b))
#define TILE_DOT(a, b, sum) v_fma(a, b, sum)
#include "nn/panel_tile.h"

/* ---- int8 without VNNI: no sum of two products leaves 16 bits ---- */

#ifdef __AVX512F__

typedef __m512i ivec;

static inline ivec i_zero(void)
{
    return _mm512_setzero_si512();
}
static inline ivec i_load(const void *p)
{
    return _mm512_loadu_si512(p);
}
static inline void i_store(void *p, ivec x)
{
    _mm512_storeu_si512(p, x);
}
static inline ivec i_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}
/* sum + a's four u8 times b's four s8, in each of 16 lanes */
static inline ivec i_dot(ivec a, ivec b, ivec sum)
{
    ivec two = _mm512_maddubs_epi16(a, b);

    return _mm512_add_epi32(sum, _mm512_madd_epi16(two, _mm512_set1_epi16(1)));
}
/* x - y * z as floats */
static inline vec i_float(ivec x, ivec y, ivec z)
{
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(x, _mm512_mullo_epi32(y, z)));
}
/* 16 bytes from round(x) + zero, held to [0, 255] */
static inline void i_bytes(uint8_t *q, vec x, ivec zero)
{
    ivec v = _mm512_add_epi32(_mm512_cvtps_epi32(x), zero);

    v = _mm512_max_epi32(v, _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)q, _mm512_cvtusepi32_epi8(v));
}

#else

typedef struct {
    __m256i lo, hi;
} ivec;

static inline ivec i_zero(void)
{
    return (ivec){ _mm256_setzero_si256(), _mm256_setzero_si256() };
}
static inline ivec i_load(const void *p)
{
    const __m256i *q = p;

    return (ivec){ _mm256_loadu_si256(q), _mm256_loadu_si256(q + 1) };
}
static inline void i_store(void *p, ivec x)
{
    __m256i *q = p;

    _mm256_storeu_si256(q, x.lo);
    _mm256_storeu_si256(q + 1, x.hi);
}
static inline ivec i_set(int32_t x)
{
    return (ivec){ _mm256_set1_epi32(x), _mm256_set1_epi32(x) };
}
static inline __m256i i_half_dot(__m256i a, __m256i b, __m256i sum)
{
    __m256i two = _mm256_maddubs_epi16(a, b);

    return _mm256_add_epi32(sum, _mm256_madd_epi16(two, _mm256_set1_epi16(1)));
}
static inline ivec i_dot(ivec a, ivec b, ivec sum)
{
    return (ivec){ i_half_dot(a.lo, b.lo, sum.lo),
                   i_half_dot(a.hi, b.hi, sum.hi) };
}
static inline __m256 i_half_float(__m256i x, __m256i y, __m256i z)
{
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(x, _mm256_mullo_epi32(y, z)));
}
static inline vec i_float(ivec x, ivec y, ivec z)
{
    return (vec){ i_half_float(x.lo, y.lo, z.lo),
                  i_half_float(x.hi, y.hi, z.hi) };
}
static inline void i_bytes(uint8_t *q, vec x, ivec zero)
{
    __m256i lo = _mm256_add_epi32(_mm256_cvtps_epi32(x.lo), zero.lo);
    __m256i hi = _mm256_add_epi32(_mm256_cvtps_epi32(x.hi), zero.hi);
    __m256i w = _mm256_permute4x64_epi64(_mm256_packs_epi32(lo, hi), 0xd8);

    _mm_storeu_si128((__m128i *)q,
                     _mm_packus_epi16(_mm256_castsi256_si128(w),
                                      _mm256_extracti128_si256(w, 1)));
}

#endif

static inline int32_t panel_spread_int(const char *a)
{
    int32_t x;

    memcpy(&x, a, sizeof(x));
    return x;
}

#define TILE_NAME ISA(panel_sums_int8)
#ifdef __AVX512F__
#define TILE_ROWS 8
#define TILE_COLS 2
#else
#define TILE_ROWS 3 /* more, and gcc 12 copies the sums */
#define TILE_COLS 1
#endif
#define TILE_STEPS 192
#define TILE_SUM ivec
#define TILE_ZERO i_zero()
#define TILE_LOAD(p) i_load(p)
#define TILE_STORE(p, x) i_store(p, x)
#define TILE_A ivec
#define TILE_SPREAD(a) i_set(panel_spread_int(a))
#define TILE_B ivec
#define TILE_STEP(b) i_load(b)
#define TILE_DOT(a, b, sum) i_dot(a, b, sum)
#include "nn/panel_tile.h"

/* ---- after the product ---- */

struct panel_column { /* 16 columns' constants */
    vec bias, scale;
    ivec total;
};

static inline __attribute__((always_inline)) vec
panel_value(const float *part, const struct panel_column *k,
            const struct panel_rows *a, size_t m, int int8)
{
    if (!int8)
        return v_add(v_load(part), k->bias);
    return v_fma(i_float(i_load(part), i_set(a->zero[m]), k->total),
                 v_mul(v_set(a->scale[m]), k->scale), k->bias);
}

static inline vec panel_quick_gelu(vec x)
{
    static const float phi[] = PANEL_PHI;
    vec near = v_min(v_max(x, v_set(-PANEL_FAR)), v_set(PANEL_FAR));
    vec t = v_mul(near, near), p = v_set(phi[0]);

    for (size_t i = 1; i < PANEL_PHI_TERMS; i++)
        p = v_fma(p, t, v_set(phi[i]));
    p = v_fma(near, p, v_set(0.5f));
    return v_mul(x, v_min(v_max(p, v_set(0.0f)), v_set(1.0f)));
}

static inline __attribute__((always_inline)) void
panel_finish_as(float *c, size_t ldc, const float *part,
                const struct panel_rows *a, const struct panel *p,
                enum panel_then then, size_t m, size_t n, size_t M, size_t N,
                int int8, int quick)
{
    struct panel_column k;

    for (size_t i = 0; i < N; i += PANEL_COLS) {
        size_t cols = N - i;

        k.bias = v_load(p->bias + n + i);
        if (int8) {
            k.scale = v_load(p->scale + n + i);
            k.total = i_load(p->total + n + i);
        }
        for (size_t r = 0; r < M; r++) {
            float *c_r = c + r * ldc + i;
            vec x = panel_value(part + r * PANEL_WIDTH + i, &k, a, m + r, int8);

            if (then == PANEL_GELU)
                x = quick ? panel_quick_gelu(x) : gelu_value(x);
            if (cols >= PANEL_COLS) {
                if (then == PANEL_ADD)
                    x = v_add(v_load(c_r), x);
                v_store(c_r, x);
            } else {
                if (then == PANEL_ADD)
                    x = v_add(v_load_n(c_r, cols, v_set(0.0f)), x);
                v_store_n(c_r, x, cols);
            }
        }
    }
}

void ISA(panel_finish)(float *c, size_t ldc, const void *part,
                       const struct panel_rows *a, const struct panel *p,
                       enum panel_then then, size_t m, size_t n, size_t M,
                       size_t N)
{
    const enum precision precision = p->precision;

#define PANEL_CASE(THEN, INT8, QUICK) \
    panel_finish_as(c, ldc, part, a, p, THEN, m, n, M, N, INT8, QUICK)
    switch (then) {
    case PANEL_BIAS:
        if (precision == PRECISION_INT8)
            PANEL_CASE(PANEL_BIAS, 1, 0);
        else
            PANEL_CASE(PANEL_BIAS, 0, 0);
        break;
    case PANEL_GELU:
        if (precision == PRECISION_INT8)
            PANEL_CASE(PANEL_GELU, 1, 1);
        else if (precision == PRECISION_BF16)
            PANEL_CASE(PANEL_GELU, 0, 1);
        else
            PANEL_CASE(PANEL_GELU, 0, 0);
        break;
    case PANEL_ADD:
        if (precision == PRECISION_INT8)
            PANEL_CASE(PANEL_ADD, 1, 0);
        else
            PANEL_CASE(PANEL_ADD, 0, 0);
        break;
    }
#undef PANEL_CASE
}

/* ---- input rows ---- */

static inline float panel_least_of(vec x)
{
    return -v_largest(v_sub(v_set(0.0f), x));
}

void ISA(panel_quantise)(uint8_t *q, float *scale, int32_t *zero,
                         const float *x, size_t K)
{
    const vec none = v_set(0.0f);
    vec low = none, high = none, bad = none, inverse, last;
    float least, most;
    size_t k = 0;
    ivec z;

    for (; k + VEC <= K; k += VEC) {
        low = v_min(low, v_load(x + k));
        high = v_max(high, v_load(x + k));
        bad = v_fma(v_load(x + k), none, bad);
    }
    if (k < K) {
        last = v_load_n(x + k, K - k, none);
        low = v_min(low, last);
        high = v_max(high, last);
        bad = v_fma(last, none, bad);
    }
    least = panel_least_of(low);
    most = v_largest(high);
    *scale = (most - least) / 255.0f + v_sum(bad); /* 0, or NaN */
    inverse = v_set(most > least ? 255.0f / (most - least) : 0.0f);
    *zero = most > least
                ? _mm_cvtss_si32(_mm_set_ss(-least * (255.0f / (most - least))))
                : 0;
    z = i_set(*zero);
    for (k = 0; k + VEC <= K; k += VEC)
        i_bytes(q + k, v_mul(v_load(x + k), inverse), z);
    if (k < K)
        i_bytes(q + k, v_mul(v_load_n(x + k, K - k, none), inverse), z);
}

#endif
