/*
 * breaker.h - the share of failures among the last 100 results of an endpoint.
 * A true sliding window: four failures in a hundred never trip it, sixty do.
 * Throttled requests are no results; all that one broken HTTP/2 connection took
 * with it are one (the caller's to tell).
 */
#ifndef NET_BREAKER_H
#define NET_BREAKER_H

#include <stdbool.h>
#include <stddef.h>

enum { BREAKER_WINDOW = 100, BREAKER_LEAST = 50 };

struct breaker {
    bool bad[BREAKER_WINDOW];
    size_t at, n, failures; /* n: results in the window */
};

/* {0} is ready. True: more than half of the window, and of 50 results at
 * least, failed. */
bool breaker_add(struct breaker *b, bool failed);

#endif
