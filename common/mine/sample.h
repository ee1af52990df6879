/*
 * sample.h - uniform random pairs of texts, the control sampler of augmented
 * SBERT: both sides drawn uniformly (Thakur et al., 2021, arXiv:2010.08240).
 */
#ifndef MINE_SAMPLE_H
#define MINE_SAMPLE_H

#include "base/rng.h"
#include "mine/pairset.h"

struct sample_pair {
    uint32_t a, b;
};

/*
 * Draw up to `want` unordered pairs of [0, n) that are not in known, and put
 * them there; out[want]. *got is less than want only when few pairs exist.
 */
int sample_random(struct sample_pair *out, size_t *got, size_t want, uint32_t n,
                  struct pairset *known, struct rng *rng,
                  struct err *err) MUST_CHECK;

#endif
