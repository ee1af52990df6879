#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/prompt.h"
#include "support/scratch.h"

static int load(struct prompt *p, const void *text, size_t len, struct err *err)
{
    char path[SCRATCH_PATH];

    scratch_write(path, "template", text, len);
    return prompt_load(p, path, err);
}

static void assert_span(struct span s, const char *want)
{
    if (s.len != strlen(want) || (s.len && !span_is(s, want)))
        fail_msg("'%.*s', expected '%s'", (int)s.len, s.ptr, want);
}

static void a_line_of_dashes_parts_system_and_user(void **state)
{
    static const struct {
        const char *text, *system, *user;
    } row[] = {
        { "say {anchor}", "", "say {anchor}" },
        { "you are\n---\nsay {anchor}\n", "you are", "say {anchor}\n" },
        { "a\nb\n---\n{anchor}\n---\nc", "a\nb", "{anchor}\n---\nc" },
        { "you\r\n---\r\nsay {anchor}\r\n", "you", "say {anchor}\n" },
        { "\xEF\xBB\xBFyou\n---\n{anchor}", "you", "{anchor}" },
        { "a --- b\n----\n{anchor}", "", "a --- b\n----\n{anchor}" },
        { "你是\n---\n{anchor}", "你是", "{anchor}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct prompt p;

        assert_ok(load(&p, row[i].text, (size_t)-1, &err), &err);
        assert_span(p.system, row[i].system);
        assert_span(p.user, row[i].user);
        prompt_release(&p);
    }
}

static void the_hash_is_of_the_text(void **state)
{
    struct err err = ERR_INIT;
    struct prompt a, b;

    (void)state;
    assert_ok(load(&a, "say {anchor}\n", (size_t)-1, &err), &err);
    assert_ok(load(&b, "say {anchor}\n", (size_t)-1, &err), &err);
    assert_string_equal(a.hash, b.hash);
    /* echo 'say {anchor}' | sha256sum */
    assert_string_equal(
        a.hash,
        "8dc99a18838233fc54b73865c39d0bff258e29c8385ddea392f22e588da69014");
    prompt_release(&b);
    assert_ok(load(&b, "Say {anchor}\n", (size_t)-1, &err), &err);
    assert_string_not_equal(a.hash, b.hash);
    prompt_release(&b);
    prompt_release(&a);
}

#define ALL \
    "{anchor}, {positives}, {negatives}, {domain}, {kinds}, {wanted}, " \
    "{style}, {notes}, {examples}, {avoid} or {items}"

static void a_wrong_template_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } row[] = {
        { "say it", (size_t)-1, "has no {anchor}" },
        { "", (size_t)-1, "has no {anchor}" },
        { "{anchor} {negativs}", (size_t)-1,
          "unknown variable {negativs}, expected " ALL },
        { "{anchor_text}", (size_t)-1,
          "unknown variable {anchor_text}, expected " ALL },
        { "{ANCHOR} {Anchor} {anchor }", (size_t)-1, "has no {anchor}" },
        { "{anchor} \xFF", (size_t)-1, "not UTF-8 text" },
        { "{anchor} \xC4\xE3", (size_t)-1, "not UTF-8 text" },
        { "{anchor}\0", 9, "not UTF-8 text" },
        { "variables: anchor notes\n===\n{anchor}", (size_t)-1,
          "declares {notes} and does not use it" },
        { "variables: anchor\n===\n{anchor}{notes}", (size_t)-1,
          "{notes} is not among its variables" },
        { "{anchor}\n---\n", (size_t)-1, "nothing after the line ---" },
        { "{anchor}\n---\n \n", (size_t)-1, "nothing after the line ---" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct prompt p;
        char path[SCRATCH_PATH], want[512];

        assert_int_equal(load(&p, row[i].text, row[i].len, &err), ERR_FORMAT);
        snprintf(want, sizeof(want), "template %s: %s",
                 scratch_path(path, "template"), row[i].want);
        assert_string_equal(err.msg, want);
        assert_null(p.text.ptr);
    }
}

static void a_missing_template_is_named(void **state)
{
    struct err err = ERR_INIT;
    struct prompt p;
    char path[SCRATCH_PATH];

    (void)state;
    assert_int_not_equal(prompt_load(&p, scratch_path(path, "none"), &err), 0);
    assert_non_null(strstr(err.msg, path));
}

static void variables_are_replaced_once(void **state)
{
    static const struct {
        const char *part, *anchor, *want;
    } row[] = {
        { "{anchor}", "x", "x" },
        { "{positives}+{negatives} of {domain}", "x", "5+12 of shops" },
        { "{anchor}{anchor}", "ab", "abab" },
        { "{\"text\":\"{anchor}\"}", "a", "{\"text\":\"a\"}" },
        /* what an anchor says is no variable */
        { "<{anchor}>", "{domain} {anchor}", "<{domain} {anchor}>" },
        { "{anchor", "x", "{anchor" },
        { "{", "x", "{" },
        { "{}{anchor}}", "你", "{}你}" },
        { "", "x", "" },
    };
    struct buf b = BUF_INIT(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const struct prompt_values v = { .anchor = span_of(row[i].anchor),
                                         .positives = 5,
                                         .negatives = 12,
                                         .domain = "shops" };
        struct err err = ERR_INIT;

        buf_reset(&b);
        assert_ok(prompt_render(&b, span_of(row[i].part), &v, &err), &err);
        assert_string_equal(buf_str(&b), row[i].want);
    }
    buf_release(&b);
}

