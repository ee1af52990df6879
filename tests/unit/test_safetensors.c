#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/safetensors.h"

static char path[] = "/tmp/test_safetensors_XXXXXX";

/* Header length, header, then zero bytes of data. */
static void write_file_of(const char *header, uint64_t length, size_t data)
{
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    char len[8];

    store_u64(len, length);
    assert_ok(buf_append(&b, len, 8, &err), &err);
    assert_ok(buf_puts(&b, header, &err), &err);
    for (size_t i = 0; i < data; i++)
        assert_ok(buf_append(&b, "", 1, &err), &err);
    assert_ok(file_write(path, b.ptr, b.len, &err), &err);
    buf_release(&b);
}

#define T(name, dtype, shape, begin, end) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape \
    ",\"data_offsets\":[" #begin "," #end "]}"

static void open_rejects_malformed_files(void **state)
{
    static const struct {
        const char *why, *header;
        size_t data;
        const char *says;
    } bad[] = {
        { "not JSON", "{\"a\"", 0, "" },
        { "not an object", "[]", 0, "begin" },
        { "text after the object", "{} x", 0, "" },
        { "a name twice",
          "{" T("a", "F32", "[1]", 0, 4) "," T("a", "F32", "[1]", 4, 8) "}", 8,
          "a" },
        { "an empty name", "{" T("", "F32", "[1]", 0, 4) "}", 4, "name" },
        { "a number for a tensor", "{\"a\":1}", 0, "a" },
        { "no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
          "dtype" },
        { "no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
          "shape" },
        { "no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
          "data_offsets" },
        { "an unknown dtype", "{" T("a", "F128", "[1]", 0, 16) "}", 16,
          "F128" },
        { "rank 9", "{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4,
          "rank" },
        { "a negative dimension", "{" T("a", "F32", "[-1]", 0, 4) "}", 4,
          "dimension" },
        { "half a dimension", "{" T("a", "F32", "[0.5]", 0, 2) "}", 2,
          "dimension" },
        { "a dimension as text", "{" T("a", "F32", "[\"1\"]", 0, 4) "}", 4,
          "dimension" },
        { "a shape that overflows",
          "{" T("a", "F32", "[4294967296,4294967296]", 0, 4) "}", 4,
          "too large" },
        { "bytes that overflow",
          "{" T("a", "F64", "[4503599627370496,512]", 0, 0) "}", 0, "fit" },
        { "one offset",
          "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
          "data_offsets" },
        { "a negative offset", "{" T("a", "F32", "[1]", -4, 0) "}", 4,
          "offset" },
        { "an end before the begin", "{" T("a", "F32", "[1]", 4, 0) "}", 4,
          "expected within" },
        { "an end after the data", "{" T("a", "F32", "[2]", 0, 8) "}", 4,
          "expected within" },
        { "too few bytes for the shape", "{" T("a", "F32", "[2]", 0, 4) "}", 4,
          "fit" },
        { "too many bytes for the dtype", "{" T("a", "F16", "[1]", 0, 4) "}", 4,
          "fit" },
        { "two tensors on one byte",
          "{" T("a", "F32", "[2]", 0, 8) "," T("b", "F32", "[1]", 4, 8) "}", 8,
          "overlap" },
        { "a hole",
          "{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 8, 12) "}",
          12, "hole" },
        { "data before the first tensor", "{" T("a", "F32", "[1]", 4, 8) "}", 8,
          "hole" },
        { "data after the last tensor", "{" T("a", "F32", "[1]", 0, 4) "}", 8,
          "cover" },
        { "metadata that is no object", "{\"__metadata__\":1}", 0,
          "__metadata__" },
        { "metadata that is no text", "{\"__metadata__\":{\"a\":1}}", 0,
          "__metadata__" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct safetensors *s;
        struct err err = ERR_INIT;

        write_file_of(bad[i].header, strlen(bad[i].header), bad[i].data);
        if (safetensors_open(&s, path, &err) != ERR_FORMAT)
            fail_msg("accepted: %s", bad[i].why);
        assert_null(s);
        if (!strstr(err.msg, bad[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].why, err.msg,
                     bad[i].says);
    }
}

static void open_rejects_impossible_lengths(void **state)
{
    static const uint64_t lengths[] = { 0, 3, 1000, UINT64_MAX,
                                        UINT64_MAX - 7 };
    struct safetensors *s;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        write_file_of("{}", lengths[i], 0);
        assert_int_equal(safetensors_open(&s, path, &err), ERR_FORMAT);
    }
    assert_ok(file_write(path, "1234567", 7, &err), &err);
    assert_int_equal(safetensors_open(&s, path, &err), ERR_FORMAT);
    assert_ok(file_write(path, "", 0, &err), &err);
    assert_int_equal(safetensors_open(&s, path, &err), ERR_FORMAT);
    assert_int_equal(safetensors_open(&s, "/no/such/file", &err), ERR_NOTFOUND);
}

