/*
 * dropout_simd.h - rng_at() for four counters at a time gives the bits for
 * sixteen elements.
 */
#ifndef NN_DROPOUT_SIMD_H
#define NN_DROPOUT_SIMD_H

#include "nn/kernels_isa.h"
#include "nn/vec.h"

/* Low 64 bits of x * k in each lane. */
static inline __m256i dropout_mul(__m256i x, uint64_t k)
{
    const __m256i y = _mm256_set1_epi64x((long long)k);

#ifdef __AVX512F__
    return _mm256_mullo_epi64(x, y);
#else
    __m256i low = _mm256_mul_epu32(x, y);
    __m256i cross =
        _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(x, 32), y),
                         _mm256_mul_epu32(x, _mm256_srli_epi64(y, 32)));

    return _mm256_add_epi64(low, _mm256_slli_epi64(cross, 32));
#endif
}

/* The finaliser of rng_at(). */
static inline __m256i dropout_mix(__m256i z)
{
    z = dropout_mul(_mm256_xor_si256(z, _mm256_srli_epi64(z, 30)),
                    0xBF58476D1CE4E5B9u);
    z = dropout_mul(_mm256_xor_si256(z, _mm256_srli_epi64(z, 27)),
                    0x94D049BB133111EBu);
    return _mm256_xor_si256(z, _mm256_srli_epi64(z, 31));
}

/* Sixteen 16-bit numbers in, x where they are >= cut, else 0. */
static inline vec dropout_keep(vec x, __m256i bits, uint32_t cut)
{
    const __m256i limit = _mm256_set1_epi16((short)cut);

#ifdef __AVX512F__
    return _mm512_maskz_mov_ps(_mm256_cmpge_epu16_mask(bits, limit), x);
#else
    __m256i keep = _mm256_cmpeq_epi16(_mm256_max_epu16(bits, limit), bits);
    __m256i lo = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(keep));
    __m256i hi = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(keep, 1));

    return (vec){ _mm256_and_ps(x.lo, _mm256_castsi256_ps(lo)),
                  _mm256_and_ps(x.hi, _mm256_castsi256_ps(hi)) };
#endif
}

void ISA(dropout_row)(float *y, const float *x, uint32_t cut, float scale,
                      uint64_t seed, uint64_t counter, size_t n)
{
    const uint64_t golden = 0x9E3779B97F4A7C15u; /* rng_at()'s step */
    const uint64_t z = seed + (counter + 1) * golden;
    const __m256i step = _mm256_set1_epi64x((long long)(4 * golden));
    const vec k = v_set(scale), none = v_set(0.0f);
    __m256i at = _mm256_setr_epi64x((long long)z, (long long)(z + golden),
                                    (long long)(z + 2 * golden),
                                    (long long)(z + 3 * golden));
    size_t i = 0;

    for (; i + VEC <= n; i += VEC) {
        v_store(y + i,
                dropout_keep(v_mul(v_load(x + i), k), dropout_mix(at), cut));
        at = _mm256_add_epi64(at, step);
    }
    if (i < n)
        v_store_n(y + i,
                  dropout_keep(v_mul(v_load_n(x + i, n - i, none), k),
                               dropout_mix(at), cut),
                  n - i);
}

#endif
