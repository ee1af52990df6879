#include "base/bootstrap.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { STREAM = 0x626f6f74 }; /* tells these draws from the seed's others */

struct job {
    struct bootstrap *b;
    const struct bootstrap_list *list, *label; /* label NULL: none */
    bool binary;
    uint64_t seed;
    size_t n;
    uint32_t *weight; /* [workers][n] */
    double *rank;     /* [workers][2 n] */
};

static void draw(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct job *j = ctx;
    uint32_t *weight = j->weight + worker * j->n;
    const size_t row = j->b->lists * FIGURE_COUNT;

    for (size_t d = begin; d < end; d++) {
        struct rng rng;

        rng_init(&rng, j->seed, STREAM + d);
        memset(weight, 0, j->n * sizeof(*weight));
        for (size_t i = 0; i < j->n; i++)
            weight[rng_below(&rng, j->n)]++;
        for (size_t k = 0; k < j->b->lists; k++)
            bootstrap_figures(j->b->value + d * row + k * FIGURE_COUNT,
                              j->rank + worker * 2 * j->n, &j->list[k],
                              j->label, j->binary, weight);
    }
}

static int run_draws(struct job *j, struct workers *w, struct err *err)
{
    const size_t threads = workers_count(w);
    int rc = 0;

    j->weight = malloc(threads * j->n * sizeof(*j->weight));
    j->rank = malloc(threads * 2 * j->n * sizeof(*j->rank));
    j->b->value =
        malloc(j->b->draws * j->b->lists * FIGURE_COUNT * sizeof(double));
    if (j->weight && j->rank && j->b->value)
        workers_run(w, j->b->draws, 1, draw, j);
    else
        rc =
            ERR_SET(err, ERR_NOMEM, "%zu draws of %zu rows", j->b->draws, j->n);
    free(j->weight);
    free(j->rank);
    return rc;
}

int bootstrap_run(struct bootstrap *b, const double *const *list, size_t lists,
                  const double *label, bool binary, size_t n, size_t draws,
                  uint64_t seed, struct workers *w, struct err *err)
{
    struct bootstrap_list *sorted = calloc(lists, sizeof(*sorted));
    struct bootstrap_list y = { 0 };
    struct job j = { .b = b,
                     .list = sorted,
                     .label = label ? &y : NULL,
                     .binary = binary,
                     .seed = seed,
                     .n = n };
    int rc = sorted ? 0 : ERR_SET(err, ERR_NOMEM, "%zu lists", lists);

    assert(n > 0 && lists > 0 && draws > 0);
    *b = (struct bootstrap){ .draws = draws, .lists = lists };
    for (size_t k = 0; rc == 0 && k < lists; k++)
        rc = bootstrap_sort(&sorted[k], list[k], n, err);
    if (rc == 0 && label)
        rc = bootstrap_sort(&y, label, n, err);
    if (rc == 0)
        rc = run_draws(&j, w, err);
    for (size_t k = 0; sorted && k < lists; k++)
        bootstrap_list_release(&sorted[k]);
    free(sorted);
    bootstrap_list_release(&y);
    if (rc < 0)
        bootstrap_release(b);
    return rc;
}

void bootstrap_release(struct bootstrap *b)
{
    free(b->value);
    *b = (struct bootstrap){ 0 };
}

/* ---- intervals ---- */

static int ascending(const void *a, const void *b)
{
    const double *p = a, *q = b;

    return (*p > *q) - (*p < *q);
}

/* Linear between neighbours, as numpy.quantile does by default. */
static double quantile(const double *x, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}

static double value(const struct bootstrap *b, size_t d, size_t list,
                    enum figure f)
{
    return b->value[(d * b->lists + list) * FIGURE_COUNT + f];
}

/* Sorts x [n]. */
static void middle(struct interval *i, double *x, size_t n, size_t draws)
{
    *i = (struct interval){ NAN, NAN };
    if (2 * n < draws || n == 0)
        return;
    qsort(x, n, sizeof(*x), ascending);
    *i = (struct interval){ quantile(x, n, 0.025), quantile(x, n, 0.975) };
}

int bootstrap_interval(struct interval *i, const struct bootstrap *b,
                       size_t list, enum figure f, struct err *err)
{
    double *x = malloc(b->draws * sizeof(*x));
    size_t n = 0;

    if (!x)
        return ERR_SET(err, ERR_NOMEM, "%zu draws", b->draws);
    for (size_t d = 0; d < b->draws; d++)
        if (!isnan(value(b, d, list, f)))
            x[n++] = value(b, d, list, f);
    middle(i, x, n, b->draws);
    free(x);
    return 0;
}

int bootstrap_difference(struct interval *i, double *p,
                         const struct bootstrap *b, size_t list_a,
                         size_t list_b, enum figure f, struct err *err)
{
    double *x = malloc(b->draws * sizeof(*x));
    size_t n = 0, below = 0, above = 0;

    if (!x)
        return ERR_SET(err, ERR_NOMEM, "%zu draws", b->draws);
    for (size_t d = 0; d < b->draws; d++) {
        double gain = value(b, d, list_a, f) - value(b, d, list_b, f);

        if (isnan(gain))
            continue;
        below += gain <= 0.0;
        above += gain >= 0.0;
        x[n++] = gain;
    }
    *p = 2.0 * (double)((below < above ? below : above) + 1) / (double)(n + 1);
    *p = *p > 1.0 ? 1.0 : *p;
    middle(i, x, n, b->draws);
    free(x);
    return 0;
}
