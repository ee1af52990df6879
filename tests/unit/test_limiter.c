#include "support/support.h"

#include "net/limiter.h"

static struct limiter started(size_t start)
{
    struct limiter l;

    limiter_init(&l, start, 64);
    return l;
}

static size_t allowed(const struct limiter *l, double now)
{
    size_t busy = 0;

    while (limiter_allows(l, busy, now))
        busy++;
    return busy;
}

static void allows_as_many_as_it_began_with(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 64; n++) {
        struct limiter l = started(n);

        assert_int_equal(allowed(&l, 0.0), n);
    }
}

static void twenty_successes_allow_one_more(void **state)
{
    struct limiter l = started(8);

    (void)state;
    for (int i = 0; i < 19; i++)
        limiter_success(&l);
    assert_int_equal(allowed(&l, 0.0), 8);
    limiter_success(&l);
    assert_int_equal(allowed(&l, 0.0), 9);
    for (int i = 0; i < 20; i++)
        limiter_success(&l);
    assert_int_equal(allowed(&l, 0.0), 10);
    for (int i = 0; i < 20000; i++)
        limiter_success(&l);
    assert_int_equal(allowed(&l, 0.0), 64);
}

static void a_throttle_starts_the_count_again(void **state)
{
    struct limiter l = started(10);

    (void)state;
    for (int i = 0; i < 19; i++)
        limiter_success(&l);
    limiter_throttle(&l, 1.0, 2.0, -1.0);
    assert_int_equal(allowed(&l, 3.0), 7);
    limiter_success(&l);
    assert_int_equal(allowed(&l, 3.0), 7);
}

static void a_burst_cuts_once(void **state)
{
    struct limiter l = started(10);

    (void)state;
    for (int i = 0; i < 10; i++) /* all sent before the first came back */
        limiter_throttle(&l, 1.0 + 0.01 * i, 2.0 + 0.01 * i, -1.0);
    assert_near("after a burst", l.limit, 7.0, 0.0, 1e-9);
    limiter_throttle(&l, 2.5, 3.0, -1.0); /* sent after the cut */
    assert_near("after the next", l.limit, 4.9, 0.0, 1e-9);
    limiter_throttle(&l, 2.9, 3.1, -1.0); /* sent before the second cut */
    assert_near("of the same burst", l.limit, 4.9, 0.0, 1e-9);
}

static void one_is_always_allowed(void **state)
{
    struct limiter l = started(8);

    (void)state;
    for (int i = 0; i < 100; i++)
        limiter_throttle(&l, 10.0 * i + 1.0, 10.0 * i + 2.0, -1.0);
    assert_int_equal(allowed(&l, 1e6), 1);
    for (int i = 0; i < 20; i++)
        limiter_success(&l);
    assert_int_equal(allowed(&l, 1e6), 2); /* and it recovers */
}

static void a_wait_closes_it_for_all(void **state)
{
    struct limiter l = started(8);

    (void)state;
    limiter_throttle(&l, 1.0, 2.0, 30.0);
    assert_int_equal(allowed(&l, 31.9), 0);
    assert_int_equal(allowed(&l, 32.0), 5);
    limiter_throttle(&l, 1.0, 3.0, 1.0); /* a shorter wait shortens nothing */
    assert_int_equal(allowed(&l, 31.9), 0);
    limiter_throttle(&l, 1.0, 3.0, 40.0);
    assert_int_equal(allowed(&l, 42.9), 0);
    assert_int_equal(allowed(&l, 43.0), 5);
    limiter_throttle(&l, 1.0, 50.0, 1e9); /* 15 minutes are the most */
    assert_int_equal(allowed(&l, 949.0), 0);
    assert_int_equal(allowed(&l, 950.0), 5);
}

static void backoff_doubles_up_to_a_minute(void **state)
{
    static const struct {
        unsigned n;
        double most;
    } row[] = { { 1, 0.5 },  { 2, 1.0 },  { 3, 2.0 },   { 4, 4.0 },
                { 7, 32.0 }, { 8, 60.0 }, { 60, 60.0 }, { 5000, 60.0 } };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_near("all of it", limiter_backoff(row[i].n, 1.0), row[i].most,
                    0.0, 1e-9);
        assert_near("a quarter", limiter_backoff(row[i].n, 0.25),
                    row[i].most / 4, 0.0, 1e-9);
        assert_near("none", limiter_backoff(row[i].n, 0.0), 0.0, 0.0, 1e-9);
    }
}

/* A server that can do 20 at a time, for 2000 requests: the limit finds it,
 * stays near it, and recovers when the server can do more. */
static void finds_what_a_server_can_do(void **state)
{
    struct limiter l = started(8);
    double now = 0.0, most = 0.0, least = 64.0;

    (void)state;
    for (int round = 0; round < 400; round++) {
        size_t n = allowed(&l, now), can = round < 200 ? 20 : 40;

        for (size_t i = 0; i < n; i++) {
            if (i < can)
                limiter_success(&l);
            else
                limiter_throttle(&l, now, now + 0.5, -1.0);
        }
        now += 1.0;
        if (round >= 50 && round < 200) {
            most = l.limit > most ? l.limit : most;
            least = l.limit < least ? l.limit : least;
        }
    }
    assert_true(least >= 13.0 && most <= 22.0);
    assert_true(l.limit >= 27.0 && l.limit <= 42.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_as_many_as_it_began_with),
        cmocka_unit_test(twenty_successes_allow_one_more),
        cmocka_unit_test(a_throttle_starts_the_count_again),
        cmocka_unit_test(a_burst_cuts_once),
        cmocka_unit_test(one_is_always_allowed),
        cmocka_unit_test(a_wait_closes_it_for_all),
        cmocka_unit_test(backoff_doubles_up_to_a_minute),
        cmocka_unit_test(finds_what_a_server_can_do),
    };

    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
