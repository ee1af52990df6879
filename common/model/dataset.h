/*
 * dataset.h - what a model trains on or is measured on: examples from any
 * number of stores over one table of tokenised texts.
 *
 * DATASET_SCORED takes pairs that have a target (label, else score); pairs
 * without one are counted as skipped. DATASET_POSITIVE takes what a
 * multiple-negatives loss needs: triplets where a store has them, else its
 * pairs with a target of at least 0.5, or all of them when none has a target;
 * a text that is on both sides is skipped. DATASET_PAIRED takes every pair,
 * labelled or not.
 */
#ifndef MODEL_DATASET_H
#define MODEL_DATASET_H

#include "base/opt.h"
#include "base/rng.h"
#include "model/packed.h"
#include "store/records.h"

enum dataset_kind { DATASET_SCORED, DATASET_POSITIVE, DATASET_PAIRED };

struct example {
    uint32_t a, b;     /* texts: indexes of the table */
    float target;      /* [0, 1]; 1 for DATASET_POSITIVE */
    uint32_t first, n; /* hard negatives: negative[first .. first+n) */
    uint32_t store;    /* where it is from: number of dataset_add() ... */
    uint32_t record;   /* ... and of the pair or triplet in there */
};

/* An empty set is the caller's to refuse: dataset_need(). */
struct dataset {
    struct token_table table;
    uint64_t *hash; /* [table.n] of each text: equal texts of two stores */
    struct example *example;
    size_t n;
    uint32_t *negative;
    size_t negatives;
    size_t skipped;
    uint32_t stores;
    size_t cap, cap_negative; /* private */
};
#define DATASET_INIT \
    { \
        TOKEN_TABLE_INIT, NULL, NULL, 0, NULL, 0, 0, 0, 0, 0 \
    }

/* Tokenise as the model wants: bi_encoder_tokenise() or cross_encoder_...
 * behind a pointer to the model. */
typedef int dataset_tokenise_fn(const void *model, struct token_table *t,
                                const struct span *text, size_t n,
                                struct workers *w, struct err *err);

/* Append one store's examples; a warning when it has none of the kind (a
 * threshold may have left nothing). */
int dataset_add(struct dataset *d, const char *path, enum dataset_kind kind,
                dataset_tokenise_fn *tokenise, const void *model,
                struct workers *w, struct err *err) MUST_CHECK;
/*
 * Append n examples of two texts drawn from those of the examples there are,
 * target 0. No known pair, either way round, and no text with itself; fewer
 * than n when there are too few texts to pair.
 */
int dataset_add_random(struct dataset *d, size_t n, struct rng *rng,
                       struct err *err) MUST_CHECK;
/* ERR_FORMAT "nothing to train on" (what) when there is no example at all. */
int dataset_need(const struct dataset *d, const char *what,
                 struct err *err) MUST_CHECK;
/* Store and record numbers of examples which[n], as far as they fit out[size]:
 * "gold.lmdb 3 17; silver.lmdb 4". stores: the paths, in dataset_add()'s
 * order. */
void dataset_name(const struct dataset *d, const uint32_t *which, size_t n,
                  const struct opt_list *stores, char *out, size_t size);
void dataset_release(struct dataset *d);

#endif
