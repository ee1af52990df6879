#include "net/buyer_parts.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

enum {
    DRAIN_S = 8,
    IDLE_TELL_S = 15, /* nothing goes out for so long: say why */
    SPARE_SLOTS = 64, /* for what waits */
    TURN = 64,        /* answers that share a commit */
};

double buyer_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void buyer_stop(struct buyer *b, const struct err *why)
{
    if (b->stopping)
        return;
    b->stopping = true;
    b->why = *why;
    b->stop_at = buyer_now();
}

void buyer_drop(struct buyer_slot *s)
{
    buf_release(&s->ask.body);
    s->active = s->waiting = s->answered = false;
}

void buyer_lane_stopped(struct buyer *b, struct lane *l)
{
    size_t left = 0;

    if (!l->stopped)
        return;
    memset(b->open, 0, sizeof(b->open));
    for (size_t i = 0; i < b->job->lanes; i++)
        if (!b->lane[i].stopped) {
            b->open[b->job->lane[i].source] = true;
            left++;
        }
    if (left == 0)
        buyer_stop(b, &l->why);
    else
        log_warn("%s; %zu other%s on", l->why.msg, left,
                 left == 1 ? " goes" : "s go");
}

int buyer_account(struct buyer *b, struct buyer_slot *s,
                  struct buyer_attempt *a, struct err *err)
{
    struct lane *l = &b->lane[s->lane];
    const struct chat_usage *u = &a->said->usage;
    int rc = 0;

    l->busy--;
    b->source[s->ask.source].busy--;
    a->held_money = s->quote.money;
    a->held_tokens = s->quote.tokens;
    if (a->perhaps) {
        a->money = a->held_money;
        a->tokens = a->held_tokens;
    }
    if (u->prompt >= 0.0 && u->completion >= 0.0)
        limiter_settle(&l->limiter, s->quote.likely, u->prompt + u->completion);
    if (b->job->account)
        rc = b->job->account(b->job->ctx, a, err);
    if (b->job->budget)
        budget_settle(b->job->budget, a->held_money, a->held_tokens, a->money,
                      a->tokens);
    return rc;
}

/* ---- the loop ---- */

static int send_all(struct buyer *b, struct err *err)
{
    int rc = b->stopping ? 0 : buyer_send_waiting(b, err);

    return rc == 0 && !b->stopping ? buyer_send_new(b, err) : rc;
}

static int take_all(struct buyer *b, struct err *err)
{
    int rc = 0, kept;

    for (size_t turn = 0; rc == 0 && turn < TURN; turn++) {
        struct post_done d;

        rc = post_wait(b->post, turn == 0 ? 100 : 0, &d, err);
        if (rc != 0)
            break;
        rc = buyer_take(b, &d, err);
        buf_release(&d.body);
        /* what goes out now is under way during the commit; one at a time
         * keep their order */
        if (rc == 0 && post_busy(b->post) > 0)
            rc = send_all(b, err);
    }
    if (rc < 0) { /* keep what the turn brought before it failed */
        struct err none = ERR_INIT;

        kept = b->job->commit(b->job->ctx, &none);
        (void)kept;
        return rc;
    }
    return buyer_follow_all(b, err);
}

static bool is_over(const struct buyer *b)
{
    double drain_s = b->job->drain_s ? b->job->drain_s : DRAIN_S;

    if (b->stopping)
        return post_busy(b->post) == 0 || buyer_now() > b->stop_at + drain_s;
    for (size_t i = 0; i < b->slots; i++)
        if (b->slot[i].active)
            return false;
    return b->no_more;
}

static void check_end(struct buyer *b)
{
    const double most = b->job->max_time_s;
    struct err why = ERR_INIT;

    if (b->job->stopped && b->job->stopped())
        ERR_SET(&why, ERR_STOPPED,
                "interrupted; run the same command again to go on");
    else if (most > 0.0 && buyer_now() - b->began >= most)
        ERR_SET(&why, ERR_AGAIN,
                "the time is up (%g s); run the same command again to go on",
                most);
    if (why.code || (b->job->spoilt && b->job->spoilt(b->job->ctx, &why)))
        buyer_stop(b, &why);
}

/* Seconds until the next request may go out; what waits for what is under way
 * counts as 0. */
static double next_send(const struct buyer *b, double now)
{
    double wait = INFINITY;

    for (size_t i = 0; i < b->slots; i++) {
        const struct buyer_slot *s = &b->slot[i];
        double at = INFINITY;

        if (!s->active || !s->waiting)
            continue;
        for (size_t k = 0; k < b->job->lanes; k++)
            if (!b->lane[k].stopped && b->lane[k].want->source == s->ask.source)
                at = fmin(at, limiter_wait(&b->lane[k].limiter, s->quote.likely,
                                           now));
        wait = fmin(wait, fmax(at, s->not_before - now));
    }
    return isfinite(wait) ? fmax(wait, 0.0) : 0.0;
}

