/*
 * hints.h - what the header lines of an answer say about the next request.
 *
 *   retry-after-ms: 1500          before
 *   Retry-After: 2 | 1.5 | 1m20s | Wed, 21 Oct 2026 07:28:00 GMT
 *   x-should-retry: true | false
 *   x-ratelimit-limit-requests, -remaining-requests, -reset-requests; the same
 *   for -tokens. A reset is a Go duration (6m0s, 12ms) or seconds.
 *   Location: of which the host alone is kept
 *
 * What is negative, no number or absurd counts as not said.
 */
#ifndef NET_HINTS_H
#define NET_HINTS_H

#include <stdbool.h>
#include <stddef.h>

enum { HINTS_REQUESTS, HINTS_TOKENS, HINTS_KINDS };

struct hints {
    double retry_after;        /* seconds; -1: not said */
    int should_retry;          /* 1, 0; -1: not said */
    double limit[HINTS_KINDS]; /* a minute; -1: not said */
    double left[HINTS_KINDS];  /* now */
    double reset[HINTS_KINDS]; /* seconds until left = limit */
    char location[128];        /* scheme and host of a redirect; "" */
    bool exact;                /* retry_after was in ms */
};

void hints_init(struct hints *h);
/* One header line, with or without its line end. */
void hints_line(struct hints *h, const char *line, size_t len);
/* How long to wait: what the server asked for, or the reset of a limit that
 * nothing is left of; -1: it does not say. */
double hints_wait(const struct hints *h);

/* Seconds of a Go duration, or of a plain number; -1: neither. */
double hints_duration(const char *value);
/* Retry-After: seconds, also as a fraction, a Go duration or a HTTP date; one
 * in the past is 0. -1: not valid, negative, or a third of a year and more. */
double hints_retry_after(const char *value);

#endif
