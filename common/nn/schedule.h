/*
 * schedule.h - the learning rate's factor at each step.
 */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include <stdint.h>

enum schedule {
    SCHEDULE_CONSTANT, /* warm-up, then 1 */
    SCHEDULE_LINEAR,   /* warm-up, then down to 0 at step T */
    SCHEDULE_COSINE,   /* warm-up, then half a cosine down to 0 at step T */
    SCHEDULE_RISING,   /* 1 at step 0, 1e7 at T - 1, exponentially */
};

/*
 * Step s counts from 0, so s < T. (s+1)/W while s < W: unlike the library's
 * s/W the first update is not lost. Then 1, or with
 * q = (s-W)/(T-W): 1-q, or (1+cos(pi q))/2. W < T.
 */
double schedule_factor(enum schedule kind, uint64_t s, uint64_t W, uint64_t T);

#endif
