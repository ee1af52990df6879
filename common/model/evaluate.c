#include "model/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

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

/* Append ",x" with the fewest digits that read back the same. */
static int put_number(struct buf *b, double x, struct err *err)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return buf_printf(b, err, ",%s", text);
}

static int put_numbers(struct buf *b, const double *x, size_t n,
                       struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = put_number(b, x[i], err);
    return rc;
}

static int append_row(const char *dir, const char *stem, const char *name,
                      const char *header, const struct buf *row,
                      struct err *err)
{
    struct buf text = BUF_INIT(64 << 20);
    char path[FILE_PATH_MAX], file[512];
    int rc;

    snprintf(file, sizeof(file), "%s%s%s_results.csv", stem, name[0] ? "_" : "",
             name);
    rc = file_join(path, dir, file, err);
    if (rc == 0 && file_exists(path))
        rc = file_read(&text, path, err);
    if (rc == 0 && text.len == 0)
        rc = buf_printf(&text, err, "%s\r\n", header);
    if (rc == 0)
        rc = buf_printf(&text, err, "%s\r\n", buf_str(row));
    if (rc == 0)
        rc = file_write(path, text.ptr, text.len, err);
    buf_release(&text);
    return rc;
}

/* "epoch,steps": epoch is a float in the library's files, steps an integer. */
static int put_place(struct buf *b, double epoch, long steps, struct err *err)
{
    if (epoch < 0.0)
        return buf_puts(b, "-1,-1", err);
    return buf_printf(b, err, epoch == floor(epoch) ? "%.1f,%ld" : "%g,%ld",
                      epoch, steps);
}

/* Thresholds of distances are positive in the library's files. */
static double cut(enum similarity s, double threshold)
{
    return s == SIM_EUCLIDEAN || s == SIM_MANHATTAN ? -threshold : threshold;
}

static int csv_binary(const char *dir, const char *name,
                      const struct evaluation e[SIM_COUNT], double epoch,
                      long steps, struct err *err)
{
    struct buf head = BUF_INIT(1 << 16), row = BUF_INIT(1 << 16);
    int rc = buf_puts(&head, "epoch,steps", err);

    if (rc == 0)
        rc = put_place(&row, epoch, steps, err);
    for (int s = 0; rc == 0 && s < SIM_COUNT; s++) {
        const char *f = similarity_name((enum similarity)s);
        const struct stats_binary *b = &e[s].best;
        double x[8] = { b->accuracy,
                        cut((enum similarity)s, b->accuracy_threshold),
                        b->f1,
                        b->precision,
                        b->recall,
                        cut((enum similarity)s, b->f1_threshold),
                        e[s].average_precision,
                        b->mcc };

        rc = buf_printf(&head, err,
                        ",%s_accuracy,%s_accuracy_threshold,%s_f1,"
                        "%s_precision,%s_recall,%s_f1_threshold,%s_ap,%s_mcc",
                        f, f, f, f, f, f, f, f);
        if (rc == 0)
            rc = put_numbers(&row, x, 8, err);
    }
    if (rc == 0)
        rc = append_row(dir, "binary_classification_evaluation", name,
                        buf_str(&head), &row, err);
    buf_release(&head);
    buf_release(&row);
    return rc;
}

int evaluation_csv_bi(const char *dir, const char *name,
                      const struct evaluation e[SIM_COUNT], double epoch,
                      long steps, struct err *err)
{
    struct buf head = BUF_INIT(1 << 16), row = BUF_INIT(1 << 16);
    int rc = buf_puts(&head, "epoch,steps", err);

    if (rc == 0)
        rc = put_place(&row, epoch, steps, err);
    for (int s = 0; rc == 0 && s < SIM_COUNT; s++) {
        const char *f = similarity_name((enum similarity)s);
        double x[2] = { e[s].pearson, e[s].spearman };

        rc = buf_printf(&head, err, ",%s_pearson,%s_spearman", f, f);
        if (rc == 0)
            rc = put_numbers(&row, x, 2, err);
    }
    if (rc == 0)
        rc = append_row(dir, "similarity_evaluation", name, buf_str(&head),
                        &row, err);
    buf_release(&head);
    buf_release(&row);
    if (rc == 0 && e[SIM_COSINE].binary)
        rc = csv_binary(dir, name, e, epoch, steps, err);
    return rc;
}

int evaluation_csv_cross(const char *dir, const char *name,
                         const struct evaluation *e, double epoch, long steps,
                         struct err *err)
{
    const struct stats_binary *b = &e->best;
    double corr[2] = { e->pearson, e->spearman };
    double bin[7] = { b->accuracy,         b->accuracy_threshold, b->f1,
                      b->f1_threshold,     b->precision,          b->recall,
                      e->average_precision };
    struct buf row = BUF_INIT(1 << 16);
    int rc = put_place(&row, epoch, steps, err);

    if (rc == 0)
        rc = put_numbers(&row, corr, 2, err);
    if (rc == 0)
        rc = append_row(dir, "CrossEncoderCorrelationEvaluator", name,
                        "epoch,steps,Pearson_Correlation,Spearman_Correlation",
                        &row, err);
    buf_reset(&row);
    if (rc == 0 && e->binary) {
        rc = put_place(&row, epoch, steps, err);
        if (rc == 0)
            rc = put_numbers(&row, bin, 7, err);
        if (rc == 0)
            rc = append_row(dir, "CrossEncoderClassificationEvaluator", name,
                            "epoch,steps,Accuracy,Accuracy_Threshold,F1,"
                            "F1_Threshold,Precision,Recall,Average_Precision",
                            &row, err);
    }
    buf_release(&row);
    return rc;
}
