#include "net/buyer_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "net/redact.h"

enum { TRIES = 4, WAIT_MAX_S = 900, REFUSED_MAX = 3, CRASHES = 3 };
enum { PAUSE_S = 600 }; /* for a limit that may last a minute or a month */

/* ---- no answer ---- */

int buyer_flush_lost(struct buyer *b, struct lane *l, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && b->job->fail && i < l->losts; i++)
        rc = b->job->fail(b->job->ctx, &l->lost[i].ask, l->lost[i].reason, err);
    l->losts = 0;
    return rc;
}

void buyer_begin(struct buyer_slot *s)
{
    s->tries = s->throttles = 0;
    s->failed[0] = '\0';
    s->not_before = 0.0;
}

static void say_failure(char *out, size_t size, const struct post_done *d)
{
    if (d->status)
        snprintf(out, size, "HTTP %ld", d->status);
    else
        snprintf(out, size, "%.*s", (int)size - 1, d->error);
}

/* For the record of the answer; what does not fit is left out. */
static void note_failure(struct buyer_slot *s, const struct post_done *d)
{
    size_t n = strlen(s->failed);
    char what[80];

    say_failure(what, sizeof(what), d);
    if (n + strlen(what) + 24 < sizeof(s->failed))
        snprintf(s->failed + n, sizeof(s->failed) - n, "%s%s after %.1f s",
                 n ? "; " : "", what, d->seconds);
}

static void give_up(struct buyer *b, struct buyer_slot *s,
                    const struct post_done *d)
{
    struct lane *l = &b->lane[s->lane];
    struct lane_lost *lost = &l->lost[l->losts++];
    struct err why = ERR_INIT;

    b->n->gave_up++;
    say_failure(lost->reason, sizeof(lost->reason), d);
    lost->ask = s->ask;
    memset(&lost->ask.body, 0, sizeof(lost->ask.body));
    log_warn("anchor %u: no answer: %s", s->ask.id, lost->reason);
    if (l->losts == LANE_GAVE_UP_MAX) {
        ERR_SET(&why, ERR_UNAVAIL,
                "%s gave no answer %d times in a row (%s); run the same "
                "command again to go on",
                l->want->name, LANE_GAVE_UP_MAX, lost->reason);
        l->losts = 0;
        lane_stop(l, &why);
    }
    buyer_drop(s);
}

/* One result more for the lane's breaker. */
static void count_result(struct lane *l, bool failed, const struct post_done *d)
{
    struct err why = ERR_INIT;

    if (!breaker_add(&l->breaker, failed) || !failed)
        return;
    ERR_SET(&why, ERR_UNAVAIL,
            "%s: %zu of the last %zu requests failed (%s%.0ld%s); run the same "
            "command again to go on",
            l->want->name, l->breaker.failures, l->breaker.n,
            d->status ? "HTTP " : "", d->status, d->error);
    l->losts = 0;
    lane_stop(l, &why);
}

/* What the server asks for, but no less than is careful. */
static double throttled_for(struct buyer *b, struct buyer_slot *s,
                            const struct buyer_attempt *a)
{
    double wait = limiter_backoff(++s->throttles, rng_uniform(&b->rng));
    const struct lane *l = &b->lane[s->lane];
    char body[200];

    wait = fmax(wait, hints_wait(&a->done->hints));
    if (a->class != REPLY_PAUSED)
        return wait;
    lane_show_body(body, sizeof(body), a->done);
    log_warn("%s: HTTP %ld %s may last: %s", l->want->name, a->done->status,
             a->said->code, body);
    return fmax(wait, PAUSE_S);
}

static void wait_throttled(struct buyer *b, struct buyer_slot *s,
                           const struct buyer_attempt *a)
{
    double wait = throttled_for(b, s, a), most = b->job->max_wait_s;

    note_failure(s, a->done);
    b->n->throttled++;
    lane_throttle(&b->lane[s->lane], s->sent, buyer_now(), wait,
                  most > 0.0 ? most : WAIT_MAX_S);
    if (a->done->hints.should_retry == 0) {
        give_up(b, s, a->done);
        return;
    }
    s->not_before = buyer_now() + wait;
    s->waiting = true;
}

/* A request that did not get out cost nothing, and nobody has seen it: it waits
 * for the endpoint and spends no attempt. Was the endpoint never there? Then
 * its address may be wrong. */
