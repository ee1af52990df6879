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
          "unknown variable {negativs}, expected {anchor}, {positives}, "
          "{negatives} or {domain}" },
        { "{anchor_text}", (size_t)-1,
          "unknown variable {anchor_text}, "
          "expected {anchor}, {positives}, "
          "{negatives} or {domain}" },
        { "{ANCHOR} {Anchor} {anchor }", (size_t)-1, "has no {anchor}" },
        { "{anchor} \xFF", (size_t)-1, "not UTF-8 text" },
        { "{anchor} \xC4\xE3", (size_t)-1, "not UTF-8 text" },
        { "{anchor}\0", 9, "not UTF-8 text" },
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
        const struct prompt_values v = { span_of(row[i].anchor), 5, 12,
                                         "shops" };
        struct err err = ERR_INIT;

        buf_reset(&b);
        assert_ok(prompt_render(&b, span_of(row[i].part), &v, &err), &err);
        assert_string_equal(buf_str(&b), row[i].want);
    }
    buf_release(&b);
}

/* What the code that reads answers, and JSON mode, rely on. */
static void the_built_in_templates_say_what_is_needed(void **state)
{
    static const char *const name[] = { "en", "zh" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct prompt_values v = { span_of("ANCHOR"), 3, 4, "DOMAIN" };
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
        cmocka_unit_test(variables_are_replaced_once),
        cmocka_unit_test(the_built_in_templates_say_what_is_needed),
    };

    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
