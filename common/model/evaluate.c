#include "model/evaluate.h"

#include <math.h>

const char *similarity_name(enum similarity s)
{
    switch (s) {
    case SIM_COSINE:
        return "cosine";
    case SIM_EUCLIDEAN:
        return "euclidean";
    case SIM_MANHATTAN:
        return "manhattan";
    case SIM_DOT:
        return "dot";
    case SIM_COUNT:
        break;
    }
    return "?";
}

static double one_similarity(enum similarity s, const float *u, const float *v,
                             size_t C)
{
    double dot = 0.0, uu = 0.0, vv = 0.0, l1 = 0.0, l2 = 0.0;

    for (size_t c = 0; c < C; c++) {
        double x = u[c], y = v[c];

        dot += x * y;
        uu += x * x;
        vv += y * y;
        l1 += fabs(x - y);
        l2 += (x - y) * (x - y);
    }
    switch (s) {
    case SIM_COSINE:
        return dot / (fmax(sqrt(uu), 1e-12) * fmax(sqrt(vv), 1e-12));
    case SIM_EUCLIDEAN:
        return -sqrt(l2);
    case SIM_MANHATTAN:
        return -l1;
    case SIM_DOT:
    case SIM_COUNT:
        break;
    }
    return dot;
}

void similarity_rows(double *score, enum similarity s, const float *u,
                     const float *v, size_t n, size_t C)
{
    for (size_t i = 0; i < n; i++)
        score[i] = one_similarity(s, u + i * C, v + i * C, C);
}

static bool is_binary(const double *label, size_t n)
{
    size_t ones = 0;

    for (size_t i = 0; i < n; i++) {
        if (label[i] != 0.0 && label[i] != 1.0)
            return false;
        ones += label[i] == 1.0;
    }
    return ones > 0 && ones < n;
}

int evaluate(struct evaluation *e, const double *score, const double *label,
             size_t n, struct err *err)
{
    int rc;

    *e = (struct evaluation){ 0 };
    e->n = n;
    rc = stats_pearson(&e->pearson, score, label, n, err);
    if (rc == 0)
        rc = stats_spearman(&e->spearman, score, label, n, err);
    if (rc < 0 || !is_binary(label, n))
        return rc;
    e->binary = true;
    rc = stats_average_precision(&e->average_precision, score, label, n, err);
    if (rc == 0)
        rc = stats_binary_best(&e->best, score, label, n, err);
    return rc;
}

struct json_node *evaluation_json(const struct evaluation *e)
{
    struct json_node *o = json_new_object();

    json_set_num(o, "pearson", e->pearson);
    json_set_num(o, "spearman", e->spearman);
    json_set_num(o, "n", (double)e->n);
    if (!e->binary)
        return o;
    json_set_num(o, "average_precision", e->average_precision);
    json_set_num(o, "accuracy", e->best.accuracy);
    json_set_num(o, "accuracy_threshold", e->best.accuracy_threshold);
    json_set_num(o, "f1", e->best.f1);
    json_set_num(o, "f1_threshold", e->best.f1_threshold);
    json_set_num(o, "precision", e->best.precision);
    json_set_num(o, "recall", e->best.recall);
    json_set_num(o, "mcc", e->best.mcc);
    return o;
}
