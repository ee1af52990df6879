#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/checkpoint.h"

#define OWNER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/test_checkpoint_XXXXXX";
static char path[64];
static const double numbers[3] = { 1.5, -2.0, 3.25 };

static void write_one(void)
{
    struct checkpoint_writer *w;
    struct err err = ERR_INIT;

    assert_ok(checkpoint_create(&w, path, OWNER, &err), &err);
    assert_ok(checkpoint_put(w, 1, "seven b", 7, &err), &err);
    assert_ok(checkpoint_put(w, 2, NULL, 0, &err), &err);
    assert_ok(checkpoint_put(w, 3, numbers, sizeof(numbers), &err), &err);
    assert_ok(checkpoint_commit(w, &err), &err);
}

static void what_was_put_is_got(void **state)
{
    struct checkpoint *c;
    struct err err = ERR_INIT;
    const void *ptr;
    double got[3];
    size_t n;

    (void)state;
    write_one();
    assert_ok(checkpoint_open(&c, path, OWNER, &err), &err);
    assert_int_equal(checkpoint_next(c), 1);
    assert_ok(checkpoint_get(c, 1, &ptr, &n, 0, &err), &err);
    assert_int_equal(n, 7);
    assert_memory_equal(ptr, "seven b", 7);
    assert_ok(checkpoint_get(c, 2, &ptr, &n, 0, &err), &err);
    assert_int_equal(n, 0);
    assert_int_equal(checkpoint_copy(c, 3, got, 8, &err), ERR_FORMAT);
    assert_int_equal(checkpoint_copy(c, 4, got, sizeof(got), &err), ERR_FORMAT);
    assert_ok(checkpoint_copy(c, 3, got, sizeof(got), &err), &err);
    assert_memory_equal(got, numbers, sizeof(got));
    assert_int_equal(checkpoint_next(c), 0);
    checkpoint_close(c);
}

static void another_owner_s_is_told_from_a_damaged_one(void **state)
{
    struct checkpoint *c;
    struct err err = ERR_INIT;

    (void)state;
    write_one();
    assert_int_equal(checkpoint_open(&c, path, OTHER, &err), ERR_USAGE);
    assert_int_equal(checkpoint_open(&c, "/nowhere/x", OWNER, &err),
                     ERR_NOTFOUND);
}

/* One bit changed anywhere, or the end missing. */
static void damage_is_noticed(void **state)
{
    struct buf b = BUF_INIT(1 << 16);
    struct checkpoint *c;
    struct err err = ERR_INIT;

    (void)state;
    write_one();
    assert_ok(file_read(&b, path, &err), &err);
    for (size_t i = 0; i < b.len; i++) {
        int rc;

        b.ptr[i] ^= (char)(1 << i % 8);
        assert_ok(file_write(path, b.ptr, b.len, &err), &err);
        rc = checkpoint_open(&c, path, OWNER, &err);
        assert_true(rc == ERR_FORMAT || rc == ERR_USAGE);
        b.ptr[i] ^= (char)(1 << i % 8);
        assert_ok(file_write(path, b.ptr, i, &err), &err);
        assert_int_equal(checkpoint_open(&c, path, OWNER, &err), ERR_FORMAT);
    }
    buf_release(&b);
}

static void an_abandoned_one_leaves_the_old(void **state)
{
    struct checkpoint_writer *w;
    struct checkpoint *c;
    struct err err = ERR_INIT;
    char tmp[80];

    (void)state;
    write_one();
    assert_ok(checkpoint_create(&w, path, OTHER, &err), &err);
    assert_ok(checkpoint_put(w, 9, "x", 1, &err), &err);
    checkpoint_abandon(w);
    snprintf(tmp, sizeof(tmp), "%s.tmp", path);
    assert_false(file_exists(tmp));
    assert_ok(checkpoint_open(&c, path, OWNER, &err), &err);
    checkpoint_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got),
        cmocka_unit_test(another_owner_s_is_told_from_a_damaged_one),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(an_abandoned_one_leaves_the_old),
    };
    struct err err = ERR_INIT;
    int failed;

    if (!mkdtemp(dir))
        return EXIT_FAILURE;
    snprintf(path, sizeof(path), "%s/c", dir);
    failed = cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
    return file_remove(dir, &err) < 0 ? EXIT_FAILURE : failed;
}
