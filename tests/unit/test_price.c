#include "support/support.h"

#include <math.h>
#include <string.h>

#include "net/price.h"

static struct json *table(const char *text, int want)
{
    struct err err = ERR_INIT;
    struct json *doc;

    assert_ok(json_parse(&doc, "prices", text, strlen(text), 0, &err), &err);
    assert_int_equal(price_check(doc, json_root(doc), &err), want);
    return doc;
}

static const char deepseek[] =
    "[{\"provider\":\"deepseek\",\"model\":\"deepseek-flash\",\"input\":0.15,"
    "\"cached\":0.003,\"output\":0.6,\"peak\":{\"factor\":2,\"hours\":["
    "\"Mon-Fri 01:00-04:00\",\"Mon-Fri 06:00-10:00\"],\"off_days\":["
    "\"2026-10-01\"]}},"
    "{\"model\":\"deepseek-flash\",\"from\":\"2026-12-01\",\"input\":0.3,"
    "\"output\":1.2},{\"model\":\"gpt-*\",\"input\":1,\"output\":null}]";

static void the_row_that_has_begun_counts(void **state)
{
    static const struct {
        const char *provider, *model;
        time_t at; /* UTC */
        bool known;
        double input, cached, output, cheaper;
    } row[] = {
        /* Monday 2026-11-23, 00:59:59, 01:00, 03:59, 04:00 */
        { "deepseek", "deepseek-flash", 1795395599, 1, .15, .003, .6, 0 },
        { "deepseek", "deepseek-flash", 1795395600, 1, .3, .006, 1.2, 10800 },
        { "deepseek", "deepseek-flash", 1795406399, 1, .3, .006, 1.2, 1 },
        { "deepseek", "deepseek-flash", 1795406400, 1, .15, .003, .6, 0 },
        /* Sunday 02:00; a holiday, Thursday 2026-10-01 02:00 */
        { "deepseek", "deepseek-flash", 1795312800, 1, .15, .003, .6, 0 },
        { "deepseek", "deepseek-flash", 1790820000, 1, .15, .003, .6, 0 },
        /* the next table begins 2026-12-01 */
        { "deepseek", "deepseek-flash", 1796083200, 1, .3, .3, 1.2, 0 },
        { "other", "deepseek-flash", 1796083200, 1, .3, .3, 1.2, 0 },
        { "other", "deepseek-flash", 1795395599, 0, 0, 0, 0, 0 },
        { "x", "gpt-5", 1795395599, 0, 0, 0, 0, 0 }, /* half of it */
    };
    struct json *doc = table(deepseek, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct price p;

        price_at(&p, json_root(doc), row[i].provider, row[i].model, row[i].at);
        assert_int_equal(p.known, row[i].known);
        assert_near("cheaper", p.cheaper_s, row[i].cheaper, 0.0, 1e-9);
        if (!p.known)
            continue;
        assert_near("input", p.input, row[i].input, 0.0, 1e-12);
        assert_near("cached", p.cached, row[i].cached, 0.0, 1e-12);
        assert_near("output", p.output, row[i].output, 0.0, 1e-12);
    }
    json_free(doc);
}

static void usage_has_its_price_or_none(void **state)
{
    static const struct {
        struct chat_usage usage;
        double want; /* below 0: unknown */
    } row[] = {
        { { 1e6, -1, 0, -1 }, 0.15 },   { { 1e6, 1e6, 0, -1 }, 0.003 },
        { { 0, 0, 1e6, 5e5 }, 0.6 },    { { 2e6, 1e6, 1e6, 0 }, 0.753 },
        { { 1e6, 2e6, 0, -1 }, 0.003 }, /* more cached than asked */
        { { -1, -1, -1, -1 }, -1 },     { { 5, -1, -1, -1 }, -1 },
    };
    struct json *doc = table(deepseek, 0);
    struct price p;

    (void)state;
    price_at(&p, json_root(doc), "deepseek", "deepseek-flash", 1795395599);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        double got = price_of(&p, &row[i].usage);

        if (row[i].want < 0.0)
            assert_true(isnan(got));
        else
            assert_near("money", got, row[i].want, 0.0, 1e-9);
    }
    price_at(&p, json_root(doc), "deepseek", "none", 1795395599);
    assert_true(isnan(price_of(&p, &row[0].usage)));
    json_free(doc);
}

static void wrong_tables_are_refused(void **state)
{
    static const char *const text[] = {
        "[1]",
        "[{\"input\":-1}]",
        "[{\"input\":\"1\"}]",
        "[{\"inptu\":1}]",
        "[{\"from\":\"2026-13-01\"}]",
        "[{\"from\":\"today\"}]",
        "[{\"peak\":{\"hours\":[\"01:00-04:00\"]}}]",
        "[{\"peak\":{\"factor\":2,\"hours\":[\"1:00-4:00\"]}}]",
        "[{\"peak\":{\"factor\":2,\"hours\":[\"Mon-Fry 01:00-04:00\"]}}]",
        "[{\"peak\":{\"factor\":2,\"hours\":[\"04:00-01:00\"]}}]",
        "[{\"peak\":{\"factor\":2,\"hours\":[\"01:00-25:00\"]}}]",
        "[{\"peak\":{\"factor\":2,\"off_days\":[\"1 May\"]}}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        json_free(table(text[i], ERR_FORMAT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_that_has_begun_counts),
        cmocka_unit_test(usage_has_its_price_or_none),
        cmocka_unit_test(wrong_tables_are_refused),
    };

    return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
