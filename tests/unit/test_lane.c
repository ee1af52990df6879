#include "support/support.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "net/lane.h"

enum { MAX_WAIT = 3600 };

static const struct buyer_lane want = { .name = "p", .start = 8, .max = 64 };
static struct lane lane;
static int saved;

/* What is logged is not looked at here. */
static int start(void **state)
{
    int fd = open("/dev/null", O_WRONLY);

    (void)state;
    saved = dup(2);
    dup2(fd, 2);
    close(fd);
    lane_init(&lane, &want, 1000.0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dup2(saved, 2);
    close(saved);
    return 0;
}

/* Throttled every `every` seconds, from..to, and told to wait for wait_s. */
static void throttle(double from, double to, double every, double wait_s)
{
    for (double t = from; t <= to; t += every)
        lane_throttle(&lane, t - 0.1, t, wait_s, MAX_WAIT);
}

static void ten_minutes_of_throttles_end_it(void **state)
{
    (void)state;
    throttle(1000.0, 1600.0, 5.0, 1.0);
    assert_false(lane.stopped);
    throttle(1601.0, 1601.0, 1.0, 1.0);
    assert_true(lane.stopped);
    assert_int_equal(lane.why.code, ERR_AGAIN);
    assert_string_equal(lane.why.msg,
                        "p has throttled every request for 600 s; run the same "
                        "command again later");
}

static void an_answer_between_them_begins_anew(void **state)
{
    (void)state;
    throttle(1000.0, 1590.0, 5.0, 1.0);
    lane_answered(&lane);
    throttle(1700.0, 2290.0, 5.0, 1.0);
    assert_false(lane.stopped);
    throttle(2301.0, 2301.0, 1.0, 1.0);
    assert_true(lane.stopped);
}

/* Retry-After: 60 each time, obeyed each time. */
static void a_server_that_puts_off_for_ever_ends_it_too(void **state)
{
    (void)state;
    throttle(1000.0, 1600.0, 60.5, 60.0);
    assert_false(lane.stopped);
    throttle(1605.0, 1800.0, 60.5, 60.0);
    assert_true(lane.stopped);
}

static void a_long_pause_that_was_asked_for_is_no_silence(void **state)
{
    (void)state;
    throttle(1000.0, 1000.0, 1.0, 1800.0);
    throttle(2801.0, 2801.0, 1.0, 2.0);
    assert_false(lane.stopped);
    throttle(3401.0, 3401.0, 1.0, 2.0);
    assert_true(lane.stopped);
}

/* The cheaper hours were waited for: nothing was sent, nothing was silent. */
static void hours_without_a_request_are_no_silence(void **state)
{
    (void)state;
    lane_answered(&lane);
    throttle(1000.0 + 6 * 3600.0, 1000.0 + 6 * 3600.0, 1.0, 1.0);
    assert_false(lane.stopped);
}

static void a_quarter_of_an_hour_and_more_pauses_all_of_it(void **state)
{
    (void)state;
    throttle(1000.0, 1000.0, 1.0, 1200.0);
    assert_false(lane.stopped);
    assert_false(limiter_allows(&lane.limiter, 0, 2199.0));
    assert_true(limiter_allows(&lane.limiter, 0, 2201.0));
    throttle(3000.0, 3000.0, 1.0, MAX_WAIT + 1.0);
    assert_true(lane.stopped);
    assert_string_equal(lane.why.msg, "p asks to wait 3601 s; run the same "
                                      "command again then");
}

/* ---- what headers say ---- */

static void an_endpoint_that_is_gone_is_tried_less_and_less_often(void **state)
{
    double t = 1000.0;

    (void)state;
    lane_answered(&lane);
    lane_outage(&lane, t - 0.1, t, "refused");
    assert_near("first pause", lane.limiter.closed_until, t + 0.5, 0, 1e-9);
    /* what was under way with it adds nothing */
    lane_outage(&lane, t - 0.1, t + 0.2, "refused");
    assert_near("the same", lane.limiter.closed_until, t + 0.5, 0, 1e-9);
    for (double pause = 1.0; pause <= 32.0; pause *= 2.0) {
        t = lane.limiter.closed_until + 0.1;
        lane_outage(&lane, t, t, "refused");
        assert_near("longer", lane.limiter.closed_until, t + pause, 0, 1e-9);
    }
    t = lane.limiter.closed_until + 0.1;
    lane_outage(&lane, t, t, "refused");
    assert_near("a minute", lane.limiter.closed_until, t + 60.0, 0, 1e-9);
    lane_answered(&lane);
    t += 100.0;
    lane_outage(&lane, t, t, "refused");
    assert_near("anew", lane.limiter.closed_until, t + 0.5, 0, 1e-9);
}

static void ten_minutes_out_of_reach_end_it(void **state)
{
    (void)state;
    lane_answered(&lane);
    for (double t = 1000.0; t <= 1600.0; t += 60.0)
        lane_outage(&lane, t, t, "refused");
    assert_false(lane.stopped);
    lane_outage(&lane, 1601.0, 1601.0, "refused");
    assert_true(lane.stopped);
    assert_int_equal(lane.why.code, ERR_UNAVAIL);
    assert_string_equal(lane.why.msg,
                        "p cannot be reached for 600 s (refused); run the same "
                        "command again to go on");
}

static void of_what_breaks_at_once_eight_count(void **state)
{
    unsigned counted = 0;

    (void)state;
    for (int i = 0; i < 64; i++)
        counted += lane_broke(&lane, 999.0, 1000.0 + 0.001 * i, 0);
    assert_int_equal(counted, 8);
    assert_true(lane_broke(&lane, 1001.0, 1002.0, 0)); /* sent since */
    /* with answers between them each counts */
    lane_answered(&lane);
    counted = 0;
    for (int i = 0; i < 64; i++) {
        counted += lane_broke(&lane, 999.0, 1000.0, i + 1);
        if (i % 8 == 7)
            lane_answered(&lane);
    }
    assert_int_equal(counted, 64);
}

static void of_one_connection_one_counts(void **state)
{
    unsigned counted = 0;

    (void)state;
    for (int i = 0; i < 64; i++)
        counted += lane_broke(&lane, 999.0, 1000.0, 7);
    assert_int_equal(counted, 1);
    assert_true(
        lane_broke(&lane, 1001.0, 1002.0, 7)); /* a new one, that port */
    assert_true(lane_broke(&lane, 999.0, 1002.0, 8));
}

static void learn(const char *const *lines, double now)
{
    struct hints h;

    hints_init(&h);
    for (; *lines; lines++)
        hints_line(&h, *lines, strlen(*lines));
    lane_learn(&lane, &h, now);
}

static double rpm(void)
{
    return 60.0 * lane.limiter.requests.per_s;
}

static double tpm(void)
{
    return 60.0 * lane.limiter.tokens.per_s;
}

static void three_quarters_of_the_limits_are_used(void **state)
{
    static const char *const some[] = { "x-ratelimit-limit-requests: 600",
                                        "X-Ratelimit-Limit-Tokens: 80000",
                                        NULL },
                             *const less[] = { "x-ratelimit-limit-requests: 60",
                                               NULL },
                             *const none[] = { "Server: x", NULL };

    (void)state;
    learn(none, 1000.0);
    assert_near("no limit", rpm() + tpm(), 0.0, 0.0, 0.0);
    learn(some, 1000.0);
    assert_near("rpm", rpm(), 450.0, 0.0, 1e-9);
    assert_near("tpm", tpm(), 60000.0, 0.0, 1e-9);
    learn(less, 1001.0);
    assert_near("less", rpm(), 45.0, 0.0, 1e-9);
    learn(none, 1002.0);
    assert_near("kept", rpm(), 45.0, 0.0, 1e-9);
    assert_near("kept", tpm(), 60000.0, 0.0, 1e-9);
}

static void limits_that_were_given_stay(void **state)
{
    static const struct buyer_lane given = {
        .name = "p", .start = 8, .max = 64, .rpm = 30.0
    };
    static const char *const some[] = { "x-ratelimit-limit-requests: 600",
                                        "x-ratelimit-limit-tokens: 80000",
                                        NULL };

    (void)state;
    lane_init(&lane, &given, 1000.0);
    learn(some, 1000.0);
    assert_near("rpm", rpm(), 30.0, 0.0, 1e-9);
    assert_near("tpm", tpm(), 60000.0, 0.0, 1e-9);
}

static void nothing_left_closes_it_until_the_reset(void **state)
{
    static const char *const spent[] = { "x-ratelimit-remaining-tokens: 0",
                                         "x-ratelimit-reset-tokens: 6m0s",
                                         NULL };

    (void)state;
    learn(spent, 1000.0);
    assert_false(limiter_allows(&lane.limiter, 0, 1359.0));
    assert_true(limiter_allows(&lane.limiter, 0, 1361.0));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, start, end)
    const struct CMUnitTest tests[] = {
        CASE(ten_minutes_of_throttles_end_it),
        CASE(an_answer_between_them_begins_anew),
        CASE(a_server_that_puts_off_for_ever_ends_it_too),
        CASE(a_long_pause_that_was_asked_for_is_no_silence),
        CASE(hours_without_a_request_are_no_silence),
        CASE(a_quarter_of_an_hour_and_more_pauses_all_of_it),
        CASE(an_endpoint_that_is_gone_is_tried_less_and_less_often),
        CASE(ten_minutes_out_of_reach_end_it),
        CASE(of_what_breaks_at_once_eight_count),
        CASE(of_one_connection_one_counts),
        CASE(three_quarters_of_the_limits_are_used),
        CASE(limits_that_were_given_stay),
        CASE(nothing_left_closes_it_until_the_reset),
    };

    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
