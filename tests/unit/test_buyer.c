#include "support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "net/buyer.h"
#include "support/scratch.h"
#include "support/server.h"

static const char key[] = "sk-CANARY-4f2a9c";

#define DONE "{\"choices\":[{\"message\":{\"content\":\"hello\"}}]}"

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- a server that plays a script ---- */

/* A word each request, in the order they come; the last one for all others. */
static const struct {
    const char *word, *status, *headers, *body;
} plays[] = {
    { "ok", "200 OK", "", DONE },
    { "429", "429 Slow", "", "" },
    { "429/0.5", "429 Slow", "Retry-After: 0.5\r\n", "" },
    { "429/1", "429 Slow", "Retry-After: 1\r\n", "" },
    { "429/901", "429 Slow", "Retry-After: 901\r\n", "" },
    { "429/1e9", "429 Slow", "Retry-After: 1000000000\r\n", "" },
    { "429/-5", "429 Slow", "Retry-After: -5\r\n", "" },
    { "429/0", "429 Slow", "Retry-After: 0\r\n", "" },
    { "429/no", "429 Slow", "x-should-retry: false\r\n", "" },
    { "400/yes", "400 Bad", "x-should-retry: true\r\n", "" },
    { "401/yes", "401 No", "x-should-retry: true\r\n", "" },
    { "404/yes", "404 No", "x-should-retry: true\r\n", "" },
    { "402/yes", "402 Pay", "x-should-retry: true\r\n", "" },
    { "500/no", "500 Error", "x-should-retry: false\r\n", "oops" },
    { "limit", "429 Slow", "", "{\"error\":{\"code\":\"some_limit\"}}" },
    { "quota", "429 Slow", "",
      "{\"error\":{\"code\":\"insufficient_quota\"}}" },
    { "200/429", "200 OK", "", "{\"error\":{\"code\":429,\"message\":\"m\"}}" },
    { "200/html", "200 OK", "", "<html></html>" },
    { "200/empty", "200 OK", "", "" },
    { "500", "500 Error", "", "oops" },
    { "500/1", "500 Error", "Retry-After: 1\r\n", "oops" },
    { "502", "502 Bad", "", "<html></html>" },
    { "503", "503 Busy", "", "" },
    { "503/0.5", "503 Busy", "Retry-After: 0.5\r\n", "" },
    { "400", "400 Bad", "",
      "{\"error\":{\"message\":\"too\\nlong\",\"code\":"
      "\"context_length_exceeded\"}}" },
    { "filter", "400 Bad", "",
      "{\"error\":{\"code\":\"data_inspection_failed\"}}" },
    { "401", "401 No", "", "{\"error\":{\"message\":\"bad key\"}}" },
    { "402", "402 Pay", "", "" },
    { "404", "404 No", "", "{\"error\":{\"code\":\"model_not_found\"}}" },
    { "307", "307 Moved", "Location: https://127.0.0.1:1/x\r\n", "" },
};

static const char *word_at(char out[16], const char *script, int nth)
{
    for (; nth > 0 && strchr(script, ' '); nth--)
        script = strchr(script, ' ') + 1;
    snprintf(out, 16, "%.*s", (int)strcspn(script, " "), script);
    return out;
}

/* ctx: the script. "late" and "slow" answer after 0.3 and 1 second, "never"
 * after 20, "cut" breaks off, "echo" repeats the key, "bad0" fails for the
 * first question only. */
