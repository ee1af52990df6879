#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "net/http.h"
#include "support/server.h"

enum { SIZE = 100000, CUT = 40000 };

static char body[SIZE], dir[64], path[128];

static int make(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)(i * 7 + i / 251);
    snprintf(dir, sizeof(dir), "/tmp/test_http.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    return 0;
}

static int clean(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_remove(dir, &err), &err);
    return 0;
}

static void write_file(size_t n)
{
    struct err err = ERR_INIT;

    assert_ok(file_write(path, body, n, &err), &err);
}

static void assert_file(size_t n)
{
    struct buf b = BUF_INIT(2 * SIZE);
    struct err err = ERR_INIT;

    assert_ok(file_read(&b, path, &err), &err);
    assert_int_equal(b.len, n);
    assert_memory_equal(b.ptr, body, n);
    buf_release(&b);
}

static int get(const char *url, struct http_reply *r, struct err *err)
{
    static const char *const headers[] = { "Authorization: Bearer sesame",
                                           NULL };
    const struct http_download d = {
        .url = url, .headers = headers, .max_bytes = 10 * SIZE, .stall_s = 2
    };

    return http_download(&d, path, r, err);
}

/* Bytes from `from` on, of which only `send` are sent. */
static void send_part(int fd, size_t from, size_t send)
{
    char head[256];

    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\n"
             "Content-Range: bytes %zu-%d/%d\r\n",
             from ? "206 Partial Content" : "200 OK", SIZE - from, from,
             SIZE - 1, SIZE);
    server_send(fd, head, body + from, send);
}

static void answer_whole(int fd, const char *request, int nth, const void *ctx)
{
    (void)nth, (void)ctx;
    send_part(fd, server_range(request), SIZE - server_range(request));
}

static void answer_cut(int fd, const char *request, int nth, const void *ctx)
{
    size_t from = server_range(request);

    (void)ctx;
    send_part(fd, from, nth == 0 ? CUT : SIZE - from);
}

static void downloads_a_file(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    server_start(&s, answer_whole, NULL);
    assert_ok(get(s.url, &r, &err), &err);
    assert_int_equal(r.bytes, SIZE);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(s.seen->last, "Bearer sesame"));
    server_stop(&s);
    assert_file(SIZE);
}

static void goes_on_after_a_cut(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    server_start(&s, answer_cut, NULL);
    assert_int_equal(get(s.url, &r, &err), ERR_UNAVAIL);
    assert_int_equal(r.bytes, CUT);
    assert_file(CUT);
    assert_ok(get(s.url, &r, &err), &err);
    assert_int_equal(server_range(s.seen->last), CUT);
    assert_int_equal(r.status, 206);
    server_stop(&s);
    assert_file(SIZE);
}

static void answer_no_ranges(int fd, const char *request, int nth,
                             const void *ctx)
{
    (void)request, (void)nth, (void)ctx;
    send_part(fd, 0, SIZE);
}

static void starts_again_when_ranges_are_ignored(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    body[0] = 'x'; /* what is there is not what comes */
    write_file(CUT);
    body[0] = 0;
    server_start(&s, answer_no_ranges, NULL);
    assert_ok(get(s.url, &r, &err), &err);
    server_stop(&s);
    assert_file(SIZE);
}

static void answer_wrong_range(int fd, const char *request, int nth,
                               const void *ctx)
{
    (void)request, (void)nth, (void)ctx;
    server_send(fd,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n"
                "Content-Range: bytes 7-16/100000\r\n",
                body + 7, 10);
}

static void refuses_another_range_than_asked(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    write_file(CUT);
    server_start(&s, answer_wrong_range, NULL);
    assert_int_equal(get(s.url, &r, &err), ERR_FORMAT);
    server_stop(&s);
    assert_file(CUT);
}

static void answer_416(int fd, const char *request, int nth, const void *ctx)
{
    (void)ctx;
    if (server_range(request) == 0)
        send_part(fd, 0, SIZE);
    else
        server_send(fd,
                    nth == 0 ? "HTTP/1.1 416 Range Not Satisfiable\r\n"
                               "Content-Range: bytes */100000\r\n"
                               "Content-Length: 0\r\n"
                             : "HTTP/1.1 416 Range Not Satisfiable\r\n"
                               "Content-Range: bytes */7\r\n"
                               "Content-Length: 0\r\n",
                    "", 0);
}

static void knows_a_complete_file(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    write_file(SIZE);
    server_start(&s, answer_416, NULL);
    assert_ok(get(s.url, &r, &err), &err);
    assert_int_equal(s.seen->requests, 1);
    assert_file(SIZE);
    /* the second time the server's file has another size */
    assert_ok(get(s.url, &r, &err), &err);
    assert_int_equal(s.seen->requests, 3);
    server_stop(&s);
    assert_file(SIZE);
}

static void answer_head(int fd, const char *request, int nth, const void *ctx)
{
    (void)request, (void)nth;
    server_send(fd, ctx, "no\n", 3);
}

