#include "support/support.h"

#include <math.h>

#include "base/half.h"

/* What a half says, from the definition. */
static double value(uint16_t h)
{
    int exponent = h >> 10 & 31;
    double mantissa = h & 1023, sign = h & 0x8000 ? -1.0 : 1.0;

    if (exponent == 31)
        return mantissa > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + mantissa, exponent - 25)
                            : ldexp(mantissa, -24));
}

static void every_half_comes_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++)
        if (!isnan(value((uint16_t)h)))
            assert_int_equal(half_from((float)value((uint16_t)h)), h);
}

static void between_two_halves_the_nearer_one_wins_and_ties_are_even(void **s)
{
    (void)s;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        double a = value((uint16_t)h), b = value((uint16_t)(h + 1));
        float middle = (float)((a + b) / 2);

        assert_int_equal(half_from(middle), h & 1 ? h + 1 : h);
        assert_int_equal(half_from(nextafterf(middle, 0)), h);
        assert_int_equal(half_from(nextafterf(middle, INFINITY)), h + 1);
        assert_int_equal(half_from(-nextafterf(middle, 0)), 0x8000 | h);
    }
}

static void ends_of_the_range(void **state)
{
    (void)state;
    assert_int_equal(half_from(65504.0f), 0x7bff);
    assert_int_equal(half_from(65519.9f), 0x7bff);
    assert_int_equal(half_from(65520.0f), 0x7c00);
    assert_int_equal(half_from(-INFINITY), 0xfc00);
    assert_int_equal(half_from(1e-30f), 0);
    assert_int_equal(half_from(-1e-30f), 0x8000);
    assert_true(isnan(value(half_from(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(
            between_two_halves_the_nearer_one_wins_and_ties_are_even),
        cmocka_unit_test(ends_of_the_range),
    };

    return cmocka_run_group_tests_name("half", tests, NULL, NULL);
}
