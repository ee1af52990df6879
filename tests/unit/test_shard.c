#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "llm/shard.h"
#include "store/answers.h"
#include "support/scratch.h"

static char path[SCRATCH_PATH];

static struct store *opened(void)
{
    struct err err = ERR_INIT;
    struct store *s;

    assert_ok(answers_open(&s, scratch_path(path, "a.answers"), &err), &err);
    return s;
}

static struct shard filled(unsigned number, size_t asks)
{
    struct shard s = { .number = number,
                       .state = SHARD_SUBMITTED,
                       .token = "silversmith-0123",
                       .file = "file-1",
                       .batch = "batch-2",
                       .merged = 500.0 };
    struct err err = ERR_INIT;

    for (size_t i = 0; i < asks; i++) {
        struct shard_ask a = { .bytes = (double)i,
                               .money = 1e-3 * (double)i,
                               .tokens = 7.0 };

        /* 7919 is prime: another order than that of the names */
        snprintf(a.id, sizeof(a.id), "h%05zu-0", i * 7919 % asks);
        assert_ok(shard_add(&s, &a, &err), &err);
    }
    return s;
}

static void save(struct store *store, const struct shard *s)
{
    struct err err = ERR_INIT;

    assert_ok(shard_save(s, store, &err), &err);
    assert_ok(store_commit(store, &err), &err);
}

static void a_shard_comes_back_as_it_was_put(void **state)
{
    struct shard s = filled(0, 1000), t;
    struct err err = ERR_INIT;
    struct store *store = opened();

    (void)state;
    save(store, &s);
    store_close(store);
    store = opened();
    assert_ok(shard_load(&t, store, 0, &err), &err);
    assert_int_equal(t.state, SHARD_SUBMITTED);
    assert_string_equal(t.token, s.token);
    assert_string_equal(t.file, "file-1");
    assert_string_equal(t.batch, "batch-2");
    assert_string_equal(t.output, "");
    assert_string_equal(t.errors, "");
    assert_true(t.merged == 500.0);
    assert_false(t.tidy);
    assert_int_equal(t.asks, 1000);
    for (size_t i = 0; i < t.asks; i++) {
        assert_string_equal(t.ask[i].id, s.ask[i].id);
        assert_true(t.ask[i].bytes == s.ask[i].bytes);
        assert_true(t.ask[i].money == s.ask[i].money);
        assert_true(t.ask[i].tokens == s.ask[i].tokens);
        assert_false(t.ask[i].done);
    }
    shard_release(&s);
    shard_release(&t);
    store_close(store);
}

static void a_request_is_found_by_its_id_and_no_other_is(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 1000 };

    (void)state;
    for (size_t k = 0; k < 5; k++) {
        struct shard s = filled(0, sizes[k]);
        char id[96];

        shard_sort(&s);
        for (size_t i = 0; i < sizes[k]; i++) {
            snprintf(id, sizeof(id), "h%05zu-0", i);
            assert_non_null(shard_find(&s, id));
            assert_string_equal(shard_find(&s, id)->id, id);
        }
        assert_null(shard_find(&s, ""));
        assert_null(shard_find(&s, "h00000-1"));
        assert_null(shard_find(&s, "zzz"));
        shard_release(&s);
    }
}

static void shards_are_counted_and_one_that_is_over_is_small(void **state)
{
    struct shard s = filled(0, 3), t;
    struct err err = ERR_INIT;
    struct store *store = opened();
    unsigned n = 9;

    (void)state;
    assert_ok(shard_count(&n, store, &err), &err);
    assert_int_equal(n, 0);
    for (s.number = 0; s.number < 3; s.number++)
        save(store, &s);
    assert_ok(shard_count(&n, store, &err), &err);
    assert_int_equal(n, 3);
    s.number = 1;
    s.state = SHARD_OVER;
    s.tidy = true;
    save(store, &s);
    assert_ok(shard_load(&t, store, 1, &err), &err);
    assert_int_equal(t.state, SHARD_OVER);
    assert_true(t.tidy);
    assert_int_equal(t.asks, 0);
    shard_release(&t);
    shard_release(&s);
    store_close(store);
}

/* What no version of this program has put. */
static void a_record_that_makes_no_sense_is_an_error(void **state)
{
    static const char *const damaged[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"state\":\"lost\"}",
        "{\"state\":1}",
        "{\"state\":\"submitted\",\"batch\":\"\"}",
    };
    struct store *store = opened();

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct err err = ERR_INIT;
        struct shard s;

        assert_ok(store_put_meta(
                      store, "batch:000000",
                      (struct blob){ damaged[i], strlen(damaged[i]) }, &err),
                  &err);
        if (shard_load(&s, store, 0, &err) >= 0)
            fail_msg("no error: %s", damaged[i]);
        shard_release(&s);
    }
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shard_comes_back_as_it_was_put,
                                        scratch_make, scratch_clean),
        cmocka_unit_test(a_request_is_found_by_its_id_and_no_other_is),
        cmocka_unit_test_setup_teardown(
            shards_are_counted_and_one_that_is_over_is_small, scratch_make,
            scratch_clean),
        cmocka_unit_test_setup_teardown(
            a_record_that_makes_no_sense_is_an_error, scratch_make,
            scratch_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
