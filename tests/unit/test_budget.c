#include "support/support.h"

#include "base/rng.h"
#include "net/breaker.h"
#include "net/budget.h"

static void a_reserve_is_refused_before_it_breaks_a_cap(void **state)
{
    struct budget b = { .cap = { 1.0, 0.0, 0.0 } };

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(budget_reserve(&b, 0.1, 50.0), BUDGET_OK);
    assert_int_equal(budget_reserve(&b, 0.1, 50.0), BUDGET_WAIT);
    assert_string_equal(budget_full(&b, 0.1, 50.0), "money");
    budget_settle(&b, 0.1, 50.0, 0.02, 10.0);
    assert_int_equal(budget_reserve(&b, 0.08, 50.0), BUDGET_OK);
    assert_int_equal(budget_reserve(&b, 0.01, 50.0), BUDGET_WAIT);
    for (int i = 0; i < 10; i++)
        budget_settle(&b, 0.1, 50.0, 0.098, 10.0);
    assert_int_equal(budget_reserve(&b, 0.1, 50.0), BUDGET_OVER);
    assert_true(b.spent.money <= 1.0 + 1e-9);
}

static void each_cap_is_named(void **state)
{
    struct budget b = { .cap = { 0.0, 100.0, 2.0 } };

    (void)state;
    assert_int_equal(budget_reserve(&b, 1e9, 101.0), BUDGET_OVER);
    assert_string_equal(budget_full(&b, 1e9, 101.0), "tokens");
    assert_int_equal(budget_reserve(&b, 0.0, 1.0), BUDGET_OK);
    assert_int_equal(budget_reserve(&b, 0.0, 1.0), BUDGET_OK);
    assert_string_equal(budget_full(&b, 0.0, 1.0), "requests");
}

/* Requests that cost up to what was reserved, many under way: at no time may
 * the sum pass the cap, and it ends near it. */
static void caps_hold_under_concurrency(void **state)
{
    struct budget b = { .cap = { 5.0, 0.0, 0.0 } };
    double under_way[64], spent = 0.0;
    size_t n = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, 7, 0);
    for (int i = 0; i < 100000; i++) {
        double most = 0.001 + 0.02 * rng_uniform(&rng);

        if (n < 64 && budget_reserve(&b, most, 1.0) == BUDGET_OK) {
            under_way[n++] = most;
        } else if (n > 0) {
            double used = under_way[--n] * rng_uniform(&rng);

            budget_settle(&b, under_way[n], 1.0, used, 1.0);
            spent += used;
        }
        assert_true(spent <= 5.0 + 1e-9);
    }
    assert_true(spent > 4.9);
}

static void four_percent_never_trip_sixty_do(void **state)
{
    static const struct {
        double share;
        bool trips;
    } row[] = { { 0.04, false }, { 0.3, false }, { 0.6, true }, { 1.0, true } };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct breaker k = { { false }, 0, 0, 0 };
        struct rng rng;
        bool tripped = false;

        rng_init(&rng, 3, 0);
        for (int n = 0; n < 10000; n++)
            tripped |= breaker_add(&k, rng_uniform(&rng) < row[i].share);
        assert_int_equal(tripped, row[i].trips);
    }
}

static void the_window_slides(void **state)
{
    struct breaker k = { { false }, 0, 0, 0 };
    bool tripped = false;

    (void)state;
    for (int n = 0; n < 25; n++)
        tripped |= breaker_add(&k, true);
    assert_false(tripped); /* too few to tell */
    for (int n = 0; n < 1000; n++)
        tripped |= breaker_add(&k, false);
    for (int n = 0; n < 50; n++)
        tripped |= breaker_add(&k, true);
    assert_false(tripped);
    assert_true(breaker_add(&k, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reserve_is_refused_before_it_breaks_a_cap),
        cmocka_unit_test(each_cap_is_named),
        cmocka_unit_test(caps_hold_under_concurrency),
        cmocka_unit_test(four_percent_never_trip_sixty_do),
        cmocka_unit_test(the_window_slides),
    };

    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
