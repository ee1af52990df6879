/*
 * stats.h - correlations and counts. Sums are in double. Definitions as in
 * SciPy and scikit-learn, so figures compare with sentence-transformers'.
 */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>

#include "base/err.h"

/* ERR_NUMERIC when n < 2, a value is not finite, or one side is constant. */
int stats_pearson(double *r, const double *x, const double *y, size_t n,
                  struct err *err) MUST_CHECK;
/* Pearson of the average ranks. ERR_NOMEM too. */
int stats_spearman(double *rho, const double *x, const double *y, size_t n,
                   struct err *err) MUST_CHECK;
/* AP = sum (R_k - R_{k-1}) P_k over distinct scores, high first; y > 0.5 is
 * positive. ERR_NUMERIC without a positive or without a negative. */
int stats_average_precision(double *ap, const double *score, const double *y,
                            size_t n, struct err *err) MUST_CHECK;
/* Best accuracy and F1 over all cut-offs, walk and ties as in the library's
 * binary evaluator; thresholds are midpoints. */
struct stats_binary {
    double accuracy, accuracy_threshold;
    double f1, f1_threshold, precision, recall;
    double mcc; /* at the F1 threshold */
};
int stats_binary_best(struct stats_binary *out, const double *score,
                      const double *y, size_t n, struct err *err) MUST_CHECK;

enum { STATS_BINS = 20 };
struct stats_hist {
    size_t bin[STATS_BINS]; /* [0, 1] in equal steps; 1.0 in the last */
    size_t absent;          /* NaN */
    size_t n;
};
void stats_hist_add(struct stats_hist *h, double x);

#endif
