#include "support/support.h"

#include <math.h>
#include <string.h>

#include "base/bootstrap.h"
#include "base/rng.h"
#include "base/stats.h"

enum { N = 61 };

/* Scores with ties; labels graded or 0/1. */
static void make(double *x, double *y, bool binary, uint64_t seed)
{
    struct rng r;

    rng_init(&r, seed, 0);
    for (int i = 0; i < N; i++) {
        y[i] = binary ? (double)rng_below(&r, 2) : floor(6 * rng_uniform(&r));
        x[i] = floor(20 * (rng_uniform(&r) + 0.1 * y[i])) / 20;
    }
}

/* The sample written out: row i weight[i] times. */
static size_t write_out(double *to, const double *from, const uint32_t *weight)
{
    size_t n = 0;

    for (size_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < weight[i]; k++)
            to[n++] = from[i];
    return n;
}

static void check_sample(const double *x, const double *y, bool binary,
                         const uint32_t *weight)
{
    struct bootstrap_list lx, ly;
    struct err err = ERR_INIT;
    struct stats_binary best;
    double f[FIGURE_COUNT], rank[2 * N], sx[N], sy[N], want;
    size_t n = write_out(sx, x, weight);

    write_out(sy, y, weight);
    assert_ok(bootstrap_sort(&lx, x, N, &err), &err);
    assert_ok(bootstrap_sort(&ly, y, N, &err), &err);
    bootstrap_figures(f, rank, &lx, &ly, binary, weight);
    assert_ok(stats_pearson(&want, sx, sy, n, &err), &err);
    assert_near("pearson", f[FIGURE_PEARSON], want, 0, 1e-12);
    assert_ok(stats_spearman(&want, sx, sy, n, &err), &err);
    assert_near("spearman", f[FIGURE_SPEARMAN], want, 0, 1e-12);
    if (binary) {
        assert_ok(stats_average_precision(&want, sx, sy, n, &err), &err);
        assert_near("ap", f[FIGURE_AVERAGE_PRECISION], want, 0, 1e-12);
        assert_ok(stats_binary_best(&best, sx, sy, n, &err), &err);
        assert_near("accuracy", f[FIGURE_ACCURACY], best.accuracy, 0, 1e-12);
        assert_near("f1", f[FIGURE_F1], best.f1, 0, 1e-12);
        assert_near("mcc", f[FIGURE_MCC], best.mcc, 0, 1e-12);
    } else {
        assert_true(isnan(f[FIGURE_AVERAGE_PRECISION]));
    }
    bootstrap_list_release(&lx);
    bootstrap_list_release(&ly);
}

static void weights_say_the_same_as_the_sample_written_out(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        double x[N], y[N];
        uint32_t weight[N] = { 0 };
        struct rng r;

        make(x, y, seed % 2, seed);
        rng_init(&r, seed, 1);
        for (int i = 0; i < N; i++)
            weight[rng_below(&r, N)]++;
        check_sample(x, y, seed % 2, weight);
    }
}

static void same_bits_for_any_number_of_threads(void **state)
{
    double x[N], y[N], first[4][2][FIGURE_COUNT];
    const double *list[2] = { x, y };

    (void)state;
    make(x, y, true, 7);
    for (size_t t = 1; t < 4; t++) {
        struct workers *w = NULL;
        struct bootstrap b;
        struct err err = ERR_INIT;

        assert_ok(workers_start(&w, t, &err), &err);
        assert_ok(bootstrap_run(&b, list, 2, y, true, N, 4, 3, w, &err), &err);
        if (t == 1)
            memcpy(first, b.value, sizeof(first));
        assert_memory_equal(first, b.value, sizeof(first));
        bootstrap_release(&b);
        workers_stop(w);
    }
}

/* The mean of 0/1 values is normal enough: p +- 1.96 sqrt(p (1 - p) / n). */
static void interval_of_a_mean_is_the_textbook_s(void **state)
{
    enum { ROWS = 1000 };
    double x[ROWS], y[ROWS], p;
    const double *list[2] = { x, y };
    struct workers *w = NULL;
    struct bootstrap b;
    struct interval i;
    struct err err = ERR_INIT;

    (void)state;
    for (int k = 0; k < ROWS; k++) {
        x[k] = k % 10 < 8;
        y[k] = k % 10 < 7;
    }
    assert_ok(workers_start(&w, 2, &err), &err);
    assert_ok(bootstrap_run(&b, list, 2, NULL, false, ROWS, 4000, 1, w, &err),
              &err);
    assert_ok(bootstrap_interval(&i, &b, 0, FIGURE_MEAN, &err), &err);
    assert_near("low", i.low, 0.8 - 1.96 * sqrt(0.16 / ROWS), 0, 0.0015);
    assert_near("high", i.high, 0.8 + 1.96 * sqrt(0.16 / ROWS), 0, 0.0015);
    assert_ok(bootstrap_difference(&i, &p, &b, 0, 1, FIGURE_MEAN, &err), &err);
    assert_near("low", i.low, 0.1 - 1.96 * sqrt(0.09 / ROWS), 0, 0.0015);
    assert_true(p < 0.001);
    assert_ok(bootstrap_difference(&i, &p, &b, 1, 1, FIGURE_MEAN, &err), &err);
    assert_near("no difference", p, 1.0, 0, 0);
    bootstrap_release(&b);
    workers_stop(w);
}

/* Scores that are all equal correlate with nothing. */
static void no_interval_where_most_samples_have_no_figure(void **state)
{
    const double x[3] = { 1, 1, 1 }, y[3] = { 0, 1, 1 };
    const double *list[1] = { x };
    struct workers *w = NULL;
    struct bootstrap b;
    struct interval i;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(workers_start(&w, 1, &err), &err);
    assert_ok(bootstrap_run(&b, list, 1, y, true, 3, 50, 1, w, &err), &err);
    assert_ok(bootstrap_interval(&i, &b, 0, FIGURE_SPEARMAN, &err), &err);
    assert_true(isnan(i.low) && isnan(i.high));
    assert_ok(bootstrap_interval(&i, &b, 0, FIGURE_F1, &err), &err);
    assert_true(i.low > 0.0 && i.high <= 1.0);
    bootstrap_release(&b);
    workers_stop(w);
}

static void refuses_what_is_not_finite(void **state)
{
    const double x[2] = { 1, NAN }, y[2] = { 0, 1 };
    const double *list[1] = { x };
    struct workers *w = NULL;
    struct bootstrap b;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(workers_start(&w, 1, &err), &err);
    assert_int_equal(bootstrap_run(&b, list, 1, y, true, 2, 5, 1, w, &err),
                     ERR_NUMERIC);
    assert_non_null(strstr(err.msg, "value 1 is not finite"));
    workers_stop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_say_the_same_as_the_sample_written_out),
        cmocka_unit_test(same_bits_for_any_number_of_threads),
        cmocka_unit_test(interval_of_a_mean_is_the_textbook_s),
        cmocka_unit_test(no_interval_where_most_samples_have_no_figure),
        cmocka_unit_test(refuses_what_is_not_finite),
    };

    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
