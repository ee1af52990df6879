/*
 * dialogue.h - what has been said about one anchor, and what to ask next.
 *
 * A question is known by the hash of its first request, which has neither the
 * key nor a local server's port in it; its answers are numbered from 0
 * (net/turns.h says when there is a second; llm/top_up.h when what is missing
 * is asked for). Following the stored answers is a
 * function of them alone, so buying can stop and go on anywhere, and the pass
 * that writes the output follows the same path as the one that bought.
 */
#ifndef LLM_DIALOGUE_H
#define LLM_DIALOGUE_H

#include "llm/checks.h"
#include "net/chat.h"
#include "net/turns.h"
#include "store/answers.h"

enum { TOP_UPS_MAX = 5 };

/* What is asked about every anchor. */
struct dialogue_plan {
    const struct provider *provider;
    const struct prompt *prompt;
    const char *model; /* "" = the provider's */
    const char *domain;
    int positives, negatives; /* wanted */
    double temperature;
    int64_t seed;
    unsigned sample;         /* another one is another question */
    enum provider_rung rung; /* way of asking for JSON */
    const char *dropped;     /* members to leave out (net/chat.h); or NULL */
    bool thinking;
    int top_ups;                 /* requests for what is missing, at most */
    bool settled;                /* ... but no new one is made any more */
    const struct checks *checks; /* ... and what is not; NULL: equality only */
    /* Fill in what differs from anchor to anchor, in text; NULL: nothing. */
    int (*fill)(void *ctx, struct span anchor, unsigned sample,
                struct prompt_values *v, struct buf *text, struct err *err);
    void *fill_ctx;
};

/* What a kind of answers took; money below 0: unknown. */
struct dialogue_cost {
    double answers, tokens, money, unknown; /* unknown: answers without price */
};

struct dialogue {
    enum turns_verdict verdict; /* where the stored answers end */
    unsigned attempt;           /* TURNS_ASK: number of the answer to buy */
    struct buf body;            /* ... and the request for it */
    double cap;                 /* ... and its most tokens */
    char hash[65];              /* of the question */
    struct dialogue_cost cost[CHAT_ERROR + 1]; /* by status of the answers */
    unsigned counted;                          /* of the answers, in cost */
    struct chat_answer answer; /* TURNS_USE: its items; TURNS_FAIL: why */
    bool usable; /* TURNS_ASK: answer has items, but fewer than asked for */
    int top_ups; /* answers to requests for what was missing, in answer */
    struct json *doc[TOP_UPS_MAX]; /* private: of their items */
};

/* Append the first request about an anchor. */
int dialogue_request(struct buf *b, const struct dialogue_plan *p,
                     struct span anchor, struct err *err) MUST_CHECK;
/* Most tokens the first answer may have. */
int dialogue_tokens(const struct dialogue_plan *p, struct span anchor);

/* Follow the stored answers about an anchor to where they end. */
int dialogue_follow(struct dialogue *d, const struct dialogue_plan *p,
                    struct store *answers, struct span anchor,
                    struct err *err) MUST_CHECK;
void dialogue_release(struct dialogue *d); /* {0} is fine */

#endif
