/*
 * course_parts.h - what course.c (batches), course_state.c (checkpoints) and
 * course_seeds.c (trials of seeds) share. Nobody else includes this.
 */
#ifndef MODEL_COURSE_PARTS_H
#define MODEL_COURSE_PARTS_H

#include "model/course.h"

struct run {
    struct course *c;
    struct course_phase *p;
    struct course_position at;
    size_t every;  /* batches between dev scores */
    size_t record; /* batches between rows of the history */
    size_t stop;   /* batches to do: all, or a seed's share */
};

/* "", ".start", ".best": which state, behind OUT.checkpoint. */
int course_save(struct run *r, const char *which, struct err *err) MUST_CHECK;
/* That state as it was, history and result files too. */
int course_load(struct run *r, const char *which, struct err *err) MUST_CHECK;
/* From c->found, whose head course_open() has read. */
int course_go_on(struct run *r, struct err *err) MUST_CHECK;
/* Time for a checkpoint? looked: the dev score was just measured. */
bool course_due(const struct course *c, bool looked);
/* Remove all of the states. */
int course_forget(struct course *c, struct err *err) MUST_CHECK;

/* Batches up to r->stop. */
int course_batches(struct run *r, struct err *err) MUST_CHECK;

/* Train every seed for its share; afterwards the run is that of the best. */
int course_try_seeds(struct run *r, struct err *err) MUST_CHECK;
/* Set up the seed that r->at says, if it is not the first. */
int course_reseed(struct run *r, struct err *err) MUST_CHECK;
/* The table to the log and the receipt. */
void course_show_seeds(const struct course *c);

#endif
