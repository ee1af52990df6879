#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "net/mend.h"
#include "net/repair.h"

static bool has_items(const struct json_node *root)
{
    if (json_type(root) == JSON_ARRAY)
        root = json_first(root);
    return json_get(root, "positives") || json_get(root, "negatives") ||
           json_get(root, "正例");
}

/* The value as one line, or "none"; *how as its name. */
static void repair(struct buf *out, const char **how, struct span text,
                   repair_fits_fn *fits)
{
    enum repair_how way = REPAIR_AS_IS;
    struct err err = ERR_INIT;
    struct json *doc;
    int rc = repair_json(&doc, &way, text.ptr, text.len, fits, &err);

    buf_reset(out);
    *how = rc == 0 ? repair_name(way) : "none";
    if (rc == 0) {
        assert_ok(json_print(out, json_root(doc), false, &err), &err);
    } else {
        assert_int_equal(rc, ERR_FORMAT);
        assert_null(doc);
        assert_ok(buf_puts(out, "none", &err), &err);
    }
    json_free(doc);
}

/* ---- the corpus: "=== way: why", the answer, "---", the value ---- */

struct example {
    char way[16], why[80];
    struct span text, want;
};

static const char *line_end(const char *p)
{
    return p + strcspn(p, "\n");
}

/* 1: no more. */
static int next_example(struct example *x, const char **at)
{
    const char *p = *at, *colon, *rule;

    if (!*p)
        return 1;
    assert_memory_equal(p, "=== ", 4);
    p += 4;
    colon = strchr(p, ':');
    snprintf(x->way, sizeof(x->way), "%.*s", (int)(colon - p), p);
    snprintf(x->why, sizeof(x->why), "%.*s", (int)(line_end(colon) - colon - 2),
             colon + 2);
    p = line_end(colon) + 1;
    rule = strncmp(p, "---\n", 4) == 0 ? p - 1 : strstr(p, "\n---\n");
    assert_non_null(rule);
    x->text = (struct span){ p, rule > p ? (size_t)(rule - p) : 0 };
    p = rule + 5;
    x->want = (struct span){ p, strcspn(p, "\n") };
    *at = line_end(p) + 1;
    return 0;
}

static void mends_each_answer_of_the_corpus(void **state)
{
    struct buf file = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    struct example x;
    const char *at, *how;
    size_t n = 0, bad = 0;

    (void)state;
    assert_ok(file_read(&file, "tests/golden/repair/answers.txt", &err), &err);
    at = buf_str(&file);
    for (; next_example(&x, &at) == 0; n++) {
        bool same;

        repair(&got, &how, x.text, has_items);
        same = got.len == x.want.len &&
               memcmp(buf_str(&got), x.want.ptr, got.len) == 0;
        if (same && strcmp(how, x.way) == 0)
            continue;
        print_error("%s: got %s %s, expected %s %.*s\n", x.why, how,
                    buf_str(&got), x.way, (int)x.want.len, x.want.ptr);
        bad++;
    }
    buf_release(&file);
    buf_release(&got);
    assert_true(n >= 100);
    assert_int_equal(bad, 0);
}

/* ---- bytes that a text file cannot hold ---- */

static void bad_bytes_become_replacement_characters(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want, *why;
    } row[] = {
        { "{\"positives\":[\"a\0b\"]}", 21, "{\"positives\":[\"a b\"]}",
          "NUL in a string" },
        { "\0{\"positives\":[\"a\"]}\0", 21, "{\"positives\":[\"a\"]}",
          "NUL around it" },
        { "{\"positives\":[\"a\xFF\"]}", 21, "{\"positives\":[\"a\uFFFD\"]}",
          "a byte that no character has" },
        { "{\"positives\":[\"a\xE4\xBD\"]}", 22,
          "{\"positives\":[\"a\uFFFD\uFFFD\"]}", "a character cut in two" },
        { "{\"positives\":[\"\xED\xA0\xBD\"]}", 21,
          "{\"positives\":[\"\uFFFD\uFFFD\uFFFD\"]}", "a surrogate" },
        { "{\"positives\":[\"\xC0\xAF\"]}", 20,
          "{\"positives\":[\"\uFFFD\uFFFD\"]}", "overlong" },
        { "{\"positives\":[\"a\tb\rc\x01"
          "d\x7F"
          "e\"]}",
          27, "{\"positives\":[\"a b c d e\"]}", "control characters" },
        { "\xEF\xBB\xBF{\"positives\":[\"a\"]}", 22, "{\"positives\":[\"a\"]}",
          "a byte order mark" },
    };
    struct buf got = BUF_INIT(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const char *how;

        repair(&got, &how, (struct span){ row[i].text, row[i].len }, has_items);
        if (strcmp(buf_str(&got), row[i].want) != 0)
            print_error("%s\n", row[i].why);
        assert_string_equal(buf_str(&got), row[i].want);
    }
    buf_release(&got);
}

