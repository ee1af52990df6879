#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/export.h"
#include "store/import.h"
#include "support/scratch.h"

/* ---- columns ---- */

static void columns_name_what_is_wrong(void **state)
{
    static const struct {
        const char *columns, *want;
    } bad[] = {
        { "a,c,label", "unknown column 'c'" },
        { "a,b,scroe", "unknown column 'scroe' (score?)" },
        { "a,a,b", "'a' is there twice" },
        { "a,label", "make no record" },
        { "text,a,b", "make no record" },
        { "anchor,positive", "make no record" },
        { "-,-", "make no record" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = ERR_INIT;
        struct columns c;

        assert_int_equal(columns_parse(&c, bad[i].columns, &err), ERR_USAGE);
        if (!strstr(err.msg, bad[i].want))
            fail_msg("%s: %s", bad[i].columns, err.msg);
    }
}

static void columns_tell_the_kind_of_record(void **state)
{
    static const struct {
        const char *columns, *kind;
    } good[] = {
        { "text", "texts" },
        { "-,text,id", "texts" },
        { "a,b", "pairs" },
        { "label,b,-,a", "pairs" },
        { "a=x,b=y,score=z", "pairs" },
        { "anchor,positive,negative,negative", "triplets" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct err err = ERR_INIT;
        struct columns c;

        assert_ok(columns_parse(&c, good[i].columns, &err), &err);
        assert_string_equal(columns_kind(&c), good[i].kind);
    }
}

/* ---- rows ---- */

/* Read a whole file as "role:text role:text|" a row, "!" for a bad one. */
static void read_rows(char *out, size_t size, const char *name,
                      const char *bytes, size_t len, const char *columns,
                      bool header)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    struct rows *r;
    struct row row;
    size_t n = 0;
    int rc;

    scratch_write(path, name, bytes, len);
    assert_ok(rows_open(&r, path, ROWS_AUTO, columns, header, &err), &err);
    out[0] = '\0';
    for (;;) {
        rc = rows_next(r, &row, &err);
        if (rc == 1)
            break;
        n += (size_t)snprintf(out + n, size - n, "%zu", row.line);
        for (size_t i = 0; rc == 0 && i < row.n; i++)
            n += (size_t)snprintf(out + n, size - n, " %s:%.*s",
                                  column_role_name(row.cell[i].role),
                                  (int)row.cell[i].text.len,
                                  row.cell[i].text.ptr);
        if (rc < 0) {
            assert_int_equal(rc, ERR_FORMAT);
            n += (size_t)snprintf(out + n, size - n, "!");
        }
        n += (size_t)snprintf(out + n, size - n, "|");
    }
    rows_close(r);
}

static void files_become_rows(void **state)
{
    static const struct {
        const char *why, *name, *bytes, *columns, *want;
        bool header;
    } t[] = {
        { "TSV by number of columns", "a.tsv", "x\ty\t1\nz\tw\t0\n", "",
          "1 a:x b:y label:1|2 a:z b:w label:0|", false },
        { "no newline at the end", "a.tsv", "x\ty", "", "1 a:x b:y|", false },
        { "CRLF, mark, blank lines", "a.tsv",
          "\xEF\xBB\xBFx\ty\r\n\r\n\nz\tw\r\n", "a,b", "1 a:x b:y|4 a:z b:w|",
          false },
        { "quotes mean nothing in TSV", "a.tsv", "\"x\ty\"\n", "a,b",
          "1 a:\"x b:y\"|", false },
        { "empty cells stay", "a.tsv", "\t\t1\n", "a,b,label",
          "1 a: b: label:1|", false },
        { "a skipped column", "a.tsv", "9\tx\ty\n", "-,a,b", "1 a:x b:y|",
          false },
        { "too few and too many columns", "a.tsv", "x\nx\ty\nx\ty\tz\n", "a,b",
          "1!|2 a:x b:y|3!|", false },
        { "a header of known names", "a.tsv",
          "sentence2\tsentence1\tscore\nx\ty\t3\n", "", "2 b:x a:y score:3|",
          false },
        { "a header to skip", "a.tsv", "l\tr\nx\ty\n", "a,b", "2 a:x b:y|",
          true },
        { "a header that names", "a.tsv", "q\tn\tp\nx\t7\ty\n", "a=p,b=q",
          "2 b:x a:y|", false },
        { "CSV quotes", "a.csv", "\"x, \"\"1\"\"\",\"y\nz\"\nu,v\n", "a,b",
          "1 a:x, \"1\" b:y\nz|3 a:u b:v|", false },
        { "CSV empty quotes, CRLF", "a.csv", "\"\",y\r\nu,\"v\"\r\n", "a,b",
          "1 a: b:y|2 a:u b:v|", false },
        { "CSV text behind a quote", "a.csv", "\"x\"z,y\nu,v\n", "a,b",
          "1!|2 a:u b:v|", false },
        { "CSV quote not closed", "a.csv", "u,\"v\nw,x\n", "a,b",
          "1!|2 a:w b:x|", false },
        { "CSV quote in the middle is a quote", "a.csv", "x\"y,z\n", "a,b",
          "1 a:x\"y b:z|", false },
        { "JSON lines by known keys", "a.jsonl",
          "{\"sentence1\":\"x\",\"sentence2\":\"y\",\"other\":[1]}\n", "",
          "1 a:x b:y|", false },
        { "JSON numbers, booleans, null", "a.jsonl",
          "{\"a\":1.5,\"b\":true,\"label\":null}\n", "a,b,label",
          "1 a:1.5 b:1 label:|", false },
        { "JSON escapes", "a.jsonl", "{\"text\":\"\\u00e9\\n\\\"\"}", "",
          "1 text:\xC3\xA9\n\"|", false },
        { "a list of negatives", "a.jsonl",
          "{\"q\":\"x\",\"p\":\"y\",\"n\":[\"1\",\"2\"]}",
          "anchor=q,positive=p,negative=n",
          "1 anchor:x positive:y negative:1 negative:2|", false },
        { "bad JSON lines", "a.jsonl",
          "{\"a\":\"x\",\"b\":\"y\"}\n[1]\n{\"a\":\n{\"a\":\"x\"}\n"
          "{\"a\":\"x\",\"b\":{}}\n{\"a\":\"x\",\"a\":\"y\",\"b\":\"z\"}\n",
          "a,b", "1 a:x b:y|2!|3!|4!|5!|6!|", false },
        { "text lines", "a.txt", "one, two\n   \n\tthree\n", "",
          "1 text:one, two|3 text:\tthree|", false },
        { "no ending: tabs", "a", "x\ty\n", "", "1 a:x b:y|", false },
        { "no ending: JSON", "a", "{\"text\":\"x\"}\n", "", "1 text:x|",
          false },
        { "no ending: text", "a", "x y\n", "", "1 text:x y|", false },
        { "nothing", "a.tsv", "", "", "", false },
        { "only a header", "a.csv", "a,b,label\n", "", "", false },
    };
    char got[512];

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        read_rows(got, sizeof(got), t[i].name, t[i].bytes, strlen(t[i].bytes),
                  t[i].columns, t[i].header);
        if (strcmp(got, t[i].want) != 0)
            fail_msg("%s: got %s, want %s", t[i].why, got, t[i].want);
    }
}

