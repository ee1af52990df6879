#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/ledger.h"
#include "llm/source.h"
#include "store/answers.h"
#include "support/scratch.h"

#define PROFILE(name, more) \
    "{\"name\":\"" name "\",\"base_url\":\"http://127.0.0.1:1/v1\"," \
    "\"model\":\"m\"" more "}"

static struct sources sources;

/* Load a pool over the profiles a, b and c. */
static int load(const char *pool, struct err *err)
{
    static char path[SCRATCH_PATH];
    const struct source_options o = {
        .provider = path, .model = "", .prices = "", .key_file = ""
    };

    scratch_write(path, "a.json",
                  PROFILE("a", ",\"json\":[\"json_schema\",\"json_object\","
                               "\"plain\"],\"rpm\":90"),
                  (size_t)-1);
    scratch_write(path, "b.json", PROFILE("b", ""), (size_t)-1);
    scratch_write(path, "c.json", PROFILE("c", ""), (size_t)-1);
    scratch_write(path, "pool.json", pool, (size_t)-1);
    sources_release(&sources);
    return sources_load(&sources, &o, err);
}

static int clean(void **state)
{
    sources_release(&sources);
    return scratch_clean(state);
}

/* The source that comes first for text number i. */
static size_t first_of(unsigned i)
{
    size_t order[BUYER_SOURCES];
    char text[32];

    snprintf(text, sizeof(text), "text %u", i);
    sources_order(&sources, span_of(text), order);
    return order[0];
}

static void weights_are_shares(void **state)
{
    struct err err = ERR_INIT;
    double n[3] = { 0.0, 0.0, 0.0 };

    (void)state;
    assert_ok(load("{\"endpoints\":[{\"profile\":\"a.json\",\"weight\":3},"
                   "{\"profile\":\"b.json\"},"
                   "{\"profile\":\"c.json\",\"weight\":0}]}",
                   &err),
              &err);
    for (unsigned i = 0; i < 20000; i++)
        n[first_of(i)]++;
    assert_near("a", n[0], 15000.0, 0.0, 250.0);
    assert_near("b", n[1], 5000.0, 0.0, 250.0);
    assert_near("the spare", n[2], 0.0, 0.0, 0.0);
}

static void a_source_more_takes_from_others_only_its_own(void **state)
{
    static size_t before[2000];
    struct err err = ERR_INIT;
    size_t moved = 0;

    (void)state;
    assert_ok(load("{\"endpoints\":[{\"profile\":\"a.json\"},"
                   "{\"profile\":\"b.json\"}]}",
                   &err),
              &err);
    for (unsigned i = 0; i < 2000; i++)
        before[i] = first_of(i);
    assert_ok(load("{\"endpoints\":[{\"profile\":\"a.json\"},"
                   "{\"profile\":\"b.json\"},{\"profile\":\"c.json\"}]}",
                   &err),
              &err);
    for (unsigned i = 0; i < 2000; i++) {
        size_t now = first_of(i);

        assert_true(now == before[i] || now == 2);
        moved += now == 2;
    }
    assert_true(moved > 550 && moved < 780);
}

static void each_key_is_a_lane(void **state)
{
    const struct source_options none = { .key_file = "" };
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(load("{\"endpoints\":[{\"profile\":\"a.json\",\"keys\":["
                   "{\"env\":\"TEST_KEY_A\"},{\"env\":\"TEST_KEY_B\"}]},"
                   "{\"profile\":\"b.json\",\"model\":\"big\",\"keys\":["
                   "{\"env\":\"TEST_KEY_A\"}]}]}",
                   &err),
              &err);
    assert_int_equal(sources.n, 2);
    assert_int_equal(sources.lanes, 3);
    assert_string_equal(sources.source[1].name, "b/big");
    assert_near("rpm", sources.lane[1].rpm, 90.0, 0.0, 0.0);
    setenv("TEST_KEY_A", "sk-a", 1);
    setenv("TEST_KEY_B", "sk-b", 1);
    assert_ok(sources_open(&sources, &none, &err), &err);
    assert_string_equal(sources.lane[0].key, "sk-a");
    assert_string_equal(sources.lane[1].key, "sk-b");
    assert_string_equal(sources.lane[2].key, "sk-a"); /* though it is wiped */
    assert_null(getenv("TEST_KEY_A"));
    assert_string_equal(sources.lane[1].name, "a/m key 2");
    assert_string_equal(sources.lane[1].key_from, "the variable TEST_KEY_B");
}

