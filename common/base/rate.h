/*
 * rate.h - items a second over about the last minute.
 */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stddef.h>

enum { RATE_MARKS = 64 }; /* at least a second apart */

struct rate {
    struct {
        double at, done;
    } mark[RATE_MARKS];
    size_t marks;
};

/* t: seconds of any clock that does not go back; done: items that are there
 * already, from a run before, and do not count. */
void rate_start(struct rate *r, double t, double done);
/* done: items so far, those included. 0 before any time has passed. */
double rate_now(struct rate *r, double t, double done);

#endif
