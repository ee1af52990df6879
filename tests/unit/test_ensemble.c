/* Weights and calibration of a teacher made of several models. */
#include "support/support.h"

#include <math.h>

#include "base/rng.h"
#include "base/stats.h"
#include "model/ensemble.h"

enum { N = 600 };

static double score[3 * N], label[N];

/* Labels, and members that see them through noise of their own. */
static void make(const double noise[3])
{
    struct rng r;

    rng_init(&r, 5, 0);
    for (size_t i = 0; i < N; i++)
        label[i] = rng_uniform(&r);
    for (size_t m = 0; m < 3; m++)
        for (size_t i = 0; i < N; i++)
            score[m * N + i] =
                0.3 + 0.2 * label[i] + noise[m] * (rng_uniform(&r) - 0.5);
}

static void fitted(struct ensemble *e, struct ensemble_fit *fit)
{
    struct err err = ERR_INIT;

    assert_ok(ensemble_fit(e, fit, score, 3, label, N, &err), &err);
}

static void the_blend_is_better_than_any_member(void **state)
{
    struct ensemble e;
    struct ensemble_fit fit;
    double sum = 0.0;

    (void)state;
    make((const double[]){ 0.2, 0.3, 0.4 });
    fitted(&e, &fit);
    for (size_t m = 0; m < 3; m++) {
        assert_true(fit.blend > fit.member[m] + 0.01);
        assert_true(e.weight[m] >= 0.0);
        sum += e.weight[m];
    }
    assert_true(fabs(sum - 1.0) < 1e-12);
    assert_true(e.weight[0] > e.weight[2]);
}

static void noise_gets_no_weight(void **state)
{
    struct ensemble e;
    struct ensemble_fit fit;

    (void)state;
    make((const double[]){ 40.0, 0.0, 40.0 });
    fitted(&e, &fit);
    assert_true(e.weight[1] == 1.0 && fit.blend == fit.member[1]);
}

/* 0.3 + 0.2 * label, turned back. */
static void scores_are_on_the_labels_scale(void **state)
{
    struct ensemble e;
    struct ensemble_fit fit;

    (void)state;
    make((const double[]){ 0.0, 0.0, 0.0 });
    fitted(&e, &fit);
    for (size_t i = 0; i < N; i++) {
        const double s[] = { score[i], score[N + i], score[2 * N + i] };

        assert_true(fabs(ensemble_score(&e, s) - label[i]) < 1e-9);
    }
    assert_true(ensemble_score(&e, (const double[]){ 9, 9, 9 }) == 1.0);
    assert_true(ensemble_score(&e, (const double[]){ -9, -9, -9 }) == 0.0);
}

static void equal_labels_are_refused(void **state)
{
    struct ensemble e;
    struct ensemble_fit fit;
    struct err err = ERR_INIT;

    (void)state;
    make((const double[]){ 0.2, 0.3, 0.4 });
    for (size_t i = 0; i < N; i++)
        label[i] = 0.5;
    assert_int_equal(ensemble_fit(&e, &fit, score, 3, label, N, &err),
                     ERR_NUMERIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_blend_is_better_than_any_member),
        cmocka_unit_test(noise_gets_no_weight),
        cmocka_unit_test(scores_are_on_the_labels_scale),
        cmocka_unit_test(equal_labels_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
