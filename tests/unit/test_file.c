#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[64];

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/test_file.XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int clean(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_remove(dir, &err), &err);
    assert_false(file_exists(dir));
    return 0;
}

static const char *at(const char *name)
{
    static char path[4][128];
    static int k;

    k = (k + 1) % 4;
    snprintf(path[k], sizeof(path[k]), "%s/%s", dir, name);
    return path[k];
}

static void put(const char *name, const char *text)
{
    struct err err = ERR_INIT;

    assert_ok(file_write(at(name), text, strlen(text), &err), &err);
}

static void read_inverts_write(void **state)
{
    struct buf b = BUF_INIT(100);
    struct err err = ERR_INIT;
    uint64_t n = 0;

    (void)state;
    put("f", "first, longer");
    put("f", "second");
    assert_false(file_exists(at("f.tmp")));
    assert_ok(file_read(&b, at("f"), &err), &err);
    assert_ok(file_read(&b, at("f"), &err), &err); /* appends */
    assert_string_equal(buf_str(&b), "secondsecond");
    assert_ok(file_size(at("f"), &n, &err), &err);
    assert_int_equal(n, 6);
    buf_release(&b);
}

static void read_stops_at_the_limit(void **state)
{
    struct buf exact = BUF_INIT(6), small = BUF_INIT(5);
    struct err err = ERR_INIT;

    (void)state;
    put("f", "second");
    assert_ok(file_read(&exact, at("f"), &err), &err);
    assert_int_equal(file_read(&small, at("f"), &err), ERR_FULL);
    assert_non_null(strstr(err.msg, dir));
    buf_release(&exact);
    buf_release(&small);
}

static void absent_files_are_not_found(void **state)
{
    struct buf b = BUF_INIT(6);
    struct err err = ERR_INIT;
    struct file_map m;
    struct file_list l;
    uint64_t n;
    char hex[65];

    (void)state;
    put("f", "x");
    assert_int_equal(file_read(&b, at("no"), &err), ERR_NOTFOUND);
    assert_int_equal(file_size(at("no"), &n, &err), ERR_NOTFOUND);
    assert_int_equal(file_map(&m, at("no"), &err), ERR_NOTFOUND);
    assert_int_equal(file_list(&l, at("no"), &err), ERR_NOTFOUND);
    assert_int_equal(file_digest(hex, at("no"), &err), ERR_NOTFOUND);
    assert_int_equal(file_rename(at("no"), at("x"), &err), ERR_NOTFOUND);
    assert_int_equal(file_write(at("no/x"), "", 0, &err), ERR_NOTFOUND);
    assert_int_equal(file_read(&b, at("f/x"), &err), ERR_NOTFOUND);
    assert_ok(file_remove(at("no"), &err), &err);
    buf_release(&b);
}

static void map_sees_the_bytes(void **state)
{
    struct err err = ERR_INIT;
    struct file_map m;

    (void)state;
    put("f", "bytes");
    put("empty", "");
    assert_ok(file_map(&m, at("f"), &err), &err);
    assert_int_equal(m.len, 5);
    assert_memory_equal(m.ptr, "bytes", 5);
    file_unmap(&m);
    assert_null(m.ptr);
    assert_ok(file_map(&m, at("empty"), &err), &err);
    assert_null(m.ptr);
    file_unmap(&m);
    assert_int_equal(file_map(&m, dir, &err), ERR_IO);
}

static void list_is_sorted_by_bytes(void **state)
{
    static const char *const name[] = { "b", "a", "B", "a.b", "10", "9" };
    static const char *const want[] = { "10", "9", "B", "a", "a.b", "b" };
    struct err err = ERR_INIT;
    struct file_list l;

    (void)state;
    for (int i = 0; i < 6; i++)
        put(name[i], "");
    assert_ok(file_list(&l, dir, &err), &err);
    assert_int_equal(l.n, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(l.name[i], want[i]);
    file_list_release(&l);
}

static void remove_takes_a_whole_folder_and_no_link_s_target(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_mkdirs(at("a/b/c"), &err), &err);
    assert_ok(file_mkdirs(at("a/b/c/"), &err), &err); /* again, with slash */
    put("a/b/c/f", "x");
    put("kept", "x");
    assert_int_equal(symlink(at("kept"), at("a/b/link")), 0);
    assert_int_equal(symlink(dir, at("a/b/up")), 0);
    assert_ok(file_remove(at("a"), &err), &err);
    assert_false(file_exists(at("a")));
    assert_true(file_exists(at("kept")));
    assert_true(file_is_dir(dir));
    assert_int_equal(file_mkdirs(at("kept/x"), &err), ERR_NOTFOUND);
    assert_int_equal(file_mkdirs(at("kept"), &err), ERR_IO);
}

