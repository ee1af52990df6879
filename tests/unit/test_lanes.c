#include "support/support.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/buyer.h"
#include "support/scratch.h"
#include "support/server.h"

#define DONE \
    "{\"choices\":[{\"message\":{\"content\":\"hello\"}}],\"usage\":{" \
    "\"prompt_tokens\":10,\"completion_tokens\":5}}"

/* ---- servers, each with one habit from its nth request on ---- */

struct habit {
    int from;
    const char *status, *headers, *body;
    const char *unless; /* a request without this in it is answered well */
};
static const struct habit fine = { 1 << 30, "", "", "", NULL };
static const struct habit poor = { 3, "402 Pay", "", "", NULL };
static const struct habit broken = { 0, "500 Error", "", "", NULL };
static const struct habit busy = { 2, "429 Slow", "Retry-After: 1000\r\n", "",
                                   NULL };
static const struct habit stubborn = { 0, "500 Error",
                                       "x-should-retry: false\r\n", "", NULL };
static const struct habit picky = {
    0, "400 Bad", "", "{\"error\":{\"param\":\"way\",\"code\":\"no\"}}",
    "\"way\":1"
};

static const struct habit crashing = { 0, "500 Error", "", "{}", "\"way\":1" };

static void answer(int fd, const char *request, int nth, const void *ctx)
{
    const struct habit *h = ctx;
    bool well = nth < h->from || (h->unless && strstr(request, h->unless));
    const char *body = well ? DONE : h->body;
    char head[512];

    usleep(3000);
    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s",
             well ? "200 OK" : h->status, strlen(body), well ? "" : h->headers);
    server_send(fd, head, body, strlen(body));
}

/* ---- a job over sources ---- */

enum { ASKS = 60 };
struct job {
    uint32_t at, n;
    unsigned kept[4]; /* by source */
    unsigned seen[ASKS], failed, moved, refusals;
    int way[4];          /* of asking, by source */
    bool known;          /* the ways are proven */
    const char *refuses; /* the parameter */
    double money;
};
static struct job job;
static struct server server[3];
static struct buyer_counts counts;

static int put_body(struct buyer_ask *ask, struct err *err)
{
    buf_reset(&ask->body);
    ask->body.max = 1024;
    return buf_printf(&ask->body, err, "{\"q\":%u,\"way\":%d}", ask->id,
                      job.way[ask->source]);
}

static int next(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    (void)ctx;
    if (job.at == job.n)
        return 1;
    ask->id = job.at++;
    ask->source = ask->id % 2; /* two sources take turns ... */
    if (!open[ask->source])
        ask->source = 1 - ask->source; /* ... or stand in */
    snprintf(ask->hash, sizeof(ask->hash), "%064u", ask->id);
    return put_body(ask, err);
}

static int next_first(void *ctx, struct buyer_ask *ask, const bool *open,
                      struct err *err)
{
    int rc = next(ctx, ask, open, err);

    ask->source = 0;
    return rc;
}

static int move(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    (void)ctx;
    if (!open[1 - ask->source])
        return 1;
    ask->source = 1 - ask->source;
    job.moved++;
    return put_body(ask, err);
}

static int keep(void *ctx, struct buyer_ask *ask, struct post_done *d,
                struct err *err)
{
    (void)ctx;
    (void)err;
    assert_int_equal(d->status, 200);
    job.kept[ask->source]++;
    job.seen[ask->id]++;
    return 0;
}

static int lose(void *ctx, const struct buyer_ask *ask, const char *reason,
                struct err *err)
{
    (void)ctx;
    (void)ask;
    (void)err;
    assert_non_null(reason);
    job.failed++;
    return 0;
}

static int refused(void *ctx, struct buyer_ask *ask, const char *param,
                   struct err *err)
{
    (void)ctx;
    assert_string_equal(param, job.refuses);
    job.refusals++;
    if (job.way[ask->source] == 1)
        return 1;
    job.way[ask->source] = 1;
    return put_body(ask, err);
}

static int renew(void *ctx, struct buyer_ask *ask, struct err *err)
{
    (void)ctx;
    return put_body(ask, err);
}

static bool proven(void *ctx, unsigned source)
{
    (void)ctx;
    (void)source;
    return job.known;
}

static int commit(void *ctx, struct err *err)
{
    (void)ctx;
    (void)err;
    return 0;
}

static int follow(void *ctx, struct buyer_ask *ask, struct err *err)
{
    (void)ctx;
    (void)ask;
    (void)err;
    return 1;
}

static void quote(void *ctx, const struct buyer_ask *ask, struct buyer_quote *q)
{
    (void)ctx;
    (void)ask;
    q->money = 0.10;
    q->tokens = q->likely = 100.0;
}

static int account(void *ctx, struct buyer_attempt *a, struct err *err)
{
    (void)ctx;
    (void)err;
    a->money = a->class == REPLY_ANSWER ? 0.04 : 0.0;
    a->tokens = a->class == REPLY_ANSWER ? 15.0 : 0.0;
    job.money += a->money;
    return 0;
}

