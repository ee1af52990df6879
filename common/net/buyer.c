#include "net/buyer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/rng.h"
#include "net/limiter.h"
#include "net/reply.h"

enum {
    TRIES = 4,
    DRAIN_S = 8,
    WAIT_MAX_S = 900,    /* a longer Retry-After ends the run */
    SILENCE_MAX_S = 600, /* throttled so long without one success: the same */
    REFUSED_MAX = 3,
    GAVE_UP_MAX = 10, /* in a row */
};

struct slot {
    struct buyer_ask ask;
    unsigned tries, throttles;
    double sent, not_before;
    bool active;   /* has an ask */
    bool waiting;  /* ... that is to be sent after not_before */
    bool answered; /* ... whose answer waits for commit() */
};

struct buyer {
    const struct buyer_job *job;
    struct buyer_counts *n;
    struct post *post;
    struct limiter limiter;
    struct rng rng;
    struct slot slot[BUYER_SLOTS];
    bool no_more, stopping;
    struct err why;     /* of stopping */
    double stop_at;     /* seconds, monotonic */
    double last_answer; /* or the start */
    size_t refused;     /* before the first answer */
    size_t in_a_row;    /* given up since the last answer */
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Fill b->why with ERR_SET() first; the first reason counts. */
static void stop(struct buyer *b, const struct err *why)
{
    if (b->stopping)
        return;
    b->stopping = true;
    b->why = *why;
    b->stop_at = now();
}

static void drop(struct slot *s)
{
    buf_release(&s->ask.body);
    s->active = s->waiting = s->answered = false;
}

/* ---- sending ---- */

static int fetch(struct buyer *b, struct slot *s, struct err *err)
{
    int rc;

    memset(s, 0, sizeof(*s));
    rc = b->job->next(b->job->ctx, &s->ask, err);
    s->active = s->waiting = rc == 0;
    b->no_more = rc == 1;
    return rc < 0 ? rc : 0;
}

static int send_ask(struct buyer *b, size_t i, struct err *err)
{
    struct slot *s = &b->slot[i];
    char header[160];
    const char *headers[2] = { header, NULL };

    snprintf(header, sizeof(header), "Idempotency-Key: %s-%u", s->ask.hash,
             s->ask.attempt);
    s->sent = now();
    s->waiting = false;
    b->n->requests++;
    return post_start(b->post, i, b->job->url, headers, b->job->key,
                      s->ask.body.ptr, s->ask.body.len,
                      b->job->provider->timeout_s, err);
}

static int start_ready(struct buyer *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < BUYER_SLOTS; i++) {
        struct slot *s = &b->slot[i];

        if (!limiter_allows(&b->limiter, post_busy(b->post), now()))
            break;
        if (!s->active && !b->no_more)
            rc = fetch(b, s, err);
        if (rc == 0 && s->waiting && now() >= s->not_before)
            rc = send_ask(b, i, err);
    }
    return rc;
}

/* ---- what came ---- */

static void give_up(struct buyer *b, struct slot *s, const struct post_done *d)
{
    const char *name = b->job->provider->name;
    char reason[sizeof(d->error) + 32];
    struct err why = ERR_INIT;

    b->n->gave_up++;
    if (d->status)
        snprintf(reason, sizeof(reason), "HTTP %ld", d->status);
    else
        snprintf(reason, sizeof(reason), "%s", d->error);
    log_warn("anchor %u: no answer: %s", s->ask.id, reason);
    if (++b->in_a_row == GAVE_UP_MAX) {
        ERR_SET(&why, ERR_UNAVAIL,
                "%s gave no answer %d times in a row (%s); run the same "
                "command again to go on",
                name, GAVE_UP_MAX, reason);
        stop(b, &why);
    }
    drop(s);
}

static void wait_throttled(struct buyer *b, struct slot *s,
                           const struct post_done *d)
{
    const char *name = b->job->provider->name;
    double wait = limiter_backoff(++s->throttles, rng_uniform(&b->rng));
    struct err why = ERR_INIT;

    b->n->throttled++;
    if (d->retry_after >= 0.0) /* the server knows; be careful all the same */
        wait =
            s->throttles > TRIES ? fmax(wait, d->retry_after) : d->retry_after;
    limiter_throttle(&b->limiter, s->sent, now(), wait);
    s->not_before = now() + wait;
    s->waiting = true;
    if (wait > WAIT_MAX_S)
        ERR_SET(&why, ERR_AGAIN,
                "%s asks to wait %.0f s; run the same command again then", name,
                wait);
    else if (now() - b->last_answer > SILENCE_MAX_S)
        ERR_SET(&why, ERR_AGAIN,
                "%s has throttled every request for %d s; run the same "
                "command again later",
                name, SILENCE_MAX_S);
    if (why.code)
        stop(b, &why);
}

