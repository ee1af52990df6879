#include "support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "store/records.h"
#include "store/store_parts.h"
#include "store/trailer.h"
#include "support/scratch.h"

static struct store *create(const char *path, const char *kind, bool *resumed)
{
    struct err err = ERR_INIT;
    struct store *s;

    assert_ok(store_create(&s, path, kind, resumed, &err), &err);
    return s;
}

/* Record i of a table: 1 to 200 bytes that depend on i only. */
static void put(struct store *s, enum store_table t, uint32_t i)
{
    struct err err = ERR_INIT;
    uint8_t key[8], payload[200];
    size_t len = 1 + i * 37 % 200;

    for (size_t k = 0; k < len; k++)
        payload[k] = (uint8_t)(i + k * k);
    assert_ok(
        store_put(s, t, key_u64(key, i), (struct blob){ payload, len }, &err),
        &err);
}

static void commit(struct store *s)
{
    struct err err = ERR_INIT;

    assert_ok(store_commit(s, &err), &err);
}

static void finish(struct store *s, const char *path)
{
    struct json_node *receipt = json_new_object();
    struct err err = ERR_INIT;

    json_set_str(receipt, "made", "by a test");
    assert_ok(store_finish(s, path, receipt, &err), &err);
    json_node_free(receipt);
}

static uint64_t count(struct store *s, enum store_table t)
{
    struct err err = ERR_INIT;
    uint64_t n = 0;

    assert_ok(store_count(s, t, &n, &err), &err);
    return n;
}

static void assert_record(struct store *s, enum store_table t, uint32_t i)
{
    struct err err = ERR_INIT;
    struct blob b;
    uint8_t key[8];

    assert_ok(store_get(s, t, key_u64(key, i), &b, &err), &err);
    assert_int_equal(b.len, 1 + i * 37 % 200);
    for (size_t k = 0; k < b.len; k++)
        assert_int_equal(((const uint8_t *)b.ptr)[k], (uint8_t)(i + k * k));
}

/* n records of pairs and a tenth as many notes, in a finished store. */
static void make_store(const char *path, uint32_t n)
{
    char part[SCRATCH_PATH];
    bool resumed;
    struct store *s;

    snprintf(part, sizeof(part), "%s.part", path);
    s = create(part, "pairs", &resumed);
    assert_false(resumed);
    for (uint32_t i = 0; i < n; i++)
        put(s, STORE_PAIRS, i);
    for (uint32_t i = 0; i < n / 10; i++)
        put(s, STORE_NOTES, i);
    finish(s, path);
}

static void committed_records_are_there_again_after_a_restart(void **state)
{
    char path[SCRATCH_PATH];
    bool resumed = true;
    struct store *s = create(scratch_path(path, "r.part"), "pairs", &resumed);

    (void)state;
    assert_false(resumed);
    for (uint32_t i = 0; i < 100; i++)
        put(s, STORE_PAIRS, i);
    commit(s);
    for (uint32_t i = 100; i < 200; i++)
        put(s, STORE_PAIRS, i);
    store_close(s); /* without a commit: as if killed */
    s = create(path, "pairs", &resumed);
    assert_true(resumed);
    assert_int_equal(count(s, STORE_PAIRS), 100);
    assert_record(s, STORE_PAIRS, 99);
    store_close(s);
}

static void a_put_replaces_what_was_under_the_key(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    bool resumed;
    struct store *s = create(scratch_path(path, "o.part"), "pairs", &resumed);
    struct blob b;
    uint8_t key[8];

    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        put(s, STORE_PAIRS, i);
    assert_ok(store_put(s, STORE_PAIRS, key_u64(key, 4),
                        (struct blob){ "new", 3 }, &err),
              &err);
    assert_ok(store_get(s, STORE_PAIRS, key_u64(key, 4), &b, &err), &err);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.ptr, "new", 3);
    assert_int_equal(count(s, STORE_PAIRS), 10);
    assert_int_equal(store_get(s, STORE_PAIRS, key_u64(key, 99), &b, &err),
                     ERR_NOTFOUND);
    store_close(s);
}

