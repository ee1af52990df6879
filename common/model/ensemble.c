#include "model/ensemble.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"

void ensemble_even(struct ensemble *e, size_t n)
{
    assert(n > 0 && n <= ENSEMBLE_MAX);
    *e = (struct ensemble){ .n = n, .slope = 1.0 };
    for (size_t i = 0; i < n; i++)
        e->weight[i] = 1.0 / (double)n;
}

struct search {
    const double *score, *label; /* [members,n], [n] */
    size_t members, n;
    double *sum, *trial; /* [n] of the bag; of the bag and one more */
    size_t count[ENSEMBLE_MAX];
};

/* The bag's best addition, and its correlation. */
static int best_addition(struct search *s, size_t *which, double *rho,
                         struct err *err)
{
    int rc = 0;

    *rho = -2.0;
    for (size_t m = 0; rc == 0 && m < s->members; m++) {
        double r;

        for (size_t i = 0; i < s->n; i++)
            s->trial[i] = s->sum[i] + s->score[m * s->n + i];
        rc = stats_spearman(&r, s->trial, s->label, s->n, err);
        if (rc == 0 && r > *rho) {
            *rho = r;
            *which = m;
        }
    }
    return rc;
}

static int select_members(struct ensemble *e, double *best, struct search *s,
                          struct err *err)
{
    int rc = 0;

    *best = -2.0;
    for (size_t round = 1; rc == 0 && round <= ENSEMBLE_ROUNDS; round++) {
        size_t which = 0;
        double rho;

        rc = best_addition(s, &which, &rho, err);
        if (rc < 0)
            return rc;
        s->count[which]++;
        for (size_t i = 0; i < s->n; i++)
            s->sum[i] += s->score[which * s->n + i];
        if (rho <= *best)
            continue;
        *best = rho;
        for (size_t m = 0; m < s->members; m++)
            e->weight[m] = (double)s->count[m] / (double)round;
    }
    return rc;
}

static double blend(const struct ensemble *e, const double *s, size_t step)
{
    double sum = 0.0;

    for (size_t m = 0; m < e->n; m++)
        sum += e->weight[m] * s[m * step];
    return sum;
}

/* label = slope * blend + offset, least squares. */
static void fit_line(struct ensemble *e, const struct search *s)
{
    double mx = 0.0, my = 0.0, xx = 0.0, xy = 0.0, n = (double)s->n;

    for (size_t i = 0; i < s->n; i++) {
        mx += blend(e, s->score + i, s->n) / n;
        my += s->label[i] / n;
    }
    for (size_t i = 0; i < s->n; i++) {
        double x = blend(e, s->score + i, s->n) - mx;

        xx += x * x;
        xy += x * (s->label[i] - my);
    }
    e->slope = xy > 0.0 ? xy / xx : 1.0;
    e->offset = xy > 0.0 ? my - e->slope * mx : 0.0;
}

int ensemble_fit(struct ensemble *e, struct ensemble_fit *fit,
                 const double *score, size_t members, const double *label,
                 size_t n, struct err *err)
{
    struct search s = { .score = score,
                        .label = label,
                        .members = members,
                        .n = n,
                        .sum = calloc(n + 1, sizeof(*s.sum)),
                        .trial = calloc(n + 1, sizeof(*s.trial)) };
    int rc = s.sum && s.trial ? 0 : ERR_SET(err, ERR_NOMEM, "%zu scores", n);

    ensemble_even(e, members);
    for (size_t m = 0; rc == 0 && m < members; m++)
        rc = stats_spearman(&fit->member[m], score + m * n, label, n, err);
    if (rc == 0)
        rc = select_members(e, &fit->blend, &s, err);
    if (rc == 0)
        fit_line(e, &s);
    free(s.sum);
    free(s.trial);
    return rc;
}

double ensemble_score(const struct ensemble *e, const double *s)
{
    double x = e->slope * blend(e, s, 1) + e->offset;

    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}