static bool wait_outage(struct buyer *b, struct buyer_slot *s,
                        const struct post_done *d)
{
    struct lane *l = &b->lane[s->lane];

    if (d->status || d->sent || l->answers == 0)
        return false;
    lane_outage(l, s->sent, buyer_now(), d->error);
    b->n->retried++;
    s->not_before = l->limiter.closed_until + rng_uniform(&b->rng);
    s->waiting = true;
    return true;
}

static void wait_transient(struct buyer *b, struct buyer_slot *s,
                           const struct post_done *d)
{
    struct lane *l = &b->lane[s->lane];
    double wait;

    note_failure(s, d);
    if (wait_outage(b, s, d))
        return;
    if (d->status || lane_broke(l, s->sent, buyer_now(), d->connection))
        count_result(l, true, d);
    if (++s->tries >= TRIES || d->hints.should_retry == 0) {
        give_up(b, s, d);
        return;
    }
    b->n->retried++;
    wait = fmax(limiter_backoff(s->tries, rng_uniform(&b->rng)),
                fmin(d->hints.retry_after, WAIT_MAX_S));
    s->not_before = buyer_now() + wait;
    s->waiting = true;
}

/* Key, credit, address: the end of the lane. */
static void stop_for(struct buyer *b, struct buyer_slot *s,
                     const struct buyer_attempt *a)
{
    struct lane *l = &b->lane[s->lane];
    struct err why = ERR_INIT;

    lane_refusal(l, a->class, a->done, a->said->code, &why);
    lane_stop(l, &why);
    /* an address or a model is that of all keys */
    for (size_t i = 0; why.code == ERR_CONFIG && i < b->job->lanes; i++)
        if (b->job->lane[i].source == s->ask.source)
            lane_stop(&b->lane[i], &why);
    s->waiting = true; /* another source may take it */
}

/* ---- an answer ---- */

static int keep(struct buyer *b, struct buyer_slot *s, struct post_done *d,
                struct err *err)
{
    struct lane *l = &b->lane[s->lane];
    int rc = buyer_flush_lost(b, l, err);

    s->answered = true;
    return rc < 0 ? rc : b->job->keep(b->job->ctx, &s->ask, d, err);
}

static int take_answer(struct buyer *b, struct buyer_slot *s,
                       struct post_done *d, const struct buyer_attempt *a,
                       struct err *err)
{
    struct lane *l = &b->lane[s->lane];

    b->n->answers++;
    b->n->filtered += a->class == REPLY_FILTERED;
    lane_answered(l);
    count_result(l, false, d);
    if (a->class == REPLY_ANSWER)
        b->source[s->ask.source].proven = true;
    return keep(b, s, d, err);
}

/* The way of asking has changed: what waits for that source was filled in the
 * one before. */
static int renew_waiting(struct buyer *b, const struct buyer_slot *but,
                         struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->slots; i++) {
        struct buyer_slot *s = &b->slot[i];

        if (s == but || !s->active || !s->waiting ||
            s->ask.source != but->ask.source)
            continue;
        rc = b->job->renew(b->job->ctx, &s->ask, err);
        if (rc == 1) {
            buyer_drop(s);
            rc = 0;
        }
    }
    return rc;
}

/* The next way of asking, for all to that source; when there is none (*other is
 * false) the first again. */
static int ask_otherwise(bool *other, struct buyer *b, struct buyer_slot *s,
                         const char *param, struct err *err)
{
    int rc = b->job->refused(b->job->ctx, &s->ask, param, err);

    *other = rc == 0;
    if (rc == 0) {
        s->tries = 0;
        s->waiting = true;
        s->not_before = 0.0;
    }
    return rc < 0 ? rc : renew_waiting(b, s, err);
}

/* Refused for what is in it. Before the first answer nobody knows whether it
 * is this sentence, the way of asking, or the whole set-up: then it is not
 * kept. */
static int take_refusal(struct buyer *b, struct buyer_slot *s,
                        struct post_done *d, const struct buyer_attempt *a,
                        struct err *err)
{
    struct lane *l = &b->lane[s->lane];
    struct err why = ERR_INIT;
    char body[200];
    int rc;

