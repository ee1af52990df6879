/*
 * rng.h - reproducible random numbers: one stream seeded by --seed and passed
 * down. xoshiro256** (Blackman and Vigna, 2018) seeded by splitmix64.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* stream tells apart the uses of one seed (shuffle, dropout, ...). */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/* Uniform in [0, n), without modulo bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Uniform in [0, 1), 53 bits. */
double rng_uniform(struct rng *r);
/* Standard normal (Box-Muller, cosine half). */
double rng_normal(struct rng *r);
/* Fisher-Yates over n elements of idx. */
void rng_shuffle(struct rng *r, uint32_t *idx, size_t n);
/* A hash of (seed, counter) as good as random: for dropout masks that do not
 * depend on who computes them. splitmix64's finaliser. */
uint64_t rng_at(uint64_t seed, uint64_t counter);

#endif