static void play(int fd, const char *request, int nth, const void *ctx)
{
    char word[16], head[512];

    word_at(word, ctx, nth);
    if (strcmp(word, "late") == 0 || strcmp(word, "slow") == 0 ||
        strcmp(word, "never") == 0) {
        usleep(word[0] == 'l' ? 300000 : word[0] == 's' ? 1000000 : 20000000);
        snprintf(word, sizeof(word), "ok");
    }
    if (strcmp(word, "bad0") == 0)
        snprintf(word, sizeof(word), "%s",
                 strstr(request, "\"q\":0,") ? "500" : "ok");
    if (strcmp(word, "cut") == 0) {
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n", DONE, 9);
        return;
    }
    if (strncmp(word, "echo", 4) == 0) {
        const char *p = strcasestr(request, "Bearer "), *status;
        char body[1024];

        status = strcmp(word, "echo") == 0 ? "200 OK" : word + 4;
        /* behind byte 190, where messages about it end */
        snprintf(body, sizeof(body),
                 "{\"error\":null,\"pad\":\"%0160d\",\"choices\":[{\"message\":"
                 "{\"content\":\"%.23s\"}}]}",
                 1, p ? p : "");
        snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n",
                 status, strlen(body));
        server_send(fd, head, body, strlen(body));
        return;
    }
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
        if (strcmp(plays[i].word, word) == 0) {
            snprintf(head, sizeof(head),
                     "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s",
                     plays[i].status, strlen(plays[i].body), plays[i].headers);
            server_send(fd, head, plays[i].body, strlen(plays[i].body));
        }
}

/* ---- a job ---- */

struct job {
    uint32_t n, at;            /* questions, and those asked */
    unsigned turns;            /* answers that each takes */
    unsigned kept, commits;    /* answers put aside; commit() calls */
    unsigned unsafe;           /* answers followed before their commit */
    unsigned pending;          /* kept, not committed */
    long status[256];          /* of the answers kept */
    char body[2048];           /* of the last */
    int fail_keep;             /* err code */
    char failed[BUYER_FAILED]; /* attempts at the last question */
};
static struct job job;

static int put_body(struct buyer_ask *ask, struct err *err)
{
    buf_reset(&ask->body);
    ask->body.max = 1024;
    return buf_printf(&ask->body, err, "{\"q\":%u,\"turn\":%u}", ask->id,
                      ask->attempt);
}

static int next(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    struct job *j = ctx;

    assert_true(open[0]);
    if (j->at == j->n)
        return 1;
    ask->id = j->at++;
    snprintf(ask->hash, sizeof(ask->hash), "%064u", ask->id);
    return put_body(ask, err);
}

static int keep(void *ctx, struct buyer_ask *ask, struct post_done *d,
                struct err *err)
{
    struct job *j = ctx;

    (void)ask;
    if (j->fail_keep)
        return ERR_SET(err, j->fail_keep, "no room");
    j->status[j->kept++ % 256] = d->status;
    j->pending++;
    snprintf(j->body, sizeof(j->body), "%s", buf_str(&d->body));
    return 0;
}

static int account(void *ctx, struct buyer_attempt *a, struct err *err)
{
    struct job *j = ctx;

    (void)err;
    if (a->class == REPLY_ANSWER && a->ask->id + 1 == j->n)
        snprintf(j->failed, sizeof(j->failed), "%s", a->failed);
    return 0;
}

static int commit(void *ctx, struct err *err)
{
    struct job *j = ctx;

    (void)err;
    j->commits++;
    j->pending = 0;
    return 0;
}

static int follow(void *ctx, struct buyer_ask *ask, struct err *err)
{
    struct job *j = ctx;

    j->unsafe += j->pending;
    return ++ask->attempt < j->turns ? put_body(ask, err) : 1;
}

static bool after_the_first(void)
{
    return job.kept > 0;
}

static bool at_once(void)
{
    return true;
}

/* ---- one run ---- */

struct run {
    const char *script;
    uint32_t n;
    size_t concurrency;
    int timeout_s, drain_s;
    unsigned turns;
    bool (*stopped)(void);
    bool keyless;
    double max_wait_s;
    const struct json_node *errors; /* of the profile */
    /* what came of it */
    struct server server;
    struct buyer_counts counts;
    struct err err;
    double seconds;
    char log[1 << 16];
};
static struct run r;

