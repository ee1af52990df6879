#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "text/fold.h"

static void assert_folds(const char *text, const char *want)
{
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;

    assert_ok(fold_text(&b, span_of(text), &err), &err);
    assert_string_equal(buf_str(&b), want);
    buf_release(&b);
}

static void case_width_and_punctuation_are_gone(void **state)
{
    (void)state;
    assert_folds("", "");
    assert_folds("...", "");
    assert_folds("Don't PANIC, it's 5 km!", "dontpanicits5km");
    assert_folds("ＡＢＣ　１２３", "abc123");
    assert_folds("怎么退货？", "怎么退货");
    assert_folds("Stra\xC3\x9F"
                 "e",
                 "strasse");
}

/* An ideographic full stop takes the way of other scripts and leaves no
 * trace. */
static void ascii_is_folded_like_any_other_text(void **state)
{
    struct buf plain = BUF_INIT(1 << 16), other = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    struct rng rng;
    char text[1024];

    (void)state;
    rng_init(&rng, 1, 0);
    for (size_t len = 0; len < 700; len++) {
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(rng_next(&rng) & 0x7f);
        assert_ok(fold_text(&plain, (struct span){ text, len }, &err), &err);
        memcpy(text + len, "。", 3);
        assert_ok(fold_text(&other, (struct span){ text, len + 3 }, &err),
                  &err);
        assert_int_equal(plain.len, other.len);
        assert_memory_equal(buf_str(&plain), buf_str(&other), plain.len);
    }
    buf_release(&plain);
    buf_release(&other);
}

static void what_is_not_utf8_is_an_error(void **state)
{
    struct buf b = BUF_INIT(64);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fold_text(&b,
                               span_of("a\xFF"
                                       "b"),
                               &err),
                     ERR_FORMAT);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_width_and_punctuation_are_gone),
        cmocka_unit_test(ascii_is_folded_like_any_other_text),
        cmocka_unit_test(what_is_not_utf8_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
