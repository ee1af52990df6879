#include "support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/post.h"
#include "support/server.h"

static const char key[] = "sk-CANARY-4f2a9c";

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int start(struct post *p, size_t id, const char *url,
                 const char *const *headers, const char *with, const char *body,
                 int timeout_s, struct err *err)
{
    const struct post_request r = { .id = id,
                                    .url = url,
                                    .headers = headers,
                                    .key = with,
                                    .body = body,
                                    .len = strlen(body),
                                    .timeout_s = timeout_s };

    return post_start(p, &r, err);
}

/* Wait for one to end. */
static void wait_one(struct post *p, struct post_done *d)
{
    const double until = seconds() + 20.0;
    struct err err = ERR_INIT;
    int rc = 1;

    while (rc == 1) {
        assert_true(seconds() < until);
        rc = post_wait(p, 50, d, &err);
    }
    assert_ok(rc, &err);
}

/* One request, start to end. The caller releases d->body. */
static void post(struct post_done *d, const char *url, const char *body,
                 int timeout_s)
{
    static const char *const headers[] = { "Idempotency-Key: 77-0", NULL };
    struct err err = ERR_INIT;
    struct post *p;

    assert_ok(post_new(&p, 2, &err), &err);
    assert_ok(start(p, 5, url, headers, key, body, timeout_s, &err), &err);
    assert_int_equal(post_busy(p), 1);
    wait_one(p, d);
    assert_int_equal(post_busy(p), 0);
    assert_int_equal(d->id, 5);
    assert_null(strstr(d->error, "CANARY"));
    post_free(p);
}

/* ---- what goes out and comes in ---- */

/* ctx is an answer as a string. */
static void answer_text(int fd, const char *request, int nth, const void *ctx)
{
    const char *text = ctx;
    char head[256];

    (void)request, (void)nth;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n",
             strlen(text));
    server_send(fd, head, text, strlen(text));
}

