#include "net/limiter.h"

#include <math.h>

void limiter_init(struct limiter *l, size_t start, size_t max)
{
    *l = (struct limiter){ .limit = (double)start,
                           .max = max,
                           .cut_at = -1e18,
                           .closed_until = -1e18 };
}

int limiter_allows(const struct limiter *l, size_t busy, double now)
{
    return now >= l->closed_until && (double)(busy + 1) <= l->limit + 1e-9;
}

void limiter_success(struct limiter *l)
{
    if (++l->successes < 20)
        return;
    l->successes = 0;
    if (l->limit + 1.0 <= (double)l->max)
        l->limit += 1.0;
}

void limiter_throttle(struct limiter *l, double sent_at, double now,
                      double wait_s)
{
    l->successes = 0;
    if (sent_at > l->cut_at) {
        l->limit = fmax(1.0, l->limit * 0.7);
        l->cut_at = now;
    }
    if (wait_s > 0.0 && now + wait_s > l->closed_until)
        l->closed_until = now + fmin(wait_s, 900.0);
}

double limiter_backoff(unsigned n, double u)
{
    return fmin(60.0, 0.5 * pow(2.0, (double)n - 1.0)) * u;
}