/* stderr goes into a file meanwhile: nothing of the key may be in it. */
static int run(void)
{
    static const struct provider p = { .name = "test",
                                       .key_env = "TEST_KEY",
                                       .key_file = "" };
    struct provider provider = p;
    const struct buyer_lane lane = {
        .provider = &provider,
        .name = "test",
        .url = r.server.url,
        .key = r.keyless ? NULL : key,
        .key_from = "the variable TEST_KEY",
        .start = r.concurrency ? r.concurrency : 8,
        .max = 64,
    };
    struct buyer_job b = { .lane = &lane,
                           .lanes = 1,
                           .seed = 5,
                           .drain_s = r.drain_s,
                           .max_wait_s = r.max_wait_s,
                           .ctx = &job,
                           .next = next,
                           .account = account,
                           .keep = keep,
                           .commit = commit,
                           .follow = follow,
                           .stopped = r.stopped };
    struct buf log = BUF_INIT(sizeof(r.log) - 1);
    struct err none = ERR_INIT;
    char path[SCRATCH_PATH];
    int fd, saved = dup(2), rc;

    provider.errors = r.errors;
    provider.timeout_s = r.timeout_s ? r.timeout_s : 10;
    fd = open(scratch_path(path, "log"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0 && saved >= 0);
    job.n = r.n;
    job.turns = r.turns;
    server_start(&r.server, play, r.script);
    dup2(fd, 2);
    close(fd);
    r.seconds = -seconds();
    rc = buyer_run(&b, &r.counts, &r.err);
    r.seconds += seconds();
    dup2(saved, 2);
    close(saved);
    assert_ok(file_read(&log, path, &none), &none);
    snprintf(r.log, sizeof(r.log), "%s", buf_str(&log));
    buf_release(&log);
    assert_null(strstr(r.log, "CANARY"));
    assert_null(strstr(r.err.msg, "CANARY"));
    assert_null(strstr(job.body, "CANARY"));
    assert_int_equal(job.unsafe, 0);
    return rc;
}

static int setup(void **state)
{
    memset(&r, 0, sizeof(r));
    memset(&job, 0, sizeof(job));
    return scratch_make(state);
}

static int teardown(void **state)
{
    if (r.server.pid)
        server_stop(&r.server);
    return scratch_clean(state);
}

struct scene {
    const char *script;
    uint32_t n;
    size_t concurrency;
    int code;
    const char *message; /* in it; NULL: none */
    size_t requests, answers, throttled, retried, gave_up, kept;
};

static void play_scenes(const struct scene *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int rc;

        memset(&r, 0, sizeof(r));
        memset(&job, 0, sizeof(job));
        r.script = s[i].script;
        r.n = s[i].n;
        r.concurrency = s[i].concurrency;
        rc = run();
        if (rc != s[i].code || r.counts.requests != s[i].requests ||
            r.counts.answers != s[i].answers ||
            r.counts.throttled != s[i].throttled ||
            r.counts.retried != s[i].retried ||
            r.counts.gave_up != s[i].gave_up || job.kept != s[i].kept)
            fail_msg("%s: %d %s; requests %zu, answers %zu, throttled %zu, "
                     "retried %zu, gave up %zu, kept %u",
                     s[i].script, rc, r.err.msg, r.counts.requests,
                     r.counts.answers, r.counts.throttled, r.counts.retried,
                     r.counts.gave_up, job.kept);
        if (s[i].message && !strstr(r.err.msg, s[i].message))
            fail_msg("%s: '%s'", s[i].script, r.err.msg);
        assert_null(strchr(r.err.msg, '\n'));
        assert_int_equal(r.server.seen->requests, s[i].requests);
        server_stop(&r.server);
        r.server.pid = 0;
    }
}
#define PLAY(scenes) play_scenes(scenes, sizeof(scenes) / sizeof(scenes[0]))

/* ---- scenes ---- */

