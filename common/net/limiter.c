#include "net/limiter.h"

#include <math.h>

enum {
    STEP = 20, /* successes for one more */
    SLOW_STEP = 60,
    SLOW_FROM = 8, /* below this level growth is never slow */
};

void limiter_init(struct limiter *l, size_t start, size_t max)
{
    *l = (struct limiter){ .limit = (double)start,
                           .max = max,
                           .cut_at = -1e18,
                           .closed_until = -1e18 };
}

/* ---- buckets ---- */

/* One second's worth, and one request at least. */
static double room(const struct limiter_bucket *b)
{
    return fmax(1.0, b->per_s);
}

static double level(const struct limiter_bucket *b, double now)
{
    return fmin(room(b), b->level + fmax(0.0, now - b->at) * b->per_s);
}

static void set_rate(struct limiter_bucket *b, double per_minute, double now)
{
    double before = b->per_s > 0.0 ? level(b, now) : INFINITY;

    b->per_s = per_minute / 60.0;
    b->level = fmin(before, room(b));
    b->at = now;
}

void limiter_set_rates(struct limiter *l, double rpm, double tpm, double now)
{
    set_rate(&l->requests, rpm, now);
    set_rate(&l->tokens, tpm, now);
}

/* Seconds until the bucket has `need`, or is full. */
static double bucket_wait(const struct limiter_bucket *b, double need,
                          double now)
{
    double missing;

    if (b->per_s <= 0.0)
        return 0.0;
    missing = fmin(need, room(b)) - level(b, now);
    return missing > 1e-9 ? missing / b->per_s : 0.0;
}

static void bucket_take(struct limiter_bucket *b, double n, double now)
{
    if (b->per_s <= 0.0)
        return;
    b->level = level(b, now) - n;
    b->at = now;
}

double limiter_wait(const struct limiter *l, double tokens, double now)
{
    double wait = fmax(0.0, l->closed_until - now);

    wait = fmax(wait, bucket_wait(&l->requests, 1.0, now));
    return fmax(wait, bucket_wait(&l->tokens, tokens, now));
}

void limiter_sent(struct limiter *l, double tokens, double now)
{
    bucket_take(&l->requests, 1.0, now);
    bucket_take(&l->tokens, tokens, now);
}

void limiter_settle(struct limiter *l, double tokens, double used)
{
    l->tokens.level += tokens - used;
}

/* ---- concurrency ---- */

int limiter_allows(const struct limiter *l, size_t busy, double now)
{
    return now >= l->closed_until && (double)(busy + 1) <= l->limit + 1e-9;
}

bool limiter_may_send(struct limiter *l, size_t busy, double tokens, double now)
{
    return limiter_allows(l, busy, now) && limiter_wait(l, tokens, now) <= 0.0;
}

void limiter_success(struct limiter *l)
{
    bool near = l->scar >= SLOW_FROM && l->limit + 1.0 >= l->scar;

    if (l->fixed || ++l->successes < (near ? SLOW_STEP : STEP))
        return;
    l->successes = 0;
    if (l->limit + 1.0 <= (double)l->max)
        l->limit += 1.0;
    if (l->limit > l->scar)
        l->scar = 0.0;
}

void limiter_throttle(struct limiter *l, double sent_at, double now,
                      double wait_s)
{
    l->successes = 0;
    if (sent_at > l->cut_at && !l->fixed) {
        l->scar = l->limit;
        l->limit = fmax(1.0, l->limit * 0.7);
    }
    if (sent_at > l->cut_at)
        l->cut_at = now;
    if (wait_s > 0.0 && now + wait_s > l->closed_until)
        l->closed_until = now + wait_s;
}

double limiter_backoff(unsigned n, double u)
{
    return fmin(60.0, 0.5 * pow(2.0, (double)n - 1.0)) * u;
}
