#include "support/support.h"

#include <math.h>

#include "base/stats.h"

/* SciPy 1.x on the same numbers. */
static void correlations_are_scipy_s(void **state)
{
    const double x[] = { 0, 1, 1, 3, 5 }, y[] = { .1, .4, .2, .2, .9 };
    struct err err = ERR_INIT;
    double r;

    (void)state;
    assert_ok(stats_pearson(&r, x, y, 5, &err), &err);
    assert_near("pearson", r, 0.817920, 0, 1e-6);
    assert_ok(stats_spearman(&r, x, y, 5, &err), &err);
    assert_near("spearman", r, 0.763158, 0, 1e-6);
}

static void spearman_sees_the_order_only(void **state)
{
    double x[100], y[100], r;
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 100; i++) {
        x[i] = (i * 37) % 100;
        y[i] = exp(x[i] / 7);
    }
    assert_ok(stats_spearman(&r, x, y, 100, &err), &err);
    assert_near("rising", r, 1.0, 0, 1e-12);
    for (int i = 0; i < 100; i++)
        y[i] = -y[i];
    assert_ok(stats_spearman(&r, x, y, 100, &err), &err);
    assert_near("falling", r, -1.0, 0, 1e-12);
}

static void large_offsets_do_not_cancel(void **state)
{
    const double x[] = { 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4 };
    const double y[] = { 1, 2, 3, 5 };
    struct err err = ERR_INIT;
    double r;

    (void)state;
    assert_ok(stats_pearson(&r, x, y, 4, &err), &err);
    assert_near("pearson", r, 0.982708, 0, 1e-6);
}

/* sentence-transformers 6.2, binary evaluator. */
static void binary_figures_are_the_library_s(void **state)
{
    const double score[] = { .9, .8, .8, .6, .4, .3 };
    const double y[] = { 1, 1, 0, 1, 0, 0 };
    struct err err = ERR_INIT;
    struct stats_binary b;
    double ap;

    (void)state;
    assert_ok(stats_binary_best(&b, score, y, 6, &err), &err);
    assert_near("accuracy", b.accuracy, 5.0 / 6, 0, 1e-12);
    assert_near("accuracy threshold", b.accuracy_threshold, 0.5, 0, 1e-12);
    assert_near("f1", b.f1, 6.0 / 7, 0, 1e-12);
    assert_near("precision", b.precision, 0.75, 0, 1e-12);
    assert_near("recall", b.recall, 1.0, 0, 1e-12);
    assert_near("f1 threshold", b.f1_threshold, 0.5, 0, 1e-12);
    assert_near("mcc", b.mcc, 6.0 / sqrt(72.0), 0, 1e-12);
    assert_ok(stats_average_precision(&ap, score, y, 6, &err), &err);
    assert_near("ap", ap, 0.805556, 0, 1e-6);
}

static void the_order_of_equal_scores_does_not_count(void **state)
{
    const double score[] = { .5, .5, .5, .5 };
    const double y[2][4] = { { 1, 0, 0, 0 }, { 0, 0, 0, 1 } };
    struct err err = ERR_INIT;

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct stats_binary b;
        double ap;

        assert_ok(stats_average_precision(&ap, score, y[k], 4, &err), &err);
        assert_near("ap", ap, 0.25, 0, 1e-12);
        assert_ok(stats_binary_best(&b, score, y[k], 4, &err), &err);
        assert_near("all negative is best", b.accuracy, 0.75, 0, 1e-12);
        assert_true(b.accuracy_threshold > 0.5);
    }
}

static void refuses_what_has_no_answer(void **state)
{
    const double x[] = { 1, 2, 3 }, same[] = { 2, 2, 2 };
    const double bad[] = { 1, NAN, 3 }, far[] = { 1, INFINITY, 3 };
    const double ones[] = { 1, 1, 1 }, none[] = { 0, 0, 0 };
    struct stats_binary b;
    struct err err = ERR_INIT;
    double r;

    (void)state;
    assert_int_equal(stats_pearson(&r, x, same, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_pearson(&r, same, x, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_pearson(&r, x, bad, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_pearson(&r, far, x, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_pearson(&r, x, x, 1, &err), ERR_NUMERIC);
    assert_int_equal(stats_spearman(&r, x, same, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_spearman(&r, bad, x, 3, &err), ERR_NUMERIC);
    assert_int_equal(stats_average_precision(&r, x, ones, 3, &err),
                     ERR_NUMERIC);
    assert_int_equal(stats_average_precision(&r, x, none, 3, &err),
                     ERR_NUMERIC);
    assert_int_equal(stats_binary_best(&b, bad, x, 3, &err), ERR_NUMERIC);
}

static void histogram_has_its_edges(void **state)
{
    struct stats_hist h = { 0 };

    (void)state;
    stats_hist_add(&h, 0.0);
    stats_hist_add(&h, 0.049);
    stats_hist_add(&h, 0.05);
    stats_hist_add(&h, 1.0);
    stats_hist_add(&h, -3.0);
    stats_hist_add(&h, 7.0);
    stats_hist_add(&h, NAN);
    assert_int_equal(h.bin[0], 3);
    assert_int_equal(h.bin[1], 1);
    assert_int_equal(h.bin[STATS_BINS - 1], 2);
    assert_int_equal(h.absent, 1);
    assert_int_equal(h.n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlations_are_scipy_s),
        cmocka_unit_test(spearman_sees_the_order_only),
        cmocka_unit_test(large_offsets_do_not_cancel),
        cmocka_unit_test(binary_figures_are_the_library_s),
        cmocka_unit_test(the_order_of_equal_scores_does_not_count),
        cmocka_unit_test(refuses_what_has_no_answer),
        cmocka_unit_test(histogram_has_its_edges),
    };

    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