static void wrong_pools_are_refused(void **state)
{
    static const struct {
        const char *pool, *want;
    } row[] = {
        { "{\"endpoints\":[]}", "has no endpoints" },
        { "{\"endpoints\":[{}]}", "needs a \"profile\"" },
        { "{\"endpoints\":[{\"profile\":\"none\"}]}", "no profile 'none'" },
        { "{\"endpoints\":[{\"profile\":\"a.json\",\"wieght\":1}]}",
          "unknown key \"wieght\"" },
        { "{\"endpoints\":[{\"profile\":\"a.json\",\"weight\":-1}]}",
          "\"weight\" is below 0" },
        { "{\"endpoints\":[{\"profile\":\"a.json\"},{\"profile\":\"a.json\"}]}",
          "a/m is twice in the pool" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct err err = ERR_INIT;

        assert_true(load(row[i].pool, &err) < 0);
        if (!strstr(err.msg, row[i].want))
            fail_msg("'%s', expected '%s'", err.msg, row[i].want);
    }
}

static void a_way_of_asking_is_remembered(void **state)
{
    static const char pool[] = "{\"endpoints\":[{\"profile\":\"a.json\"}]}";
    struct err err = ERR_INIT;
    struct store *answers;
    char path[SCRATCH_PATH];

    (void)state;
    assert_ok(answers_open(&answers, scratch_path(path, "answers"), &err),
              &err);
    assert_ok(load(pool, &err), &err);
    assert_false(sources.source[0].proven);
    assert_true(source_other_way(&sources.source[0], "seed"));
    assert_int_equal(sources.source[0].rung, 0);
    assert_true(source_other_way(&sources.source[0], "response_format"));
    assert_int_equal(sources.source[0].rung, 1);
    sources.source[0].proven = true;
    assert_ok(sources_record(&sources, answers, &err), &err);
    assert_ok(store_commit(answers, &err), &err);
    assert_ok(load(pool, &err), &err);
    assert_ok(sources_recall(&sources, answers, &err), &err);
    assert_true(sources.source[0].proven);
    assert_int_equal(sources.source[0].rung, 1);
    assert_string_equal(sources.source[0].dropped, ",seed,");
    store_close(answers);
}

static void when_all_ways_are_refused_it_was_not_that(void **state)
{
    struct err err = ERR_INIT;
    struct source *s = &sources.source[0];

    (void)state;
    assert_ok(load("{\"endpoints\":[{\"profile\":\"a.json\"}]}", &err), &err);
    assert_false(source_other_way(s, "max_tokens")); /* it says what it was */
    assert_int_equal(s->rung, 0);
    assert_true(source_other_way(s, ""));
    assert_true(source_other_way(s, "messages"));
    assert_false(source_other_way(s, ""));
    assert_int_equal(s->rung, 0);
}

/* ---- the ledger ---- */

static void a_ledger_is_what_was_saved(void **state)
{
    static struct ledger l, again;
    const struct chat_usage known = { 100, 40, 50, 20 }, none = CHAT_USAGE_INIT;
    struct err err = ERR_INIT;
    struct store *answers;
    struct budget_sum sum;
    char path[SCRATCH_PATH];

    (void)state;
    assert_ok(answers_open(&answers, scratch_path(path, "l"), &err), &err);
    assert_ok(ledger_load(&l, answers, &err), &err);
    assert_int_equal(l.n, 0);
    ledger_add(ledger_row(&l, "a/m"), &known, 0.5, true, 2.0, 900.0, 400);
    ledger_add(ledger_row(&l, "a/m"), &none, -1.0, false, 2.0, 900.0, 400);
    ledger_add(ledger_row(&l, "b/m"), &known, 0.25, false, 2.0, 900.0, 400);
    ledger_spent(&l, &sum);
    assert_near("money", sum.money, 2.75, 0.0, 1e-12);
    assert_near("tokens", sum.tokens, 1200.0, 0.0, 1e-12);
    assert_near("requests", sum.requests, 3.0, 0.0, 0.0);
    assert_near("lost", ledger_row(&l, "b/m")->lost_tokens, 150.0, 0.0, 0.0);
    assert_near("unknown", ledger_row(&l, "a/m")->unknown, 1.0, 0.0, 0.0);
    assert_ok(ledger_save(&l, answers, &err), &err);
    assert_ok(store_commit(answers, &err), &err);
    store_close(answers);
    assert_ok(answers_open(&answers, path, &err), &err);
    assert_ok(ledger_load(&again, answers, &err), &err);
    assert_memory_equal(&again, &l, sizeof(l));
    store_close(answers);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, clean)
    const struct CMUnitTest tests[] = {
        CASE(weights_are_shares),
        CASE(a_source_more_takes_from_others_only_its_own),
        CASE(each_key_is_a_lane),
        CASE(wrong_pools_are_refused),
        CASE(a_way_of_asking_is_remembered),
        CASE(when_all_ways_are_refused_it_was_not_that),
        CASE(a_ledger_is_what_was_saved),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
