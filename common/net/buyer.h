/*
 * buyer.h - send requests and hand in their answers: one thread, one loop, no
 * batches that wait for their slowest member.
 *
 * Throttled requests wait and are sent again, however often; the limiter slows
 * all of them down. What may pass (5xx, a broken line) is tried four times.
 * What no retry mends (key, credit, address) ends the run. Before it ends, and
 * after a signal, nothing more is sent, and what is under way gets eight
 * seconds to come in: it is paid for.
 */
#ifndef NET_BUYER_H
#define NET_BUYER_H

#include "base/buf.h"
#include "net/post.h"
#include "net/provider.h"

enum { BUYER_SLOTS = 64 };

/* One question with its turns; the caller fills it in next() and follow(). */
struct buyer_ask {
    uint32_t id;      /* the caller's */
    char hash[65];    /* of the question */
    unsigned attempt; /* number of the answer that is asked for */
    struct buf body;  /* request; the buyer releases it */
};

struct buyer_job {
    const struct provider *provider; /* for its limits and for messages */
    const char *url, *key;           /* key: NULL = none */
    size_t concurrency;              /* requests under way at first */
    uint64_t seed;                   /* of the jitter */
    int drain_s; /* at the end, for what is under way; 0: 8 */
    void *ctx;
    /* Fill *ask (zeroed): 0. Nothing more to ask: 1. */
    int (*next)(void *ctx, struct buyer_ask *ask, struct err *err);
    /* Put the answer aside; commit() is called before it is used. The key is
     * not in it, even if the server echoed it. */
    int (*keep)(void *ctx, const struct buyer_ask *ask, struct post_done *d,
                struct err *err);
    int (*commit)(void *ctx, struct err *err);
    /* After commit. 0: *ask is the next request about the same. 1: enough. */
    int (*follow)(void *ctx, struct buyer_ask *ask, struct err *err);
    bool (*stopped)(void); /* a signal came */
    void (*show)(void *ctx, size_t open);
};

struct buyer_counts {
    size_t requests, answers, throttled, retried, gave_up;
};

/*
 * Until next() has no more and everything is answered or given up.
 * ERR_STOPPED (signal), ERR_AUTH, ERR_AGAIN (no credit; throttled for ten
 * minutes, or told to wait longer than 15), ERR_CONFIG (redirect, no such
 * model; the first three requests were refused), ERR_UNAVAIL (ten in a row
 * without an answer), and what the callbacks return. Whatever came in before is
 * kept.
 */
int buyer_run(const struct buyer_job *job, struct buyer_counts *n,
              struct err *err) MUST_CHECK;

#endif
