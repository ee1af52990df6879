/*
 * lane.h - the state of one lane of a buyer (buyer.h): open, paused until some
 * time, or stopped for a reason.
 */
#ifndef NET_LANE_H
#define NET_LANE_H

#include "net/breaker.h"
#include "net/buyer.h"
#include "net/limiter.h"

enum { LANE_GAVE_UP_MAX = 10 }; /* in a row */

/* A question without an answer; whose fault it was is not known yet. */
struct lane_lost {
    struct buyer_ask ask; /* without its body */
    char reason[256];
};

struct lane {
    const struct buyer_lane *want;
    struct limiter limiter;
    struct breaker breaker;
    long lost_connection; /* the last one that broke, and when that counted */
    double lost_at;
    unsigned broken;  /* requests that broke, none answered between them */
    double burst_at;  /* when they were as many as count */
    unsigned outages; /* attempts to reach it in vain, no answer since */
    double outage_at; /* when the last of them counted */
    size_t busy, answers, refused;
    bool stopped;
    struct err why; /* ... if so */
    /* since when only throttles came; the first long pause it asked for does
     * not count; NaN: the last that came was an answer */
    double silent;
    double told; /* when its silence was last logged */
    struct lane_lost lost[LANE_GAVE_UP_MAX]; /* in a row */
    size_t losts;
};

void lane_init(struct lane *l, const struct buyer_lane *want, double now);
/* why: filled by ERR_SET(). The first reason counts. */
void lane_stop(struct lane *l, const struct err *why);
/* Fill the reasons to stop for an answer of a class that nothing mends. */
void lane_refusal(const struct lane *l, enum reply_class class,
                  const struct post_done *d, const char *code, struct err *why);
/* The beginning of an answer's body, on one line. */
void lane_show_body(char *out, size_t size, const struct post_done *d);
/*
 * A throttled request, sent at `sent`, that waits for wait_s now. Pauses the
 * lane or, beyond max_wait_s or after ten minutes of throttles without an
 * answer between them, stops it. Time in which nothing was sent before the
 * first of them (cheaper hours were waited for) is no silence.
 */
void lane_throttle(struct lane *l, double sent, double now, double wait_s,
                   double max_wait_s);
/*
 * A request, sent at `sent`, did not get out to an endpoint that had answered.
 * Pauses the lane for longer each time, up to a minute; stops it after ten
 * minutes without an answer. Those sent before the last pause add nothing.
 */
void lane_outage(struct lane *l, double sent, double now, const char *reason);
/* Does a request that broke, sent at `sent`, count as a failure? HTTP/2 has
 * many on one connection (0: not known), of which one counts; when a server
 * goes away all that is under way breaks, of which eight count. Else a single
 * reset would look like an outage. */
bool lane_broke(struct lane *l, double sent, double now, long connection);
/* An answer came. */
void lane_answered(struct lane *l);
/* Take over what the headers say about limits. */
void lane_learn(struct lane *l, const struct hints *h, double now);

#endif
