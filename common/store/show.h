/*
 * show.h - the records of a store for the eye, or as JSON for programs,
 * appended to a buffer that the caller prints.
 */
#ifndef STORE_SHOW_H
#define STORE_SHOW_H

#include "store/records.h"

/* Up to limit records (0: all) of the store's kind from offset on; *shown
 * tells how many. JSON: a line each. each (may be NULL) is called after every
 * record and may empty the buffer, or end the walk by 1. */
typedef int show_fn(struct buf *b, struct err *err);
int show_records(struct buf *b, struct store *s, uint64_t offset,
                 uint64_t limit, bool json, show_fn *each, uint64_t *shown,
                 struct err *err) MUST_CHECK;

#endif
