/*
 * warm.h - labels for pairs that nobody labelled: a sentence encoder's
 * cosines, for a cross-encoder to begin with.
 */
#ifndef MODEL_WARM_H
#define MODEL_WARM_H

#include "model/dataset.h"
#include "model/scorer.h"

/* d, of all pairs of the stores: every target becomes the model's cosine, cut
 * to [0, 1]. ERR_USAGE: the model (a --warm-start) is a cross-encoder. */
int warm_labels(struct dataset *d, const struct opt_list *stores,
                const char *folder, struct workers *w,
                struct err *err) MUST_CHECK;

/* The stores' texts for a teacher of its own tokeniser, under d's numbers:
 * kind is d's. */
int warm_texts(struct scorer *s, const struct opt_list *stores,
               enum dataset_kind kind, struct workers *w,
               struct err *err) MUST_CHECK;

#endif