static void a_head_says_what_the_template_has(void **state)
{
    static const char text[] =
        "# mine\nlanguage: zh\nvariables: anchor, wanted kinds\n"
        "kind not: no\n\nkind one-two: 1: 2\naxis a: x | y y |z\n"
        "same: {a}={b}\n===\n{kinds}\n---\n{wanted}\n{anchor}";
    struct err err = ERR_INIT;
    struct prompt p;

    (void)state;
    assert_ok(load(&p, text, (size_t)-1, &err), &err);
    assert_span(p.language, "zh");
    assert_int_equal(p.kinds, 2);
    assert_span(p.kind[1].name, "one-two");
    assert_span(p.kind[1].text, "1: 2");
    assert_int_equal(p.axis[0].n, 3);
    assert_span(p.axis[0].value[1], "y y");
    assert_span(p.same, "{a}={b}");
    assert_span(p.system, "{kinds}");
    assert_true(p.uses[PROMPT_WANTED] && !p.uses[PROMPT_NOTES]);
    prompt_release(&p);
}

static void a_mistake_in_the_head_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "\nkinds negation: x\n===\n{anchor}",
          ":2: unknown 'kinds negation'" },
        { "kind a: x\nkind a: y\n===\n{anchor}", ":2: kind a is there twice" },
        { "axis a: x||y\n===\n{anchor}", ":1: axis a: expected 1 to" },
        { "just text\n===\n{anchor}", ":1: expected \"name: text\"" },
        { "kind a:\n===\n{anchor}", ":1: nothing after the colon" },
        { "variables: anchr\n===\n{anchor}", ":1: unknown variable anchr" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        struct prompt p;

        assert_int_equal(load(&p, row[i].text, (size_t)-1, &err), ERR_FORMAT);
        if (!strstr(err.msg, row[i].want))
            fail_msg("'%s', expected '%s'", err.msg, row[i].want);
    }
}

static void the_domain_is_said_once(void **state)
{
    static const struct {
        const char *text, *given, *want; /* a part of the message, or it */
        bool fails;
    } row[] = {
        { "domain: shops\n===\n{domain} {anchor}", "", "shops", false },
        { "domain: 网店\n===\n{domain} {anchor}", "banks", "banks", false },
        { "{domain} {anchor}", "banks", "banks", false },
        { "{anchor}", "", "", false },
        { "{domain} {anchor}", "", "say it with --domain", true },
        { "{anchor}", "banks", "has no {domain}", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;
        const char *got = NULL;
        struct prompt p;
        int rc;

        assert_ok(load(&p, row[i].text, (size_t)-1, &err), &err);
        rc = prompt_domain(&p, row[i].given, &got, &err);
        assert_int_equal(rc, row[i].fails ? ERR_USAGE : 0);
        if (row[i].fails ? !strstr(err.msg, row[i].want)
                         : strcmp(got, row[i].want) != 0)
            fail_msg("%s: '%s' %s", row[i].text, got, err.msg);
        prompt_release(&p);
    }
}

static void a_line_for_what_is_not_given_is_left_out(void **state)
{
    struct prompt_values v = { .anchor = span_of("A"), .domain = "d" };
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(prompt_render(&b, span_of("x\nNotes: {notes}\n{anchor}{style}"),
                            &v, &err),
              &err);
    assert_string_equal(buf_str(&b), "x\n");
    buf_reset(&b);
    v.notes = span_of("{anchor}\nmore");
    assert_ok(
        prompt_render(&b, span_of("x\nNotes: {notes}\n{anchor}"), &v, &err),
        &err);
    assert_string_equal(buf_str(&b), "x\nNotes: {anchor}\nmore\nA");
    buf_release(&b);
}

/* What the code that reads answers, and JSON mode, rely on. */
static void the_built_in_templates_say_what_is_needed(void **state)
{
    static const char *const name[] = { "en", "zh" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct prompt_values v = { .anchor = span_of("ANCHOR"),
                                         .positives = 3,
                                         .negatives = 4,
                                         .domain = "DOMAIN" };
        struct buf b = BUF_INIT(1 << 16);
        struct err err = ERR_INIT;
        struct prompt p;

        assert_ok(prompt_load(&p, name[i], &err), &err);
        assert_ok(prompt_render(&b, p.system, &v, &err), &err);
        assert_null(strstr(buf_str(&b), "ANCHOR")); /* the same for all */
        assert_non_null(strstr(buf_str(&b), "JSON"));
        assert_non_null(strstr(buf_str(&b), "DOMAIN"));
        assert_non_null(strstr(buf_str(&b), "{\"positives\":[\"...\"],"
                                            "\"negatives\":[{\"text\":\"...\","
                                            "\"kind\":\"negation\"}]}"));
        buf_reset(&b);
        assert_ok(prompt_render(&b, p.user, &v, &err), &err);
        assert_non_null(strstr(buf_str(&b), "ANCHOR"));
        assert_non_null(strchr(buf_str(&b), '3'));
        assert_non_null(strchr(buf_str(&b), '4'));
        prompt_release(&p);
        buf_release(&b);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_clean)
    const struct CMUnitTest tests[] = {
        CASE(a_line_of_dashes_parts_system_and_user),
        CASE(the_hash_is_of_the_text),
        CASE(a_wrong_template_is_refused),
        CASE(a_missing_template_is_named),
        CASE(a_head_says_what_the_template_has),
        CASE(a_mistake_in_the_head_is_named_with_its_line),
        CASE(the_domain_is_said_once),
        cmocka_unit_test(a_line_for_what_is_not_given_is_left_out),
        cmocka_unit_test(variables_are_replaced_once),
        cmocka_unit_test(the_built_in_templates_say_what_is_needed),
    };

    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
