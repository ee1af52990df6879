#include "support/support.h"

#include <string.h>

#include "base/buf.h"

static void grows_up_to_its_limit(void **state)
{
    struct buf b = BUF_INIT(10);
    struct err err = ERR_INIT;

    (void)state;
    assert_string_equal(buf_str(&b), "");
    assert_ok(buf_puts(&b, "12345", &err), &err);
    assert_ok(buf_printf(&b, &err, "%d", 6789), &err);
    assert_string_equal(buf_str(&b), "123456789");
    assert_int_equal(buf_puts(&b, "xy", &err), ERR_FULL);
    assert_int_equal(buf_printf(&b, &err, "%s", "xy"), ERR_FULL);
    assert_string_equal(buf_str(&b), "123456789"); /* as it was */
    assert_ok(buf_append(&b, "\0", 1, &err), &err);
    assert_int_equal(b.len, 10);
    assert_int_equal(buf_reserve(&b, SIZE_MAX, &err), ERR_FULL);
    buf_release(&b);
}

static void reset_keeps_the_memory(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct err err = ERR_INIT;
    const char *before;

    (void)state;
    assert_ok(buf_reserve(&b, 500, &err), &err);
    before = b.ptr;
    assert_ok(buf_puts(&b, "abc", &err), &err);
    buf_reset(&b);
    assert_string_equal(buf_str(&b), "");
    assert_ok(buf_puts(&b, "de", &err), &err);
    assert_ptr_equal(b.ptr, before);
    assert_string_equal(buf_str(&b), "de");
    buf_release(&b);
    assert_ok(buf_puts(&b, "again", &err), &err); /* and release empties */
    assert_string_equal(buf_str(&b), "again");
    buf_release(&b);
}

static void span_is_compares_all_bytes(void **state)
{
    (void)state;
    assert_true(span_is(span_of("abc"), "abc"));
    assert_false(span_is(span_of("abc"), "abcd"));
    assert_false(span_is(span_of("abc"), "ab"));
    assert_true(span_is((struct span){ "abcd", 3 }, "abc"));
    assert_false(span_is((struct span){ "ab\0", 3 }, "ab"));
}

static void numbers_are_little_endian_anywhere(void **state)
{
    unsigned char at[9] = { 0 };

    (void)state;
    store_u16(at + 1, 0x0201);
    assert_memory_equal(at, "\0\1\2\0", 4);
    assert_int_equal(load_u16(at + 1), 0x0201);
    store_u32(at + 1, 0x04030201);
    assert_memory_equal(at, "\0\1\2\3\4\0", 6);
    assert_int_equal(load_u32(at + 1), 0x04030201);
    store_u64(at + 1, 0x0807060504030201u);
    assert_memory_equal(at, "\0\1\2\3\4\5\6\7\10", 9);
    assert_true(load_u64(at + 1) == 0x0807060504030201u);
    store_f32(at + 1, -2.0f);
    assert_memory_equal(at, "\0\0\0\0\xc0", 5);
    assert_true(load_f32(at + 1) == -2.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_limit),
        cmocka_unit_test(reset_keeps_the_memory),
        cmocka_unit_test(span_is_compares_all_bytes),
        cmocka_unit_test(numbers_are_little_endian_anywhere),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