static void sends_the_key_and_the_body(void **state)
{
    struct post_done d;
    struct server s;

    (void)state;
    server_start(&s, answer_text, "{\"a\":1}");
    post(&d, s.url, "{\"q\":\"你好\"}", 5);
    assert_non_null(strstr(s.seen->last, "POST / HTTP/1.1\r\n"));
    assert_non_null(
        strstr(s.seen->last, "Authorization: Bearer sk-CANARY-4f2a9c\r\n"));
    assert_non_null(strstr(s.seen->last, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(s.seen->last, "Idempotency-Key: 77-0\r\n"));
    assert_non_null(strstr(s.seen->last, "User-Agent: silversmith/"));
    assert_null(strcasestr(s.seen->last, "Expect:"));
    assert_non_null(strstr(s.seen->last, "\r\n\r\n{\"q\":\"你好\"}"));
    server_stop(&s);
    assert_int_equal(d.status, 200);
    assert_string_equal(buf_str(&d.body), "{\"a\":1}");
    assert_string_equal(d.error, "");
    assert_true(d.hints.retry_after == -1.0);
    assert_true(d.seconds > 0.0 && d.seconds < 5.0);
    buf_release(&d.body);
}

static void a_long_key_goes_out_whole(void **state)
{
    static char longest[4095];
    struct err err = ERR_INIT;
    struct post_done d;
    struct server s;
    struct post *p;

    (void)state;
    memset(longest, 'k', sizeof(longest) - 1);
    server_start(&s, answer_text, "x");
    assert_ok(post_new(&p, 1, &err), &err);
    assert_ok(start(p, 0, s.url, NULL, longest, "{}", 5, &err), &err);
    wait_one(p, &d);
    assert_non_null(strstr(s.seen->last, longest));
    server_stop(&s);
    buf_release(&d.body);
    post_free(p);
}

static void without_a_key_no_header_is_sent(void **state)
{
    struct err err = ERR_INIT;
    struct post_done d;
    struct server s;
    struct post *p;

    (void)state;
    server_start(&s, answer_text, "x");
    assert_ok(post_new(&p, 1, &err), &err);
    assert_ok(start(p, 0, s.url, NULL, NULL, "{}", 5, &err), &err);
    wait_one(p, &d);
    assert_null(strcasestr(s.seen->last, "Authorization"));
    server_stop(&s);
    buf_release(&d.body);
    post_free(p);
}

static void answer_slowly(int fd, const char *request, int nth, const void *ctx)
{
    usleep(300000);
    answer_text(fd, strstr(request, "\r\n\r\n"), nth,
                strstr(request, "\r\n\r\n") + 4);
    (void)ctx;
}

static void many_are_under_way_at_once(void **state)
{
    enum { N = 16 };
    struct err err = ERR_INIT;
    struct server s;
    struct post *p;
    double begin = seconds();
    bool seen[N] = { false };

    (void)state;
    server_start(&s, answer_slowly, NULL);
    assert_ok(post_new(&p, N, &err), &err);
    for (size_t i = 0; i < N; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%zu", i);
        assert_ok(start(p, i, s.url, NULL, key, body, 10, &err), &err);
    }
    for (size_t i = 0; i < N; i++) {
        struct post_done d;

        wait_one(p, &d);
        assert_int_equal(d.status, 200);
        assert_int_equal(strtoul(buf_str(&d.body), NULL, 10), d.id);
        assert_false(seen[d.id]);
        seen[d.id] = true;
        buf_release(&d.body);
    }
    assert_true(s.seen->most > 4);
    server_stop(&s);
    post_free(p);
    assert_true(seconds() - begin < N * 0.3);
}

/* ---- statuses and headers ---- */

static void answer_head(int fd, const char *request, int nth, const void *ctx)
{
    (void)request, (void)nth;
    server_send(fd, ctx, "abc", 3);
}

static void statuses_are_handed_on(void **state)
{
    static const struct {
        const char *head;
        long status;
        double wait;
    } row[] = {
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRetry-After: 7\r\n", 429,
          7.0 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRETRY-AFTER:\t0.25\r\n",
          429, 0.25 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRetry-After: -7\r\n", 429,
          -1.0 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRetry-After: \r\n", 429,
          -1.0 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRetry-After: 9\r\n"
          "Retry-After-Ms: 350\r\n",
          429, 0.35 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nRetry-After-Ms: 350\r\n"
          "Retry-After: 9\r\n",
          429, 0.35 },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\nX-Retry-After: 9\r\n", 429,
          -1.0 },
        { "HTTP/1.1 500 Error\r\nContent-Length: 3\r\n", 500, -1.0 },
        { "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\nRetry-After: 1\r\n", 503,
          1.0 },
        { "HTTP/1.1 401 No\r\nContent-Length: 3\r\n", 401, -1.0 },
        { "HTTP/1.0 200 OK\r\n", 200, -1.0 },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
          "3\r\n",
          200, -1.0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct post_done d;
        struct server s;

        server_start(&s, answer_head, row[i].head);
        post(&d, s.url, "{}", 5);
        server_stop(&s);
        if (d.status != row[i].status)
            print_error("%s: %s\n", row[i].head, d.error);
        assert_int_equal(d.status, row[i].status);
        assert_string_equal(buf_str(&d.body), "abc");
        assert_near(row[i].head, d.hints.retry_after, row[i].wait, 0.0, 1e-9);
        buf_release(&d.body);
    }
}

