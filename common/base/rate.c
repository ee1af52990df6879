#include "base/rate.h"

#include <string.h>

#define RATE_SPAN 60.0 /* seconds */

void rate_start(struct rate *r, double t, double done)
{
    r->mark[0].at = t;
    r->mark[0].done = done;
    r->marks = 1;
}

static void forget_first(struct rate *r)
{
    r->marks--;
    memmove(r->mark, r->mark + 1, r->marks * sizeof(*r->mark));
}

double rate_now(struct rate *r, double t, double done)
{
    if (t - r->mark[r->marks - 1].at >= 1.0) {
        if (r->marks == RATE_MARKS)
            forget_first(r);
        r->mark[r->marks].at = t;
        r->mark[r->marks].done = done;
        r->marks++;
    }
    while (r->marks > 2 && t - r->mark[1].at >= RATE_SPAN)
        forget_first(r);
    if (t <= r->mark[0].at)
        return 0.0;
    return (done - r->mark[0].done) / (t - r->mark[0].at);
}