static void what_passes_is_tried_again(void **state)
{
    static const struct scene row[] = {
        { "ok", 0, 8, 0, NULL, 0, 0, 0, 0, 0, 0 },
        { "ok", 1, 8, 0, NULL, 1, 1, 0, 0, 0, 1 },
        { "ok", 100, 16, 0, NULL, 100, 100, 0, 0, 0, 100 },
        { "500 ok", 1, 8, 0, NULL, 2, 1, 0, 1, 0, 1 },
        { "502 500 cut ok", 1, 8, 0, NULL, 4, 1, 0, 3, 0, 1 },
        { "cut ok", 3, 1, 0, NULL, 4, 3, 0, 1, 0, 3 },
        { "200/html 200/empty ok", 1, 8, 0, NULL, 3, 1, 0, 2, 0, 1 },
        { "429 ok", 1, 8, 0, NULL, 2, 1, 1, 0, 0, 1 },
        { "503 429 200/429 ok", 1, 8, 0, NULL, 4, 1, 3, 0, 0, 1 },
        { "429/-5 ok", 1, 8, 0, NULL, 2, 1, 1, 0, 0, 1 },
        { "429/1e9 ok", 1, 8, 0, NULL, 2, 1, 1, 0, 0, 1 },
        /* throttles take no try from it */
        { "429 500 429 500 429 500 ok", 1, 8, 0, NULL, 7, 1, 3, 3, 0, 1 },
    };

    (void)state;
    PLAY(row);
}

static void an_answer_knows_the_attempts_before_it(void **state)
{
    const char *p;

    (void)state;
    r.script = "429/0.5 500 cut ok";
    r.n = 1;
    assert_ok(run(), &r.err);
    p = strstr(job.failed, "HTTP 429 after 0.");
    assert_non_null(p);
    p = strstr(p, "; HTTP 500 after 0.");
    assert_non_null(p);
    assert_non_null(strstr(p + 1, "; "));
    server_stop(&r.server);
    /* another question has had none */
    memset(&job, 0, sizeof(job));
    r.script = "500 ok";
    r.n = 2;
    r.concurrency = 1;
    assert_ok(run(), &r.err);
    assert_string_equal(job.failed, "");
}

static void what_does_not_pass_is_given_up(void **state)
{
    static const struct scene row[] = {
        { "500", 1, 8, ERR_UNAVAIL, "test answered none of 4 requests", 4, 0, 0,
          3, 1, 0 },
        { "bad0", 3, 1, 0, NULL, 6, 2, 0, 3, 1, 2 },
    };

    (void)state;
    PLAY(row);
    assert_non_null(strstr(r.log, "anchor 0: no answer: HTTP 500"));
}

static void ten_without_an_answer_end_the_run(void **state)
{
    static const struct scene row[] = {
        { "500", 10, 10, ERR_UNAVAIL,
          "test gave no answer 10 times in a row (HTTP 500); run the "
          "same command again to go on",
          40, 0, 0, 30, 10, 0 },
    };

    (void)state;
    PLAY(row);
}

static void what_nothing_mends_ends_the_run(void **state)
{
    static const struct scene row[] = {
        { "401", 9, 1, ERR_AUTH,
          "test refuses the key (HTTP 401 bad key); it comes from the variable "
          "TEST_KEY",
          1, 0, 0, 0, 0, 0 },
        { "402", 9, 1, ERR_CREDIT,
          "test: the account has no credit left (HTTP 402 ); what was answered "
          "is kept",
          1, 0, 0, 0, 0, 0 },
        { "ok ok quota", 9, 1, ERR_CREDIT,
          "no credit left (HTTP 429 insufficient_quota)", 3, 2, 0, 0, 0, 2 },
        { "307", 9, 1, ERR_CONFIG, "test: redirect (HTTP 307) from http://127",
          1, 0, 0, 0, 0, 0 },
        { "ok 404", 9, 1, ERR_CONFIG,
          "test: no such model or address (HTTP 404 model_not_found)", 2, 1, 0,
          0, 0, 1 },
        { "ok 429/901", 9, 1, ERR_AGAIN,
          "test asks to wait 901 s; run the same command again then", 2, 1, 1,
          0, 0, 1 },
    };

    (void)state;
    PLAY(row);
}