static void open_accepts_what_is_odd_but_valid(void **state)
{
    static const char header[] =
        "{" T("b", "F32", "[1]", 4, 8) ",\"__metadata__\":{\"x\":\"y\"}," T(
            "a", "F16", "[2,1]", 0, 4) "," T("none", "F32", "[0,5]", 4,
                                             4) "," T("scalar", "BF16", "[]", 8,
                                                      10) "}   ";
    struct safetensors *s;
    struct err err = ERR_INIT;

    (void)state;
    write_file_of(header, strlen(header), 10);
    assert_ok(safetensors_open(&s, path, &err), &err);
    assert_int_equal(safetensors_count(s), 4);
    assert_string_equal(safetensors_at(s, 0)->name, "b");
    assert_int_equal(safetensors_find(s, "a")->rank, 2);
    assert_int_equal(safetensors_find(s, "none")->count, 0);
    assert_int_equal(safetensors_find(s, "scalar")->count, 1);
    assert_null(safetensors_find(s, "__metadata__"));
    safetensors_close(s);
}

static void halves_become_the_same_floats(void **state)
{
    static const struct {
        const char *dtype;
        uint16_t bits;
        float x;
    } cases[] = {
        { "F16", 0x3C00, 1.0f },        { "F16", 0xC000, -2.0f },
        { "F16", 0x7BFF, 65504.0f },    { "F16", 0x0400, 0x1p-14f },
        { "F16", 0x0001, 0x1p-24f },    { "F16", 0x83FF, -0x3FFp-24f },
        { "F16", 0x3555, 0x1.554p-2f }, { "F16", 0x0000, 0.0f },
        { "BF16", 0x3F80, 1.0f },       { "BF16", 0xC049, -3.140625f },
        { "BF16", 0x0001, 0x1p-133f },
    };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct safetensor t = { .name = "t",
                                .dtype = cases[i].dtype,
                                .count = 1,
                                .data = &cases[i].bits };
        float x = NAN;

        assert_ok(safetensors_read(&x, &t, &err), &err);
        assert_true(x == cases[i].x);
    }
}

static void read_refuses_integers_and_infinities(void **state)
{
    const uint16_t infinite = 0x7C00;
    const float nan = NAN;
    struct safetensor t = { .name = "t", .dtype = "I64", .count = 0 };
    struct err err = ERR_INIT;
    float x;

    (void)state;
    assert_int_equal(safetensors_read(&x, &t, &err), ERR_FORMAT);
    t = (struct safetensor){
        .name = "t", .dtype = "F16", .count = 1, .data = &infinite
    };
    assert_int_equal(safetensors_read(&x, &t, &err), ERR_NUMERIC);
    t.dtype = "F32";
    t.data = &nan;
    assert_int_equal(safetensors_read(&x, &t, &err), ERR_NUMERIC);
}

static void read_inverts_write_and_order_does_not_matter(void **state)
{
    static const float a[6] = { 1, 2, 3, 4, 5, 6 }, b[2] = { 7, 8 };
    const struct safetensor_f32 one[] = { { "z.a", a, 2, 3 },
                                          { "b", b, 2, 0 } };
    const struct safetensor_f32 two[] = { one[1], one[0] };
    struct buf first = BUF_INIT(4096), second = BUF_INIT(4096);
    struct safetensors *s;
    struct err err = ERR_INIT;
    float x[6];

    (void)state;
    assert_ok(safetensors_write(path, one, 2, &err), &err);
    assert_ok(file_read(&first, path, &err), &err);
    assert_ok(safetensors_write(path, two, 2, &err), &err);
    assert_ok(file_read(&second, path, &err), &err);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.ptr, second.ptr, first.len);
    assert_int_equal(load_u64(first.ptr) % 8, 0);
    assert_non_null(strstr(first.ptr + 8, "\"format\":\"pt\""));
    assert_ok(safetensors_open(&s, path, &err), &err);
    assert_string_equal(safetensors_at(s, 0)->name, "b");
    assert_int_equal(safetensors_find(s, "z.a")->shape[1], 3);
    assert_int_equal(safetensors_find(s, "b")->rank, 1);
    assert_ok(safetensors_read(x, safetensors_find(s, "z.a"), &err), &err);
    assert_memory_equal(x, a, sizeof(a));
    safetensors_close(s);
    buf_release(&first);
    buf_release(&second);
}

static void write_says_which_file_it_cannot_make(void **state)
{
    const float x = 1.0f;
    const struct safetensor_f32 t = { "a", &x, 1, 0 };
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(safetensors_write("/no/such/folder/x", &t, 1, &err),
                     ERR_IO);
    assert_non_null(strstr(err.msg, "/no/such/folder/x"));
}

static int start(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int stop(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_rejects_malformed_files),
        cmocka_unit_test(open_rejects_impossible_lengths),
        cmocka_unit_test(open_accepts_what_is_odd_but_valid),
        cmocka_unit_test(halves_become_the_same_floats),
        cmocka_unit_test(read_refuses_integers_and_infinities),
        cmocka_unit_test(read_inverts_write_and_order_does_not_matter),
        cmocka_unit_test(write_says_which_file_it_cannot_make),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