    if (!b->source[s->ask.source].proven && b->job->refused) {
        bool other;

        rc = ask_otherwise(&other, b, s, a->said->param, err);
        if (rc < 0 || other)
            return rc;
    }
    if (l->answers > 0) {
        b->n->refused++;
        return keep(b, s, d, err);
    }
    if (++l->refused == REFUSED_MAX) {
        lane_show_body(body, sizeof(body), d);
        ERR_SET(&why, ERR_CONFIG, "%s: HTTP %ld %s: %s", l->want->name,
                d->status, a->said->code, body);
        lane_stop(l, &why);
    }
    give_up(b, s, d);
    return 0;
}

/* Some servers crash on a JSON schema that they do not know: HTTP 500 again and
 * again, before anything was answered, is taken for a refusal of the way of
 * asking as long as there is another. */
static int take_crash(struct buyer *b, struct buyer_slot *s,
                      const struct post_done *d, struct err *err)
{
    struct buyer_source *source = &b->source[s->ask.source];
    bool other = false;
    int rc = 0;

    if (!source->proven && !source->no_other_way && b->job->refused &&
        d->status == 500 && s->tries + 1 >= CRASHES) {
        rc = ask_otherwise(&other, b, s, "", err);
        source->no_other_way = !other;
        if (rc == 0 && !other)
            rc = b->job->renew(b->job->ctx, &s->ask, err);
    }
    if (rc == 0 && !other)
        wait_transient(b, s, d);
    return rc < 0 ? rc : 0;
}

static int settle(struct buyer *b, struct buyer_slot *s,
                  struct buyer_attempt *a, struct err *err)
{
    const bool failed = a->class == REPLY_TRANSIENT;

    /* an answer that broke off, or never came, may be on the bill */
    a->perhaps = failed && a->done->sent &&
                 (a->done->status == 0 || a->done->status == 200);
    if (a->said->usage.prompt >= 0.0)
        a->perhaps = false;
    return buyer_account(b, s, a, err);
}

int buyer_take(struct buyer *b, struct post_done *d, struct err *err)
{
    struct buyer_slot *s = &b->slot[d->id];
    struct lane *l = &b->lane[s->lane];
    struct hints *h = &d->hints;
    struct reply_said said;
    struct buyer_attempt a = { .ask = &s->ask,
                               .done = d,
                               .said = &said,
                               .lane = s->lane,
                               .tries = s->tries,
                               .throttles = s->throttles,
                               .failed = s->failed };
    int rc;

    rc = redact_body(&d->body, l->want->key, err);
    if (rc < 0)
        return rc;
    redact(h->location, strlen(h->location), l->want->key);
    redact(d->error, strlen(d->error), l->want->key);
    a.class = reply_read(l->want->provider->errors, d->status,
                         buf_str(&d->body), d->body.len, &said);
    if (h->should_retry == 1 &&
        (a.class == REPLY_BAD_INPUT || a.class == REPLY_AUTH ||
         a.class == REPLY_CONFIG))
        a.class = REPLY_TRANSIENT;
    rc = settle(b, s, &a, err);
    lane_learn(l, h, buyer_now());
    if (rc < 0)
        return rc;
    switch (a.class) {
    case REPLY_ANSWER:
    case REPLY_FILTERED:
        rc = take_answer(b, s, d, &a, err);
        break;
    case REPLY_BAD_INPUT:
        rc = take_refusal(b, s, d, &a, err);
        break;
    case REPLY_THROTTLED:
    case REPLY_PAUSED:
        wait_throttled(b, s, &a);
        break;
    case REPLY_TRANSIENT:
        rc = take_crash(b, s, d, err);
        break;
    case REPLY_BILLING:
    case REPLY_AUTH:
    case REPLY_MOVED:
    case REPLY_CONFIG:
        stop_for(b, s, &a);
        break;
    }
    buyer_lane_stopped(b, l);
    return rc;
}

int buyer_follow_all(struct buyer *b, struct err *err)
{
    bool any = false;
    int rc = 0;

    for (size_t i = 0; i < b->slots; i++)
        any |= b->slot[i].answered;
    if (any)
        rc = b->job->commit(b->job->ctx, err);
    for (size_t i = 0; rc == 0 && i < b->slots; i++) {
        struct buyer_slot *s = &b->slot[i];

        if (!s->answered)
            continue;
        s->answered = false;
        buyer_begin(s);
        rc = s->ask.complete ? 1 : b->job->follow(b->job->ctx, &s->ask, err);
        s->waiting = rc == 0;
        if (rc == 1) {
            buyer_drop(s);
            rc = 0;
        }
    }
    return rc;
}