static void a_refused_request_is_kept_unless_all_are(void **state)
{
    static const struct scene row[] = {
        { "400", 9, 1, ERR_CONFIG,
          "test: HTTP 400 context_length_exceeded: {\"error\":", 3, 0, 0, 0, 3,
          0 },
        { "400", 2, 1, ERR_CONFIG, "test answered none of 2 requests", 2, 0, 0,
          0, 2, 0 },
        { "400 400 ok 400", 5, 1, 0, NULL, 5, 1, 0, 0, 2, 3 },
        { "filter", 4, 1, 0, NULL, 4, 4, 0, 0, 0, 4 },
        { "filter 400 400 400 ok", 5, 1, 0, NULL, 5, 2, 0, 0, 0, 5 },
    };

    (void)state;
    PLAY(row);
}

/* Both ways: what is no use as a rule, and what is. What pays nothing back
 * is not tried, whatever it says. */
static void the_server_says_what_is_worth_a_retry(void **state)
{
    static const struct scene row[] = {
        { "400/yes ok", 1, 8, 0, NULL, 2, 1, 0, 1, 0, 1 },
        { "401/yes ok", 1, 8, 0, NULL, 2, 1, 0, 1, 0, 1 },
        { "404/yes ok", 1, 8, 0, NULL, 2, 1, 0, 1, 0, 1 },
        { "401/yes", 1, 8, ERR_UNAVAIL, NULL, 4, 0, 0, 3, 1, 0 },
        { "402/yes ok", 1, 8, ERR_CREDIT, NULL, 1, 0, 0, 0, 0, 0 },
        { "500/no ok", 2, 1, 0, NULL, 2, 1, 0, 0, 1, 1 },
        { "429/no ok", 2, 1, 0, NULL, 2, 1, 1, 0, 1, 1 },
    };

    (void)state;
    PLAY(row);
}

/* ---- waits ---- */

