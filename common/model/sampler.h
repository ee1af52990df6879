/*
 * sampler.h - ways to choose candidate pairs from a pool of texts.
 * Thakur et al., "Augmented SBERT", 2021, arXiv:2010.08240.
 *
 * Each looks for k pairs per text and proposes them to the pool, in the same
 * order for any number of workers. Errors: ERR_NOMEM, ERR_STOPPED, the pool's.
 */
#ifndef MODEL_SAMPLER_H
#define MODEL_SAMPLER_H

#include "base/workers.h"
#include "model/pool.h"

/* Unknown pairs drawn evenly; the same seed draws the same. */
int sampler_random(struct pool *p, size_t k, uint64_t seed,
                   struct err *err) MUST_CHECK;
/* Each text's k best others by BM25 (bm25.h has k1 and b). */
int sampler_bm25(struct pool *p, size_t k, double k1, double b,
                 struct workers *w, struct err *err) MUST_CHECK;
/* Each text's k nearest others by the cosine of a bi-encoder's vectors. model
 * is a folder or a cached name. */
int sampler_semantic(struct pool *p, size_t k, const char *model,
                     struct workers *w, struct err *err) MUST_CHECK;

#endif