/* ---- what a caller may ask for ---- */

static void without_a_test_any_value_will_do(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "[1,2]", "[1,2]" },
        { "so {\"a\":1} then [2]", "[2]" },
        { "[2] {}", "[2]" },
        { "{}", "none" },
    };
    struct buf got = BUF_INIT(4096);
    const char *how;

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        repair(&got, &how, span_of(row[i].text), NULL);
        assert_string_equal(buf_str(&got), row[i].want);
    }
    buf_release(&got);
}

/* ---- cut anywhere ---- */

static const char whole[] =
    "{\"n\":5,\"positives\":[\"first one\",\"say \\\"two\\\"\","
    "\"\\u4f60\\uD83D\\uDE00\"],\"negatives\":[{\"text\":\"minus\",\"kind\":"
    "\"number\"},{\"text\":\"乙，“丙”\",\"kind\":\"entity\"}],\"ok\":true}";

/* Each sentence of got is one of the whole answer, none was cut. */
static void assert_whole_items(const struct json_node *root, size_t at)
{
    static const char *const known[] = { "first one", "say \"two\"", "你😀",
                                         "minus", "乙，“丙”" };
    static const char *const keys[] = { "positives", "negatives" };

    for (size_t k = 0; k < 2; k++) {
        const struct json_node *c = json_first(json_get(root, keys[k]));

        for (; c; c = json_next(c)) {
            const char *s = json_str(c, json_str(json_get(c, "text"), ""));
            bool found = false;

            for (size_t i = 0; i < 5; i++)
                found |= strcmp(s, known[i]) == 0;
            if (!found)
                fail_msg("cut at %zu: '%s'", at, s);
        }
    }
}

static size_t count_items(const struct json_node *root)
{
    return json_size(json_get(root, "positives")) +
           json_size(json_get(root, "negatives"));
}

static void cut_anywhere_whole_items_are_kept(void **state)
{
    size_t before = 0;

    (void)state;
    for (size_t n = 0; n < sizeof(whole); n++) {
        enum repair_how how;
        struct err err = ERR_INIT;
        struct json *doc;
        int rc = repair_json(&doc, &how, whole, n, has_items, &err);

        assert_int_equal(rc == 0 ? 0 : ERR_FORMAT, rc);
        if (rc == 0) {
            assert_whole_items(json_root(doc), n);
            assert_true(count_items(json_root(doc)) >= before);
            before = count_items(json_root(doc));
            assert_int_equal(how == REPAIR_AS_IS, n == sizeof(whole) - 1);
        } else {
            assert_int_equal(before, 0);
        }
        json_free(doc);
    }
    assert_int_equal(before, 5);
}

/* The tail alone, a byte missing or twice: anything but a crash, and what
 * comes out is JSON. */
static void damage_anywhere_is_survived(void **state)
{
    struct buf got = BUF_INIT(1 << 16);
    char text[2 * sizeof(whole)];
    const char *how;

    (void)state;
    for (size_t n = 0; n + 1 < sizeof(whole); n++) {
        repair(&got, &how, span_of(whole + n), has_items);
        memcpy(text, whole, sizeof(whole));
        memmove(text + n, whole + n + 1, sizeof(whole) - n - 1);
        repair(&got, &how, span_of(text), has_items);
        memmove(text + n + 1, whole + n, sizeof(whole) - n);
        text[n] = whole[n];
        repair(&got, &how, span_of(text), has_items);
        for (const char *c = "\"'{}[],:\\/#\n"; *c; c++) {
            memcpy(text, whole, sizeof(whole));
            text[n] = *c;
            repair(&got, &how, span_of(text), has_items);
        }
    }
    buf_release(&got);
}

