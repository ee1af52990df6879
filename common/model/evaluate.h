/*
 * evaluate.h - how well scores agree with labels, and the result files that
 * sentence-transformers' evaluators write (same names, columns, CRLF).
 *
 * Correlation uses negative euclidean and manhattan distances, so that more
 * similar is always greater. Average precision and the best cut-offs exist
 * only where every label is 0 or 1.
 */
#ifndef MODEL_EVALUATE_H
#define MODEL_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/stats.h"

enum similarity {
    SIM_COSINE,
    SIM_EUCLIDEAN,
    SIM_MANHATTAN,
    SIM_DOT,
    SIM_COUNT
};
/* "cosine", "euclidean", "manhattan", "dot". */
const char *similarity_name(enum similarity s);

/* score[i] of rows u_i and v_i, both [C]; distances are negated. */
void similarity_rows(double *score, enum similarity s, const float *u,
                     const float *v, size_t n, size_t C);

struct evaluation {
    size_t n;
    double pearson, spearman;
    bool binary; /* every label is 0 or 1, and both occur */
    double average_precision;
    struct stats_binary best;
};
/* ERR_NUMERIC where no correlation exists. */
int evaluate(struct evaluation *e, const double *score, const double *label,
             size_t n, struct err *err) MUST_CHECK;

/* {"pearson","spearman","n"[,"average_precision","accuracy",...]} */
struct json_node *evaluation_json(const struct evaluation *e);

/*
 * Write or append a row to dir/similarity_evaluation_<name>_results.csv and,
 * for 0/1 labels, dir/binary_classification_evaluation_<name>_results.csv.
 * e[SIM_COUNT] in the order of enum similarity. epoch and steps are -1 for a
 * final evaluation. ERR_FORMAT: the file is there with other columns.
 */
int evaluation_csv_bi(const char *dir, const char *name,
                      const struct evaluation e[SIM_COUNT], double epoch,
                      long steps, struct err *err) MUST_CHECK;
/* CrossEncoderCorrelationEvaluator_<name>_results.csv and, for 0/1 labels,
 * CrossEncoderClassificationEvaluator_<name>_results.csv. */
int evaluation_csv_cross(const char *dir, const char *name,
                         const struct evaluation *e, double epoch, long steps,
                         struct err *err) MUST_CHECK;
/* triplet_evaluation_<name>_results.csv; accuracy in [0, 1]. */
int evaluation_csv_triplets(const char *dir, const char *name,
                            const double accuracy[SIM_COUNT], double epoch,
                            long steps, struct err *err) MUST_CHECK;

#endif