static void the_map_grows_unseen(void **state)
{
    enum { N = 40, SIZE = 1 << 20 };
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH], final[SCRATCH_PATH];
    uint8_t *big = calloc(1, SIZE), key[8];
    bool resumed;
    struct store *s = create(scratch_path(path, "g.part"), "pairs", &resumed);

    (void)state;
    assert_non_null(big);
    put(s, STORE_PAIRS, 0);
    for (uint32_t i = 0; i < N; i++) { /* 40 MiB in one batch */
        memset(big, (int)i, SIZE);
        assert_ok(store_put(s, STORE_NOTES, key_u64(key, i),
                            (struct blob){ big, SIZE }, &err),
                  &err);
    }
    commit(s);
    put(s, STORE_PAIRS, 1);
    finish(s, scratch_path(final, "g"));
    assert_ok(store_open(&s, final, &err), &err);
    assert_record(s, STORE_PAIRS, 0);
    assert_record(s, STORE_PAIRS, 1);
    for (uint32_t i = 0; i < N; i++) {
        struct blob b;

        memset(big, (int)i, SIZE);
        assert_ok(store_get(s, STORE_NOTES, key_u64(key, i), &b, &err), &err);
        assert_int_equal(b.len, SIZE);
        assert_memory_equal(b.ptr, big, SIZE);
    }
    store_close(s);
    free(big);
}

static void a_cursor_walks_in_key_order_from_a_key(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    struct store_cursor *c;
    struct blob key = { NULL, 0 }, payload;
    struct store *s;
    uint8_t from[8];
    uint64_t next = 290;
    int rc;

    (void)state;
    make_store(scratch_path(path, "c"), 300);
    assert_ok(store_open(&s, path, &err), &err);
    assert_ok(store_cursor_open(&c, s, STORE_PAIRS, key_u64(from, next), &err),
              &err);
    for (;;) {
        rc = store_cursor_next(c, &key, &payload, &err);
        if (rc != 0)
            break;
        assert_int_equal(key_ordinal(key), next++);
    }
    assert_int_equal(rc, 1);
    assert_int_equal(next, 300);
    store_cursor_close(c);
    store_close(s);
}

static void two_writers_are_one_too_many(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    bool resumed;
    struct store *a = create(scratch_path(path, "w.part"), "pairs", &resumed);
    struct store *b;

    (void)state;
    assert_int_equal(store_create(&b, path, "pairs", &resumed, &err),
                     ERR_AGAIN);
    assert_null(b);
    store_close(a);
    store_close(create(path, "pairs", &resumed)); /* free again */
}

static void
an_unfinished_store_of_another_kind_or_schema_is_refused(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    bool resumed;
    struct store *s = create(scratch_path(path, "k.part"), "pairs", &resumed);

    (void)state;
    store_close(s);
    assert_int_equal(store_create(&s, path, "texts", &resumed, &err),
                     ERR_USAGE);
    s = create(path, "pairs", &resumed);
    assert_ok(store_put_meta(s, "schema", (struct blob){ "2.0", 3 }, &err),
              &err);
    commit(s);
    store_close(s);
    assert_int_equal(store_create(&s, path, "pairs", &resumed, &err),
                     ERR_FORMAT);
    assert_non_null(strstr(err.msg, "schema 2.0, this program knows 1.x"));
}

static void an_unfinished_store_cannot_be_read(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    bool resumed;
    struct store *s = create(scratch_path(path, "u.part"), "pairs", &resumed);

    (void)state;
    put(s, STORE_PAIRS, 0);
    commit(s);
    store_close(s);
    assert_int_equal(store_open(&s, path, &err), ERR_FORMAT);
    assert_null(s);
    assert_int_equal(store_open(&s, scratch_path(path, "absent"), &err),
                     ERR_NOTFOUND);
}

static void the_receipt_holds_what_was_given_and_counts_and_digest(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH], hex[65];
    const struct json_node *r;
    struct json *doc;
    struct store *s;

    (void)state;
    make_store(scratch_path(path, "m"), 50);
    assert_ok(store_receipt(&doc, path, &err), &err);
    r = json_root(doc);
    assert_string_equal(json_str(json_get(r, "made"), ""), "by a test");
    assert_near("pairs", json_num(json_get(json_get(r, "counts"), "pairs"), 0),
                50, 0, 0);
    assert_near("notes", json_num(json_get(json_get(r, "counts"), "notes"), 0),
                5, 0, 0);
    assert_ok(store_open(&s, path, &err), &err);
    assert_ok(store_digest(s, hex, &err), &err);
    assert_string_equal(json_str(json_get(r, "digest"), ""), hex);
    assert_string_equal(store_kind(s), "pairs");
    store_close(s);
    json_free(doc);
}

/* The canonical pass: interruptions, batches and rewritten records leave no
 * trace in the bytes. */
