#include "model/warm.h"

#include <math.h>

#include "base/log.h"

int warm_texts(struct scorer *s, const struct opt_list *stores,
               enum dataset_kind kind, struct workers *w, struct err *err)
{
    struct dataset d = DATASET_INIT;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < stores->n; i++)
        rc = dataset_add(&d, stores->item[i], kind, scorer_tokenise, s, w, err);
    if (rc == 0)
        log_info("the teacher reads %zu texts", d.table.n);
    if (rc == 0)
        rc = scorer_take(s, &d.table, w, err);
    dataset_release(&d);
    return rc;
}

static int ask(struct dataset *d, struct scorer *s, struct workers *w,
               struct err *err)
{
    enum { WINDOW = 4096 };
    uint32_t a[WINDOW], b[WINDOW];
    float score[WINDOW];
    int rc = 0;

    for (size_t from = 0; rc == 0 && from < d->n; from += WINDOW) {
        struct example *e = d->example + from;
        size_t n = d->n - from < WINDOW ? d->n - from : WINDOW;

        for (size_t i = 0; i < n; i++) {
            a[i] = e[i].a;
            b[i] = e[i].b;
        }
        rc = scorer_score(s, score, NULL, a, b, n, w, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            e[i].target = fminf(fmaxf(score[i], 0.0f), 1.0f);
    }
    return rc;
}

int warm_labels(struct dataset *d, const struct opt_list *stores,
                const char *folder, struct workers *w, struct err *err)
{
    struct scorer s = { 0 };
    int rc = scorer_load(&s, folder, false, PRECISION_F32, err);

    if (rc == 0 && s.is_cross)
        rc = ERR_SET(err, ERR_USAGE,
                     "--warm-start %s is a cross-encoder, expected a sentence "
                     "encoder",
                     folder);
    if (rc == 0)
        rc = warm_texts(&s, stores, DATASET_PAIRED, w, err);
    if (rc == 0)
        rc = ask(d, &s, w, err);
    scorer_release(&s);
    return rc;
}
