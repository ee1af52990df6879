/* What dag does without a stage; the rest is in tests/pipeline. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "dag/lock.h"
#include "dag/spawn.h"

#include <unistd.h>

static void command_lines_can_be_pasted_into_a_shell(void **state)
{
    struct argv a = ARGV_INIT;
    struct buf b = BUF_INIT(4096);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(argv_add(&a, "/bin/echo", &err), &err);
    assert_ok(argv_add(&a, "two words", &err), &err);
    assert_ok(argv_add(&a, "it's", &err), &err);
    assert_ok(argv_add(&a, "", &err), &err);
    assert_ok(argv_text(&b, &a, &err), &err);
    assert_string_equal(buf_str(&b), "/bin/echo 'two words' 'it'\\''s' ''");
    argv_release(&a);
    buf_release(&b);
}

static void capture_gives_output_and_exit_status(void **state)
{
    struct argv a = ARGV_INIT;
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    int status = -1;

    (void)state;
    assert_ok(argv_add(&a, "/bin/sh", &err), &err);
    assert_ok(argv_add(&a, "-c", &err), &err);
    assert_ok(argv_add(&a, "echo out; exit 7", &err), &err);
    assert_ok(spawn_capture(&a, &b, &status, true, &err), &err);
    assert_string_equal(buf_str(&b), "out\n");
    assert_int_equal(status, 7);
    argv_release(&a);
    buf_release(&b);
}

static void a_killed_job_is_reported_by_its_signal(void **state)
{
    struct argv a = ARGV_INIT;
    struct job job[2] = { { 0 } };
    struct err err = ERR_INIT;
    size_t which = 9;
    int status = -1;

    (void)state;
    assert_ok(argv_add(&a, "/bin/sh", &err), &err);
    assert_ok(argv_add(&a, "-c", &err), &err);
    assert_ok(argv_add(&a, "echo said; kill -9 $$", &err), &err);
    assert_ok(spawn_start(&job[1], &a, "build/test-spawn.out",
                          "build/test-spawn.log", 0, 1, &err),
              &err);
    assert_ok(spawn_wait(job, 2, &which, &status, &err), &err);
    assert_int_equal(which, 1);
    assert_int_equal(status, 128 + 9);
    assert_int_equal(job[1].pid, 0);
    argv_release(&a);
    assert_ok(file_remove("build/test-spawn.out", &err), &err);
    assert_ok(file_remove("build/test-spawn.log", &err), &err);
}

static void a_lock_is_held_until_its_file_is_closed(void **state)
{
    struct err err = ERR_INIT;
    int one, two;

    (void)state;
    assert_ok(lock_take(&one, "build/test-lock", &err), &err);
    assert_int_equal(lock_take(&two, "build/test-lock", &err), ERR_AGAIN);
    assert_non_null(strstr(err.msg, "pid "));
    close(one);
    assert_ok(lock_take(&two, "build/test-lock", &err), &err);
    close(two);
    assert_ok(file_remove("build/test-lock", &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines_can_be_pasted_into_a_shell),
        cmocka_unit_test(capture_gives_output_and_exit_status),
        cmocka_unit_test(a_killed_job_is_reported_by_its_signal),
        cmocka_unit_test(a_lock_is_held_until_its_file_is_closed),
    };

    return cmocka_run_group_tests_name("dag", tests, NULL, NULL);
}
