/*
 * summary.h - the numbers of a store: counts, text lengths in characters,
 * origins, histograms of labels and scores; for the eye or as one JSON object.
 */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "store/records.h"

/* Append to b. */
int summary_print(struct buf *b, struct store *s, bool json,
                  struct err *err) MUST_CHECK;

#endif