static void statuses_become_codes(void **state)
{
    static const struct {
        const char *head;
        int code;
    } row[] = {
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n", ERR_NOTFOUND },
        { "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n", ERR_AUTH },
        { "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n", ERR_AUTH },
        { "HTTP/1.1 429 Slow\r\nContent-Length: 3\r\n", ERR_AGAIN },
        { "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n", ERR_UNAVAIL },
        { "HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\n", ERR_FORMAT },
        { "HTTP/1.1 302 Found\r\nContent-Length: 3\r\n", ERR_FORMAT },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n", ERR_FULL },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", ERR_UNAVAIL },
        { "garbage\r\n", ERR_UNAVAIL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct http_reply r;
        struct server s;
        int rc;

        server_start(&s, answer_head, row[i].head);
        rc = get(s.url, &r, &err);
        server_stop(&s);
        if (rc != row[i].code)
            print_error("%s: %s\n", row[i].head, err.msg);
        assert_int_equal(rc, row[i].code);
    }
}

/* "/" leads to ctx, which may be another server. */
static void answer_redirect(int fd, const char *request, int nth,
                            const void *ctx)
{
    char head[512], at[256];

    server_path(at, sizeof(at), request);
    if (strcmp(at, "/") != 0) {
        answer_whole(fd, request, nth, ctx);
        return;
    }
    snprintf(head, sizeof(head),
             "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n"
             "X-Linked-Etag: \"%064d\"\r\nContent-Length: 3\r\n",
             (const char *)ctx, 5);
    server_send(fd, head, "no\n", 3);
}

static void follows_a_relative_redirect_with_the_headers(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    server_start(&s, answer_redirect, "/there?x=1");
    assert_ok(get(s.url, &r, &err), &err);
    assert_non_null(strstr(s.seen->last, "GET /there?x=1 "));
    assert_non_null(strstr(s.seen->last, "Bearer sesame"));
    server_stop(&s);
    assert_int_equal(strlen(r.sha256), 64);
    assert_int_equal(r.sha256[63], '5');
    assert_file(SIZE);
}

static void takes_no_header_to_another_origin(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server first, second;
    char to[128];

    (void)state;
    server_start(&second, answer_whole, NULL);
    snprintf(to, sizeof(to), "%s/there", second.url);
    server_start(&first, answer_redirect, to);
    assert_ok(get(first.url, &r, &err), &err);
    assert_non_null(strstr(first.seen->last, "Bearer sesame"));
    assert_int_equal(second.seen->requests, 1);
    assert_null(strstr(second.seen->last, "sesame"));
    assert_null(strstr(second.seen->last, "Authorization"));
    server_stop(&first);
    server_stop(&second);
    assert_file(SIZE);
}

static void refuses_bad_redirects(void **state)
{
    static const struct {
        const char *to;
        int code;
        const char *why;
    } row[] = {
        { "http://example.org/x", ERR_USAGE, "not encrypted" },
        { "file:///etc/passwd", ERR_USAGE, "not a web address" },
        { "gopher://127.0.0.1/", ERR_USAGE, "not a web address" },
        { "/", ERR_FORMAT, "loop" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct http_reply r;
        struct server s;
        int rc;

        server_start(&s, answer_redirect, row[i].to);
        rc = get(s.url, &r, &err);
        server_stop(&s);
        if (rc != row[i].code)
            print_error("%s: %s\n", row[i].why, err.msg);
        assert_int_equal(rc, row[i].code);
        assert_int_equal(r.bytes, 0);
    }
}

static void refuses_bad_urls(void **state)
{
    static const char *const url[] = { "http://example.org/x",
                                       "file:///etc/passwd",
                                       "ftp://example.org/", "no url", "" };

    (void)state;
    for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++) {
        struct err err = ERR_INIT;
        struct http_reply r;

        assert_int_equal(get(url[i], &r, &err), ERR_USAGE);
    }
}

static void a_refused_connection_is_unavailable(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    server_start(&s, answer_whole, NULL);
    server_stop(&s); /* now nobody listens there */
    assert_int_equal(get(s.url, &r, &err), ERR_UNAVAIL);
    assert_int_equal(r.status, 0);
}

static void answer_silence(int fd, const char *request, int nth,
                           const void *ctx)
{
    (void)request, (void)nth, (void)ctx;
    server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n", body, 10);
    sleep(20);
}

static void a_stalled_server_is_given_up(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;

    (void)state;
    server_start(&s, answer_silence, NULL);
    assert_int_equal(get(s.url, &r, &err), ERR_UNAVAIL);
    server_stop(&s);
    assert_file(10); /* and what came is kept */
}

static bool stop_late(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *seen = ctx;

    *seen = total;
    return done == 0;
}

static void progress_can_stop_it(void **state)
{
    struct err err = ERR_INIT;
    struct http_reply r;
    struct server s;
    uint64_t total = 0;
    struct http_download d = { .max_bytes = SIZE,
                               .progress = stop_late,
                               .ctx = &total };

    (void)state;
    server_start(&s, answer_silence, NULL);
    d.url = s.url;
    assert_int_equal(http_download(&d, path, &r, &err), ERR_STOPPED);
    server_stop(&s);
    assert_int_equal(total, 50000);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(downloads_a_file),
        CASE(goes_on_after_a_cut),
        CASE(starts_again_when_ranges_are_ignored),
        CASE(refuses_another_range_than_asked),
        CASE(knows_a_complete_file),
        CASE(statuses_become_codes),
        CASE(follows_a_relative_redirect_with_the_headers),
        CASE(takes_no_header_to_another_origin),
        CASE(refuses_bad_redirects),
        CASE(refuses_bad_urls),
        CASE(a_refused_connection_is_unavailable),
        CASE(a_stalled_server_is_given_up),
        CASE(progress_can_stop_it),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
