#include "support/support.h"

#include <string.h>

#include "text/words.h"

static int collect(void *ctx, struct span term, struct err *err)
{
    struct buf *b = ctx;
    int rc = buf_append(b, term.ptr, term.len, err);

    return rc < 0 ? rc : buf_puts(b, "|", err);
}

static void check(const char *text, const char *want)
{
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;

    assert_ok(words_each(span_of(text), collect, &b, &err), &err);
    assert_string_equal(buf_str(&b), want);
    buf_release(&b);
}

static void words_are_runs_of_letters_lowered_without_accents(void **state)
{
    (void)state;
    check("Where's my Café-parcel, no. 42?", "where|s|my|cafe|parcel|no|42|");
    check("", "");
    check(" ... !", "");
}

static void ideographs_stand_alone_and_in_pairs(void **state)
{
    (void)state;
    check("退货吗 ok", "退|货|退货|吗|货吗|ok|");
    check("买 卖", "买|卖|");
}

static void a_failing_caller_ends_the_walk(void **state)
{
    struct buf tiny = BUF_INIT(3);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(words_each(span_of("one two"), collect, &tiny, &err),
                     ERR_FULL);
    buf_release(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_lowered_without_accents),
        cmocka_unit_test(ideographs_stand_alone_and_in_pairs),
        cmocka_unit_test(a_failing_caller_ends_the_walk),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
