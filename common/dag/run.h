/*
 * run.h - make every chosen output that is not up to date, side by side where
 * nothing stands between.
 */
#ifndef DAG_RUN_H
#define DAG_RUN_H

#include "dag/plan.h"

enum { RUN_JOBS_MAX = 64 };
struct run_options {
    size_t
        jobs;   /* steps side by side, 1 to RUN_JOBS_MAX; they share the CPUs */
    bool quiet; /* do not log the commands */
};
struct run_tally {
    size_t ran, reused;
};

/*
 * The steps were selected; their state is found out on the way. A failure lets
 * the steps that run finish, but starts no more. Signals must be caught
 * (spawn_catch_signals). ERR_IO, ERR_AGAIN: a step failed (named, with its
 * log); ERR_USAGE: a step needs one that is not chosen and not up to date;
 * ERR_STOPPED.
 */
int run_steps(struct plan *p, const struct run_options *o,
              struct run_tally *tally, struct err *err) MUST_CHECK;
/* Append what steps with "show" printed, also when they were reused. */
int run_results(struct buf *b, const struct plan *p,
                struct err *err) MUST_CHECK;

#endif
