#include "support/support.h"

#include <stdio.h>

#include "base/intern.h"

static void equal_texts_get_one_number(void **state)
{
    struct intern t = INTERN_INIT;
    struct err err = ERR_INIT;
    uint32_t a, b, c;
    bool added;

    (void)state;
    assert_int_equal(intern_find(&t, span_of("x")), -1);
    assert_ok(intern_add(&t, span_of("x"), &a, &added, &err), &err);
    assert_true(added);
    assert_ok(intern_add(&t, span_of("y"), &b, &added, &err), &err);
    assert_ok(intern_add(&t, span_of("x"), &c, &added, &err), &err);
    assert_false(added);
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    assert_int_equal(c, 0);
    assert_int_equal(intern_find(&t, span_of("y")), 1);
    assert_int_equal(intern_find(&t, span_of("z")), -1);
    intern_release(&t);
}

static void texts_stay_where_they_are_while_it_grows(void **state)
{
    struct intern t = INTERN_INIT;
    struct err err = ERR_INIT;
    const char *first = NULL;

    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        char text[32];
        uint32_t n;
        bool added;

        snprintf(text, sizeof(text), "text number %u", i);
        assert_ok(intern_add(&t, span_of(text), &n, &added, &err), &err);
        assert_int_equal(n, i);
        if (i == 0)
            first = t.text[0].ptr;
    }
    assert_ptr_equal(first, t.text[0].ptr);
    assert_true(span_is(t.text[12345], "text number 12345"));
    intern_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_get_one_number),
        cmocka_unit_test(texts_stay_where_they_are_while_it_grows),
    };

    return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
