#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

static struct json *parse(const char *text, unsigned flags)
{
    struct json *d = NULL;
    struct err err = ERR_INIT;

    assert_ok(json_parse(&d, "t.json", text, strlen(text), flags, &err), &err);
    return d;
}

static void values_are_read(void **state)
{
    struct json *d = parse("{\"s\": \"\\u00e9\\ud83d\\ude00\", \"n\": -1.5e2, "
                           "\"t\": true, \"z\": null, \"a\": [1, \"x\", {}], "
                           "\"S\": \"other case\"}",
                           JSON_STRICT);
    const struct json_node *r = json_root(d), *a = json_get(r, "a");

    (void)state;
    assert_string_equal(json_str(json_get(r, "s"), ""),
                        "\xc3\xa9\xf0\x9f\x98\x80");
    assert_string_equal(json_str(json_get(r, "S"), ""), "other case");
    assert_true(json_num(json_get(r, "n"), 0) == -150.0);
    assert_true(json_bool(json_get(r, "t"), false));
    assert_int_equal(json_type(json_get(r, "z")), JSON_NULL);
    assert_int_equal(json_size(a), 3);
    assert_true(json_num(json_first(a), 0) == 1.0);
    assert_int_equal(json_type(json_next(json_next(json_first(a)))),
                     JSON_OBJECT);
    assert_null(json_next(json_next(json_next(json_first(a)))));
    assert_string_equal(json_key(json_first(r)), "s");
    json_free(d);
}

static void absent_and_wrong_types_give_the_default(void **state)
{
    struct json *d = parse("{\"s\": \"x\", \"n\": 1}", JSON_STRICT);
    const struct json_node *r = json_root(d);

    (void)state;
    assert_string_equal(json_str(json_get(r, "n"), "dflt"), "dflt");
    assert_string_equal(json_str(json_get(r, "N"), "dflt"), "dflt");
    assert_true(json_num(json_get(r, "s"), 7.0) == 7.0);
    assert_true(json_bool(json_get(r, "n"), true));
    assert_null(json_get(json_get(json_get(r, "a"), "b"), "c"));
    assert_int_equal(json_size(NULL), 0);
    assert_null(json_first(NULL));
    json_free(d);
}

