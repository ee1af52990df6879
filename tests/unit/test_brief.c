#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "llm/brief.h"
#include "support/scratch.h"

#define HEAD \
    "kind not: a\nkind num: b\nkind who: c\n" \
    "axis tone: soft | loud\naxis size: long | short | tiny\n" \
    "graded: {kind}@{similarity}\n===\n"

static struct prompt prompt;
static struct brief brief;
static struct brief_options plain = { "", "", "all", "", "", "", 4, 1 };

static int load(const char *template, const struct brief_options *o,
                struct err *err)
{
    char path[SCRATCH_PATH];

    brief_release(&brief);
    prompt_release(&prompt);
    memset(&brief, 0, sizeof(brief));
    scratch_write(path, "template", template, (size_t)-1);
    assert_ok(prompt_load(&prompt, path, err), err);
    return brief_load(&brief, &prompt, o, err);
}

static int clean(void **state)
{
    brief_release(&brief);
    prompt_release(&prompt);
    memset(&brief, 0, sizeof(brief));
    memset(&prompt, 0, sizeof(prompt));
    return scratch_clean(state);
}

#define ALL \
    HEAD "{kinds} {notes}{avoid}{examples}\n---\n{wanted}|{style}|{anchor}"

static void quotas_hold_over_many_anchors(void **state)
{
    struct brief_options o = plain;
    struct err err = ERR_INIT;
    size_t count[3] = { 0 };
    enum { N = 4000 };

    (void)state;
    o.kinds = "not=2,num,who=1";
    assert_ok(load(ALL, &o, &err), &err);
    for (int i = 0; i < N; i++) {
        struct brief_draw d;
        char text[20];
        size_t in_this[3] = { 0 };

        snprintf(text, sizeof(text), "anchor %d", i);
        brief_draw(&d, &brief, span_of(text), 5);
        assert_int_equal(d.n, 5);
        for (size_t k = 0; k < d.n; k++)
            in_this[d.kind[k]]++;
        /* 2.5 and 1.25 of five, rounded up or down */
        assert_in_range(in_this[0], 2, 3);
        assert_in_range(in_this[1], 1, 2);
        for (size_t k = 0; k < 3; k++)
            count[k] += in_this[k];
    }
    assert_near("not", (double)count[0] / N, 2.5, 0, 0.05);
    assert_near("num", (double)count[1] / N, 1.25, 0, 0.05);
    assert_near("who", (double)count[2] / N, 1.25, 0, 0.05);
}

static void an_anchor_draws_the_same_whatever_else_there_is(void **state)
{
    struct err err = ERR_INIT;
    struct brief_draw a, b;
    struct brief_options o = plain;
    size_t other = 0;

    (void)state;
    o.grades = "0.2,0.5,0.8";
    assert_ok(load(ALL, &o, &err), &err);
    for (int i = 0; i < 50; i++) {
        char text[20];

        snprintf(text, sizeof(text), "anchor %d", i);
        brief_draw(&a, &brief, span_of(text), 4);
        brief_draw(&b, &brief, span_of("between"), 7);
        brief_draw(&b, &brief, span_of(text), 4);
        assert_memory_equal(a.kind, b.kind, 4 * sizeof(a.kind[0]));
        assert_memory_equal(a.grade, b.grade, 4 * sizeof(a.grade[0]));
        assert_memory_equal(a.style, b.style, 2 * sizeof(a.style[0]));
        brief.seed = 2;
        brief_draw(&b, &brief, span_of(text), 4);
        brief.seed = 1;
        other += memcmp(a.kind, b.kind, 4 * sizeof(a.kind[0])) != 0;
    }
    assert_true(other > 10);
}

static void a_grade_goes_with_its_kind_once(void **state)
{
    struct err err = ERR_INIT;
    struct brief_options o = plain;
    struct brief_draw d;
    bool taken[4] = { false };

    (void)state;
    o.kinds = "num";
    o.grades = "0.25,0.75";
    assert_ok(load(ALL, &o, &err), &err);
    brief_draw(&d, &brief, span_of("x"), 2);
    assert_true(isnan(brief_grade(&d, &brief, "not", taken)));
    assert_near("sum",
                brief_grade(&d, &brief, "num", taken) +
                    brief_grade(&d, &brief, "num", taken),
                1.0, 0, 1e-9);
    assert_true(isnan(brief_grade(&d, &brief, "num", taken)));
}

