/*
 * progress.h - how far a long piece of work has come.
 *
 * On a terminal one line is redrawn in place, at most 10 times a second, cut to
 * its width; elsewhere one log line every 10 s, none in the first 10 s. With
 * --quiet nothing. Main thread only; one progress at a time.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stddef.h>

/* Start: unit is a plural noun ("pairs"); total 0 = unknown, then no ETA. */
void progress_start(const char *unit, size_t total);
/* The same when a run goes on: `before` items are done and not of its rate. */
void progress_start_after(const char *unit, size_t total, size_t before);
/* done items so far (not a difference); note (may be NULL) is shown after
 * the numbers, e.g. "loss 0.0312". Cheap: call it once per batch. */
void progress_update(size_t done, const char *note);
/* Erase the line; the rate of the whole work is left to the caller. */
void progress_end(void);
/* Silence all progress (--quiet). */
void progress_quiet(int quiet);
/* For base/log only: erase the bar before a log line is written. */
void progress_erase(void);

#endif