static void wait_transient(struct buyer *b, struct slot *s,
                           const struct post_done *d)
{
    double wait;

    if (++s->tries >= TRIES) {
        give_up(b, s, d);
        return;
    }
    b->n->retried++;
    wait = fmax(limiter_backoff(s->tries, rng_uniform(&b->rng)),
                fmin(d->retry_after, WAIT_MAX_S));
    s->not_before = now() + wait;
    s->waiting = true;
}

/* The beginning of an answer's body, on one line. */
static void show_body(char *out, size_t size, const struct post_done *d)
{
    snprintf(out, size, "%s", buf_str(&d->body));
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
}

/* Key, credit, address: the end. */
static void stop_for(struct buyer *b, struct slot *s, enum reply_class class,
                     const struct post_done *d, const char *code)
{
    const struct provider *p = b->job->provider;
    char body[200];
    struct err why = ERR_INIT;

    show_body(body, sizeof(body), d);
    if (class == REPLY_AUTH && !b->job->key)
        ERR_SET(&why, ERR_AUTH, "%s wants a key (HTTP %ld %s), and none is set",
                p->name, d->status, code);
    else if (class == REPLY_AUTH)
        ERR_SET(&why, ERR_AUTH,
                "%s refuses the key (HTTP %ld %s); it comes from %s%s", p->name,
                d->status, code, p->key_file[0] ? "the file " : "the variable ",
                p->key_file[0] ? p->key_file : p->key_env);
    else if (class == REPLY_BILLING)
        ERR_SET(&why, ERR_AGAIN,
                "%s: the account has no credit left (HTTP %ld %s); what was "
                "answered is kept, run the same command again to go on",
                p->name, d->status, code);
    else if (class == REPLY_MOVED)
        ERR_SET(&why, ERR_CONFIG,
                "%s: redirect (HTTP %ld) from %s: base_url is wrong; redirects "
                "are not followed, they would carry the key away",
                p->name, d->status, b->job->url);
    else
        ERR_SET(&why, ERR_CONFIG,
                "%s: no such model or address (HTTP %ld %s) at %s: %s", p->name,
                d->status, code, b->job->url, body);
    stop(b, &why);
    drop(s);
}

static int keep(struct buyer *b, struct slot *s, struct post_done *d,
                struct err *err)
{
    s->answered = true;
    return b->job->keep(b->job->ctx, &s->ask, d, err);
}

/* Refused for what is in it. Before the first answer nobody knows whether it
 * is this sentence or the whole set-up: then it is not kept. */
static int refused(struct buyer *b, struct slot *s, struct post_done *d,
                   const char *code, struct err *err)
{
    struct err why = ERR_INIT;
    char body[200];

    if (b->n->answers > 0)
        return keep(b, s, d, err);
    if (++b->refused == REFUSED_MAX) {
        show_body(body, sizeof(body), d);
        ERR_SET(&why, ERR_CONFIG, "%s: HTTP %ld %s: %s", b->job->provider->name,
                d->status, code, body);
        stop(b, &why);
    }
    give_up(b, s, d);
    return 0;
}

/* A server may echo the key: before anything is stored or said, it goes. */
static void redact(struct buf *body, const char *key)
{
    size_t n = key ? strlen(key) : 0;
    char *end = body->len ? body->ptr + body->len : NULL, *p = body->ptr;

    while (n && end && (p = memmem(p, (size_t)(end - p), key, n)) != NULL)
        memset(p, '*', n);
}

static int take(struct buyer *b, struct post_done *d, struct err *err)
{
    struct slot *s = &b->slot[d->id];
    char code[REPLY_CODE];
    enum reply_class class;

    redact(&d->body, b->job->key);
    class = reply_class(b->job->provider->errors, d->status, buf_str(&d->body),
                        d->body.len, code);

    switch (class) {
    case REPLY_ANSWER:
    case REPLY_FILTERED:
        b->n->answers++;
        b->in_a_row = 0;
        b->last_answer = now();
        limiter_success(&b->limiter);
        return keep(b, s, d, err);
    case REPLY_BAD_INPUT:
        return refused(b, s, d, code, err);
    case REPLY_THROTTLED:
        wait_throttled(b, s, d);
        return 0;
    case REPLY_TRANSIENT:
        wait_transient(b, s, d);
        return 0;
    case REPLY_BILLING:
    case REPLY_AUTH:
    case REPLY_MOVED:
    case REPLY_CONFIG:
        stop_for(b, s, class, d, code);
        break;
    }
    return 0;
}