static void show(struct buyer *b)
{
    const double now = buyer_now();
    struct buyer_view v = { .counts = b->n, .busy = post_busy(b->post) };

    if (v.busy > 0)
        b->idle = now;
    if (v.busy == 0)
        v.wait_s = next_send(b, now);
    for (size_t i = 0; i < b->slots; i++)
        v.open += b->slot[i].active;
    for (size_t i = 0; i < b->job->lanes; i++)
        if (!b->lane[i].stopped)
            v.limit += floor(b->lane[i].limiter.limit);
    if (now - b->idle > IDLE_TELL_S && now - b->told > 60.0 && v.wait_s > 1.0 &&
        !b->stopping) {
        b->told = now;
        log_info("nothing is under way: %zu questions wait, the next goes out "
                 "in %.0f s",
                 v.open, v.wait_s);
    }
    if (b->job->show)
        b->job->show(b->job->ctx, &v);
}

static int loop(struct buyer *b, struct err *err)
{
    int rc = 0;

    while (rc == 0) {
        if (!b->stopping)
            check_end(b);
        rc = send_all(b, err);
        if (rc < 0 || is_over(b))
            break;
        rc = take_all(b, err);
        show(b);
    }
    return rc;
}

/* Nothing came of what was under way when the run ended: it may be on the
 * bill. */
static int account_rest(struct buyer *b, struct err *err)
{
    static const struct post_done cut = { .error = "the run ended before it",
                                          .sent = true };
    struct reply_said said = { .usage = CHAT_USAGE_INIT };
    bool any = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->slots; i++) {
        struct buyer_slot *s = &b->slot[i];
        struct buyer_attempt a = { .ask = &s->ask,
                                   .done = &cut,
                                   .said = &said,
                                   .class = REPLY_TRANSIENT,
                                   .lane = s->lane,
                                   .perhaps = true };

        if (!s->active || s->waiting || s->answered)
            continue;
        rc = buyer_account(b, s, &a, err);
        any = true;
    }
    return rc < 0 || !any ? rc : b->job->commit(b->job->ctx, err);
}

/* Why the last one given up had no answer. */
static const char *last_reason(const struct buyer *b)
{
    const char *reason = "";

    for (size_t i = 0; i < b->job->lanes; i++)
        if (b->lane[i].losts > 0)
            reason = b->lane[i].lost[b->lane[i].losts - 1].reason;
    return reason;
}

/* All were refused, though there were fewer than it takes to stop. */
static int verdict(struct buyer *b, struct err *err)
{
    const char *reason = last_reason(b);
    size_t refused = 0;
    int rc = 0;

    for (size_t i = 0; i < b->job->lanes; i++) {
        refused += b->lane[i].refused;
        if (rc == 0 && b->lane[i].answers > 0)
            rc = buyer_flush_lost(b, &b->lane[i], err);
    }
    if (rc == 0)
        rc = account_rest(b, err);
    if (rc < 0)
        return rc;
    if (b->stopping) {
        *err = b->why;
        return err->code;
    }
    if (b->n->answers > 0 || b->n->gave_up == 0)
        return 0;
    return ERR_SET(err, refused ? ERR_CONFIG : ERR_UNAVAIL,
                   "%s answered none of %zu requests%s%s", b->job->lane[0].name,
                   b->n->requests, reason[0] ? ": " : "", reason);
}

static int prepare(struct buyer *b, struct err *err)
{
    const struct buyer_job *job = b->job;

    for (size_t i = 0; i < job->lanes; i++)
        b->slots += job->lane[i].max;
    b->slots =
        (b->slots < BUYER_SLOTS_MAX ? b->slots : BUYER_SLOTS_MAX) + SPARE_SLOTS;
    b->lane = calloc(job->lanes, sizeof(*b->lane));
    b->slot = calloc(b->slots, sizeof(*b->slot));
    if (!b->lane || !b->slot)
        return ERR_SET(err, ERR_NOMEM, "cannot hold requests");
    b->began = b->idle = b->told = buyer_now();
    rng_init(&b->rng, job->seed, 0);
    for (size_t i = 0; i < job->lanes; i++) {
        unsigned source = job->lane[i].source;

        lane_init(&b->lane[i], &job->lane[i], b->began);
        b->open[source] = true;
        b->source[source].proven =
            !job->proven || job->proven(job->ctx, source);
    }
    return post_new(&b->post, b->slots, err);
}

int buyer_run(const struct buyer_job *job, struct buyer_counts *n,
              struct err *err)
{
    struct buyer b = { .job = job, .n = n };
    int rc;

    assert(job->lanes > 0 && job->lanes <= BUYER_LANES);
    rc = prepare(&b, err);
    if (rc == 0)
        rc = loop(&b, err);
    if (rc == 0)
        rc = verdict(&b, err);
    for (size_t i = 0; b.slot && i < b.slots; i++)
        buyer_drop(&b.slot[i]);
    post_free(b.post);
    free(b.slot);
    free(b.lane);
    return rc;
}
