/*
 * vec.h - sixteen floats at once: one AVX-512 register or two AVX2 ones, with
 * the same operations in the same order, so that both give the same bits.
 *
 * Only for the *_simd.h bodies. Everything is static, so no wide instruction
 * can end up in another object. ISA(name) adds the variant's ending. In min
 * and max a NaN in the second operand wins.
 */
#ifndef NN_VEC_H
#define NN_VEC_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { VEC = 16 };

#ifdef __AVX512F__

#define ISA(name) name##_avx512
typedef __m512 vec;

static inline vec v_set(float x)
{
    return _mm512_set1_ps(x);
}
static inline vec v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void v_store(float *p, vec x)
{
    _mm512_storeu_ps(p, x);
}
static inline __mmask16 v_first(size_t k)
{
    return (__mmask16)((1u << k) - 1);
}
static inline vec v_load_n(const float *p, size_t k, vec rest)
{
    return _mm512_mask_loadu_ps(rest, v_first(k), p);
}
static inline void v_store_n(float *p, vec x, size_t k)
{
    _mm512_mask_storeu_ps(p, v_first(k), x);
}
static inline vec v_add(vec x, vec y)
{
    return _mm512_add_ps(x, y);
}
static inline vec v_sub(vec x, vec y)
{
    return _mm512_sub_ps(x, y);
}
static inline vec v_mul(vec x, vec y)
{
    return _mm512_mul_ps(x, y);
}
static inline vec v_div(vec x, vec y)
{
    return _mm512_div_ps(x, y);
}
static inline vec v_sqrt(vec x)
{
    return _mm512_sqrt_ps(x);
}
static inline vec v_min(vec x, vec y)
{
    return _mm512_min_ps(x, y);
}
static inline vec v_max(vec x, vec y)
{
    return _mm512_max_ps(x, y);
}
static inline vec v_abs(vec x)
{
    return _mm512_abs_ps(x);
}
static inline vec v_round(vec x)
{
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* x * y + z */
static inline vec v_fma(vec x, vec y, vec z)
{
    return _mm512_fmadd_ps(x, y, z);
}
/* z - x * y */
static inline vec v_fnma(vec x, vec y, vec z)
{
    return _mm512_fnmadd_ps(x, y, z);
}
/* by lane: x has its sign bit set ? yes : no */
static inline vec v_if_neg(vec x, vec yes, vec no)
{
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(x)),
                                no, yes);
}
/* by lane: x < y ? 0 : z; a NaN in x keeps z */
static inline vec v_zero_if_less(vec x, vec y, vec z)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, y, _CMP_NLT_UQ), z);
}
/* x * 2^n, n integral in [-126, 127] */
static inline vec v_scale2(vec x, vec n)
{
    return _mm512_scalef_ps(x, n);
}
static inline __m256 v_half_sum(vec x)
{
    return _mm256_add_ps(_mm512_castps512_ps256(x),
                         _mm512_extractf32x8_ps(x, 1));
}
static inline __m256 v_half_max(vec x)
{
    return _mm256_max_ps(_mm512_castps512_ps256(x),
                         _mm512_extractf32x8_ps(x, 1));
}

#else

#define ISA(name) name##_avx2
typedef struct {
    __m256 lo, hi;
} vec;

/* A vec whose halves are f(args), with every vec argument split. */
#define V_EACH1(f, x) ((vec){ f((x).lo), f((x).hi) })
#define V_EACH2(f, x, y) ((vec){ f((x).lo, (y).lo), f((x).hi, (y).hi) })
#define V_EACH3(f, x, y, z) \
    ((vec){ f((x).lo, (y).lo, (z).lo), f((x).hi, (y).hi, (z).hi) })

