/* bootstrap_figures.c - the figures of one weighted sample. */
#include <math.h>
#include <stdlib.h>

#include "base/bootstrap.h"

const char *figure_name(enum figure f)
{
    switch (f) {
    case FIGURE_PEARSON:
        return "pearson";
    case FIGURE_SPEARMAN:
        return "spearman";
    case FIGURE_AVERAGE_PRECISION:
        return "average_precision";
    case FIGURE_ACCURACY:
        return "accuracy";
    case FIGURE_F1:
        return "f1";
    case FIGURE_MCC:
        return "mcc";
    case FIGURE_MEAN:
        return "mean";
    case FIGURE_COUNT:
        break;
    }
    return "?";
}

struct placed {
    double x;
    uint32_t row;
};

static int ascending(const void *a, const void *b)
{
    const struct placed *p = a, *q = b;

    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

int bootstrap_sort(struct bootstrap_list *l, const double *x, size_t n,
                   struct err *err)
{
    struct placed *p = malloc((n + 1) * sizeof(*p));
    int rc = 0;

    *l = (struct bootstrap_list){ .x = x, .n = n };
    l->order = malloc((n + 1) * sizeof(*l->order));
    l->next = malloc((n + 1) * sizeof(*l->next));
    if (!p || !l->order || !l->next)
        rc = ERR_SET(err, ERR_NOMEM, "cannot sort %zu values", n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!isfinite(x[i]))
            rc = ERR_SET(err, ERR_NUMERIC, "value %zu is not finite", i);
        p[i] = (struct placed){ x[i], (uint32_t)i };
    }
    if (rc == 0)
        qsort(p, n, sizeof(*p), ascending);
    for (size_t i = n; rc == 0 && i-- > 0;) {
        bool last = i + 1 == n || p[i + 1].x != p[i].x;

        l->order[i] = p[i].row;
        l->next[i] = last ? (uint32_t)i + 1 : l->next[i + 1];
    }
    free(p);
    if (rc < 0)
        bootstrap_list_release(l);
    return rc;
}

void bootstrap_list_release(struct bootstrap_list *l)
{
    free(l->order);
    free(l->next);
    *l = (struct bootstrap_list){ 0 };
}

/* ---- correlation ---- */

static double pearson(const double *x, const double *y, const uint32_t *weight,
                      size_t n)
{
    double sum = 0.0, mx = 0.0, my = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += weight[i];
        mx += weight[i] * x[i];
        my += weight[i] * y[i];
    }
    mx /= sum;
    my /= sum;
    for (size_t i = 0; i < n; i++) {
        double dx = x[i] - mx, dy = y[i] - my;

        xx += weight[i] * dx * dx;
        yy += weight[i] * dy * dy;
        xy += weight[i] * dx * dy;
    }
    return xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : NAN;
}

/* The mean rank, from 1, that a row has in the sample, by row. */
static void ranks(double *rank, const struct bootstrap_list *l,
                  const uint32_t *weight)
{
    double before = 0.0;

    for (size_t i = 0; i < l->n; i = l->next[i]) {
        double here = 0.0;

        for (size_t k = i; k < l->next[i]; k++)
            here += weight[l->order[k]];
        for (size_t k = i; k < l->next[i]; k++)
            rank[l->order[k]] = before + (here + 1.0) / 2.0;
        before += here;
    }
}

/* ---- two classes ---- */

struct sample {
    double all, positives; /* rows in the sample */
};

static double matthews(double tp, double fp, const struct sample *s)
{
    double fn = s->positives - tp, tn = s->all - s->positives - fp;
    double d = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);

    return d > 0.0 ? (tp * tn - fp * fn) / sqrt(d) : 0.0;
}

/* The cut-off below which tp + fp rows lie above. */
static void consider(double *figure, double tp, double fp,
                     const struct sample *s)
{
    double tn = s->all - s->positives - fp;
    double f1 = 2.0 * tp / (tp + fp + s->positives);

    figure[FIGURE_ACCURACY] = fmax(figure[FIGURE_ACCURACY], (tp + tn) / s->all);
    if (f1 > figure[FIGURE_F1]) {
        figure[FIGURE_F1] = f1;
        figure[FIGURE_MCC] = matthews(tp, fp, s);
    }
}

/* From the best score down; equal scores are one step. */
static void classes(double *figure, const struct bootstrap_list *x,
                    const double *y, const uint32_t *weight,
                    const struct sample *s)
{
    double tp = 0.0, fp = 0.0, sum = 0.0;

    figure[FIGURE_ACCURACY] = (s->all - s->positives) / s->all;
    figure[FIGURE_F1] = figure[FIGURE_MCC] = 0.0;
    for (size_t i = x->n, k; i > 0; i = k) {
        double hits = 0.0, misses = 0.0;

        for (k = i; k > 0 && x->next[k - 1] == i; k--) {
            uint32_t row = x->order[k - 1];

            hits += y[row] > 0.5 ? weight[row] : 0.0;
            misses += y[row] > 0.5 ? 0.0 : weight[row];
        }
        if (hits + misses == 0.0)
            continue;
        tp += hits;
        fp += misses;
        sum += hits * tp / (tp + fp);
        consider(figure, tp, fp, s);
    }
    figure[FIGURE_AVERAGE_PRECISION] = sum / s->positives;
}

void bootstrap_figures(double *figure, double *rank,
                       const struct bootstrap_list *x,
                       const struct bootstrap_list *y, bool binary,
                       const uint32_t *weight)
{
    struct sample s = { 0.0, 0.0 };
    double sum = 0.0;

    for (int f = 0; f < FIGURE_COUNT; f++)
        figure[f] = NAN;
    for (size_t i = 0; i < x->n; i++) {
        s.all += weight[i];
        s.positives += y && y->x[i] > 0.5 ? weight[i] : 0.0;
        sum += weight[i] * x->x[i];
    }
    if (!y) {
        figure[FIGURE_MEAN] = sum / s.all;
        return;
    }
    figure[FIGURE_PEARSON] = pearson(x->x, y->x, weight, x->n);
    ranks(rank, x, weight);
    ranks(rank + x->n, y, weight);
    figure[FIGURE_SPEARMAN] = pearson(rank, rank + x->n, weight, x->n);
    if (binary && s.positives > 0.0 && s.positives < s.all)
        classes(figure, x, y->x, weight, &s);
}
