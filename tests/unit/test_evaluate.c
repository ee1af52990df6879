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

/* Values of SciPy, scikit-learn and the library's evaluator. */
static void figures_with_many_ties_are_scipys(void **state)
{
    const double s[] = {
        .45, .95, .45, .3,  .4, .4,  .5,  .3,  .5, .5, .4,  .3,
        .75, .55, .05, .35, .2, .35, .15, .65, .4, .6, .45, .3
    };
    const double y[] = { 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0,
                         1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0 };
    struct evaluation e;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(evaluate(&e, s, y, 24, &err), &err);
    assert_near("pearson", e.pearson, 0.5779044297120074, 0, 1e-12);
    assert_near("spearman", e.spearman, 0.589778954309338, 0, 1e-12);
    assert_near("ap", e.average_precision, 0.803073593073593, 0, 1e-12);
    assert_near("accuracy", e.best.accuracy, 0.7916666666666666, 0, 1e-12);
    assert_near("at", e.best.accuracy_threshold, 0.425, 0, 1e-12);
    assert_near("f1", e.best.f1, 0.761904761904762, 0, 1e-12);
    assert_near("precision", e.best.precision, 0.7272727272727273, 0, 1e-12);
    assert_near("recall", e.best.recall, 0.8, 0, 1e-12);
    assert_near("at", e.best.f1_threshold, 0.425, 0, 1e-12);
    assert_near("mcc", e.best.mcc, 0.57953786404698, 0, 1e-12);
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

static void triplet_rows_have_the_library_s_columns(void **state)
{
    const double accuracy[SIM_COUNT] = { 1.0, 0.75, 0.5, 0.1 };
    const char *want = "epoch,steps,accuracy_cosine,accuracy_euclidean,"
                       "accuracy_manhattan,accuracy_dot\r\n"
                       "-1,-1,1,0.75,0.5,0.1\r\n-1,-1,1,0.75,0.5,0.1\r\n";
    const char *path = "build/test-evaluate/triplet_evaluation_t_results.csv";
    struct buf b = BUF_INIT(65536);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_mkdirs("build/test-evaluate", &err), &err);
    for (int i = 0; i < 2; i++)
        assert_ok(evaluation_csv_triplets("build/test-evaluate", "t", accuracy,
                                          -1.0, -1, &err),
                  &err);
    assert_ok(file_read(&b, path, &err), &err);
    assert_string_equal(buf_str(&b), want);
    buf_release(&b);
    assert_ok(file_remove("build/test-evaluate", &err), &err);
}

static void rows_are_not_put_under_other_columns(void **state)
{
    const double accuracy[SIM_COUNT] = { 1.0, 1.0, 1.0, 1.0 };
    static const char *const there[] = {
        "epoch,steps,accuracy_cosine\r\n", "x",
        "epoch,steps,accuracy_cosine,accuracy_euclidean,accuracy_manhattan,"
        "accuracy_dot,more\r\n"
    };
    const char *path = "build/test-evaluate/triplet_evaluation_t_results.csv";
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_mkdirs("build/test-evaluate", &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(file_write(path, there[i], strlen(there[i]), &err), &err);
        assert_int_equal(evaluation_csv_triplets("build/test-evaluate", "t",
                                                 accuracy, -1.0, -1, &err),
                         ERR_FORMAT);
        assert_non_null(strstr(err.msg, "has other columns"));
    }
    assert_ok(file_remove("build/test-evaluate", &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarities_are_greater_for_what_is_nearer),
        cmocka_unit_test(figures_are_scipys),
        cmocka_unit_test(figures_with_many_ties_are_scipys),
        cmocka_unit_test(constant_scores_are_refused),
        cmocka_unit_test(csv_rows_are_appended_under_one_header),
        cmocka_unit_test(triplet_rows_have_the_library_s_columns),
        cmocka_unit_test(rows_are_not_put_under_other_columns),
    };

    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
