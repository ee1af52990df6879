#include "base/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

int stats_pearson(double *r, const double *x, const double *y, size_t n,
                  struct err *err)
{
    double mx = 0.0, my = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;

    if (n < 2)
        return ERR_SET(err, ERR_NUMERIC,
                       "a correlation needs 2 values, got %zu", n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            return ERR_SET(err, ERR_NUMERIC, "value %zu is not finite", i);
        mx += x[i];
        my += y[i];
    }
    mx /= (double)n;
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    if (!(xx > 0.0) || !(yy > 0.0))
        return ERR_SET(err, ERR_NUMERIC,
                       "all %s are equal: no correlation exists",
                       xx > 0.0 ? "labels" : "scores");
    *r = xy / sqrt(xx * yy);
    return 0;
}

struct ranked {
    double value;
    size_t at;
};

static int ascending(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;

    if (p->value != q->value)
        return p->value < q->value ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* rank[i] from 1; equal values share the mean of their ranks. */
static void average_ranks(double *rank, struct ranked *tmp, const double *x,
                          size_t n)
{
    for (size_t i = 0; i < n; i++)
        tmp[i] = (struct ranked){ x[i], i };
    qsort(tmp, n, sizeof(*tmp), ascending);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && tmp[j].value == tmp[i].value; j++)
            ;
        for (size_t k = i; k < j; k++)
            rank[tmp[k].at] = (double)(i + 1 + j) / 2.0;
    }
}

int stats_spearman(double *rho, const double *x, const double *y, size_t n,
                   struct err *err)
{
    double *rx = malloc((n + 1) * sizeof(*rx));
    double *ry = malloc((n + 1) * sizeof(*ry));
    struct ranked *tmp = malloc((n + 1) * sizeof(*tmp));
    int rc = 0;

    if (!rx || !ry || !tmp)
        rc = ERR_SET(err, ERR_NOMEM, "cannot rank %zu values", n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!isfinite(x[i]) || !isfinite(y[i]))
            rc = ERR_SET(err, ERR_NUMERIC, "value %zu is not finite", i);
    if (rc == 0) {
        average_ranks(rx, tmp, x, n);
        average_ranks(ry, tmp, y, n);
        rc = stats_pearson(rho, rx, ry, n, err);
    }
    free(tmp);
    free(ry);
    free(rx);
    return rc;
}

struct scored {
    double score;
    bool positive;
};

static int descending(const void *a, const void *b)
{
    const struct scored *p = a, *q = b;

    if (p->score != q->score)
        return p->score > q->score ? -1 : 1;
    return (int)q->positive - (int)p->positive;
}

/* The pairs sorted by score, best first; counts the positives. */
static int sort_scored(struct scored **out, size_t *positives,
                       const double *score, const double *y, size_t n,
                       struct err *err)
{
    struct scored *s = malloc((n + 1) * sizeof(*s));

    *positives = 0;
    *out = NULL;
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "cannot sort %zu scores", n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(score[i]) || !isfinite(y[i])) {
            free(s);
            return ERR_SET(err, ERR_NUMERIC, "value %zu is not finite", i);
        }
        s[i] = (struct scored){ score[i], y[i] > 0.5 };
        *positives += s[i].positive;
    }
    if (*positives == 0 || *positives == n) {
        free(s);
        return ERR_SET(err, ERR_NUMERIC,
                       "%zu of %zu labels are positive: both kinds needed",
                       *positives, n);
    }
    qsort(s, n, sizeof(*s), descending);
    *out = s;
    return 0;
}

int stats_average_precision(double *ap, const double *score, const double *y,
                            size_t n, struct err *err)
{
    struct scored *s;
    size_t positives, hits = 0;
    double sum = 0.0;
    int rc = sort_scored(&s, &positives, score, y, n, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0, j; i < n; i = j) {
        size_t before = hits;

        for (j = i; j < n && s[j].score == s[i].score; j++)
            hits += s[j].positive;
        sum += (double)(hits - before) * (double)hits / (double)j;
    }
    *ap = sum / (double)positives;
    free(s);
    return 0;
}

/* Midpoint to the next lower score; the score itself at the end or when the
 * midpoint rounds onto the next. */
static double cut_after(const struct scored *s, size_t j, size_t n)
{
    double mid;

    if (j == n)
        return s[n - 1].score;
    mid = (s[j - 1].score + s[j].score) / 2.0;
    return mid > s[j].score ? mid : s[j - 1].score;
}

static double matthews(double tp, double fp, double fn, double tn)
{
    double d = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);

    return d > 0.0 ? (tp * tn - fp * fn) / sqrt(d) : 0.0;
}

static void consider(struct stats_binary *b, const struct scored *s, size_t j,
                     size_t hits, size_t positives, size_t n)
{
    double tp = (double)hits, fp = (double)(j - hits);
    double fn = (double)(positives - hits);
    double tn = (double)(n - positives) - fp;
    double accuracy = (tp + tn) / (double)n;
    double f1 = 2.0 * tp / (2.0 * tp + fp + fn);

    if (accuracy > b->accuracy) {
        b->accuracy = accuracy;
        b->accuracy_threshold = cut_after(s, j, n);
    }
    if (f1 > b->f1) {
        b->f1 = f1;
        b->f1_threshold = cut_after(s, j, n);
        b->precision = tp / (tp + fp);
        b->recall = tp / (tp + fn);
        b->mcc = matthews(tp, fp, fn, tn);
    }
}

int stats_binary_best(struct stats_binary *out, const double *score,
                      const double *y, size_t n, struct err *err)
{
    struct scored *s;
    size_t positives, hits = 0;
    int rc = sort_scored(&s, &positives, score, y, n, err);

    if (rc < 0)
        return rc;
    *out = (struct stats_binary){ 0 };
    out->accuracy = (double)(n - positives) / (double)n; /* all negative */
    out->accuracy_threshold = nextafter(s[0].score, INFINITY);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && s[j].score == s[i].score; j++)
            hits += s[j].positive;
        consider(out, s, j, hits, positives, n);
    }
    free(s);
    return 0;
}

void stats_hist_add(struct stats_hist *h, double x)
{
    double at = x * STATS_BINS;

    h->n++;
    if (isnan(x))
        h->absent++;
    else if (at >= STATS_BINS)
        h->bin[STATS_BINS - 1]++;
    else
        h->bin[at > 0.0 ? (size_t)at : 0]++;
}
