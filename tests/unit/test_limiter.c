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
}

static void a_fixed_limit_stays(void **state)
{
    struct limiter l = started(10);

    (void)state;
    l.fixed = true;
    limiter_throttle(&l, 1.0, 2.0, 0.5);
    assert_int_equal(allowed(&l, 2.4), 0);
    assert_int_equal(allowed(&l, 2.5), 10);
    for (int i = 0; i < 100; i++)
        limiter_success(&l);
    assert_int_equal(allowed(&l, 3.0), 10);
}

static void near_the_last_cut_it_grows_slowly(void **state)
{
    struct limiter l = started(20);

    (void)state;
    limiter_throttle(&l, 1.0, 2.0, -1.0); /* 14, and 20 was too much */
    for (int i = 0; i < 5 * 20; i++)
        limiter_success(&l);
    assert_near("fast", l.limit, 19.0, 0.0, 1e-9);
    for (int i = 0; i < 59; i++)
        limiter_success(&l);
    assert_near("slow", l.limit, 19.0, 0.0, 1e-9);
    limiter_success(&l);
    assert_near("at last", l.limit, 20.0, 0.0, 1e-9);
}

/* ---- buckets ---- */

/* How many requests of so many tokens go out in a minute of 10 ms steps. */
static size_t sent_in_a_minute(struct limiter *l, double tokens, double used)
{
    size_t n = 0;

    for (int i = 0; i < 6000; i++) {
        double now = 100.0 + i * 0.01;

        while (limiter_may_send(l, 0, tokens, now)) {
            limiter_sent(l, tokens, now);
            limiter_settle(l, tokens, used);
            n++;
        }
    }
    return n;
}

static void requests_a_minute_are_kept_to(void **state)
{
    static const double rpm[] = { 1, 30, 60, 90, 600, 6000 };

    (void)state;
    for (size_t i = 0; i < sizeof(rpm) / sizeof(rpm[0]); i++) {
        struct limiter l = started(64);
        double n, burst = rpm[i] / 60 > 1.0 ? rpm[i] / 60 : 1.0;

        limiter_set_rates(&l, rpm[i], 0.0, 100.0);
        n = (double)sent_in_a_minute(&l, 1e9, 1e9);
        assert_true(n <= rpm[i] + burst && n >= rpm[i] * 0.98);
    }
}

static void tokens_a_minute_are_kept_to(void **state)
{
    static const struct {
        double tpm, tokens, used, want;
    } row[] = {
        { 60000, 500, 500, 120 }, { 60000, 5000, 5000, 13 }, /* a debt */
        { 60000, 500, 250, 240 }, /* what was not used comes back */
        { 60000, 500, 1000, 60 }, { 6e6, 100, 100, 60000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct limiter l = started(64);
        double n;

        limiter_set_rates(&l, 0.0, row[i].tpm, 100.0);
        n = (double)sent_in_a_minute(&l, row[i].tokens, row[i].used);
        if (n < row[i].want * 0.97 - 1.0 || n > row[i].want * 1.03 + 3.0)
            fail_msg("row %zu: %.0f sent, expected %.0f", i, n, row[i].want);
    }
}

static void says_how_long_it_takes(void **state)
{
    struct limiter l = started(8);

    (void)state;
    assert_near("no limits", limiter_wait(&l, 1e9, 5.0), 0.0, 0.0, 0.0);
    limiter_set_rates(&l, 60.0, 60000.0, 5.0);
    assert_near("full", limiter_wait(&l, 100.0, 5.0), 0.0, 0.0, 0.0);
    limiter_sent(&l, 100.0, 5.0);
    assert_near("a second", limiter_wait(&l, 100.0, 5.0), 1.0, 0.0, 1e-6);
    limiter_throttle(&l, 4.0, 5.0, 30.0);
    assert_near("closed", limiter_wait(&l, 100.0, 6.0), 29.0, 0.0, 1e-6);
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
    if (!(l.limit >= 27.0 && l.limit <= 44.0))
        fail_msg("%.1f, expected 27 to 44", l.limit);
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
        cmocka_unit_test(a_fixed_limit_stays),
        cmocka_unit_test(near_the_last_cut_it_grows_slowly),
        cmocka_unit_test(requests_a_minute_are_kept_to),
        cmocka_unit_test(tokens_a_minute_are_kept_to),
        cmocka_unit_test(says_how_long_it_takes),
        cmocka_unit_test(backoff_doubles_up_to_a_minute),
        cmocka_unit_test(finds_what_a_server_can_do),
    };

    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
