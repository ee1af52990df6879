#include "net/buyer_parts.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The source's lane that is used least of what it may; NULL: none may. */
static struct lane *pick_lane(struct buyer *b, unsigned source, double likely)
{
    const double now = buyer_now();
    struct lane *best = NULL;

    if (!b->source[source].proven && b->source[source].busy > 0)
        return NULL;
    for (size_t i = 0; i < b->job->lanes; i++) {
        struct lane *l = &b->lane[i];

        if (l->want->source != source || l->stopped ||
            !limiter_may_send(&l->limiter, l->busy, likely, now))
            continue;
        if (!best || (double)l->busy * best->limiter.limit <
                         (double)best->busy * l->limiter.limit)
            best = l;
    }
    return best;
}

static int post_ask(struct buyer *b, struct buyer_slot *s, struct lane *l,
                    struct err *err)
{
    char header[160];
    const char *headers[2] = { header, NULL };
    const struct provider *p = l->want->provider;
    struct post_request r = { .id = (size_t)(s - b->slot),
                              .url = l->want->url,
                              .headers = headers,
                              .key = l->want->key,
                              .key_header = p->key_header,
                              .body = s->ask.body.ptr,
                              .len = s->ask.body.len,
                              .timeout_s = p->timeout_s };

    snprintf(header, sizeof(header), "Idempotency-Key: %s-%u", s->ask.hash,
             s->ask.attempt);
    s->sent = buyer_now();
    s->lane = (unsigned)(l - b->lane);
    s->waiting = false;
    l->busy++;
    b->source[s->ask.source].busy++;
    b->n->requests++;
    limiter_sent(&l->limiter, s->quote.likely, s->sent);
    return post_start(b->post, &r, err);
}

/* Is there money for it? Stops the run when there will be none. */
static bool may_pay(struct buyer *b, const struct buyer_slot *s)
{
    struct budget *g = b->job->budget;
    const struct buyer_quote *q = &s->quote;
    const char *full;
    struct err why = ERR_INIT;

    if (!g)
        return true;
    full = budget_full(g, q->money, q->tokens);
    switch (budget_reserve(g, q->money, q->tokens)) {
    case BUDGET_OK:
        return true;
    case BUDGET_WAIT:
        return false;
    case BUDGET_OVER:
        break;
    }
    ERR_SET(&why, ERR_AGAIN,
            "the cap on %s is reached: spent %.6g, %.0f tokens, %.0f requests; "
            "the next request may take %.6g and %.0f tokens; raise --max-%s "
            "and run the same command to go on",
            full, g->spent.money, g->spent.tokens, g->spent.requests, q->money,
            q->tokens, strcmp(full, "money") == 0 ? "cost" : full);
    buyer_stop(b, &why);
    return false;
}

/* Send what waits in the slot, if it may go now. */
static int try_send(struct buyer *b, struct buyer_slot *s, struct err *err)
{
    const double now = buyer_now();
    struct lane *l;

    if (now < s->not_before)
        return 0;
    s->quote = (struct buyer_quote){ 0.0, 0.0, 0.0, 0.0 };
    if (b->job->quote)
        b->job->quote(b->job->ctx, &s->ask, &s->quote);
    if (s->quote.wait_s > 0.0)
        s->not_before = now + fmin(s->quote.wait_s, 60.0);
    l = s->quote.wait_s > 0.0 ? NULL
                              : pick_lane(b, s->ask.source, s->quote.likely);
    return l && may_pay(b, s) ? post_ask(b, s, l, err) : 0;
}

/* Its source is closed: to another, or away until the next run. */
static int move(struct buyer *b, struct buyer_slot *s, struct err *err)
{
    int rc = 1;

    if (b->job->move)
        rc = b->job->move(b->job->ctx, &s->ask, b->open, err);
    if (rc == 0) {
        buyer_begin(s);
    } else if (rc == 1) {
        buyer_drop(s);
        rc = 0;
    }
    return rc;
}

int buyer_send_waiting(struct buyer *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->slots && !b->stopping; i++) {
        struct buyer_slot *s = &b->slot[i];

        if (s->active && s->waiting && !b->open[s->ask.source])
            rc = move(b, s, err);
        if (rc == 0 && s->active && s->waiting)
            rc = try_send(b, s, err);
    }
    return rc;
}

static bool any_may_send(struct buyer *b)
{
    for (unsigned i = 0; i < BUYER_SOURCES; i++)
        if (b->open[i] && pick_lane(b, i, 0.0))
            return true;
    return false;
}

static int fetch(struct buyer *b, struct buyer_slot *s, struct err *err)
{
    int rc;

    memset(s, 0, sizeof(*s));
    rc = b->job->next(b->job->ctx, &s->ask, b->open, err);
    assert(s->ask.source < BUYER_SOURCES);
    s->active = s->waiting = rc == 0;
    b->no_more = rc == 1;
    return rc < 0 ? rc : 0;
}

int buyer_send_new(struct buyer *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->slots && !b->no_more; i++) {
        struct buyer_slot *s = &b->slot[i];

        if (s->active)
            continue;
        if (b->stopping || !any_may_send(b))
            break;
        rc = fetch(b, s, err);
        if (rc == 0 && s->active)
            rc = try_send(b, s, err);
        if (rc == 0 && s->waiting && b->job->lanes == 1)
            break; /* the next would wait as well */
    }
    return rc;
}
