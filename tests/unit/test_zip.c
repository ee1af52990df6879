#include "support/support.h"

#include <string.h>

#include "base/file.h"
#include "base/zip.h"

#define DIR "build/test-zip"

static void crc_is_the_standard_s(void **state)
{
    (void)state;
    assert_int_equal(zip_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(zip_crc32(zip_crc32(0, "1234", 4), "56789", 5),
                     0xcbf43926);
    assert_int_equal(zip_crc32(0, NULL, 0), 0);
}

static void make(void)
{
    struct err err = ERR_INIT;

    assert_ok(file_remove(DIR, &err), &err);
    assert_ok(file_mkdirs(DIR "/in/sub", &err), &err);
    assert_ok(file_write(DIR "/in/b", "hello", 5, &err), &err);
    assert_ok(file_write(DIR "/in/a", "", 0, &err), &err);
    assert_ok(file_write(DIR "/in/sub/c", "123456789", 9, &err), &err);
}

/* Walk the archive from its end, as an unpacker does. */
static void what_goes_in_is_found_from_the_directory(void **state)
{
    static const char *const name[] = { "m/a", "m/b", "m/sub/c" };
    static const char *const data[] = { "", "hello", "123456789" };
    struct buf z = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    const char *end, *p;
    size_t files = 0;

    (void)state;
    make();
    assert_ok(zip_folder(DIR "/z.zip", DIR "/in", "m", &files, &err), &err);
    assert_int_equal(files, 3);
    assert_ok(file_read(&z, DIR "/z.zip", &err), &err);
    end = z.ptr + z.len - 22;
    assert_memory_equal(end, "PK\5\6", 4);
    assert_int_equal(load_u16(end + 10), 3);
    p = z.ptr + load_u32(end + 16);
    assert_ptr_equal(p + load_u32(end + 12), end);
    for (int i = 0; i < 3; i++) {
        const char *at = z.ptr + load_u32(p + 42);
        size_t n = strlen(name[i]), len = strlen(data[i]);

        assert_memory_equal(p, "PK\1\2", 4);
        assert_memory_equal(at, "PK\3\4", 4);
        assert_memory_equal(p + 6, at + 4, 26);
        assert_int_equal(load_u16(p + 28), n);
        assert_int_equal(load_u32(p + 24), len);
        assert_int_equal(load_u32(p + 16), zip_crc32(0, data[i], len));
        assert_memory_equal(p + 46, name[i], n);
        assert_memory_equal(at + 30, name[i], n);
        assert_memory_equal(at + 30 + n, data[i], len);
        p += 46 + n;
    }
    assert_ptr_equal(p, end);
    buf_release(&z);
}

static void same_files_give_the_same_bytes(void **state)
{
    char one[65], two[65];
    struct err err = ERR_INIT;

    (void)state;
    make();
    assert_ok(zip_folder(DIR "/1.zip", DIR "/in", "m", NULL, &err), &err);
    make();
    assert_ok(zip_folder(DIR "/1.zip", DIR "/in", "m", NULL, &err), &err);
    assert_ok(file_digest(one, DIR "/1.zip", &err), &err);
    assert_ok(zip_folder(DIR "/2.zip", DIR "/in", "m", NULL, &err), &err);
    assert_ok(file_digest(two, DIR "/2.zip", &err), &err);
    assert_string_equal(one, two);
}

static void an_absent_folder_is_named(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_true(zip_folder(DIR "/x.zip", DIR "/none", "m", NULL, &err) < 0);
    assert_non_null(strstr(err.msg, DIR "/none"));
    assert_ok(file_remove(DIR, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_the_standard_s),
        cmocka_unit_test(what_goes_in_is_found_from_the_directory),
        cmocka_unit_test(same_files_give_the_same_bytes),
        cmocka_unit_test(an_absent_folder_is_named),
    };

    return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
