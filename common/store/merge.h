/*
 * merge.h - several stores of one kind become one.
 *
 * Texts are interned, records keep their order, notes come along. Of pairs,
 * (a, b) and (b, a) are the same: one with the same label, or without one, is
 * dropped and lends the first what that lacks (label with origin, scores); one
 * with another label is a bad record. Equal triplets are dropped.
 * Counted: rejected = duplicates.
 */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/stage.h"

/* Makes st's output from the stores at paths. ERR_USAGE: not of one kind, or
 * of vectors. */
int merge_stores(struct stage *st, const struct opt_list *paths,
                 struct err *err) MUST_CHECK;

#endif