static void the_values_are_written_for_the_prompt(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_values v = { .anchor = span_of("x"),
                               .positives = 1,
                               .negatives = 2 };
    struct brief_options o = plain;
    struct buf text = BUF_INIT(4096);
    char path[SCRATCH_PATH], notes[SCRATCH_PATH];

    (void)state;
    scratch_write(path, "avoid.json", "{\"avoid\":[\"Can I\",\"I want\"]}",
                  (size_t)-1);
    scratch_write(notes, "notes.txt", "Never say no.\n\n", (size_t)-1);
    o.kinds = "num";
    o.grades = "0.25";
    o.styles = "tone";
    o.avoid = path;
    o.notes = notes;
    assert_ok(load(ALL, &o, &err), &err);
    assert_ok(brief_fill(&brief, span_of("x"), 0, &v, &text, &err), &err);
    assert_true(span_is(v.wanted, "num@0.25; num@0.25"));
    assert_true(span_is(v.style, "soft") || span_is(v.style, "loud"));
    assert_true(span_is(v.kinds, "- num: b"));
    assert_true(span_is(v.notes, "Never say no."));
    assert_true(span_is(v.avoid, "\"Can I\", \"I want\""));
    buf_release(&text);
}

static void openings_to_avoid_come_as_lines_or_from_a_report(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: ERR_FORMAT */
    } row[] = {
        { "Can I\nI want\n", "\"Can I\", \"I want\"" },
        { "\r\n请问我\r\n\r\n", "\"请问我\"" },
        { "", "" },
        { "{\"avoid\":[]}", "" },
        { "{\"avoid\":[\"a\"],\"run\":{}}", "\"a\"" },
        { "[{\"title\":\"x\"},{\"store\":\"s\",\"avoid\":[\"a\",\"b\"]}]",
          "\"a\", \"b\"" },
        { "{\"avoided\":[\"a\"]}", NULL },
        { "{\"avoid\":\"a\"}", NULL },
        { "[]", NULL },
        { "{", NULL },
    };
    struct buf b = BUF_INIT(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        char path[SCRATCH_PATH];
        int rc;

        scratch_write(path, "avoid", row[i].text, strlen(row[i].text));
        buf_reset(&b);
        rc = brief_read_avoid(&b, path, &err);
        if (rc != (row[i].want ? 0 : ERR_FORMAT))
            fail_msg("%s: %d %s", row[i].text, rc, err.msg);
        if (row[i].want)
            assert_string_equal(buf_str(&b), row[i].want);
    }
    buf_release(&b);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    static const struct {
        const char *template;
        struct brief_options o;
        const char *want;
    } row[] = {
        { ALL,
          { "nt", "", "", "", "", "", 1, 1 },
          "the template has no kind 'nt'; it has: not, num, who" },
        { ALL, { "not=0", "", "", "", "", "", 1, 1 }, "found 'not=0'" },
        { ALL, { "not=x", "", "", "", "", "", 1, 1 }, "found 'not=x'" },
        { ALL, { "not,not", "", "", "", "", "", 1, 1 }, "not is there twice" },
        { ALL, { "", "0.5,2", "", "", "", "", 1, 1 }, "found '2'" },
        { ALL,
          { "", "", "tune", "", "", "", 1, 1 },
          "no style axis 'tune'; it has: tone, size" },
        { "{anchor}",
          { "not", "", "", "", "", "", 1, 1 },
          "--kinds is given, but the template has no {wanted}" },
        { "{anchor}",
          { "", "", "", "x", "", "", 1, 1 },
          "--notes is given, but the template has no {notes}" },
        { "{anchor}",
          { "", "", "", "", "x", "", 1, 1 },
          "--examples is given, but the template has no {examples}" },
        { "{anchor}",
          { "", "", "", "", "", "x", 1, 1 },
          "--avoid is given, but the template has no {avoid}" },
        { "{anchor}",
          { "", "0.1", "", "", "", "", 1, 1 },
          "--grades is given, but the template has no {wanted}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;

        assert_int_equal(load(row[i].template, &row[i].o, &err), ERR_USAGE);
        if (!strstr(err.msg, row[i].want))
            fail_msg("'%s', expected '%s'", err.msg, row[i].want);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, clean)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openings_to_avoid_come_as_lines_or_from_a_report),
        CASE(quotas_hold_over_many_anchors),
        CASE(an_anchor_draws_the_same_whatever_else_there_is),
        CASE(a_grade_goes_with_its_kind_once),
        CASE(the_values_are_written_for_the_prompt),
        CASE(what_cannot_be_asked_is_refused),
    };

    return cmocka_run_group_tests_name("brief", tests, NULL, NULL);
}
