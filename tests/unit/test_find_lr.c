#include "support/support.h"

#include <math.h>

#include "model/find_lr.h"
#include "nn/schedule.h"

enum { N = 100 };

static double rate[N], loss[N], smooth[N];

/* A loss that falls until `turn` and then rises. */
static void make(size_t turn, double noise)
{
    float x[N];

    fill_random(x, N, 5);
    for (size_t i = 0; i < N; i++) {
        double far = fabs((double)i - (double)turn);

        rate[i] = 1e-7 * pow(1e7, (double)i / (N - 1));
        loss[i] = 0.1 + 0.01 * far + noise * (double)x[i];
    }
}

static void a_tenth_of_the_rate_of_the_least_loss_is_suggested(void **state)
{
    size_t least;
    double lr;

    (void)state;
    make(60, 0.0);
    lr = find_lr_suggest(smooth, &least, rate, loss, N);
    /* the mean lags behind by some steps */
    assert_true(least >= 60 && least <= 70);
    assert_near("rate", lr, rate[least] / 10, 1e-12, 0);
    assert_near("first", smooth[0], loss[0], 1e-12, 0);
    make(60, 0.05);
    find_lr_suggest(smooth, &least, rate, loss, N);
    assert_true(least >= 55 && least <= 75);
}

static void one_step_says_nothing(void **state)
{
    size_t least;

    (void)state;
    make(3, 0.0);
    assert_true(isnan(find_lr_suggest(smooth, &least, rate, loss, 0)));
    assert_true(isnan(find_lr_suggest(smooth, &least, rate, loss, 1)));
    assert_false(isnan(find_lr_suggest(smooth, &least, rate, loss, 2)));
}

static void the_rate_rises_over_seven_decades(void **state)
{
    struct train_options o = { .lr = 3e-5, .warmup = 0.1 };

    (void)state;
    find_lr_options(&o, 50);
    assert_int_equal(o.steps, 50);
    assert_near("first", o.lr * schedule_factor(o.schedule, 0, 0, 50), 1e-7,
                1e-9, 0);
    assert_near("last", o.lr * schedule_factor(o.schedule, 49, 0, 50), 1.0,
                1e-9, 0);
    assert_near("between",
                schedule_factor(o.schedule, 20, 0, 50) /
                    schedule_factor(o.schedule, 19, 0, 50),
                pow(1e7, 1.0 / 49), 1e-9, 0);
    assert_near("alone", schedule_factor(o.schedule, 0, 0, 1), 1.0, 0, 0);
    assert_true(o.warmup <= 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenth_of_the_rate_of_the_least_loss_is_suggested),
        cmocka_unit_test(one_step_says_nothing),
        cmocka_unit_test(the_rate_rises_over_seven_decades),
    };

    return cmocka_run_group_tests_name("find_lr", tests, NULL, NULL);
}
