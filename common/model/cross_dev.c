#include "model/cross_dev.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

int cross_dev_tokenise(const void *model, struct token_table *t,
                       const struct span *text, size_t n, struct workers *w,
                       struct err *err)
{
    return cross_encoder_tokenise(model, t, text, n, w, err);
}

int cross_dev_open(struct cross_dev *d, const char *store, const char *dir,
                   const struct cross_encoder *m, struct workers *w,
                   struct err *err)
{
    size_t n;
    int rc = dataset_add(&d->data, store, DATASET_SCORED, cross_dev_tokenise, m,
                         w, err);

    if (rc == 0)
        rc = dataset_need(&d->data, store, err);
    if (rc < 0)
        return rc;
    n = d->data.n;
    d->logit = malloc(n * sizeof(*d->logit));
    d->a = malloc(n * sizeof(*d->a));
    d->b = malloc(n * sizeof(*d->b));
    d->score = malloc(n * sizeof(*d->score));
    d->label = malloc(n * sizeof(*d->label));
    if (!d->logit || !d->a || !d->b || !d->score || !d->label)
        return ERR_SET(err, ERR_NOMEM, "cannot hold the dev set");
    for (size_t i = 0; i < n; i++) {
        d->a[i] = d->data.example[i].a;
        d->b[i] = d->data.example[i].b;
        d->label[i] = (double)d->data.example[i].target;
    }
    snprintf(d->dir, sizeof(d->dir), "%s", dir);
    return file_mkdirs(d->dir, err);
}

void cross_dev_release(struct cross_dev *d)
{
    dataset_release(&d->data);
    free(d->logit);
    free(d->a);
    free(d->b);
    free(d->score);
    free(d->label);
}

int cross_dev_measure(struct cross_dev *d, struct cross_encoder *m,
                      double epoch, size_t step, double *spearman,
                      struct workers *w, struct err *err)
{
    struct evaluation e = { .spearman = NAN };
    size_t n = d->data.n;
    int rc = cross_encoder_logits(m, d->logit, &d->data.table, d->a, d->b, n, w,
                                  err);

    *spearman = NAN;
    if (rc < 0)
        return rc;
    cross_encoder_activate(m, d->logit, n);
    for (size_t i = 0; i < n; i++)
        d->score[i] = (double)d->logit[i];
    rc = evaluate(&e, d->score, d->label, n, err);
    if (rc == ERR_NUMERIC) {
        log_warn("no score on dev: %s", err->msg);
        return 0;
    }
    *spearman = e.spearman;
    return rc < 0 ? rc
                  : evaluation_csv_cross(d->dir, "dev", &e, epoch, (long)step,
                                         err);
}
