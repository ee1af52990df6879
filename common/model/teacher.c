#include "model/teacher.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/dataset.h"

int teacher_add(struct teacher *t, const char *folder, const char *name,
                bool both_orders, enum precision precision, struct err *err)
{
    int rc;

    if (t->members == ENSEMBLE_MAX)
        return ERR_SET(err, ERR_USAGE, "a teacher has at most %d models",
                       ENSEMBLE_MAX);
    rc = scorer_load(&t->member[t->members], folder, both_orders, precision,
                     err);
    if (rc < 0)
        return rc;
    t->name[t->members++] = name;
    ensemble_even(&t->ensemble, t->members);
    return 0;
}

void teacher_release(struct teacher *t)
{
    for (size_t m = 0; m < t->members; m++)
        scorer_release(&t->member[m]);
    t->members = 0;
}

/* ---- labelled pairs ---- */

struct labelled {
    double *score, *label; /* [members,n], [n] */
    size_t n;
};

static int make_room(struct labelled *l, size_t members, size_t n,
                     struct err *err)
{
    if (l->score)
        return 0;
    l->n = n;
    l->score = malloc(members * n * sizeof(*l->score));
    l->label = malloc(n * sizeof(*l->label));
    if (!l->score || !l->label)
        return ERR_SET(err, ERR_NOMEM, "%zu scores", members * n);
    return 0;
}

/* Pairs [from, from + n) of d by member m. */
static int score_some(struct teacher *t, size_t m, struct labelled *l,
                      const struct dataset *d, size_t from, size_t n,
                      struct workers *w, struct err *err)
{
    uint32_t a[TEACHER_WINDOW], b[TEACHER_WINDOW];
    int rc;

    for (size_t i = 0; i < n; i++) {
        a[i] = d->example[from + i].a;
        b[i] = d->example[from + i].b;
        l->label[from + i] = (double)d->example[from + i].target;
    }
    rc = scorer_score(&t->member[m], t->each[m], NULL, a, b, n, w, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        l->score[m * l->n + from + i] = (double)t->each[m][i];
    return rc;
}

/* Each member tokenises in its own way, so each reads the store. */
static int score_labelled(struct teacher *t, size_t m, struct labelled *l,
                          const char *store, struct workers *w, struct err *err)
{
    struct dataset d = DATASET_INIT;
    int rc = dataset_add(&d, store, DATASET_SCORED, scorer_tokenise,
                         &t->member[m], w, err);

    if (rc == 0)
        rc = dataset_need(&d, "labelled pairs", err);
    if (rc == 0)
        rc = make_room(l, t->members, d.n, err);
    if (rc == 0)
        rc = scorer_take(&t->member[m], &d.table, w, err);
    for (size_t from = 0; rc == 0 && from < d.n; from += TEACHER_WINDOW)
        rc = score_some(
            t, m, l, &d, from,
            d.n - from < TEACHER_WINDOW ? d.n - from : TEACHER_WINDOW, w, err);
    dataset_release(&d);
    return rc;
}

static struct json_node *fit_json(const struct teacher *t,
                                  const struct ensemble_fit *fit, size_t n)
{
    struct json_node *o = json_new_object(), *all = json_new_array();

    for (size_t m = 0; m < t->members; m++) {
        struct json_node *one = json_new_object();

        json_set_str(one, "model", t->name[m]);
        json_set_num(one, "weight", t->ensemble.weight[m]);
        json_set_num(one, "spearman", fit->member[m]);
        json_push(all, one);
    }
    json_set(o, "members", all);
    json_set_num(o, "spearman", fit->blend);
    json_set_num(o, "pairs", (double)n);
    json_set_num(o, "slope", t->ensemble.slope);
    json_set_num(o, "offset", t->ensemble.offset);
    return o;
}

static void tell(const struct teacher *t, const struct ensemble_fit *fit,
                 const char *store)
{
    double bi = -2.0;

    for (size_t m = 0; m < t->members; m++) {
        log_info("%s: Spearman %.2f on %s, weight %.2f", t->name[m],
                 100.0 * fit->member[m], file_base(store),
                 t->ensemble.weight[m]);
        if (!t->member[m].is_cross && fit->member[m] > bi)
            bi = fit->member[m];
    }
    log_info("together: Spearman %.2f; score = %.4f * mean %+.4f",
             100.0 * fit->blend, t->ensemble.slope, t->ensemble.offset);
    if (bi >= fit->blend)
        log_warn("the teacher is not better than its best sentence encoder: "
                 "a student of that kind learns nothing new from it");
}

int teacher_fit(struct teacher *t, struct json_node **out, const char *store,
                struct workers *w, struct err *err)
{
    struct ensemble_fit fit;
    struct labelled l = { NULL, NULL, 0 };
    int rc = 0;

    *out = NULL;
    for (size_t m = 0; rc == 0 && m < t->members; m++)
        rc = score_labelled(t, m, &l, store, w, err);
    if (rc == 0)
        rc = ensemble_fit(&t->ensemble, &fit, l.score, t->members, l.label, l.n,
                          err);
    if (rc == 0) {
        t->fitted = true;
        tell(t, &fit, store);
        *out = fit_json(t, &fit, l.n);
    } else {
        rc = err_prefix(err, "%s", store);
    }
    free(l.score);
    free(l.label);
    return rc;
}

/* ---- pairs to label ---- */

int teacher_texts(struct teacher *t, const struct span *text, size_t n,
                  struct workers *w, struct err *err)
{
    int rc = 0;

    for (size_t m = 0; rc == 0 && m < t->members; m++)
        rc = scorer_texts(&t->member[m], text, n, w, err);
    return rc;
}

int teacher_score(struct teacher *t, float *score, float *reverse,
                  const uint32_t *a, const uint32_t *b, size_t n,
                  struct workers *w, struct err *err)
{
    const bool alone = t->members == 1 && !t->fitted;
    int rc = 0;

    assert(n <= TEACHER_WINDOW);
    for (size_t m = 0; rc == 0 && m < t->members; m++)
        rc = scorer_score(&t->member[m], t->each[m], reverse, a, b, n, w, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        double s[ENSEMBLE_MAX];

        for (size_t m = 0; m < t->members; m++)
            s[m] = (double)t->each[m][i];
        score[i] = (float)ensemble_score(&t->ensemble, s);
        if (!alone) /* of one member only, or not calibrated */
            reverse[i] = NAN;
    }
    return rc;
}