static void waits_as_long_as_it_is_told(void **state)
{
    static const struct {
        const char *script;
        double least, most;
    } row[] = {
        { "429/0.5 ok", 0.5, 1.4 },
        { "503/0.5 ok", 0.5, 1.4 },
        { "429/1 ok", 1.0, 2.0 },
        { "500/1 ok", 1.0, 2.0 },
        { "429/-5 ok", 0.0, 0.9 },
        /* at once, it says; not four times without a breath */
        { "429/0 429/0 429/0 429/0 ok", 0.5, 8.0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        memset(&job, 0, sizeof(job));
        memset(&r, 0, sizeof(r));
        r.script = row[i].script;
        r.n = 1;
        assert_ok(run(), &r.err);
        if (r.seconds < row[i].least || r.seconds > row[i].most + 1.0)
            fail_msg("%s: %.2f s", row[i].script, r.seconds);
        server_stop(&r.server);
        r.server.pid = 0;
    }
}

/* A pause of ten minutes is longer than this run may wait. */
static void a_limit_of_unknown_kind_pauses_the_endpoint(void **state)
{
    static const char errors[] = "{\"some_limit\":\"paused\"}";
    struct err err = ERR_INIT;
    struct json *doc;

    (void)state;
    assert_ok(
        json_parse(&doc, "errors", errors, strlen(errors), JSON_STRICT, &err),
        &err);
    r.script = "ok limit";
    r.n = 3;
    r.concurrency = 1;
    r.errors = json_root(doc);
    r.max_wait_s = 500.0;
    assert_int_equal(run(), ERR_AGAIN);
    assert_string_equal(r.err.msg, "test asks to wait 600 s; run the same "
                                   "command again then");
    assert_non_null(strstr(r.log, "test: HTTP 429 some_limit may last: "
                                  "{\"error\":{\"code\":\"some_limit\"}}"));
    assert_int_equal(r.counts.throttled, 1);
    assert_int_equal(job.kept, 1);
    json_free(doc);
}

static void a_wait_holds_back_all(void **state)
{
    (void)state;
    r.script = "429/1 ok";
    r.n = 8;
    r.concurrency = 1;
    assert_ok(run(), &r.err);
    assert_true(r.seconds >= 1.0);
    assert_int_equal(r.counts.requests, 9);
}

/* 8 at once are throttled; then 5 go at once, not 8 * 0.7^8. */
static void a_burst_of_throttles_cuts_once(void **state)
{
    (void)state;
    r.script =
        "429/0.5 429/0.5 429/0.5 429/0.5 429/0.5 429/0.5 429/0.5 429/0.5 "
        "late";
    r.n = 8;
    assert_ok(run(), &r.err);
    assert_int_equal(r.counts.throttled, 8);
    assert_int_equal(r.counts.answers, 8);
    /* 8 answers of 0.3 s, 5 at a time: two rounds; one at a time 2.4 s */
    assert_true(r.seconds < 0.5 + 1.8);
}

static void no_more_than_asked_for_are_under_way(void **state)
{
    (void)state;
    r.script = "late";
    r.n = 12;
    r.concurrency = 4;
    assert_ok(run(), &r.err);
    assert_int_equal(r.server.seen->most, 4);
    assert_true(r.seconds >= 0.9);
}

static void a_slow_answer_does_not_hold_back_others(void **state)
{
    (void)state;
    r.script = "slow ok";
    r.n = 40;
    r.concurrency = 2;
    assert_ok(run(), &r.err);
    assert_int_equal(job.kept, 40);
    assert_true(r.seconds < 2.5);
}

static void an_answer_that_never_comes_is_asked_for_again(void **state)
{
    (void)state;
    r.script = "never ok";
    r.n = 1;
    r.timeout_s = 1;
    assert_ok(run(), &r.err);
    assert_int_equal(r.counts.requests, 2);
    assert_int_equal(r.counts.retried, 1);
}

/* ---- turns ---- */

static void header(char *out, size_t size, int nth)
{
    const char *p = strstr(r.server.seen->whole[nth], "Idempotency-Key: ");

    assert_non_null(p);
    p += strlen("Idempotency-Key: ");
    snprintf(out, size, "%.*s", (int)strcspn(p, "\r"), p);
}

static void a_retry_has_the_same_key_and_a_new_turn_another(void **state)
{
    static const char zero[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    static const int turn[] = { 0, 0, 0, 1, 2 };

    (void)state;
    r.script = "500 429 ok ok ok";
    r.n = 1;
    r.turns = 3;
    assert_ok(run(), &r.err);
    assert_int_equal(r.counts.answers, 3);
    assert_int_equal(job.kept, 3);
    assert_int_equal(job.commits, 3);
    for (int i = 0; i < 5; i++) {
        char got[128], want[128];

        header(got, sizeof(got), i);
        snprintf(want, sizeof(want), "%s-%d", zero, turn[i]);
        assert_string_equal(got, want);
        snprintf(want, sizeof(want), "\r\n\r\n{\"q\":0,\"turn\":%d}", turn[i]);
        assert_non_null(strstr(r.server.seen->whole[i], want));
    }
}

static void each_turn_has_tries_of_its_own(void **state)
{
    (void)state;
    r.script = "500 500 ok 500 500 ok";
    r.n = 1;
    r.turns = 2;
    assert_ok(run(), &r.err);
    assert_int_equal(r.counts.retried, 4);
    assert_int_equal(job.kept, 2);
}

/* ---- the end ---- */

static void a_signal_lets_what_is_under_way_come_in(void **state)
{
    (void)state;
    r.script = "ok slow";
    r.n = 1000;
    r.concurrency = 4;
    r.stopped = after_the_first;
    assert_int_equal(run(), ERR_STOPPED);
    assert_string_equal(r.err.msg,
                        "interrupted; run the same command again to go on");
    assert_true(r.counts.requests >= 2 && r.counts.requests <= 6);
    assert_int_equal(r.server.seen->requests, r.counts.requests);
    assert_int_equal(job.kept, r.counts.requests);
    assert_int_equal(job.pending, 0);
}

static void after_a_signal_nothing_is_sent(void **state)
{
    (void)state;
    r.script = "ok";
    r.n = 10;
    r.stopped = at_once;
    assert_int_equal(run(), ERR_STOPPED);
    assert_int_equal(r.counts.requests, 0);
}

static void what_was_under_way_at_a_refusal_comes_in(void **state)
{
    (void)state;
    r.script = "401 slow";
    r.n = 1000;
    r.concurrency = 4;
    assert_int_equal(run(), ERR_AUTH);
    assert_int_equal(r.counts.requests, 4);
    assert_int_equal(job.kept, 3);
    assert_int_equal(job.pending, 0);
}

static void at_the_end_the_wait_is_bounded(void **state)
{
    (void)state;
    r.script = "401 never";
    r.n = 10;
    r.concurrency = 2;
    r.timeout_s = 60;
    r.drain_s = 1;
    assert_int_equal(run(), ERR_AUTH);
    assert_true(r.seconds > 0.9 && r.seconds < 4.0);
}

static void an_answer_that_cannot_be_kept_ends_the_run(void **state)
{
    (void)state;
    r.script = "ok";
    r.n = 10;
    r.concurrency = 1;
    job.fail_keep = ERR_FULL;
    assert_int_equal(run(), ERR_FULL);
    assert_string_equal(r.err.msg, "no room");
    assert_int_equal(r.counts.requests, 1);
    assert_int_equal(job.commits, 1);
}

/* ---- the key ---- */

static void an_echoed_key_is_neither_kept_nor_said(void **state)
{
    static const struct {
        const char *script;
        int code;
    } row[] = {
        { "echo", 0 },
        { "echo401", ERR_AUTH },
        { "echo404", ERR_CONFIG },
        { "echo400", ERR_CONFIG },
        { "echo402", ERR_CREDIT },
        { "echo500", ERR_UNAVAIL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        memset(&job, 0, sizeof(job));
        memset(&r, 0, sizeof(r));
        r.script = row[i].script;
        r.n = 3;
        assert_int_equal(run(), row[i].code);
        assert_null(strstr(r.err.msg, "sk-C")); /* not in part either */
        assert_non_null(strstr(r.server.seen->last, key));
        if (i == 0)
            assert_non_null(strstr(job.body, "Bearer ****************"));
        server_stop(&r.server);
        r.server.pid = 0;
    }
}

static void without_a_key_a_refusal_says_so(void **state)
{
    (void)state;
    r.script = "401";
    r.n = 1;
    r.keyless = true;
    assert_int_equal(run(), ERR_AUTH);
    assert_string_equal(r.err.msg, "test wants a key (HTTP 401 bad key), and "
                                   "none is set");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_passes_is_tried_again),
        CASE(an_answer_knows_the_attempts_before_it),
        CASE(what_does_not_pass_is_given_up),
        CASE(ten_without_an_answer_end_the_run),
        CASE(what_nothing_mends_ends_the_run),
        CASE(a_refused_request_is_kept_unless_all_are),
        CASE(the_server_says_what_is_worth_a_retry),
        CASE(waits_as_long_as_it_is_told),
        CASE(a_limit_of_unknown_kind_pauses_the_endpoint),
        CASE(a_wait_holds_back_all),
        CASE(a_burst_of_throttles_cuts_once),
        CASE(no_more_than_asked_for_are_under_way),
        CASE(a_slow_answer_does_not_hold_back_others),
        CASE(an_answer_that_never_comes_is_asked_for_again),
        CASE(a_retry_has_the_same_key_and_a_new_turn_another),
        CASE(each_turn_has_tries_of_its_own),
        CASE(a_signal_lets_what_is_under_way_come_in),
        CASE(after_a_signal_nothing_is_sent),
        CASE(what_was_under_way_at_a_refusal_comes_in),
        CASE(at_the_end_the_wait_is_bounded),
        CASE(an_answer_that_cannot_be_kept_ends_the_run),
        CASE(an_echoed_key_is_neither_kept_nor_said),
        CASE(without_a_key_a_refusal_says_so),
    };

    return cmocka_run_group_tests_name("buyer", tests, NULL, NULL);
}
