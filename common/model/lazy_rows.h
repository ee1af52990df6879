/*
 * lazy_rows.h - the rows of an embedding that AdamW need not visit.
 *
 * A row that no batch has had yet has no moments and no gradient: a step of
 * AdamW multiplies it by 1 - lr * decay and does nothing else. Such a row
 * sleeps; it gets its multiplications, one by one and in their order, when a
 * batch first has it or when the weights are to be read. The bits are those of
 * dense AdamW. Of MiniLM's parameters half are such rows, and a few hundred
 * pairs of one domain wake a tenth of them.
 */
#ifndef MODEL_LAZY_ROWS_H
#define MODEL_LAZY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lazy_rows {
    float *x, *dx; /* [rows,cols] the embedding and its gradient */
    size_t rows, cols;
    uint32_t *since; /* [rows] steps that a sleeping row has had; or AWAKE */
    float *keep;     /* [steps] what each step multiplied by */
    uint32_t steps;
    uint32_t *touched; /* [n] rows with a gradient in this step ... */
    bool *has;         /* [rows] ... and which those are */
    size_t n;
};
#define LAZY_ROWS_AWAKE UINT32_MAX

/* All asleep. x and dx are lent; dx is zero. At most `steps` steps. */
int lazy_rows_init(struct lazy_rows *r, float *x, float *dx, size_t rows,
                   size_t cols, uint64_t steps, struct err *err) MUST_CHECK;
void lazy_rows_release(struct lazy_rows *r); /* {0} is fine */

/* A batch of these rows comes: wake them and expect their gradients. */
void lazy_rows_touch(struct lazy_rows *r, const uint32_t *row, size_t n);
/* A step is over that multiplied sleeping rows by keep: forget and zero its
 * gradients. */
void lazy_rows_step(struct lazy_rows *r, float keep);
/* Let rows [begin,end) have all their steps: they may be read. Any worker. */
void lazy_rows_settle(struct lazy_rows *r, size_t begin, size_t end);

#endif
