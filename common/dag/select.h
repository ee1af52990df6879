/*
 * select.h - which steps of a pipeline a command is about.
 */
#ifndef DAG_SELECT_H
#define DAG_SELECT_H

#include "base/opt.h"
#include "dag/plan.h"

/* Names of steps; NULL or "" where not given. */
struct select {
    const char *from;             /* this and what depends on it */
    const char *until;            /* this and what it needs */
    const char *only;             /* nothing but this */
    const struct opt_list *force; /* to be made again */
};

/* Sets chosen in each step of the plan, and forced where asked. ERR_USAGE: no
 * such step (names the nearest). */
int select_steps(struct plan *p, const struct select *how,
                 struct err *err) MUST_CHECK;

#endif
