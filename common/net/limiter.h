/*
 * limiter.h - how many requests may be under way, and when to try again.
 *
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989): one more
 * after 20 successes, x0.7 at a throttle, but once only per burst: throttles
 * of requests that were sent before the last cut cut nothing more.
 */
#ifndef NET_LIMITER_H
#define NET_LIMITER_H

#include <stddef.h>
#include <stdint.h>

struct limiter {
    double limit; /* requests that may be under way */
    size_t max;
    size_t successes;    /* since the last change */
    double cut_at;       /* when the limit was last cut, in seconds */
    double closed_until; /* no request before that */
};

void limiter_init(struct limiter *l, size_t start, size_t max);
/* May one more be sent, with `busy` under way? now in seconds, monotonic. */
int limiter_allows(const struct limiter *l, size_t busy, double now);
void limiter_success(struct limiter *l);
/* A throttled request that was sent at sent_at; wait_s as the server asked, or
 * below 0. */
void limiter_throttle(struct limiter *l, double sent_at, double now,
                      double wait_s);

/* Seconds before attempt n (from 1): 0.5 * 2^(n-1), at most 60, times a
 * uniform random share (full jitter) u in [0, 1). */
double limiter_backoff(unsigned n, double u);

#endif
