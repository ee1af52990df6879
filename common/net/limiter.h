/*
 * limiter.h - how many requests may be under way, how many may go out in a
 * minute, and when to try again. One for each endpoint, model and key.
 *
 * Concurrency: additive increase, multiplicative decrease (Chiu and Jain,
 * 1989): one more after 20 successes, x0.7 at a throttle, but once only per
 * burst: throttles of requests that were sent before the last cut cut nothing
 * more. Near the level of the last cut, if that is 8 or more, it takes 60.
 *
 * Requests and tokens per minute: token buckets, refilled continuously, that
 * hold one second's worth (limits are often enforced by the second). A request
 * that needs more than the bucket holds waits until it is full and leaves a
 * debt. Need = estimated prompt + answer cap; limiter_settle() gives back what
 * was not used.
 */
#ifndef NET_LIMITER_H
#define NET_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter_bucket {
    double per_s; /* refill; 0: no limit */
    double level; /* what may go out now; below 0: a debt */
    double at;    /* when level was right, in seconds */
};

struct limiter {
    double limit; /* requests that may be under way */
    size_t max;
    bool fixed;          /* the limit never changes */
    size_t successes;    /* since the last change */
    double scar;         /* limit at the last throttle; 0: none */
    double cut_at;       /* when the limit was last cut, in seconds */
    double closed_until; /* no request before that */
    struct limiter_bucket requests, tokens;
};

void limiter_init(struct limiter *l, size_t start, size_t max);
/* Per minute; 0: no limit. May be called again with what a server says. */
void limiter_set_rates(struct limiter *l, double rpm, double tpm, double now);

/* May one more be sent, with `busy` under way? now in seconds, monotonic. */
int limiter_allows(const struct limiter *l, size_t busy, double now);
/* The same, and both buckets have what it needs. */
bool limiter_may_send(struct limiter *l, size_t busy, double tokens,
                      double now);
void limiter_sent(struct limiter *l, double tokens, double now);
/* It was estimated at `tokens` and took `used`. */
void limiter_settle(struct limiter *l, double tokens, double used);
/* Seconds until a request of so many tokens may go out, busy or not. */
double limiter_wait(const struct limiter *l, double tokens, double now);

void limiter_success(struct limiter *l);
/* A throttled request that was sent at sent_at; wait_s as the server asked, or
 * below 0. */
void limiter_throttle(struct limiter *l, double sent_at, double now,
                      double wait_s);

/* Seconds before attempt n (from 1): 0.5 * 2^(n-1), at most 60, times a
 * uniform random share (full jitter) u in [0, 1). */
double limiter_backoff(unsigned n, double u);

#endif
