#include "model/bi_dev.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/bi_batch.h"

int bi_dev_open(struct bi_dev *d, const char *store, const char *dir,
                const struct bi_encoder *m, struct workers *w, struct err *err)
{
    int rc = dataset_add(&d->data, store, DATASET_SCORED, bi_batch_tokenise, m,
                         w, err);

    if (rc == 0)
        rc = dataset_need(&d->data, store, err);
    if (rc < 0)
        return rc;
    d->vector =
        malloc(d->data.table.n * bi_encoder_dim(m) * sizeof(*d->vector));
    d->score = malloc(d->data.n * sizeof(*d->score));
    d->label = malloc(d->data.n * sizeof(*d->label));
    if (!d->vector || !d->score || !d->label)
        return ERR_SET(err, ERR_NOMEM, "cannot hold the dev set");
    snprintf(d->dir, sizeof(d->dir), "%s", dir);
    return file_mkdirs(d->dir, err);
}

void bi_dev_release(struct bi_dev *d)
{
    dataset_release(&d->data);
    free(d->vector);
    free(d->score);
    free(d->label);
}

static int encode(struct bi_dev *d, struct bi_encoder *m, struct workers *w,
                  struct err *err)
{
    size_t n = d->data.table.n;
    uint32_t *all = malloc((n + 1) * sizeof(*all));
    int rc;

    if (!all)
        return ERR_SET(err, ERR_NOMEM, "cannot encode the dev set");
    for (size_t i = 0; i < n; i++)
        all[i] = (uint32_t)i;
    rc = bi_encoder_encode(m, d->vector, &d->data.table, all, n, w, err);
    free(all);
    return rc;
}

static void score(struct bi_dev *d, enum similarity s, size_t dim)
{
    for (size_t i = 0; i < d->data.n; i++) {
        const struct example *x = &d->data.example[i];

        similarity_rows(&d->score[i], s, d->vector + x->a * dim,
                        d->vector + x->b * dim, 1, dim);
        d->label[i] = (double)x->target;
    }
}

/* A constant has no correlation: NaN, after a warning. */
static int agree(struct bi_dev *d, struct evaluation *e, struct err *err)
{
    int rc = evaluate(e, d->score, d->label, d->data.n, err);

    if (rc != ERR_NUMERIC)
        return rc;
    log_warn("no score on dev: %s", err->msg);
    e->spearman = NAN;
    return 0;
}

int bi_dev_measure(struct bi_dev *d, struct bi_encoder *m, double epoch,
                   size_t step, struct evaluation e[SIM_COUNT],
                   struct workers *w, struct err *err)
{
    bool all = true;
    int rc = encode(d, m, w, err);

    for (int s = 0; rc == 0 && all && s < SIM_COUNT; s++) {
        score(d, (enum similarity)s, bi_encoder_dim(m));
        rc = agree(d, &e[s], err);
        all = rc == 0 && !isnan(e[s].spearman);
    }
    return rc < 0 || !all
               ? rc
               : evaluation_csv_bi(d->dir, "dev", e, epoch, (long)step, err);
}
