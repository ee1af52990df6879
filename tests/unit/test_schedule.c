#include "support/support.h"

#include "nn/schedule.h"

static void linear_rises_over_warm_up_and_ends_above_0(void **state)
{
    (void)state;
    assert_near("0", schedule_factor(SCHEDULE_LINEAR, 0, 4, 24), 0.25, 0, 0);
    assert_near("3", schedule_factor(SCHEDULE_LINEAR, 3, 4, 24), 1.0, 0, 0);
    assert_near("4", schedule_factor(SCHEDULE_LINEAR, 4, 4, 24), 1.0, 0, 0);
    assert_near("5", schedule_factor(SCHEDULE_LINEAR, 5, 4, 24), 0.95, 0, 0);
    assert_near("23", schedule_factor(SCHEDULE_LINEAR, 23, 4, 24), 0.05, 0, 0);
    assert_near("24", schedule_factor(SCHEDULE_LINEAR, 24, 4, 24), 0, 0, 0);
    assert_near("none", schedule_factor(SCHEDULE_LINEAR, 0, 0, 5), 1, 0, 0);
}

static void constant_stays_at_1_after_warm_up(void **state)
{
    (void)state;
    assert_near("0", schedule_factor(SCHEDULE_CONSTANT, 0, 2, 9), 0.5, 0, 0);
    assert_near("8", schedule_factor(SCHEDULE_CONSTANT, 8, 2, 9), 1.0, 0, 0);
}

static void cosine_falls_slowly_first_and_last(void **state)
{
    (void)state;
    assert_near("0", schedule_factor(SCHEDULE_COSINE, 0, 2, 10), 0.5, 0, 0);
    assert_near("2", schedule_factor(SCHEDULE_COSINE, 2, 2, 10), 1.0, 0, 0);
    assert_near("4", schedule_factor(SCHEDULE_COSINE, 4, 2, 10),
                0.8535533905932737, 0, 1e-15);
    assert_near("6", schedule_factor(SCHEDULE_COSINE, 6, 2, 10), 0.5, 0, 1e-15);
    assert_near("10", schedule_factor(SCHEDULE_COSINE, 10, 2, 10), 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_rises_over_warm_up_and_ends_above_0),
        cmocka_unit_test(constant_stays_at_1_after_warm_up),
        cmocka_unit_test(cosine_falls_slowly_first_and_last),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
