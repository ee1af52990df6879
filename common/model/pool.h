/*
 * pool.h - texts of several stores, each once, and the pairs over them that are
 * known: what a sampler may propose pairs of.
 *
 * Order of calls: pool_ban() every store whose texts must not occur, then
 * pool_add() the stores whose texts do, then proposals.
 */
#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include "base/intern.h"
#include "mine/pairset.h"
#include "store/records.h"

struct pool {
    struct writer *writer; /* its texts are the pool; the caller's */
    struct intern banned;
    struct pairset known;
    uint64_t excluded;             /* texts left out because banned */
    uint64_t seen, kept, rejected; /* proposals, written, known already */
};

void pool_init(struct pool *p, struct writer *writer);
void pool_release(struct pool *p);
/* The texts of the store at path are not to occur. Errors: store_open()'s. */
int pool_ban(struct pool *p, const char *path, struct err *err) MUST_CHECK;
/* Take the texts of the store at path; its pairs are known. */
int pool_add(struct pool *p, const char *path, struct err *err) MUST_CHECK;
/* Write the pair of texts a and b (a != b) unless it or its mirror is known;
 * then it is. */
int pool_propose(struct pool *p, uint32_t a, uint32_t b, enum origin origin,
                 struct err *err) MUST_CHECK;
/* Write a pair that the caller has made known himself. */
int pool_write(struct pool *p, uint32_t a, uint32_t b, enum origin origin,
               struct err *err) MUST_CHECK;

#endif
