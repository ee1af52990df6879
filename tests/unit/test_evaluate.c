#include "support/support.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "model/evaluate.h"

static void similarities_are_greater_for_what_is_nearer(void **state)
{
    const float u[2] = { 3, 4 }, v[2] = { 4, 3 };
    double s;

    (void)state;
    similarity_rows(&s, SIM_COSINE, u, v, 1, 2);
    assert_near("cosine", s, 0.96, 1e-12, 0);
    similarity_rows(&s, SIM_DOT, u, v, 1, 2);
    assert_near("dot", s, 24.0, 1e-12, 0);
    similarity_rows(&s, SIM_EUCLIDEAN, u, v, 1, 2);
    assert_near("euclidean", s, -sqrt(2.0), 1e-12, 0);
    similarity_rows(&s, SIM_MANHATTAN, u, v, 1, 2);
    assert_near("manhattan", s, -2.0, 1e-12, 0);
}

/* Values of SciPy and scikit-learn for these lists. */
static void figures_are_scipys(void **state)
{
    const double x[] = { 0, 1, 1, 3, 5 }, y[] = { .1, .4, .2, .2, .9 };
    const double s[] = { .9, .8, .8, .6, .4, .3 }, l[] = { 1, 1, 0, 1, 0, 0 };
    struct evaluation e;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(evaluate(&e, x, y, 5, &err), &err);
    assert_near("spearman", e.spearman, 0.763158, 0, 1e-6);
    assert_near("pearson", e.pearson, 0.817920, 0, 1e-6);
    assert_false(e.binary);
    assert_ok(evaluate(&e, s, l, 6, &err), &err);
    assert_true(e.binary);
    assert_near("accuracy", e.best.accuracy, 0.833333, 0, 1e-6);
    assert_near("at", e.best.accuracy_threshold, 0.5, 0, 1e-12);
    assert_near("f1", e.best.f1, 0.857143, 0, 1e-6);
    assert_near("precision", e.best.precision, 0.75, 0, 1e-12);
    assert_near("recall", e.best.recall, 1.0, 0, 1e-12);
    assert_near("ap", e.average_precision, 0.805556, 0, 1e-6);
}

static void constant_scores_are_refused(void **state)
{
    const double x[] = { .5, .5, .5 }, y[] = { 0, 1, 1 };
    struct evaluation e;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(evaluate(&e, x, y, 3, &err), ERR_NUMERIC);
    assert_non_null(strstr(err.msg, "scores are equal"));
}

static void csv_rows_are_appended_under_one_header(void **state)
{
    const double s[] = { .9, .2, .4 }, y[] = { .8, .1, .5 };
    struct evaluation e[SIM_COUNT];
    struct buf b = BUF_INIT(65536);
    struct err err = ERR_INIT;
    const char *path = "build/test-evaluate";
    const char *want = "epoch,steps,cosine_pearson,cosine_spearman,"
                       "euclidean_pearson,euclidean_spearman,"
                       "manhattan_pearson,manhattan_spearman,dot_pearson,"
                       "dot_spearman\r\n1.0,12,0.9";

    (void)state;
    assert_ok(file_remove(path, &err), &err);
    assert_ok(file_mkdirs(path, &err), &err);
    for (int i = 0; i < SIM_COUNT; i++)
        assert_ok(evaluate(&e[i], s, y, 3, &err), &err);
    assert_ok(evaluation_csv_bi(path, "dev", e, 1.0, 12, &err), &err);
    assert_ok(evaluation_csv_bi(path, "dev", e, -1.0, -1, &err), &err);
    assert_ok(file_read(&b,
                        "build/test-evaluate/"
                        "similarity_evaluation_dev_results.csv",
                        &err),
              &err);
    assert_memory_equal(b.ptr, want, strlen(want));
    assert_non_null(strstr(b.ptr, "\r\n-1,-1,0.9"));
    buf_release(&b);
    assert_ok(file_remove(path, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarities_are_greater_for_what_is_nearer),
        cmocka_unit_test(figures_are_scipys),
        cmocka_unit_test(constant_scores_are_refused),
        cmocka_unit_test(csv_rows_are_appended_under_one_header),
    };

    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
