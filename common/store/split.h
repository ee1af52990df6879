/*
 * split.h - train, dev and test parts of a store that share no text.
 *
 * Records that share a text, directly or through others, are one component
 * and stay together. Components are shuffled with the seed and handed to test,
 * then dev, as long as the part does not exceed its share; the rest is train.
 * The same store, shares and seed give the same assignment, whichever part is
 * written, so the three parts fit together.
 */
#ifndef STORE_SPLIT_H
#define STORE_SPLIT_H

#include "store/stage.h"

enum split_part { SPLIT_TRAIN, SPLIT_DEV, SPLIT_TEST };

struct split_rules {
    enum split_part part; /* the one to write */
    double dev, test;     /* shares of the records, sum < 1 */
    uint64_t seed;
};
/* The part of each text: part[n_texts]. weight[i] counts the records whose
 * first text is i; edges are n_edges couples of texts that stay together. */
int split_assign(enum split_part *part, const uint32_t *edges, size_t n_edges,
                 const uint32_t *weight, uint32_t n_texts,
                 const struct split_rules *rules, struct err *err) MUST_CHECK;
/* Makes st's output: the part's records. ERR_USAGE: vectors. */
int split_store(struct stage *st, struct store *in,
                const struct split_rules *rules, struct err *err) MUST_CHECK;

#endif