/* Lanes over the servers: lane i is source[i]. */
static struct buyer_job lanes(struct buyer_lane lane[3], size_t n,
                              const unsigned *source)
{
    static const struct provider p = {
        .name = "p", .key_env = "", .key_file = "", .timeout_s = 10
    };
    static const char *const name[] = { "one", "two", "three" };

    for (size_t i = 0; i < n; i++)
        lane[i] = (struct buyer_lane){ .provider = &p,
                                       .name = name[i],
                                       .url = server[i].url,
                                       .key_from = "nowhere",
                                       .source = source[i],
                                       .start = 4,
                                       .max = 8 };
    return (struct buyer_job){ .lane = lane,
                               .lanes = n,
                               .seed = 5,
                               .next = next,
                               .move = move,
                               .keep = keep,
                               .fail = lose,
                               .commit = commit,
                               .follow = follow,
                               .drain_s = 2 };
}

static int play(const struct buyer_job *b, struct err *err)
{
    int fd = open("/dev/null", O_WRONLY), saved = dup(2), rc;

    dup2(fd, 2); /* what is logged is not looked at here */
    close(fd);
    rc = buyer_run(b, &counts, err);
    dup2(saved, 2);
    close(saved);
    return rc;
}

static void start(const struct habit *a, const struct habit *b,
                  const struct habit *c)
{
    const struct habit *const all[] = { a, b, c };

    memset(&job, 0, sizeof(job));
    job.n = ASKS;
    job.known = true;
    memset(&counts, 0, sizeof(counts));
    memset(server, 0, sizeof(server));
    for (size_t i = 0; i < 3; i++)
        if (all[i])
            server_start(&server[i], answer, all[i]);
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        if (server[i].pid)
            server_stop(&server[i]);
    memset(server, 0, sizeof(server));
    return 0;
}

static void assert_all_once(void)
{
    for (size_t i = 0; i < ASKS; i++)
        assert_int_equal(job.seen[i], 1);
}

/* ---- several ---- */

static const unsigned two_sources[] = { 0, 1 }, two_keys[] = { 0, 0 },
                      three[] = { 0, 1, 0 };

static void each_source_gets_its_own(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&fine, &fine, NULL);
    b = lanes(lane, 2, two_sources);
    assert_ok(play(&b, &err), &err);
    assert_all_once();
    assert_int_equal(job.kept[0], ASKS / 2);
    assert_int_equal(job.kept[1], ASKS / 2);
    assert_int_equal(server[0].seen->requests, ASKS / 2);
}

static void two_keys_share_a_source(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&fine, &fine, NULL);
    b = lanes(lane, 2, two_keys);
    b.next = next_first;
    assert_ok(play(&b, &err), &err);
    assert_all_once();
    assert_true(server[0].seen->requests >= ASKS / 4);
    assert_true(server[1].seen->requests >= ASKS / 4);
}

static void another_takes_over_what_one_cannot(void **state)
{
    static const struct {
        const struct habit *habit;
        const char *why;
    } row[] = { { &poor, "402" }, { &broken, "500" }, { &busy, "long wait" } };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct buyer_lane lane[3];
        struct buyer_job b;
        struct err err = ERR_INIT;
        unsigned done = 0;

        start(row[i].habit, &fine, NULL);
        b = lanes(lane, 2, two_sources);
        lane[0].start = lane[0].max = 2;
        assert_ok(play(&b, &err), &err);
        for (size_t k = 0; k < ASKS; k++) {
            assert_true(job.seen[k] <= 1);
            done += job.seen[k];
        }
        /* what was given up before the end of the lane waits for a rerun */
        if (done + counts.gave_up != ASKS || counts.gave_up > 10)
            fail_msg("%s: %u done, %zu given up", row[i].why, done,
                     counts.gave_up);
        assert_true(job.kept[1] > ASKS / 2 || job.kept[0] > 0);
        stop(NULL);
    }
}

static void a_key_without_credit_leaves_the_other(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&poor, &fine, NULL);
    b = lanes(lane, 2, two_keys);
    b.next = next_first;
    assert_ok(play(&b, &err), &err);
    assert_all_once();
    assert_int_equal(job.moved, 0); /* it is the same source */
}

static void the_last_lane_s_reason_ends_the_run(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&poor, &poor, &poor);
    b = lanes(lane, 3, three);
    assert_int_equal(play(&b, &err), ERR_CREDIT);
    assert_non_null(strstr(err.msg, "no credit left (HTTP 402"));
    assert_true(job.kept[0] + job.kept[1] <= 9);
}

/* ---- ways of asking ---- */

/* Ways are not proven, and the server refuses the first of them. */
static struct buyer_job by_ways(struct buyer_lane lane[3], size_t n,
                                const unsigned *source, const char *refuses)
{
    struct buyer_job b = lanes(lane, n, source);

    job.known = false;
    job.refuses = refuses;
    b.refused = refused;
    b.renew = renew;
    b.proven = proven;
    return b;
}