static void refuses_what_is_not_strict_json(void **state)
{
    static const struct {
        const char *text, *where, *why;
    } row[] = {
        { "", "1:1", "nothing" },
        { "{", "1:2", "not closed" },
        { "{\"a\": 1,\n \"b\": x}", "2:7", "no value" },
        { "[1 2]", "1:4", "no comma" },
        { "{} {}", "1:4", "text after the value" },
        { "{\"a\": 1, \"a\": 2}", "1:1", "duplicate key" },
        { "{\"b\": {\"a\": 1, \"a\": 2}}", "1:2", "duplicate key inside" },
        { "[\"\\u0000\"]", "1:3", "NUL escape" },
        { "[\"a\tb\"]", "1:4", "raw control character" },
        { "[\"\xff\"]", "1:3", "bad UTF-8" },
        { "[1e400]", "1:2", "infinite" },
        { "[-1e999]", "1:2", "infinite" },
        { "[NaN]", "1:2", "no JSON" },
        { "[\"\\ud800\"]", "1:", "lone surrogate" },
        { "['a']", "1:2", "single quotes" },
        { "// c\n1", "1:1", "a comment" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct json *d = NULL;
        struct err err = ERR_INIT;
        char start[64];
        int rc = json_parse(&d, "t.json", row[i].text, strlen(row[i].text),
                            JSON_STRICT, &err);

        snprintf(start, sizeof(start), "t.json:%s", row[i].where);
        if (rc != ERR_FORMAT || strncmp(err.msg, start, strlen(start)) != 0)
            fail_msg("%s: %d, %s", row[i].why, rc, err.msg);
        assert_null(d);
    }
}

static void refuses_bytes_after_nul_and_great_depth(void **state)
{
    static char deep[200001];
    struct json *d = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(json_parse(&d, "t", "1\0 ", 3, JSON_STRICT, &err),
                     ERR_FORMAT);
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    assert_int_equal(json_parse(&d, "t", deep, 200000, JSON_STRICT, &err),
                     ERR_FORMAT);
    memset(deep, '[', 64); /* as deep as allowed, brackets in a string */
    snprintf(deep + 64, sizeof(deep) - 64, "\"[[[[\"");
    memset(deep + 70, ']', 64);
    deep[134] = '\0';
    d = parse(deep, JSON_STRICT);
    json_free(d);
}

static void comments_must_be_utf8_too(void **state)
{
    static const char text[] = "{} // caf\xe9\n";
    struct err err = ERR_INIT;
    struct json *d;

    (void)state;
    assert_int_equal(
        json_parse(&d, "f", text, sizeof(text) - 1, JSON_COMMENTS, &err),
        ERR_FORMAT);
    assert_non_null(strstr(err.msg, "f:1:10: invalid UTF-8"));
}

static void comments_are_blanked_outside_strings(void **state)
{
    struct json *d = parse("// head\n{ \"a\": \"// no \\\" comment\", // tail\n"
                           "  \"b\": 2 }\n// end",
                           JSON_COMMENTS);
    int line, col;

    (void)state;
    assert_string_equal(json_str(json_get(json_root(d), "a"), ""),
                        "// no \" comment");
    json_where(d, json_get(json_root(d), "b"), &line, &col);
    assert_int_equal(line, 3);
    assert_int_equal(col, 3);
    json_free(d);
}

static void where_finds_keys_and_elements(void **state)
{
    struct json *d = parse("{\"a\": [10,\n  {\"x\": \"}],\"}, 30],\n"
                           "   \"b\" : {\"c\": null}}",
                           JSON_STRICT);
    const struct json_node *r = json_root(d), *a = json_get(r, "a");
    const struct {
        const struct json_node *n;
        int line, col;
    } row[] = {
        { r, 1, 1 },
        { a, 1, 2 },
        { json_first(a), 1, 8 },
        { json_get(json_next(json_first(a)), "x"), 2, 4 },
        { json_next(json_next(json_first(a))), 2, 17 },
        { json_get(json_get(r, "b"), "c"), 3, 11 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int line, col;

        json_where(d, row[i].n, &line, &col);
        assert_int_equal(line, row[i].line);
        assert_int_equal(col, row[i].col);
    }
    json_free(d);
}

/* To cJSON they are blanks, so positions must count them as such. */
static void where_passes_over_control_characters(void **state)
{
    static const char text[] = "{\x15\"a\"\x01:\x02{\"b\x7F\":1\x03,\x04"
                               "\"c\":[]}\x05}";
    struct json *d = parse(text, JSON_STRICT);
    const struct json_node *a = json_get(json_root(d), "a");
    int line, col;

    (void)state;
    json_where(d, a, &line, &col);
    assert_int_equal(col, 3);
    json_where(d, json_get(a, "c"), &line, &col);
    assert_int_equal(col, 19);
    json_free(d);
}

static void need_names_found_and_expected(void **state)
{
    struct json *d = parse("{\"n\": 3, \"h\": 1.5, \"s\": \"x\"}", JSON_STRICT);
    const struct json_node *r = json_root(d), *out;
    struct err err = ERR_INIT;
    int64_t v = 0;

    (void)state;
    assert_ok(json_need_int(&v, r, "n", 0, 3, &err), &err);
    assert_int_equal(v, 3);
    assert_int_equal(json_need_int(&v, r, "n", 0, 2, &err), ERR_FORMAT);
    assert_int_equal(json_need_int(&v, r, "h", 0, 9, &err), ERR_FORMAT);
    assert_int_equal(json_need_int(&v, r, "x", 0, 9, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "missing"));
    assert_int_equal(json_need(&out, r, "s", JSON_OBJECT, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "a string, expected an object"));
    json_free(d);
}

static void print_inverts_parse(void **state)
{
    static const char *const text[] = {
        "{}",
        "[]",
        "[0.1,1e+300,-5,9007199254740991,0.3333333333333333]",
        "{\"a\":\"\\\"\\\\\\n\\u0001\xc3\xa9\",\"b\":[true,false,null]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        struct json *d = parse(text[i], JSON_STRICT);
        struct buf b = BUF_INIT(1000), tight = BUF_INIT(1);
        struct err err = ERR_INIT;

        assert_ok(json_print(&b, json_root(d), false, &err), &err);
        assert_string_equal(buf_str(&b), text[i]);
        assert_int_equal(json_print(&tight, json_root(d), true, &err),
                         ERR_FULL);
        buf_release(&b);
        buf_release(&tight);
        json_free(d);
    }
}

static void building_replaces_and_copies(void **state)
{
    struct json_node *o = json_new_object(), *a = json_new_array(), *copy;
    struct buf b = BUF_INIT(1000);
    struct err err = ERR_INIT;

    (void)state;
    json_set_str(o, "s", "old");
    json_set_num(o, "n", 2);
    json_set_str(o, "s", "new"); /* no duplicate key can be made */
    json_push_num(a, 1);
    json_push_str(a, "x");
    json_set(o, "a", a);
    copy = json_clone(o);
    json_set_copy(o, "c", json_get(copy, "a"));
    json_node_free(copy);
    json_set_null(o, "z");
    json_set_bool(o, "t", true);
    assert_ok(json_print(&b, o, false, &err), &err);
    assert_string_equal(buf_str(&b), "{\"n\":2,\"s\":\"new\",\"a\":[1,\"x\"],"
                                     "\"c\":[1,\"x\"],\"z\":null,\"t\":true}");
    buf_release(&b);
    json_node_free(o);
}

static void load_names_the_file(void **state)
{
    struct json *d = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(json_load(&d, "/nonexistent.json", JSON_STRICT, &err),
                     ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent.json"));
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(absent_and_wrong_types_give_the_default),
        cmocka_unit_test(refuses_what_is_not_strict_json),
        cmocka_unit_test(refuses_bytes_after_nul_and_great_depth),
        cmocka_unit_test(comments_are_blanked_outside_strings),
        cmocka_unit_test(comments_must_be_utf8_too),
        cmocka_unit_test(where_finds_keys_and_elements),
        cmocka_unit_test(where_passes_over_control_characters),
        cmocka_unit_test(need_names_found_and_expected),
        cmocka_unit_test(print_inverts_parse),
        cmocka_unit_test(building_replaces_and_copies),
        cmocka_unit_test(load_names_the_file),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