static void nul_bytes_do_not_end_a_row(void **state)
{
    char got[256];

    (void)state;
    read_rows(got, sizeof(got), "n.csv", "\"x\"\0,y\nu,v\n", 11, "a,b", false);
    assert_string_equal(got, "1!|2 a:u b:v|");
}

static void a_second_pass_reads_the_same(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    struct rows *r;
    struct row row;

    (void)state;
    scratch_write(path, "p.tsv", "a\tb\nx\ty\n", (size_t)-1);
    assert_ok(rows_open(&r, path, ROWS_AUTO, "", false, &err), &err);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(rows_next(r, &row, &err), &err);
        assert_int_equal(row.line, 2);
        assert_true(span_is(row.raw, "x\ty"));
        assert_int_equal(rows_next(r, &row, &err), 1);
        rows_rewind(r);
    }
    rows_close(r);
}

static void files_that_say_nothing_are_refused(void **state)
{
    static const struct {
        const char *name, *bytes, *columns, *want;
    } bad[] = {
        { "b.tsv", "1\t2\t3\t4\n", "", "say what they are with --columns" },
        { "b.tsv", "x\ty\n", "a=p,b=q", "the header has 0 of the 2 columns" },
        { "b.txt", "x\n", "text", "not with plain text" },
        { "b.jsonl", "{\"foo\":1}\n", "", "make no record" },
        { "b.tsv", "x\ty\n", "a,bb", "unknown column 'bb' (b?)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = ERR_INIT;
        char path[SCRATCH_PATH];
        struct rows *r;

        scratch_write(path, bad[i].name, bad[i].bytes, (size_t)-1);
        assert_int_equal(
            rows_open(&r, path, ROWS_AUTO, bad[i].columns, false, &err),
            ERR_USAGE);
        assert_null(r);
        if (!strstr(err.msg, bad[i].want))
            fail_msg("%s: %s", bad[i].bytes, err.msg);
    }
}

/* ---- records ---- */

static struct row row_of(enum column_role r1, const char *t1,
                         enum column_role r2, const char *t2,
                         enum column_role r3, const char *t3)
{
    struct row row = { .line = 1 };

    row.cell[row.n++] = (struct cell){ r1, span_of(t1) };
    row.cell[row.n++] = (struct cell){ r2, span_of(t2) };
    row.cell[row.n++] = (struct cell){ r3, span_of(t3) };
    return row;
}

static void numbers_are_scaled_or_refused(void **state)
{
    static const struct {
        enum column_role role;
        const char *text;
        double label, score; /* NAN = absent */
        enum origin origin;
        int rc;
    } t[] = {
        { COLUMN_LABEL, "1", 1, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_LABEL, "0.25", 0.25, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_LABEL, "", NAN, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_LABEL, "2", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_LABEL, "-0.1", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_LABEL, "yes", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_LABEL, "1 2", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_LABEL, "nan", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_LABEL, "1e999", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_SCORE, "3.8", 0.7, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_SCORE, "3.8", NAN, 0.7, ORIGIN_SILVER, 0 },
        { COLUMN_SCORE, "1", 0, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_SCORE, "5", 1, NAN, ORIGIN_GOLD, 0 },
        { COLUMN_SCORE, "5.01", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
        { COLUMN_SCORE, "0.99", 0, 0, ORIGIN_GOLD, ERR_FORMAT },
    };
    struct imported rec = { .n = 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct import_rules rules = { 1.0, 5.0, t[i].origin };
        struct row row =
            row_of(COLUMN_B, "y", t[i].role, t[i].text, COLUMN_A, "x");
        struct err err = ERR_INIT;

        if (import_row(&rec, &row, &rules, &err) != t[i].rc)
            fail_msg("%s: %s", t[i].text, err.msg);
        if (t[i].rc < 0)
            continue;
        assert_true(span_is(rec.text[0], "x")); /* a first, wherever it was */
        assert_true(isnan(t[i].label) == (bool)isnan(rec.pair.label));
        assert_true(isnan(t[i].score) == (bool)isnan(rec.pair.score));
        if (!isnan(t[i].label))
            assert_near(t[i].text, (double)rec.pair.label, t[i].label, 0, 1e-6);
        if (!isnan(t[i].score))
            assert_near(t[i].text, (double)rec.pair.score, t[i].score, 0, 1e-6);
    }
    imported_release(&rec);
}

static void bad_texts_are_refused_by_column(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } bad[] = {
        { "", 0, "b is empty" },
        { " \t\r\n", 4, "b is empty" },
        { "x\xFFy", 3, "b is not UTF-8 at byte 1" },
        { "x\0y", 3, "b holds a NUL byte" },
    };
    struct import_rules rules = { 0.0, 1.0, ORIGIN_GOLD };
    struct imported rec = { .n = 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct row row = row_of(COLUMN_A, "x", COLUMN_B, "", COLUMN_LABEL, "1");
        struct err err = ERR_INIT;

        row.cell[1].text = (struct span){ bad[i].bytes, bad[i].len };
        assert_int_equal(import_row(&rec, &row, &rules, &err), ERR_FORMAT);
        assert_string_equal(err.msg, bad[i].want);
    }
    imported_release(&rec);
}

static void attributes_become_json(void **state)
{
    struct import_rules rules = { 0.0, 1.0, ORIGIN_GOLD };
    struct row row =
        row_of(COLUMN_TEXT, "x", COLUMN_SOURCE, "a \"b\"", COLUMN_ID, "7");
    struct imported rec = { .n = 0 };
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(import_row(&rec, &row, &rules, &err), &err);
    assert_string_equal(buf_str(&rec.attr),
                        "{\"id\":\"7\",\"source\":\"a \\\"b\\\"\"}");
    imported_release(&rec);
}

static void a_triplet_needs_a_negative(void **state)
{
    struct import_rules rules = { 0.0, 1.0, ORIGIN_GOLD };
    struct row row =
        row_of(COLUMN_ANCHOR, "x", COLUMN_POSITIVE, "y", COLUMN_NEGATIVE, "z");
    struct imported rec = { .n = 0 };
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(import_row(&rec, &row, &rules, &err), &err);
    assert_int_equal(rec.n, 3);
    row.n = 2;
    assert_int_equal(import_row(&rec, &row, &rules, &err), ERR_FORMAT);
    assert_string_equal(err.msg, "negative is missing");
    imported_release(&rec);
}

static void score_ranges_are_two_rising_numbers(void **state)
{
    static const char *const bad[] = {
        "", "5", "0:0", "5:0", ":", "0:x", "a:5", "0:inf", "nan:1", "0:1:2"
    };
    struct import_rules r;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (import_range(&r, bad[i], &err) != ERR_USAGE)
            fail_msg("'%s' was accepted", bad[i]);
    assert_ok(import_range(&r, "-1:5.5", &err), &err);
    assert_near("lo", r.lo, -1, 0, 0);
    assert_near("hi", r.hi, 5.5, 0, 0);
}

/* ---- numbers of exports ---- */

static void numbers_are_short_and_read_back_the_same(void **state)
{
    static const struct {
        float x;
        const char *want;
    } t[] = { { 0.0f, "0" },
              { 1.0f, "1" },
              { 0.76f, "0.76" },
              { 0.85f, "0.85" },
              { 1.0f / 3, "0.33333334" },
              { 1e-7f, "1e-07" } };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char got[32];

        export_number(got, t[i].x);
        assert_string_equal(got, t[i].want);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        float x = (float)i / 997.0f;
        char got[32];

        export_number(got, x);
        assert_true(strtof(got, NULL) == x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_name_what_is_wrong),
        cmocka_unit_test(columns_tell_the_kind_of_record),
        cmocka_unit_test(files_become_rows),
        cmocka_unit_test(nul_bytes_do_not_end_a_row),
        cmocka_unit_test(a_second_pass_reads_the_same),
        cmocka_unit_test(files_that_say_nothing_are_refused),
        cmocka_unit_test(numbers_are_scaled_or_refused),
        cmocka_unit_test(bad_texts_are_refused_by_column),
        cmocka_unit_test(attributes_become_json),
        cmocka_unit_test(a_triplet_needs_a_negative),
        cmocka_unit_test(score_ranges_are_two_rising_numbers),
        cmocka_unit_test(numbers_are_short_and_read_back_the_same),
    };

    return cmocka_run_group_tests_name("import", tests, scratch_make,
                                       scratch_clean);
}
