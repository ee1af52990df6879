/*
 * bootstrap.h - how sure a figure is: the figure again on samples of the same
 * size drawn with replacement, and the middle 95 % of what comes out
 * (percentile interval). Efron, Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapters 13 and 16; for comparing two systems on one test
 * set Koehn, "Statistical Significance Tests for Machine Translation
 * Evaluation", 2004.
 *
 * All lists share the draws, so two of them can be compared pair by pair.
 * A draw is a weight (how often) for each row; lists are sorted once, so that
 * a draw costs O(n). The bits depend on the seed, not on the workers.
 */
#ifndef BASE_BOOTSTRAP_H
#define BASE_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/workers.h"

enum figure {
    FIGURE_PEARSON,
    FIGURE_SPEARMAN,
    FIGURE_AVERAGE_PRECISION, /* this and the next: 0/1 labels only */
    FIGURE_ACCURACY,          /* at the draw's own best cut-off */
    FIGURE_F1,
    FIGURE_MCC,  /* at the best cut-off for F1 */
    FIGURE_MEAN, /* of the list itself, where there are no labels */
    FIGURE_COUNT
};
/* "pearson", "spearman", "average_precision", "accuracy", "f1", "mcc",
 * "mean". */
const char *figure_name(enum figure f);

struct bootstrap {
    double *value; /* [draws][lists][FIGURE_COUNT], NaN: has none there */
    size_t draws, lists;
};

/*
 * list[k][0..n): scores, higher is more alike. label: [n], binary: all 0 or 1;
 * NULL: FIGURE_MEAN only. n > 0, lists > 0, draws > 0.
 * ERR_NOMEM; ERR_NUMERIC: a value is not finite. Empty after a failure.
 */
int bootstrap_run(struct bootstrap *b, const double *const *list, size_t lists,
                  const double *label, bool binary, size_t n, size_t draws,
                  uint64_t seed, struct workers *w, struct err *err) MUST_CHECK;
void bootstrap_release(struct bootstrap *b); /* safe on a zeroed struct */

struct interval {
    double low, high; /* NaN when under half of the draws had the figure */
};
int bootstrap_interval(struct interval *i, const struct bootstrap *b,
                       size_t list, enum figure f, struct err *err) MUST_CHECK;
/*
 * Of the difference, list a less list b. *p: two-sided, twice the smaller share
 * of draws on either side of 0, (k + 1) / (draws + 1); at most 1.
 */
int bootstrap_difference(struct interval *i, double *p,
                         const struct bootstrap *b, size_t list_a,
                         size_t list_b, enum figure f,
                         struct err *err) MUST_CHECK;

/* ---- one sample; what the tests hold against base/stats.h ---- */

/* A list and its labels, sorted once. */
struct bootstrap_list {
    const double *x; /* [n] scores or labels */
    uint32_t *order; /* [n] rows, ascending by x */
    uint32_t *next;  /* [n] of the place in order: where the next value is */
    size_t n;
};
int bootstrap_sort(struct bootstrap_list *l, const double *x, size_t n,
                   struct err *err) MUST_CHECK;
void bootstrap_list_release(struct bootstrap_list *l);

/*
 * figure[FIGURE_COUNT] of the sample that has row i weight[i] times; NaN where
 * one does not exist. y NULL: the mean only. rank: scratch [2 n].
 */
void bootstrap_figures(double *figure, double *rank,
                       const struct bootstrap_list *x,
                       const struct bootstrap_list *y, bool binary,
                       const uint32_t *weight);

#endif
