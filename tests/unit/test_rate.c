/* Items a second, as progress shows them. */
#include "support/support.h"

#include "base/rate.h"

static void items_of_an_earlier_run_do_not_count(void **state)
{
    struct rate r;

    (void)state;
    rate_start(&r, 100.0, 300000.0);
    assert_true(rate_now(&r, 100.0, 300000.0) == 0.0);
    assert_true(rate_now(&r, 110.0, 305000.0) == 500.0);
}

/* Each case: a second by second rate for ten minutes, then another one. */
static void a_change_shows_within_a_minute(void **state)
{
    struct rate r;
    double done = 0.0, t = 0.0, got = 0.0;

    (void)state;
    for (double step = 0.1; step <= 20.0; step *= 5.0) {
        rate_start(&r, t, done);
        for (double end = t + 600.0; t < end; t += step)
            got = rate_now(&r, t, done += 100.0 * step);
        assert_true(got > 99.0 && got < 110.0);
        for (double end = t + 61.0 + 2 * step; t < end; t += step)
            got = rate_now(&r, t, done += 7.0 * step);
        assert_true(got > 6.9 && got < 7.1 + 35.0 * step / 60.0);
    }
}

static void a_standstill_shows(void **state)
{
    struct rate r;

    (void)state;
    rate_start(&r, 0.0, 0.0);
    assert_true(rate_now(&r, 10.0, 100.0) == 10.0);
    assert_true(rate_now(&r, 20.0, 100.0) == 5.0);
    assert_true(rate_now(&r, 80.0, 100.0) <= 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_of_an_earlier_run_do_not_count),
        cmocka_unit_test(a_change_shows_within_a_minute),
        cmocka_unit_test(a_standstill_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
