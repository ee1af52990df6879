#include "model/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"

/* The rows of a data set as pairs of texts to score. */
struct rows {
    struct dataset data;
    uint32_t *a, *b; /* [pairs]: triplets have all positives first */
    size_t n, pairs; /* pairs: n, or 2 n of triplets */
};

static int find_kind(enum trial_kind *kind, const char *path, struct err *err)
{
    struct store *s = NULL;
    uint64_t pairs = 0, triplets = 0;
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = store_count(s, STORE_PAIRS, &pairs, err);
    if (rc == 0)
        rc = store_count(s, STORE_TRIPLETS, &triplets, err);
    *kind = pairs == 0 && triplets > 0 ? TRIAL_TRIPLETS : TRIAL_GRADED;
    store_close(s);
    return rc;
}

static void fill_pairs(struct rows *r)
{
    for (size_t i = 0; i < r->n; i++) {
        r->a[i] = r->data.example[i].a;
        r->b[i] = r->data.example[i].b;
    }
}

static void fill_triplets(struct rows *r)
{
    size_t at = 0;

    for (size_t i = 0; i < r->data.n; i++) {
        const struct example *e = &r->data.example[i];

        for (uint32_t k = 0; k < e->n; k++, at++) {
            r->a[at] = r->a[r->n + at] = e->a;
            r->b[at] = e->b;
            r->b[r->n + at] = r->data.negative[e->first + k];
        }
    }
}

static int load_rows(struct rows *r, const struct subject *s,
                     enum trial_kind kind, const char *path, struct workers *w,
                     struct err *err)
{
    bool triplets = kind == TRIAL_TRIPLETS;
    int rc = dataset_add(&r->data, path,
                         triplets ? DATASET_POSITIVE : DATASET_SCORED,
                         subject_tokenise, s, w, err);

    r->n = triplets ? r->data.negatives : r->data.n;
    r->pairs = triplets ? 2 * r->n : r->n;
    if (rc == 0)
        rc = dataset_need(&r->data, path, err);
    if (rc == 0 && r->n == 0)
        rc = ERR_SET(err, ERR_FORMAT, "%s: no triplet has a negative", path);
    if (rc < 0)
        return rc;
    r->a = malloc((r->pairs + 1) * sizeof(*r->a));
    r->b = malloc((r->pairs + 1) * sizeof(*r->b));
    if (!r->a || !r->b)
        return ERR_SET(err, ERR_NOMEM, "%zu pairs", r->pairs);
    triplets ? fill_triplets(r) : fill_pairs(r);
    return 0;
}

static void release_rows(struct rows *r)
{
    dataset_release(&r->data);
    free(r->a);
    free(r->b);
}

/* What a model says: of triplets 1 where the positive is nearer, else 0. */
struct answers {
    double *list, *label; /* [lists][n], [n] or NULL */
    size_t n, lists, skipped;
};

static void judge_triplets(double *list, const double *score, size_t lists,
                           size_t n)
{
    for (size_t k = 0; k < lists; k++)
        for (size_t i = 0; i < n; i++)
            list[k * n + i] =
                score[k * 2 * n + i] > score[k * 2 * n + n + i] ? 1.0 : 0.0;
}

static int take(struct answers *a, const struct rows *r, struct subject *s,
                bool triplets, struct workers *w, struct err *err)
{
    double *score = malloc((a->lists * r->pairs + 1) * sizeof(*score));
    int rc = score ? 0 : ERR_SET(err, ERR_NOMEM, "%zu scores", r->pairs);

    if (rc == 0)
        rc = subject_score(s, score, &r->data.table, r->a, r->b, r->pairs, w,
                           err);
    if (rc == 0 && !triplets) {
        a->list = score;
        return 0;
    }
    if (rc == 0) {
        a->list = malloc((a->lists * r->n + 1) * sizeof(*a->list));
        rc = a->list ? 0 : ERR_SET(err, ERR_NOMEM, "%zu triplets", r->n);
    }
    if (rc == 0)
        judge_triplets(a->list, score, a->lists, r->n);
    free(score);
    return rc;
}

static int ask(struct answers *a, struct subject *s, enum trial_kind kind,
               const char *path, struct workers *w, struct err *err)
{
    struct rows r = { .data = DATASET_INIT };
    int rc = load_rows(&r, s, kind, path, w, err);

    *a = (struct answers){ .n = r.n,
                           .lists = subject_lists(s),
                           .skipped = r.data.skipped };
    if (rc == 0)
        rc = take(a, &r, s, kind == TRIAL_TRIPLETS, w, err);
    if (rc == 0 && kind != TRIAL_TRIPLETS) {
        a->label = malloc((a->n + 1) * sizeof(*a->label));
        if (!a->label)
            rc = ERR_SET(err, ERR_NOMEM, "%zu labels", a->n);
        for (size_t i = 0; rc == 0 && i < a->n; i++)
            a->label[i] = (double)r.data.example[i].target;
    }
    release_rows(&r);
    return rc;
}

static void release_answers(struct answers *a)
{
    free(a->list);
    free(a->label);
}