static void reads_how_long_to_wait(void **state)
{
    static const struct {
        const char *value;
        double want;
    } row[] = {
        { "0", 0.0 },
        { "5", 5.0 },
        { "0.5", 0.5 },
        { "120\r\n", 120.0 },
        { " 3 ", 3.0 },
        { "3600", 3600.0 },
        { "-1", -1.0 },
        { "-0.5", -1.0 },
        { "1000000000", -1.0 },
        { "1e308", -1.0 },
        { "1e400", -1.0 },
        { "inf", -1.0 },
        { "nan", -1.0 },
        { "", -1.0 },
        { "  ", -1.0 },
        { "soon", -1.0 },
        { "6m0s", 360.0 },
        { "120, 60", -1.0 },
        { "5 minutes", -1.0 },
        { "Wed, 21 Oct 2015 07:28:00 GMT", 0.0 }, /* it is over */
        { "Wed, 21 Oct 2115 07:28:00 GMT", -1.0 },
        { "Wed, 99 Foo 2015 07:28:00 GMT", -1.0 },
    };
    time_t later = time(NULL) + 100;
    char date[64];
    struct tm tm;

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_near(row[i].value, hints_retry_after(row[i].value), row[i].want,
                    0.0, 1e-9);
    gmtime_r(&later, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    assert_near(date, hints_retry_after(date), 100.0, 0.0, 2.0);
}

/* ---- servers that misbehave ---- */

static void answer_silence(int fd, const char *request, int nth,
                           const void *ctx)
{
    (void)fd, (void)request, (void)nth, (void)ctx;
    sleep(20);
}

static void answer_stalled(int fd, const char *request, int nth,
                           const void *ctx)
{
    answer_head(fd, request, nth, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n");
    (void)ctx;
    sleep(20);
}

static void answer_blank_lines(int fd, const char *request, int nth,
                               const void *ctx)
{
    (void)request, (void)nth, (void)ctx;
    server_send(fd, "HTTP/1.0 200 OK\r\n", "", 0);
    while (write(fd, "\n", 1) == 1)
        usleep(20000);
}

static void answer_slow_header(int fd, const char *request, int nth,
                               const void *ctx)
{
    (void)request, (void)nth, (void)ctx;
    for (const char *p = "HTTP/1.1 200 OK, and so on and so on and so on";
         *p && write(fd, p, 1) == 1; p++)
        usleep(100000);
}

static void a_slow_answer_ends_at_its_deadline(void **state)
{
    static server_fn *const answer[] = { answer_silence, answer_stalled,
                                         answer_blank_lines,
                                         answer_slow_header };
    struct err err = ERR_INIT;
    struct server s[4];
    struct post *p;
    double begin = seconds();

    (void)state;
    assert_ok(post_new(&p, 4, &err), &err);
    for (size_t i = 0; i < 4; i++) {
        server_start(&s[i], answer[i], NULL);
        assert_ok(start(p, i, s[i].url, NULL, key, "{}", 1, &err), &err);
    }
    for (size_t i = 0; i < 4; i++) {
        struct post_done d;

        wait_one(p, &d);
        assert_int_equal(d.status, 0);
        assert_non_null(strstr(d.error, "timed out"));
        assert_true(d.seconds >= 0.9);
        buf_release(&d.body);
    }
    assert_true(seconds() - begin < 5.0);
    for (size_t i = 0; i < 4; i++)
        server_stop(&s[i]);
    post_free(p);
}

#define EVENT(content) \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" content "\"}}]}\n\n"

/* An event of content, and then lines without any. */
static void answer_comments(int fd, const char *request, int nth,
                            const void *ctx)
{
    static const char first[] = EVENT("a"), more[] = ": keep-alive\n\n";

    (void)request, (void)nth, (void)ctx;
    server_send(fd, "HTTP/1.0 200 OK\r\n", first, sizeof(first) - 1);
    while (write(fd, more, sizeof(more) - 1) > 0)
        usleep(20000);
}

/* More blanks than are allowed, and half of an event, in one go. */
static void answer_blanks(int fd, const char *request, int nth, const void *ctx)
{
    static const char one[] = EVENT("          "), half[] = "data: {\"choi";
    char text[30 * sizeof(one)] = "";

    (void)request, (void)nth, (void)ctx;
    for (int i = 0; i < 25; i++)
        strcat(text, one);
    strcat(text, half);
    server_send(fd, "HTTP/1.0 200 OK\r\n", text, strlen(text));
    sleep(20);
}

static void a_stream_without_content_ends_before_its_deadline(void **state)
{
    static server_fn *const answer[] = { answer_comments, answer_blanks };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct post_request r = {
            .body = "{}", .len = 2, .timeout_s = 15, .stall_s = 1
        };
        struct err err = ERR_INIT;
        struct post_done d;
        struct server s;
        struct post *p;

        server_start(&s, answer[i], NULL);
        r.url = s.url;
        assert_ok(post_new(&p, 1, &err), &err);
        assert_ok(post_start(p, &r, &err), &err);
        wait_one(p, &d);
        assert_true(d.seconds < 10.0);
        if (i == 0)
            assert_string_equal(d.error, "the stream stalled: no content came");
        else
            assert_true(strstr(buf_str(&d.body), "\"length\"") &&
                        !strstr(buf_str(&d.body), "{\"choi\n"));
        assert_int_equal(d.status, i == 0 ? 0 : 200);
        buf_release(&d.body);
        post_free(p);
        server_stop(&s);
    }
}

static void answer_reset(int fd, const char *request, int nth, const void *ctx)
{
    const struct linger now = { 1, 0 };

    answer_head(fd, request, nth, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n");
    (void)ctx;
    usleep(50000);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
    _exit(0);
}

static void a_reset_is_an_error(void **state)
{
    struct post_done d;
    struct server s;

    (void)state;
    server_start(&s, answer_reset, NULL);
    post(&d, s.url, "{}", 5);
    server_stop(&s);
    assert_int_equal(d.status, 0);
    assert_true(d.error[0] != '\0');
    buf_release(&d.body);
}

/* ctx: everything that is sent, and nothing else. */
static void answer_raw(int fd, const char *request, int nth, const void *ctx)
{
    const char *text = ctx;

    (void)request, (void)nth;
    while (*text) {
        ssize_t k = write(fd, text, strlen(text));

        if (k <= 0)
            return;
        text += k;
    }
}

static void a_broken_answer_is_an_error(void **state)
{
    static const struct {
        const char *why, *text;
    } row[] = {
        { "nothing", "" },
        { "not HTTP", "hello\r\n\r\n" },
        { "cut", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc" },
        { "a negative length",
          "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc" },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                         "Content-Length: 90\r\n\r\nabc" },
        { "a cut chunk",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc" },
        { "no last chunk",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" },
        { "a chunk of no size",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc" },
        { "damaged gzip",
          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
          "3\r\n\r\nabc" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct post_done d;
        struct server s;

        server_start(&s, answer_raw, row[i].text);
        post(&d, s.url, "{}", 5);
        server_stop(&s);
        if (d.status != 0 || !d.error[0])
            fail_msg("%s: status %ld '%s'", row[i].why, d.status, d.error);
        buf_release(&d.body);
    }
}

static void answer_endless(int fd, const char *request, int nth,
                           const void *ctx)
{
    static const char block[65536];

    (void)request, (void)nth;
    server_send(fd, ctx, block, 0);
    while (write(fd, block, sizeof(block)) > 0)
        ;
}

static void a_body_without_end_is_cut_off(void **state)
{
    static const char *const head[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n",
        "HTTP/1.0 200 OK\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct post_done d;
        struct server s;

        server_start(&s, answer_endless, head[i]);
        post(&d, s.url, "{}", 10);
        server_stop(&s);
        assert_int_equal(d.status, 0);
        assert_string_equal(d.error, "the answer is larger than 8 MiB");
        assert_true(d.body.len <= POST_BODY_MAX);
        buf_release(&d.body);
    }
}

/* ctx: a file of compressed data. */
static void answer_gzip(int fd, const char *request, int nth, const void *ctx)
{
    static char text[1 << 20];
    FILE *f = fopen(ctx, "rb");
    size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

    (void)request, (void)nth;
    server_send(fd, "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n", text, n);
}

static void a_bomb_is_cut_off(void **state)
{
    char path[] = "/tmp/test_post.XXXXXX", command[128];
    struct post_done d;
    struct server s;

    (void)state;
    close(mkstemp(path));
    snprintf(command, sizeof(command),
             "head -c 100000000 /dev/zero | gzip >%s 2>/dev/null", path);
    if (system(command) != 0) {
        unlink(path);
        print_message("skip: no gzip here\n");
        skip();
    }
    server_start(&s, answer_gzip, path);
    post(&d, s.url, "{}", 10);
    server_stop(&s);
    unlink(path);
    assert_int_equal(d.status, 0);
    assert_string_equal(d.error, "the answer is larger than 8 MiB");
    buf_release(&d.body);
}

static void answer_headers(int fd, const char *request, int nth,
                           const void *ctx)
{
    static char line[1 << 20];
    const bool one = *(const bool *)ctx;

    memset(line, 'x', sizeof(line));
    memcpy(line, "\r\nX-A: ", 7);
    answer_raw(fd, request, nth, "HTTP/1.1 200 OK\r\nContent-Length: 3");
    for (int i = 0; i < (one ? 1 : 10000); i++)
        if (write(fd, line, one ? sizeof(line) : 40) <= 0)
            return;
    answer_raw(fd, request, nth, "\r\n\r\nabc");
}

static void a_flood_of_headers_ends(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool one = i == 0;
        struct post_done d;
        struct server s;

        server_start(&s, answer_headers, &one);
        post(&d, s.url, "{}", 5);
        server_stop(&s);
        assert_true(d.status == 200 || d.error[0]);
        buf_release(&d.body);
    }
}

/* ---- where it does not go ---- */

static void a_redirect_is_not_followed(void **state)
{
    static const int status[] = { 301, 302, 303, 307, 308 };
    struct server second;

    (void)state;
    server_start(&second, answer_text, "x");
    for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
        struct post_done d;
        struct server s;
        char head[256];

        snprintf(head, sizeof(head),
                 "HTTP/1.1 %d Moved\r\nLocation: %s/there\r\n"
                 "Content-Length: 3\r\n",
                 status[i], second.url);
        server_start(&s, answer_head, head);
        post(&d, s.url, "{}", 5);
        assert_int_equal(s.seen->requests, 1);
        server_stop(&s);
        assert_int_equal(d.status, status[i]);
        buf_release(&d.body);
    }
    assert_int_equal(second.seen->requests, 0);
    server_stop(&second);
}

static void refuses_other_addresses(void **state)
{
    static const char *const url[] = {
        "http://example.org/v1", "ftp://127.0.0.1/",    "file:///etc/passwd",
        "https://me:it@h/",      "http://127.0.0.1.h/", "",
    };
    struct err err = ERR_INIT;
    struct post *p;

    (void)state;
    assert_ok(post_new(&p, 1, &err), &err);
    for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++) {
        assert_int_equal(start(p, 0, url[i], NULL, key, "{}", 5, &err),
                         ERR_USAGE);
        assert_int_equal(post_busy(p), 0);
        assert_null(strstr(err.msg, "CANARY"));
    }
    post_free(p);
}

static void nobody_there_and_no_tls_are_errors(void **state)
{
    struct post_done d;
    struct server s;
    char url[80];

    (void)state;
    server_start(&s, answer_text, "x");
    snprintf(url, sizeof(url), "https%s", s.url + 4);
    post(&d, url, "{}", 5);
    assert_int_equal(d.status, 0);
    assert_true(d.error[0] != '\0');
    assert_null(strstr(s.seen->last, "CANARY"));
    buf_release(&d.body);
    server_stop(&s); /* now nobody listens there */
    post(&d, s.url, "{}", 5);
    assert_int_equal(d.status, 0);
    assert_true(d.error[0] != '\0');
    buf_release(&d.body);
}

/* ---- the pool ---- */

static void nothing_under_way_is_waited_for_in_vain(void **state)
{
    struct err err = ERR_INIT;
    struct post_done d;
    struct post *p;
    double begin = seconds();

    (void)state;
    assert_ok(post_new(&p, 1, &err), &err);
    assert_int_equal(post_wait(p, 200, &d, &err), 1);
    assert_true(seconds() - begin >= 0.15);
    post_free(p);
    post_free(NULL);
}

static void freeing_drops_what_is_under_way(void **state)
{
    struct err err = ERR_INIT;
    struct post_done d;
    struct server s;
    struct post *p;

    (void)state;
    server_start(&s, answer_silence, NULL);
    assert_ok(post_new(&p, 4, &err), &err);
    for (size_t i = 0; i < 4; i++)
        assert_ok(start(p, i, s.url, NULL, key, "{}", 5, &err), &err);
    assert_int_equal(post_wait(p, 100, &d, &err), 1);
    assert_int_equal(post_busy(p), 4);
    post_free(p);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_the_key_and_the_body),
        cmocka_unit_test(a_long_key_goes_out_whole),
        cmocka_unit_test(without_a_key_no_header_is_sent),
        cmocka_unit_test(many_are_under_way_at_once),
        cmocka_unit_test(statuses_are_handed_on),
        cmocka_unit_test(reads_how_long_to_wait),
        cmocka_unit_test(a_slow_answer_ends_at_its_deadline),
        cmocka_unit_test(a_stream_without_content_ends_before_its_deadline),
        cmocka_unit_test(a_reset_is_an_error),
        cmocka_unit_test(a_broken_answer_is_an_error),
        cmocka_unit_test(a_body_without_end_is_cut_off),
        cmocka_unit_test(a_bomb_is_cut_off),
        cmocka_unit_test(a_flood_of_headers_ends),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(refuses_other_addresses),
        cmocka_unit_test(nobody_there_and_no_tls_are_errors),
        cmocka_unit_test(nothing_under_way_is_waited_for_in_vain),
        cmocka_unit_test(freeing_drops_what_is_under_way),
    };

    return cmocka_run_group_tests_name("post", tests, NULL, NULL);
}
