#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/exchange.h"
#include "support/server.h"

#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"m\"}}"

/* One answer, from the first request on or from the second. */
struct habit {
    int from;
    const char *status, *headers, *body;
};

static void answer(int fd, const char *request, int nth, const void *ctx)
{
    const struct habit *h = ctx;
    bool well = nth >= h->from;
    const char *body = well ? "{\"id\":\"x\"}" : h->body;
    char head[512];

    (void)request;
    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s",
             well ? "200 OK" : h->status, strlen(body), well ? "" : h->headers);
    server_send(fd, head, body, strlen(body));
}

static struct server server;

/* Call it; the requests that came, and in *seconds how long it took. */
static int call(const struct habit *h, int *requests, double *seconds,
                struct err *err)
{
    const struct provider p = { .name = "p", .base_url = server.url };
    struct exchange x = { .provider = &p };
    struct timespec a, z;
    struct json *doc = NULL;
    int rc;

    server_start(&server, answer, h);
    clock_gettime(CLOCK_MONOTONIC, &a);
    rc = exchange_call(&x, "GET", "/batches/1", NULL, (struct span){ NULL, 0 },
                       true, err);
    clock_gettime(CLOCK_MONOTONIC, &z);
    *seconds =
        (double)(z.tv_sec - a.tv_sec) + 1e-9 * (double)(z.tv_nsec - a.tv_nsec);
    if (rc == 0)
        rc = exchange_json(&x, "/batches/1", &doc, err);
    *requests = server.seen->requests;
    json_free(doc);
    exchange_release(&x);
    server_stop(&server);
    return rc;
}

static void waits_as_long_as_it_is_told(void **state)
{
    static const struct {
        struct habit habit;
        double least;
    } row[] = {
        { { 1, "429 Slow", "Retry-After: 1.2\r\n", "" }, 1.2 },
        { { 1, "503 Busy", "retry-after-ms: 1100\r\n", "" }, 1.1 },
        { { 1, "500 Oops", "", "" }, 0.5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        double s;
        int n;

        assert_ok(call(&row[i].habit, &n, &s, &err), &err);
        assert_int_equal(n, 2);
        if (s < row[i].least)
            fail_msg("%s: %.2f s", row[i].habit.status, s);
    }
}

static void what_no_retry_mends_is_told_apart(void **state)
{
    static const struct {
        struct habit habit;
        int code;
    } row[] = {
        { { 9, "429 Slow", "", ERROR("insufficient_quota") }, ERR_CREDIT },
        { { 9, "402 Pay", "", "" }, ERR_CREDIT },
        { { 9, "401 No", "", "" }, ERR_AUTH },
        { { 9, "404 No", "", "" }, ERR_CONFIG },
        { { 9, "307 There", "Location: https://h/\r\n", "" }, ERR_CONFIG },
        { { 9, "400 Bad", "", "{}" }, ERR_FORMAT },
        { { 9, "429 Slow", "Retry-After: 901\r\n", "" }, ERR_AGAIN },
        { { 9, "200 OK", "", "<html></html>" }, ERR_FORMAT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        double s;
        int n, rc = call(&row[i].habit, &n, &s, &err);

        if (rc != row[i].code || n != 1)
            fail_msg("%s: %d after %d requests: %s", row[i].habit.status, rc, n,
                     err.msg);
        assert_non_null(strstr(err.msg, "/batches/1: HTTP "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_as_long_as_it_is_told),
        cmocka_unit_test(what_no_retry_mends_is_told_apart),
    };

    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