static void digests_are_sha256(void **state)
{
    struct err err = ERR_INIT;
    char hex[65];

    (void)state;
    put("f", "abc");
    assert_ok(file_digest(hex, at("f"), &err), &err);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
                             "b410ff61f20015ad");
    put("f", "");
    assert_ok(file_digest(hex, at("f"), &err), &err);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
                             "a495991b7852b855");
}

static void tree_digest_covers_names_and_bytes(void **state)
{
    struct err err = ERR_INIT;
    char first[65], other[65];

    (void)state;
    assert_ok(file_mkdirs(at("t/sub"), &err), &err);
    put("t/a", "1");
    put("t/sub/b", "2");
    put("t/receipt.json", "x");
    assert_ok(file_tree_digest(first, at("t"), "receipt.json", &err), &err);
    put("t/receipt.json", "y"); /* left out */
    assert_ok(file_tree_digest(other, at("t"), "receipt.json", &err), &err);
    assert_string_equal(first, other);
    put("t/sub/receipt.json", "z"); /* only at the top */
    assert_ok(file_tree_digest(other, at("t"), "receipt.json", &err), &err);
    assert_string_not_equal(first, other);
    assert_ok(file_remove(at("t/sub/receipt.json"), &err), &err);
    put("t/sub/b", "3");
    assert_ok(file_tree_digest(other, at("t"), "receipt.json", &err), &err);
    assert_string_not_equal(first, other);
    put("t/sub/b", "2");
    assert_ok(file_rename(at("t/a"), at("t/c"), &err), &err);
    assert_ok(file_tree_digest(other, at("t"), "receipt.json", &err), &err);
    assert_string_not_equal(first, other);
    assert_ok(file_rename(at("t/c"), at("t/a"), &err), &err);
    assert_ok(file_tree_digest(other, at("t"), "receipt.json", &err), &err);
    assert_string_equal(first, other);
}

static void join_and_base_take_paths_apart(void **state)
{
    static const struct {
        const char *folder, *name, *want;
    } row[] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" },
        { "a", "/b", "/b" }, { "/", "b", "/b" },
    };
    char out[FILE_PATH_MAX], long_name[FILE_PATH_MAX];
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_ok(file_join(out, row[i].folder, row[i].name, &err), &err);
        assert_string_equal(out, row[i].want);
    }
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(file_join(out, "a", long_name, &err), ERR_FULL);
    assert_string_equal(file_base("a/b/c"), "c");
    assert_string_equal(file_base("c"), "c");
    assert_string_equal(file_base("a/"), "");
}

static void copy_copies(void **state)
{
    struct buf b = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    put("f", "bytes");
    put("g", "longer than that");
    assert_ok(file_copy(at("g"), at("f"), &err), &err);
    assert_ok(file_read(&b, at("g"), &err), &err);
    assert_string_equal(buf_str(&b), "bytes");
    assert_int_equal(file_copy(at("h"), at("no"), &err), ERR_NOTFOUND);
    buf_release(&b);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(read_inverts_write),
        CASE(read_stops_at_the_limit),
        CASE(absent_files_are_not_found),
        CASE(map_sees_the_bytes),
        CASE(list_is_sorted_by_bytes),
        CASE(remove_takes_a_whole_folder_and_no_link_s_target),
        CASE(digests_are_sha256),
        CASE(tree_digest_covers_names_and_bytes),
        CASE(join_and_base_take_paths_apart),
        CASE(copy_copies),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
