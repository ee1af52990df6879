#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "llm/checks.h"

/* Sentences as people and models write them, each with what the checks should
 * make of it: tests/golden/checks. */

static struct checks checks;

static int make(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(checks_open(&checks, "", &err), &err);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    checks_close(&checks);
    return 0;
}

static const char *const verdicts[] = { "accept", "aside", "reject" };

/* The fields of a line, its end included. */
enum { KIND, VERDICT, ANCHOR, TEXT, FIELDS };
static const char *split(struct span *field, const char *line)
{
    for (int i = 0; i < FIELDS; i++) {
        field[i] = (struct span){ line, strcspn(line, "\t\n") };
        line += field[i].len;
        if (*line != (i + 1 < FIELDS ? '\t' : '\n'))
            fail_msg("expected %d fields: %.60s", FIELDS, field[0].ptr);
        line++;
    }
    return line;
}

/* 1: it is judged wrongly. */
static int judge(const struct span *field)
{
    struct facets anchor, text;
    struct checks_result r;
    struct err err = ERR_INIT;
    char kind[40];
    bool same = span_is(field[KIND], "same");

    snprintf(kind, sizeof(kind), "%.*s", (int)field[KIND].len, field[KIND].ptr);
    assert_ok(facets_open(&anchor, field[ANCHOR], &err), &err);
    assert_ok(facets_open(&text, field[TEXT], &err), &err);
    assert_ok(
        checks_text(&checks, &r, &anchor, &text, same ? "" : kind, same, &err),
        &err);
    facets_release(&anchor);
    facets_release(&text);
    if (span_is(field[VERDICT], verdicts[r.verdict]))
        return 0;
    print_error("%s, expected %.*s: %.*s, by %s: '%.*s' / '%.*s'\n",
                verdicts[r.verdict], (int)field[VERDICT].len,
                field[VERDICT].ptr, (int)field[KIND].len, field[KIND].ptr,
                r.verdict == CHECKS_ACCEPT ? "none" : checks_name(r.why),
                (int)field[ANCHOR].len, field[ANCHOR].ptr, (int)field[TEXT].len,
                field[TEXT].ptr);
    return 1;
}

static void judge_file(const char *path, size_t least)
{
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    size_t rows = 0, wrong = 0;

    assert_ok(file_read(&b, path, &err), &err);
    for (const char *p = buf_str(&b); *p;) {
        struct span field[FIELDS];

        if (*p == '#') {
            p = strchr(p, '\n') + 1;
            continue;
        }
        p = split(field, p);
        wrong += (size_t)judge(field);
        rows++;
    }
    buf_release(&b);
    assert_true(rows >= least);
    assert_int_equal(wrong, 0);
}

static void english_sentences_are_judged_as_people_would(void **state)
{
    (void)state;
    judge_file("tests/golden/checks/en.tsv", 120);
}

static void chinese_sentences_are_judged_as_people_would(void **state)
{
    (void)state;
    judge_file("tests/golden/checks/zh.tsv", 120);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(english_sentences_are_judged_as_people_would),
        CASE(chinese_sentences_are_judged_as_people_would),
    };

    return cmocka_run_group_tests_name("checks_table", tests, NULL, NULL);
}
