/*
 * listing.h - a pipeline's state as text for people: what would run and why,
 * what is there. The caller has selected and looked at every step.
 */
#ifndef DAG_LISTING_H
#define DAG_LISTING_H

#include "dag/plan.h"

/* The chosen steps that would run, a line each, and their number; as JSON the
 * chosen steps all. */
int listing_plan(struct buf *b, const struct plan *p, bool json,
                 struct err *err) MUST_CHECK;
/* Whether step i runs, and the reasons. */
int listing_why(struct buf *b, const struct plan *p, size_t i,
                struct err *err) MUST_CHECK;
/* Each step's output in force and its counts; as JSON an array of them. */
int listing_status(struct buf *b, const struct plan *p, bool json,
                   struct err *err) MUST_CHECK;
/*
 * The bytes of every finished output against its receipt; a line for each
 * that is damaged, and their number. ERR_FORMAT when there is one.
 */
int listing_verify(struct buf *b, const struct plan *p,
                   struct err *err) MUST_CHECK;

#endif