static void a_way_is_refused_once_and_not_by_every_request(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&picky, &fine, NULL);
    b = by_ways(lane, 2, two_sources, "way");
    assert_ok(play(&b, &err), &err);
    assert_all_once();
    assert_int_equal(job.refusals, 1);
    assert_int_equal(counts.requests, ASKS + 1);
    assert_int_equal(job.way[0], 1);
    assert_int_equal(job.way[1], 0);
}

static void a_server_that_crashes_is_asked_in_another_way(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&crashing, &fine, NULL);
    b = by_ways(lane, 2, two_sources, "");
    assert_ok(play(&b, &err), &err);
    assert_all_once();
    assert_int_equal(job.refusals, 1);
    assert_in_range(counts.requests, ASKS + 3, 2 * ASKS);
    assert_int_equal(job.way[0], 1);
}

/* All ways tried once, then it is a failure like others. */
static void a_server_that_always_crashes_is_given_up(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&broken, NULL, NULL);
    job.n = 2;
    b = by_ways(lane, 1, two_keys, "");
    b.next = next_first;
    assert_int_equal(play(&b, &err), ERR_UNAVAIL);
    assert_int_equal(job.refusals, 2);
    assert_int_equal(counts.requests, 3 + 4 + 4);
}

static void the_server_may_forbid_a_retry(void **state)
{
    struct buyer_lane lane[3];
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&stubborn, NULL, NULL);
    job.n = 3;
    b = lanes(lane, 1, two_keys);
    b.next = next_first;
    assert_int_equal(play(&b, &err), ERR_UNAVAIL);
    assert_int_equal(counts.requests, 3);
    assert_int_equal(counts.retried, 0);
}

/* ---- caps ---- */

static void a_cap_is_not_passed(void **state)
{
    static const struct {
        struct budget_sum cap;
        const char *message;
        double most; /* answers at 0.04 and 15 tokens each, reserve 0.10, 100 */
    } row[] = {
        { { 1.0, 0, 0 }, "the cap on money is reached", 23 },
        { { 0, 400.0, 0 }, "the cap on tokens is reached", 21 },
        { { 0, 0, 17.0 }, "the cap on requests is reached", 17 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct buyer_lane lane[3];
        struct budget g = { .cap = row[i].cap };
        struct buyer_job b;
        struct err err = ERR_INIT;

        start(&fine, NULL, NULL);
        b = lanes(lane, 1, two_keys);
        b.next = next_first;
        b.quote = quote;
        b.account = account;
        b.budget = &g;
        assert_int_equal(play(&b, &err), ERR_AGAIN);
        assert_non_null(strstr(err.msg, row[i].message));
        assert_int_equal(job.kept[0], (unsigned)row[i].most);
        assert_near("spent", g.spent.money, job.money, 0.0, 1e-9);
        assert_near("held", g.held.money, 0.0, 0.0, 1e-9);
        stop(NULL);
    }
}

static void the_time_is_kept_to(void **state)
{
    struct buyer_lane lane[3];
    struct timespec a, z;
    struct buyer_job b;
    struct err err = ERR_INIT;

    (void)state;
    start(&broken, NULL, NULL);
    job.n = 5;
    b = lanes(lane, 1, two_keys);
    b.next = next_first;
    b.max_time_s = 0.3;
    clock_gettime(CLOCK_MONOTONIC, &a);
    assert_int_equal(play(&b, &err), ERR_AGAIN);
    clock_gettime(CLOCK_MONOTONIC, &z);
    assert_non_null(strstr(err.msg, "the time is up"));
    assert_true(z.tv_sec - a.tv_sec <= 3);
}

static void requests_a_minute_hold_on_the_wire(void **state)
{
    struct buyer_lane lane[3];
    struct timespec a, z;
    struct buyer_job b;
    struct err err = ERR_INIT;
    double s;

    (void)state;
    start(&fine, NULL, NULL);
    job.n = 40;
    b = lanes(lane, 1, two_keys);
    b.next = next_first;
    lane[0].rpm = 900.0; /* 15 a second, and 15 at once */
    clock_gettime(CLOCK_MONOTONIC, &a);
    assert_ok(play(&b, &err), &err);
    clock_gettime(CLOCK_MONOTONIC, &z);
    s = (double)(z.tv_sec - a.tv_sec) + 1e-9 * (double)(z.tv_nsec - a.tv_nsec);
    if (s < 1.6 || s > 4.0)
        fail_msg("40 requests took %.2f s, expected 1.7", s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_teardown(f, stop)
    const struct CMUnitTest tests[] = {
        CASE(each_source_gets_its_own),
        CASE(two_keys_share_a_source),
        CASE(another_takes_over_what_one_cannot),
        CASE(a_key_without_credit_leaves_the_other),
        CASE(the_last_lane_s_reason_ends_the_run),
        CASE(a_way_is_refused_once_and_not_by_every_request),
        CASE(a_server_that_crashes_is_asked_in_another_way),
        CASE(a_server_that_always_crashes_is_given_up),
        CASE(the_server_may_forbid_a_retry),
        CASE(a_cap_is_not_passed),
        CASE(the_time_is_kept_to),
        CASE(requests_a_minute_hold_on_the_wire),
    };

    return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
