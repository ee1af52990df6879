/*
 * buyer.h - send requests and hand in their answers: one thread, one loop, no
 * batches that wait for their slowest member.
 *
 * A source is what decides an answer: an endpoint and a model. A lane is one
 * way to it: a source with one key, with a limiter (limiter.h) and a breaker
 * (breaker.h) of its own. Throttled requests wait and are sent again, however
 * often; the lane slows all of its own down. What may pass (5xx, a broken line)
 * is tried four times. What no retry mends (key, credit, address) ends the
 * lane; when a source has no lane left its requests move to another source, and
 * when there is none the run ends. Before it ends, and after a signal, nothing
 * more is sent, and what is under way gets eight seconds to come in: it is paid
 * for.
 *
 * The first request to a source goes alone: should the way of asking be refused
 * (JSON mode, a parameter), another is tried, once per source and not once per
 * request.
 */
#ifndef NET_BUYER_H
#define NET_BUYER_H

#include "base/buf.h"
#include "net/budget.h"
#include "net/post.h"
#include "net/provider.h"
#include "net/reply.h"

enum { BUYER_SOURCES = 32, BUYER_LANES = 64, BUYER_SLOTS_MAX = 4096 };

struct buyer_lane {
    const struct provider *provider; /* for its limits and for messages */
    const char *name;                /* for messages */
    const char *url, *key;           /* key: NULL = none */
    const char *key_from;            /* "the variable X": for messages */
    unsigned source;
    size_t start, max; /* requests under way at first, and at most */
    bool fixed;        /* always `start` of them */
    double rpm, tpm;   /* 0: as the endpoint's headers say */
};

/* One question with its turns; the caller fills it in next() and follow(). */
struct buyer_ask {
    uint32_t id;      /* the caller's */
    unsigned source;  /* who is asked */
    unsigned sample;  /* the caller's */
    char hash[65];    /* of the question */
    unsigned attempt; /* number of the answer that is asked for */
    double cap;       /* most tokens it may have; the caller's */
    bool complete;    /* keep() says that nothing follows from the answer */
    struct buf body;  /* request; the buyer releases it */
};

/* What a request may cost. */
struct buyer_quote {
    double money, tokens; /* at most, to reserve */
    double likely;        /* tokens, for the tokens-a-minute limit */
    double wait_s;        /* not to be sent before that (a cheaper hour) */
};

enum { BUYER_FAILED = 256 }; /* bytes */
/* One request that is over. */
struct buyer_attempt {
    const struct buyer_ask *ask;
    const struct post_done *done;
    const struct reply_said *said;
    enum reply_class class;
    unsigned lane, tries, throttles;
    const char *failed; /* attempts before it: "HTTP 500 after 0.3 s; ..." */
    bool perhaps;       /* it may have been billed, nobody knows */
    double held_money, held_tokens;
    double money, tokens; /* out: what it took; held... when unknown */
};

struct buyer_counts {
    size_t requests, answers, throttled, retried, gave_up;
    size_t filtered; /* of the answers: refused by a filter */
    size_t refused;  /* kept as refused for what is in them */
};

/* How things stand, for who shows it. */
struct buyer_view {
    const struct buyer_counts *counts;
    size_t open;   /* questions taken up */
    size_t busy;   /* requests under way */
    double limit;  /* that may be, of all lanes */
    double wait_s; /* nothing goes out for so long; 0: it does */
};

struct buyer_job {
    const struct buyer_lane *lane;
    size_t lanes;
    uint64_t seed;         /* of the jitter */
    int drain_s;           /* at the end, for what is under way; 0: 8 */
    double max_time_s;     /* 0: no end */
    double max_wait_s;     /* that an endpoint may ask for; 0: 900 */
    struct budget *budget; /* NULL: none */
    void *ctx;
    /*
     * Fill *ask (zeroed): 0. Nothing more to ask: 1. open[source]: does it take
     * requests? If none does that fits, any source will do.
     */
    int (*next)(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err);
    /* The ask's source takes no more: 0: *ask is the same for another one,
     * 1: none. NULL: none ever. */
    int (*move)(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err);
    /* NULL: free of charge, at any time. */
    void (*quote)(void *ctx, const struct buyer_ask *ask,
                  struct buyer_quote *q);
    /* Any request that is over, before what follows from it. NULL: nothing. */
    int (*account)(void *ctx, struct buyer_attempt *a, struct err *err);
    /* Put the answer aside; commit() is called before it is used. The key is
     * not in it, even if the server echoed it. */
    int (*keep)(void *ctx, struct buyer_ask *ask, struct post_done *d,
                struct err *err);
    /* No answer, four times; not called when it was the endpoint's fault. NULL:
     * nothing. */
    int (*fail)(void *ctx, const struct buyer_ask *ask, const char *reason,
                struct err *err);
    int (*commit)(void *ctx, struct err *err);
    /* After commit. 0: *ask is the next request about the same. 1: enough. */
    int (*follow)(void *ctx, struct buyer_ask *ask, struct err *err);
    /* The first way of asking was refused, for the member `param` of the
     * request if not ""; or it got HTTP 500 three times, before any answer.
     * 0: *ask asks in another way, as all to that source from now on. 1: there
     * is none. NULL: never. */
    int (*refused)(void *ctx, struct buyer_ask *ask, const char *param,
                   struct err *err);
    /* The way of asking has changed since *ask was filled: fill it again. With
     * refused() only. */
    int (*renew)(void *ctx, struct buyer_ask *ask, struct err *err);
    /* Has this way of asking been answered before? NULL: all have. */
    bool (*proven)(void *ctx, unsigned source);
    bool (*stopped)(void); /* a signal came */
    /* More of the answers would be of no use: end, for the reason in *why.
     * NULL: never. */
    bool (*spoilt)(void *ctx, struct err *why);
    void (*show)(void *ctx, const struct buyer_view *v);
};

/*
 * Until next() has no more and everything is answered or given up.
 * ERR_STOPPED (signal), ERR_AUTH, ERR_CREDIT, ERR_AGAIN (a cap of the budget;
 * max_time_s; throttled for ten minutes, or told to wait longer than
 * max_wait_s), ERR_CONFIG (redirect, no such model; the first three requests
 * were refused), ERR_UNAVAIL (ten in a row without an answer, or half of the
 * last hundred), and what the callbacks return. Whatever came in before is
 * kept.
 */
int buyer_run(const struct buyer_job *job, struct buyer_counts *n,
              struct err *err) MUST_CHECK;

#endif