static void the_bytes_depend_on_the_records_only(void **state)
{
    char a[SCRATCH_PATH], b[SCRATCH_PATH], part[SCRATCH_PATH], want[65],
        got[65];
    bool resumed;
    struct store *s;

    (void)state;
    make_store(scratch_path(a, "one"), 9000);
    scratch_path(b, "two");
    scratch_path(part, "two.part");
    for (uint32_t i = 0; i < 9000; i += 611) { /* killed every 611 records */
        s = create(part, "pairs", &resumed);
        for (uint32_t k = i; k < i + 611 && k < 9000; k++)
            put(s, STORE_PAIRS, k);
        commit(s);
        put(s, STORE_PAIRS, 123456); /* never committed */
        store_close(s);
    }
    s = create(part, "pairs", &resumed);
    for (uint32_t i = 899; i < 900; i--)
        put(s, STORE_NOTES, i);
    finish(s, b);
    scratch_digest(want, a);
    scratch_digest(got, b);
    assert_string_equal(got, want);
    assert_false(file_exists(part));
}

/* A child writes from the last key on and is killed at a random moment. */
static void write_and_die(const char *part, unsigned microseconds)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        bool resumed;
        struct store *s = create(part, "pairs", &resumed);
        uint32_t i = (uint32_t)count(s, STORE_PAIRS);

        for (; i < 200000; i++) {
            put(s, STORE_PAIRS, i);
            if (i % 100 == 99)
                commit(s);
        }
        _exit(0);
    }
    usleep(microseconds);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void kill_9_loses_no_committed_record(void **state)
{
    enum { N = 20000 };
    char a[SCRATCH_PATH], b[SCRATCH_PATH], part[SCRATCH_PATH], want[65],
        got[65];
    struct rng rng;
    struct store *s;
    uint64_t before = 0, n;
    bool resumed;

    (void)state;
    rng_init(&rng, 1, 0);
    scratch_path(part, "kill.part");
    for (int i = 0; i < 12; i++) {
        write_and_die(part, 2000 + (unsigned)rng_below(&rng, 15000));
        s = create(part, "pairs", &resumed);
        n = count(s, STORE_PAIRS);
        assert_true(n >= before);
        assert_int_equal(n % 100, 0);
        if (n)
            assert_record(s, STORE_PAIRS, (uint32_t)n - 1);
        before = n;
        store_close(s);
        if (n >= N)
            break;
    }
    s = create(part, "pairs", &resumed);
    for (uint32_t i = (uint32_t)before; i < N; i++)
        put(s, STORE_PAIRS, i);
    n = count(s, STORE_PAIRS);
    finish(s, scratch_path(b, "killed"));
    s = create(scratch_path(part, "whole.part"), "pairs", &resumed);
    for (uint32_t i = 0; i < n; i++)
        put(s, STORE_PAIRS, i);
    finish(s, scratch_path(a, "whole"));
    scratch_digest(want, a);
    scratch_digest(got, b);
    assert_string_equal(got, want);
}

/* The limit on a file's size stands for a full disk: LMDB takes both for the
 * same failed write. */
static void a_full_disk_is_named_and_work_goes_on_after_it(void **state)
{
    char part[SCRATCH_PATH];
    struct rlimit small = { 1 << 20, 1 << 20 };
    struct store *s;
    bool resumed;
    int status;
    pid_t pid;

    (void)state;
    scratch_path(part, "full.part");
    pid = fork();
    if (pid == 0) {
        struct err err = ERR_INIT;
        uint8_t key[8], payload[1000] = { 0 };
        int rc = 0;

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        s = create(part, "pairs", &resumed);
        for (uint32_t i = 0; rc == 0 && i < 4000; i++) {
            rc = store_put(s, STORE_PAIRS, key_u64(key, i),
                           (struct blob){ payload, sizeof(payload) }, &err);
            if (rc == 0 && i % 100 == 99)
                rc = store_commit(s, &err);
        }
        store_close(s);
        _exit(rc == ERR_FULL && strstr(err.msg, "full.part") &&
                      strstr(err.msg, " free")
                  ? 0
                  : 1);
    }
    assert_true(pid > 0);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    s = create(part, "pairs", &resumed);
    assert_true(resumed);
    assert_true(count(s, STORE_PAIRS) >= 100);
    assert_int_equal(count(s, STORE_PAIRS) % 100, 0);
    put(s, STORE_PAIRS, 100000);
    commit(s);
    store_close(s);
}

static void an_unfinished_store_cut_short_is_refused(void **state)
{
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    bool resumed;
    struct store *s = create(scratch_path(path, "t.part"), "pairs", &resumed);

    (void)state;
    for (uint32_t i = 0; i < 5000; i++)
        put(s, STORE_PAIRS, i);
    commit(s);
    store_close(s);
    assert_int_equal(truncate(path, 100 * 4096), 0);
    assert_int_equal(store_create(&s, path, "pairs", &resumed, &err),
                     ERR_FORMAT);
    assert_non_null(strstr(err.msg, "cut short"));
}

