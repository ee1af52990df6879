/*
 * ensemble.h - several models' scores as one teacher's.
 *
 *   score = clamp(slope * (weight[0] * s_0 + weight[1] * s_1 + ...) + offset)
 *
 * Weights are chosen on labelled pairs by greedy selection with replacement:
 * Caruana et al., "Ensemble selection from libraries of models", ICML 2004. In
 * each of ENSEMBLE_ROUNDS rounds that member is added whose mean with those
 * taken so far has the highest Spearman correlation with the labels; a
 * member's weight is its share of the best round's bag. So the blend is never
 * worse on these pairs than its best member. slope and offset are the least
 * squares line from blend to label: a student learns the value, not the rank.
 */
#ifndef MODEL_ENSEMBLE_H
#define MODEL_ENSEMBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ENSEMBLE_MAX = 16, ENSEMBLE_ROUNDS = 20 };

struct ensemble {
    size_t n;
    double weight[ENSEMBLE_MAX]; /* >= 0, sum 1 */
    double slope, offset;
};

/* Equal weights, no line. */
void ensemble_even(struct ensemble *e, size_t n);

struct ensemble_fit {
    double member[ENSEMBLE_MAX], blend; /* Spearman on these pairs */
};
/*
 *   score [members,n] in   member by member
 *   label [n]         in   [0, 1]
 * ERR_NUMERIC when labels or a member's scores are all equal; ERR_NOMEM.
 */
int ensemble_fit(struct ensemble *e, struct ensemble_fit *fit,
                 const double *score, size_t members, const double *label,
                 size_t n, struct err *err) MUST_CHECK;

/* One pair's score of members s[n], in [0, 1]. */
double ensemble_score(const struct ensemble *e, const double *s);

#endif
