/* evaluate_csv.c - result files as sentence-transformers' evaluators write
 * them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/evaluate.h"

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

/* Rows of other columns under one header would be read wrongly. Lines end in
 * CRLF in the library's files, in LF after some editors. */
static int check_header(const struct buf *text, const char *header,
                        const char *path, struct err *err)
{
    const char *s = buf_str(text);
    size_t n = strcspn(s, "\r\n");

    if (n == strlen(header) && strncmp(s, header, n) == 0)
        return 0;
    return ERR_SET(err, ERR_FORMAT,
                   "%s has other columns, \"%.*s\", expected \"%.60s...\"",
                   path, (int)(n < 60 ? n : 60), s, header);
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
        rc = check_header(&text, header, path, err);
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

int evaluation_csv_triplets(const char *dir, const char *name,
                            const double accuracy[SIM_COUNT], double epoch,
                            long steps, struct err *err)
{
    struct buf row = BUF_INIT(1 << 16);
    int rc = put_place(&row, epoch, steps, err);

    if (rc == 0)
        rc = put_numbers(&row, accuracy, SIM_COUNT, err);
    if (rc == 0)
        rc = append_row(dir, "triplet_evaluation", name,
                        "epoch,steps,accuracy_cosine,accuracy_euclidean,"
                        "accuracy_manhattan,accuracy_dot",
                        &row, err);
    buf_release(&row);
    return rc;
}