static void no_damage_passes_unseen(void **state)
{
    static const char *const why[] = { "bit",           "byte", "page zeroed",
                                       "pages swapped", "cut",  "extended" };
    struct err err = ERR_INIT;
    struct buf whole = BUF_INIT(1 << 24);
    char path[SCRATCH_PATH], bad[SCRATCH_PATH];
    struct rng rng;

    (void)state;
    make_store(scratch_path(path, "whole"), 500);
    assert_ok(file_read(&whole, path, &err), &err);
    rng_init(&rng, 7, 0);
    for (int i = 0; i < 500; i++) {
        size_t len = whole.len, at = rng_below(&rng, len), pages = len / 4096;
        size_t p = 4096 * rng_below(&rng, pages),
               q = 4096 * rng_below(&rng, pages);
        char *b = malloc(len + 1);
        struct store *s = NULL;
        int rc;

        assert_non_null(b);
        memcpy(b, whole.ptr, len);
        switch (i % 6) {
        case 0:
            b[at] ^= (char)(1 << rng_below(&rng, 8));
            break;
        case 1:
            b[at] = (char)(b[at] + 1 + (char)rng_below(&rng, 255));
            break;
        case 2:
            memset(b + p, 0, 4096);
            break;
        case 3:
            memcpy(b + p, whole.ptr + q, 4096);
            memcpy(b + q, whole.ptr + p, 4096);
            break;
        case 4:
            len = at;
            break;
        case 5:
            b[len++] = 0;
            break;
        }
        if (len == whole.len && memcmp(b, whole.ptr, len) == 0) {
            free(b);
            continue; /* the same pages, swapped */
        }
        scratch_write(bad, "bad", b, len);
        rc = store_open(&s, bad, &err);
        if (rc != ERR_FORMAT)
            fail_msg("%s (round %d): status %d", why[i % 6], i, rc);
        free(b);
    }
    buf_release(&whole);
}

/* Bytes put in before the end leave the trailer where it belongs. */
static void inserted_bytes_are_named_by_length(void **state)
{
    struct err err = ERR_INIT;
    struct buf whole = BUF_INIT(1 << 24);
    char path[SCRATCH_PATH], *b;
    struct store *s;

    (void)state;
    make_store(scratch_path(path, "longer"), 10);
    assert_ok(file_read(&whole, path, &err), &err);
    b = calloc(1, whole.len + 8);
    assert_non_null(b);
    memcpy(b, whole.ptr, 4096);
    memcpy(b + 4096 + 8, whole.ptr + 4096, whole.len - 4096);
    scratch_write(path, "longer", b, whole.len + 8);
    assert_int_equal(store_open(&s, path, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "bytes, expected"));
    free(b);
    buf_release(&whole);
}

/* All bytes as written, and yet not what the receipt speaks of. */
static void verify_compares_the_digest(void **state)
{
    static const char receipt[] = "{\"digest\":\"00\"}";
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];
    struct store *s;

    (void)state;
    scratch_path(path, "wrong");
    assert_ok(store_open_scratch(&s, path, 1 << 20, &err), &err);
    assert_ok(store_set_kind(s, "pairs", &err), &err);
    assert_ok(store_put_meta(s, "receipt",
                             (struct blob){ receipt, sizeof(receipt) - 1 },
                             &err),
              &err);
    commit(s);
    store_close(s);
    assert_ok(trailer_add(path, &err), &err);
    assert_int_equal(store_verify(path, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "its receipt says 00"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test(f)
    const struct CMUnitTest tests[] = {
        CASE(committed_records_are_there_again_after_a_restart),
        CASE(a_put_replaces_what_was_under_the_key),
        CASE(the_map_grows_unseen),
        CASE(a_cursor_walks_in_key_order_from_a_key),
        CASE(two_writers_are_one_too_many),
        CASE(an_unfinished_store_of_another_kind_or_schema_is_refused),
        CASE(an_unfinished_store_cannot_be_read),
        CASE(the_receipt_holds_what_was_given_and_counts_and_digest),
        CASE(the_bytes_depend_on_the_records_only),
        CASE(kill_9_loses_no_committed_record),
        CASE(a_full_disk_is_named_and_work_goes_on_after_it),
        CASE(an_unfinished_store_cut_short_is_refused),
        CASE(no_damage_passes_unseen),
        CASE(inserted_bytes_are_named_by_length),
        CASE(verify_compares_the_digest),
    };

    return cmocka_run_group_tests_name("store", tests, scratch_make,
                                       scratch_clean);
}
