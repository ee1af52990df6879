#include "support/support.h"

#include <string.h>

#include "base/proto.h"

/* The examples of protobuf's own page on encoding, and edges. */
static void integers_are_varints(void **state)
{
    static const struct {
        int64_t v;
        const char *bytes;
        size_t len;
    } rows[] = {
        { 0, "\x08\x00", 2 },
        { 150, "\x08\x96\x01", 3 },
        { 127, "\x08\x7f", 2 },
        { 128, "\x08\x80\x01", 3 },
        { -1, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = BUF_INIT(64);
        struct err err = ERR_INIT;

        assert_ok(proto_int(&b, 1, rows[i].v, &err), &err);
        assert_int_equal(b.len, rows[i].len);
        assert_memory_equal(b.ptr, rows[i].bytes, rows[i].len);
        buf_release(&b);
    }
}

static void texts_messages_and_floats_have_their_wire_types(void **state)
{
    static const char want[] = "\x12\x07testing\x1a\x00\x25\x00\x00\x80\x3f"
                               "\xa2\x01\x01x";
    struct buf b = BUF_INIT(64);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(proto_text(&b, 2, "testing", &err), &err);
    assert_ok(proto_bytes(&b, 3, NULL, 0, &err), &err);
    assert_ok(proto_float(&b, 4, 1.0f, &err), &err);
    assert_ok(proto_text(&b, 20, "x", &err), &err);
    assert_int_equal(b.len, sizeof(want) - 1);
    assert_memory_equal(b.ptr, want, b.len);
    buf_release(&b);
}

static void a_full_buffer_is_an_error(void **state)
{
    struct buf b = BUF_INIT(4);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proto_text(&b, 1, "too long", &err), ERR_FULL);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_varints),
        cmocka_unit_test(texts_messages_and_floats_have_their_wire_types),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };

    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
