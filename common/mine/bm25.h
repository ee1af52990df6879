/*
 * bm25.h - Okapi BM25 over documents given as lists of term ids, in memory.
 *
 * score(q, d) = sum over distinct terms t of q of
 *     idf(t) * tf(t,d) / (tf(t,d) + k1 * (1 - b + b * |d| / avg|d|))
 * idf(t) = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))
 *
 * Lucene's form of Robertson and Zaragoza, "The Probabilistic Relevance
 * Framework: BM25 and Beyond", 2009, eq. 3.15; k1 = 1.2, b = 0.75.
 */
#ifndef MINE_BM25_H
#define MINE_BM25_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bm25;

/* Documents as term ids: those of document i are term[offset[i] ..
 * offset[i+1]). Ids are below n_terms. Nothing of the input is kept. */
int bm25_new(struct bm25 **out, const uint32_t *term, const size_t *offset,
             size_t n, size_t n_terms, double k1, double b,
             struct err *err) MUST_CHECK;
void bm25_free(struct bm25 *m); /* NULL is fine */

struct bm25_hit {
    uint32_t doc;
    float score;
};

/* Scratch of one worker; reused between queries. */
struct bm25_scratch;
int bm25_scratch_new(struct bm25_scratch **out, const struct bm25 *m,
                     struct err *err) MUST_CHECK;
void bm25_scratch_free(struct bm25_scratch *s);

/*
 * The k best documents for a query of n distinct or repeated term ids, best
 * first, ties by lower document; `skip` (UINT32_MAX: none) is left out, as are
 * documents without a common term. Returns how many. Safe from several
 * threads, each with its own scratch.
 */
size_t bm25_query(const struct bm25 *m, struct bm25_scratch *s,
                  struct bm25_hit *hit, size_t k, const uint32_t *term,
                  size_t n, uint32_t skip);

#endif