static inline vec v_set(float x)
{
    return (vec){ _mm256_set1_ps(x), _mm256_set1_ps(x) };
}
static inline vec v_load(const float *p)
{
    return (vec){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) };
}
static inline void v_store(float *p, vec x)
{
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
}
/* All ones in the lanes from `from` on whose number is below k. */
static inline __m256i v_first(size_t k, int from)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)k - from), lane);
}
static inline vec v_load_n(const float *p, size_t k, vec rest)
{
    __m256i lo = v_first(k, 0), hi = v_first(k, 8);

    return (vec){ _mm256_blendv_ps(rest.lo, _mm256_maskload_ps(p, lo),
                                   _mm256_castsi256_ps(lo)),
                  _mm256_blendv_ps(rest.hi, _mm256_maskload_ps(p + 8, hi),
                                   _mm256_castsi256_ps(hi)) };
}
static inline void v_store_n(float *p, vec x, size_t k)
{
    _mm256_maskstore_ps(p, v_first(k, 0), x.lo);
    _mm256_maskstore_ps(p + 8, v_first(k, 8), x.hi);
}
static inline vec v_add(vec x, vec y)
{
    return V_EACH2(_mm256_add_ps, x, y);
}
static inline vec v_sub(vec x, vec y)
{
    return V_EACH2(_mm256_sub_ps, x, y);
}
static inline vec v_mul(vec x, vec y)
{
    return V_EACH2(_mm256_mul_ps, x, y);
}
static inline vec v_div(vec x, vec y)
{
    return V_EACH2(_mm256_div_ps, x, y);
}
static inline vec v_sqrt(vec x)
{
    return V_EACH1(_mm256_sqrt_ps, x);
}
static inline vec v_min(vec x, vec y)
{
    return V_EACH2(_mm256_min_ps, x, y);
}
static inline vec v_max(vec x, vec y)
{
    return V_EACH2(_mm256_max_ps, x, y);
}
static inline vec v_abs(vec x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);

    return (vec){ _mm256_andnot_ps(sign, x.lo), _mm256_andnot_ps(sign, x.hi) };
}
static inline vec v_round(vec x)
{
    enum { HOW = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };

    return (vec){ _mm256_round_ps(x.lo, HOW), _mm256_round_ps(x.hi, HOW) };
}
static inline vec v_fma(vec x, vec y, vec z)
{
    return V_EACH3(_mm256_fmadd_ps, x, y, z);
}
static inline vec v_fnma(vec x, vec y, vec z)
{
    return V_EACH3(_mm256_fnmadd_ps, x, y, z);
}
static inline vec v_if_neg(vec x, vec yes, vec no)
{
    return V_EACH3(_mm256_blendv_ps, no, yes, x);
}
static inline vec v_zero_if_less(vec x, vec y, vec z)
{
    __m256 lo = _mm256_cmp_ps(x.lo, y.lo, _CMP_NLT_UQ);
    __m256 hi = _mm256_cmp_ps(x.hi, y.hi, _CMP_NLT_UQ);

    return (vec){ _mm256_and_ps(lo, z.lo), _mm256_and_ps(hi, z.hi) };
}
static inline __m256 v_pow2(__m256 n)
{
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}
static inline vec v_scale2(vec x, vec n)
{
    return (vec){ _mm256_mul_ps(x.lo, v_pow2(n.lo)),
                  _mm256_mul_ps(x.hi, v_pow2(n.hi)) };
}
static inline __m256 v_half_sum(vec x)
{
    return _mm256_add_ps(x.lo, x.hi);
}
static inline __m256 v_half_max(vec x)
{
    return _mm256_max_ps(x.lo, x.hi);
}

#endif

static inline float v_sum(vec x)
{
    __m256 h = v_half_sum(x);
    __m128 q =
        _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));

    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

static inline float v_largest(vec x)
{
    __m256 h = v_half_max(x);
    __m128 q =
        _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));

    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

/* 2^(n + f), n integral in [-126, 127], f in [-1/2, 1/2]: minimax polynomial,
 * relative error 2e-9 before rounding. */
static inline vec v_exp2(vec n, vec f)
{
    vec p = v_set(1.53457998e-4f);

    p = v_fma(p, f, v_set(1.33999312e-3f));
    p = v_fma(p, f, v_set(9.61848901e-3f));
    p = v_fma(p, f, v_set(5.55032878e-2f));
    p = v_fma(p, f, v_set(2.40226469e-1f));
    p = v_fma(p, f, v_set(6.93147206e-1f));
    p = v_fma(p, f, v_set(1.0f));
    return v_scale2(p, n);
}

#endif
