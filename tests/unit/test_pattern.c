#include "support/support.h"

#include <string.h>

#include "text/pattern.h"

static struct pattern *compile(const char *expression, unsigned flags)
{
    struct pattern *p = NULL;
    struct err err = ERR_INIT;

    assert_ok(pattern_new(&p, expression, flags, &err), &err);
    return p;
}

/* All matches, joined by '|'. */
static const char *matches(const char *expression, unsigned flags,
                           const char *text)
{
    static char out[256];
    struct pattern *p = compile(expression, flags);
    struct err err = ERR_INIT;
    struct span found;
    size_t at = 0, n = 0;
    int rc;

    out[0] = '\0';
    for (;;) {
        rc = pattern_each(p, span_of(text), &at, &found, &err);
        if (rc != 0)
            break;
        assert_true(n + found.len + 2 < sizeof(out));
        if (n)
            out[n++] = '|';
        memcpy(out + n, found.ptr, found.len);
        n += found.len;
        out[n] = '\0';
    }
    assert_int_equal(rc, 1);
    pattern_free(p);
    return out;
}

static void each_walks_over_all_matches(void **state)
{
    static const struct {
        const char *expression;
        unsigned flags;
        const char *text, *want;
    } row[] = {
        { "\\w+", PATTERN_PLAIN, "one, two", "one|two" },
        { "\\w+", PATTERN_PLAIN, "", "" },
        { "\\w+", PATTERN_PLAIN,
          "Stra\xc3\x9f"
          "e \xe6\x9c\xba\xe5\x99\xa8",
          "Stra\xc3\x9f"
          "e|\xe6\x9c\xba\xe5\x99\xa8" },
        { "x*", PATTERN_PLAIN, "axxb\xc3\x9fx", "xx|x" },
        { "x*", PATTERN_PLAIN, "\xc3\x9f\xc3\x9f", "" },
        { "a\\Kb", PATTERN_PLAIN, "ab ab", "b|b" },
        { "STRASSE|\xc3\x84", PATTERN_CASELESS, "strasse \xc3\xa4",
          "strasse|\xc3\xa4" },
        { "a.b", PATTERN_LITERAL, "axb a.b", "a.b" },
        { "A.b", PATTERN_LITERAL | PATTERN_CASELESS, "axb a.B", "a.B" },
        { "(?<=\\s)b", PATTERN_PLAIN, "b b", "b" },
        { ".", PATTERN_PLAIN, "\xf0\x9f\x98\x80z", "\xf0\x9f\x98\x80|z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_string_equal(
            matches(row[i].expression, row[i].flags, row[i].text), row[i].want);
}

static void groups_are_parts_of_the_text(void **state)
{
    struct pattern *p = compile("(a)(b)?(c)", 0);
    struct err err = ERR_INIT;
    const char *text = "xxacxx";
    struct span found, g;

    (void)state;
    assert_ok(pattern_find(p, span_of(text), 0, &found, &err), &err);
    assert_true(found.ptr == text + 2 && found.len == 2);
    g = pattern_group(p, 3);
    assert_true(g.ptr == text + 3 && g.len == 1);
    assert_null(pattern_group(p, 2).ptr);
    assert_null(pattern_group(p, 9).ptr);
    assert_int_equal(pattern_find(p, span_of(text), 3, &found, &err), 1);
    assert_null(pattern_group(p, 1).ptr);
    pattern_free(p);
}

static void new_refuses_bad_expressions(void **state)
{
    static const struct {
        const char *expression, *says, *why;
    } row[] = {
        { "a(b", "offset 3", "not closed" },
        { "a[", "offset 2", "not closed" },
        { "\xff", "UTF-8", "not text" },
        { "\\C", "\\C", "half a character" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct pattern *p = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(pattern_new(&p, row[i].expression, 0, &err),
                         ERR_FORMAT);
        assert_null(p);
        if (!strstr(err.msg, row[i].says))
            print_error("%s: %s\n", row[i].why, err.msg);
        assert_non_null(strstr(err.msg, row[i].says));
    }
}

static void find_refuses_bad_text(void **state)
{
    struct pattern *p = compile("a", 0);
    struct err err = ERR_INIT;
    struct span found;
    size_t at = 0;

    (void)state;
    assert_int_equal(pattern_find(p,
                                  span_of("xx\xff"
                                          "a"),
                                  0, &found, &err),
                     ERR_FORMAT);
    assert_int_equal(pattern_each(p, span_of("a\xc3"), &at, &found, &err),
                     ERR_FORMAT);
    pattern_free(p);
}

static void a_runaway_match_is_given_up(void **state)
{
    struct pattern *p = compile("(a+)+$", 0);
    struct err err = ERR_INIT;
    struct span found;

    (void)state;
    /* about a million steps, a tenth of what the library would take */
    assert_int_equal(
        pattern_find(p, span_of("aaaaaaaaaaaaaaaaaaaab"), 0, &found, &err),
        ERR_FULL);
    assert_int_equal(pattern_find(p, span_of("aaaaaaab"), 0, &found, &err), 1);
    pattern_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_walks_over_all_matches),
        cmocka_unit_test(groups_are_parts_of_the_text),
        cmocka_unit_test(new_refuses_bad_expressions),
        cmocka_unit_test(find_refuses_bad_text),
        cmocka_unit_test(a_runaway_match_is_given_up),
    };

    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