/* ---- size and depth ---- */

/* Patterns on which a search that starts again at each sign is quadratic. */
static void a_megabyte_of_anything_ends(void **state)
{
    static const char *const pattern[] = {
        "{",     "[",      "}",        "\"",        "{\"",       "[\"a\",",
        "{}",    "[1]",    "{\"a\":",  "\\u",       "[\"\\uD8",  "```",
        "```[",  "' ",     "[\"a\" ",  "{'a':[",    "<think>",   "</think>[",
        "/*",    "//",     "[/",       "[#",        "[\", a",    "“",
        "[“",    "【】",   "\xFF",     "[\xFF",     "[tru",      "[1e",
        "\\",    "[\\\"",  "[\"a\"\n", "{\"a\" \n", "{a:",       " ",
        "[\"\n", "{\"\":", "[\",\"",   "[\",1",     "[\"a\",b ", "{\"a\",",
    };
    char *text = malloc(REPAIR_MAX + 1);
    struct buf got = BUF_INIT(8 << 20);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(pattern) / sizeof(pattern[0]); i++) {
        size_t n = strlen(pattern[i]);
        const char *how;

        for (size_t at = 0; at + n <= REPAIR_MAX; at++)
            text[at] = pattern[i][at % n];
        memset(text + REPAIR_MAX - n, ' ', n);
        repair(&got, &how, (struct span){ text, REPAIR_MAX }, NULL);
        text[0] = '['; /* once, before a pattern that opens nothing */
        repair(&got, &how, (struct span){ text, REPAIR_MAX }, has_items);
    }
    buf_release(&got);
    free(text);
}

static void refuses_more_than_a_megabyte(void **state)
{
    char *text = calloc(1, REPAIR_MAX + 2);
    enum repair_how how;
    struct err err = ERR_INIT;
    struct json *doc;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', REPAIR_MAX + 1);
    memcpy(text, "[1]", 3);
    assert_ok(repair_json(&doc, &how, text, REPAIR_MAX, NULL, &err), &err);
    json_free(doc);
    assert_int_equal(repair_json(&doc, &how, text, REPAIR_MAX + 1, NULL, &err),
                     ERR_FORMAT);
    assert_string_equal(err.msg, "answer of 1048577 bytes, at most 1048576");
    free(text);
}

/* Loose brackets `deep` deep. */
static int mend_nested(size_t deep, struct err *err)
{
    struct buf out = BUF_INIT(4096);
    char text[256] = "";
    size_t used;
    bool cut;
    int rc;

    for (size_t i = 0; i < deep; i++) {
        text[i] = i % 2 ? '[' : '{';
        text[2 * deep - 1 - i] = i % 2 ? ']' : '}';
    }
    rc = mend_json(&out, span_of(text), &used, &cut, err);
    if (rc == 0) {
        assert_false(cut);
        assert_int_equal(used, 2 * deep);
    }
    buf_release(&out);
    return rc;
}

static void mends_up_to_a_depth(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(mend_nested(1, &err), &err);
    assert_ok(mend_nested(MEND_DEPTH, &err), &err);
    assert_int_equal(mend_nested(MEND_DEPTH + 1, &err), ERR_FORMAT);
    assert_string_equal(err.msg, "answer nested deeper than 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mends_each_answer_of_the_corpus),
        cmocka_unit_test(bad_bytes_become_replacement_characters),
        cmocka_unit_test(without_a_test_any_value_will_do),
        cmocka_unit_test(cut_anywhere_whole_items_are_kept),
        cmocka_unit_test(damage_anywhere_is_survived),
        cmocka_unit_test(a_megabyte_of_anything_ends),
        cmocka_unit_test(refuses_more_than_a_megabyte),
        cmocka_unit_test(mends_up_to_a_depth),
    };

    return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}