/* ---- figures ---- */

static double mean(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static int measure(struct trial *t, const struct answers *a, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < a->lists; k++) {
        if (a->label)
            rc = evaluate(&t->e[k], a->list + k * a->n, a->label, a->n, err);
        else
            t->accuracy[k] = mean(a->list + k * a->n, a->n);
    }
    if (a->label && t->e[0].binary)
        t->kind = TRIAL_BINARY;
    return rc;
}

bool trial_has(const struct trial *t, enum figure f)
{
    switch (t->kind) {
    case TRIAL_GRADED:
        return f == FIGURE_PEARSON || f == FIGURE_SPEARMAN;
    case TRIAL_BINARY:
        return f != FIGURE_MEAN;
    case TRIAL_TRIPLETS:
        break;
    }
    return f == FIGURE_MEAN;
}

enum figure trial_figure(const struct trial *t)
{
    if (t->kind == TRIAL_TRIPLETS)
        return FIGURE_MEAN;
    return t->kind == TRIAL_BINARY ? FIGURE_AVERAGE_PRECISION : FIGURE_SPEARMAN;
}

double trial_value(const struct trial *t, size_t list, enum figure f)
{
    const struct evaluation *e = &t->e[list];

    switch (f) {
    case FIGURE_PEARSON:
        return e->pearson;
    case FIGURE_SPEARMAN:
        return e->spearman;
    case FIGURE_AVERAGE_PRECISION:
        return e->average_precision;
    case FIGURE_ACCURACY:
        return e->best.accuracy;
    case FIGURE_F1:
        return e->best.f1;
    case FIGURE_MCC:
        return e->best.mcc;
    case FIGURE_MEAN:
    case FIGURE_COUNT:
        break;
    }
    return t->accuracy[list];
}

/* ---- how sure ---- */

static int fill_intervals(struct trial *t, const struct bootstrap *b,
                          struct err *err)
{
    int rc = 0;

    for (size_t k = 0; k < t->lists; k++)
        for (int f = 0; rc == 0 && f < FIGURE_COUNT; f++)
            rc = bootstrap_interval(&t->interval[k][f], b, k, (enum figure)f,
                                    err);
    t->sure = rc == 0;
    return rc;
}

/* The other model's main list is the last of the bootstrap's. */
static int compare(struct trial *t, const struct trial *other,
                   const struct bootstrap *b, struct err *err)
{
    int rc = 0;

    for (int k = 0; rc == 0 && k < FIGURE_COUNT; k++) {
        enum figure f = (enum figure)k;
        struct comparison *c = &t->against[f];

        if (!trial_has(t, f))
            continue;
        c->ours = trial_value(t, t->main, f);
        c->theirs = trial_value(other, other->main, f);
        rc = bootstrap_difference(&c->difference, &c->p, b, t->main, t->lists,
                                  f, err);
    }
    t->compared = rc == 0;
    return rc;
}

static int resample(struct trial *t, const struct trial *other,
                    const struct trial_plan *p, const struct answers *a,
                    const struct answers *theirs, struct err *err)
{
    const double *list[SIM_COUNT + 1];
    struct bootstrap b;
    size_t n = 0;
    int rc;

    while (n < a->lists) {
        list[n] = a->list + n * a->n;
        n++;
    }
    if (other)
        list[n++] = theirs->list + other->main * a->n;
    rc = bootstrap_run(&b, list, n, a->label, t->kind == TRIAL_BINARY, a->n,
                       p->draws, p->seed, p->workers, err);
    if (rc < 0)
        return rc;
    rc = fill_intervals(t, &b, err);
    if (rc == 0 && other)
        rc = compare(t, other, &b, err);
    bootstrap_release(&b);
    return rc;
}

static int run_one(struct trial *t, struct answers *a, struct subject *s,
                   const struct trial_plan *p, const char *path,
                   struct err *err)
{
    char *dot;
    int rc = find_kind(&t->kind, path, err);

    snprintf(t->name, sizeof(t->name), "%s", file_base(path));
    dot = strstr(t->name, ".lmdb");
    if (dot)
        *dot = '\0';
    if (rc == 0)
        rc = ask(a, s, t->kind, path, p->workers, err);
    if (rc < 0)
        return rc;
    t->n = a->n;
    t->skipped = a->skipped;
    t->lists = a->lists;
    t->main = subject_main(s);
    rc = measure(t, a, err);
    return rc < 0 ? err_prefix(err, "%s", path) : 0;
}

int trial_run(struct trial *t, const struct trial_plan *p, const char *path,
              struct err *err)
{
    struct answers a = { 0 }, theirs = { 0 };
    struct trial other = { .n = 0 };
    int rc;

    *t = (struct trial){ .n = 0 };
    rc = run_one(t, &a, p->subject, p, path, err);
    if (rc == 0 && p->against)
        rc = run_one(&other, &theirs, p->against, p, path, err);
    if (rc == 0 && p->draws > 0)
        rc = resample(t, p->against ? &other : NULL, p, &a, &theirs, err);
    release_answers(&a);
    release_answers(&theirs);
    return rc;
}
