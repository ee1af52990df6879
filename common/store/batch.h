/*
 * batch.h - the puts since the last commit, kept in memory so that they can be
 * put again when their transaction was lost.
 *
 * One put: table u32, key length u32, value length u32, key, value.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct batch {
    struct buf bytes;
    size_t n;
};
struct batch_put {
    size_t table;
    struct blob key, value;
};

void batch_init(struct batch *b);
void batch_release(struct batch *b);
void batch_reset(struct batch *b);
/* Keep a put whose value is head and body in a row; *value is that value and
 * lives until the next call. ERR_FULL, ERR_NOMEM. */
int batch_add(struct batch *b, size_t table, struct blob key, struct blob head,
              struct blob body, struct blob *value, struct err *err) MUST_CHECK;
/* The puts in the order they came; *at is 0 at first. False at the end. */
bool batch_next(const struct batch *b, size_t *at, struct batch_put *put);

#endif
