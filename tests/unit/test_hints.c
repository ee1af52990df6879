#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/hints.h"

static void reads_durations_as_go_writes_them(void **state)
{
    static const struct {
        const char *value;
        double want;
    } row[] = {
        { "1s", 1.0 },       { "6m0s", 360.0 },     { "12ms", 0.012 },
        { "1h2m3s", 3723 },  { "1.5s", 1.5 },       { "20", 20.0 },
        { "0s", 0.0 },       { "250us", 0.00025 },  { "1m30.5s\r\n", 90.5 },
        { "1d", 86400.0 },   { "0.25", 0.25 },      { "", -1.0 },
        { "soon", -1.0 },    { "-1s", -1.0 },       { "5x", -1.0 },
        { "1m30", -1.0 },    { "99999999h", -1.0 }, { "..", -1.0 },
        { "1s garbage", -1 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_near(row[i].value, hints_duration(row[i].value), row[i].want,
                    0.0, 1e-9);
}

static void take(struct hints *h, const char *const *lines)
{
    hints_init(h);
    for (; *lines; lines++)
        hints_line(h, *lines, strlen(*lines));
}

static void waits_for_what_asks_longest(void **state)
{
    static const struct {
        const char *lines[4];
        double want;
    } row[] = {
        { { "Content-Type: text/plain\r\n", NULL }, -1.0 },
        { { "Retry-After: 2\r\n", NULL }, 2.0 },
        { { "RETRY-AFTER:2.5", NULL }, 2.5 },
        { { "retry-after-ms: 1500\r\n", "Retry-After: 2\r\n", NULL }, 1.5 },
        { { "Retry-After: 2\r\n", "retry-after-ms: 1500\r\n", NULL }, 1.5 },
        { { "retry-after-ms: x\r\n", "Retry-After: 2\r\n", NULL }, 2.0 },
        { { "Retry-After: -2\r\n", NULL }, -1.0 },
        { { "Retry-After: 1m20s\r\n", NULL }, 80.0 },
        { { "Retry-After: 1e9999\r\n", NULL }, -1.0 },
        { { "Retry-After: nan\r\n", NULL }, -1.0 },
        { { "Retry-After: Mon, 23 Nov 2020 01:00:00 GMT\r\n", NULL }, 0.0 },
        { { "retry-after-ms: 1m20s\r\n", NULL }, -1.0 },
        { { "Retry-After: 1000000000\r\n", NULL }, -1.0 },
        { { "x-ratelimit-reset-requests: 6m0s", NULL }, -1.0 },
        { { "x-ratelimit-remaining-requests: 0",
            "x-ratelimit-reset-requests: 6m0s", NULL },
          360.0 },
        { { "X-Ratelimit-Remaining-Tokens: 0", "Retry-After: 1",
            "X-Ratelimit-Reset-Tokens: 12ms", NULL },
          1.0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct hints h;

        take(&h, row[i].lines);
        assert_near(row[i].lines[0], hints_wait(&h), row[i].want, 0.0, 1e-9);
    }
}

static void reads_the_rest(void **state)
{
    static const char *const lines[] = {
        "x-should-retry: false\r\n", "x-ratelimit-limit-requests: 600\r\n",
        "x-ratelimit-limit-tokens: 90000\r\n",
        "Location: https://evil.example:8443/v1?key=sk-1\r\n", NULL
    };
    struct hints h;

    (void)state;
    take(&h, lines);
    assert_int_equal(h.should_retry, 0);
    assert_near("rpm", h.limit[HINTS_REQUESTS], 600.0, 0.0, 0.0);
    assert_near("tpm", h.limit[HINTS_TOKENS], 90000.0, 0.0, 0.0);
    assert_string_equal(h.location, "https://evil.example:8443");
}

static void only_the_host_of_a_redirect_is_kept(void **state)
{
    static const char *const row[][2] = {
        { "https://h/v1", "https://h" },
        { "https://h?key=sk-1", "https://h" },
        { "https://sk-1@h/v1", "https://h" },
        { "https://me:sk@1@h:8443#x", "https://h:8443" },
        { "//h/v1", "//h" },
        { "/v1/sk-1", "" },
        { "sk-1", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char line[64];
        struct hints h;

        snprintf(line, sizeof(line), "Location: %s\r\n", row[i][0]);
        take(&h, (const char *const[]){ line, NULL });
        assert_string_equal(h.location, row[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations_as_go_writes_them),
        cmocka_unit_test(waits_for_what_asks_longest),
        cmocka_unit_test(reads_the_rest),
        cmocka_unit_test(only_the_host_of_a_redirect_is_kept),
    };

    return cmocka_run_group_tests_name("hints", tests, NULL, NULL);
}