/* The answers of this turn are safe: see what each leads to. */
static int follow_all(struct buyer *b, struct err *err)
{
    bool any = false;
    int rc = 0;

    for (size_t i = 0; i < BUYER_SLOTS; i++)
        any |= b->slot[i].answered;
    if (any)
        rc = b->job->commit(b->job->ctx, err);
    for (size_t i = 0; rc == 0 && i < BUYER_SLOTS; i++) {
        struct slot *s = &b->slot[i];

        if (!s->answered)
            continue;
        s->answered = false;
        s->tries = s->throttles = 0;
        s->not_before = 0.0;
        rc = b->job->follow(b->job->ctx, &s->ask, err);
        s->waiting = rc == 0;
        if (rc == 1) {
            drop(s);
            rc = 0;
        }
    }
    return rc;
}

static int take_all(struct buyer *b, struct err *err)
{
    int rc = 0, kept;

    for (int turn = 0; rc == 0 && turn < BUYER_SLOTS; turn++) {
        struct post_done d;

        rc = post_wait(b->post, turn == 0 ? 100 : 0, &d, err);
        if (rc != 0)
            break;
        rc = take(b, &d, err);
        buf_release(&d.body);
    }
    if (rc < 0) { /* keep what the turn brought before it failed */
        struct err none = ERR_INIT;

        kept = b->job->commit(b->job->ctx, &none);
        (void)kept;
        return rc;
    }
    return follow_all(b, err);
}

/* ---- the loop ---- */

static size_t open_slots(const struct buyer *b)
{
    size_t n = 0;

    for (size_t i = 0; i < BUYER_SLOTS; i++)
        n += b->slot[i].active;
    return n;
}

static bool is_over(const struct buyer *b)
{
    double drain_s = b->job->drain_s ? b->job->drain_s : DRAIN_S;

    if (b->stopping)
        return post_busy(b->post) == 0 || now() > b->stop_at + drain_s;
    return b->no_more && open_slots(b) == 0;
}

static int loop(struct buyer *b, struct err *err)
{
    struct err why = ERR_INIT;
    int rc = 0;

    while (rc == 0) {
        if (!b->stopping && b->job->stopped && b->job->stopped()) {
            ERR_SET(&why, ERR_STOPPED,
                    "interrupted; run the same command again to go on");
            stop(b, &why);
        }
        if (!b->stopping)
            rc = start_ready(b, err);
        if (rc < 0 || is_over(b))
            break;
        rc = take_all(b, err);
        if (b->job->show)
            b->job->show(b->job->ctx, open_slots(b));
    }
    return rc;
}

/* All were refused, though there were fewer than it takes to stop. */
static int verdict(const struct buyer *b, struct err *err)
{
    const char *name = b->job->provider->name;

    if (b->stopping) {
        *err = b->why;
        return err->code;
    }
    if (b->n->answers > 0 || b->n->gave_up == 0)
        return 0;
    return ERR_SET(err, b->refused ? ERR_CONFIG : ERR_UNAVAIL,
                   "%s answered none of %zu requests", name, b->n->requests);
}

int buyer_run(const struct buyer_job *job, struct buyer_counts *n,
              struct err *err)
{
    struct buyer *b = calloc(1, sizeof(*b));
    int rc;

    if (!b)
        return ERR_SET(err, ERR_NOMEM, "cannot hold requests");
    b->job = job;
    b->n = n;
    b->last_answer = now();
    rng_init(&b->rng, job->seed, 0);
    limiter_init(&b->limiter, job->concurrency, BUYER_SLOTS);
    rc = post_new(&b->post, BUYER_SLOTS, err);
    if (rc == 0)
        rc = loop(b, err);
    if (rc == 0)
        rc = verdict(b, err);
    for (size_t i = 0; i < BUYER_SLOTS; i++)
        drop(&b->slot[i]);
    post_free(b->post);
    free(b);
    return rc;
}
