#include "support/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/answers.h"
#include "support/scratch.h"

static const char hash[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char other[] =
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

static char path[SCRATCH_PATH];

static struct store *opened(void)
{
    struct err err = ERR_INIT;
    struct store *s;

    assert_ok(answers_open(&s, scratch_path(path, "a.answers"), &err), &err);
    return s;
}

static void put(struct store *s, const char *of, unsigned number,
                struct span body)
{
    const struct answer_record r = {
        .body = body, .status = 200, .seconds = 1.5, .template = "tpl"
    };
    struct err err = ERR_INIT;

    assert_ok(answers_put(s, of, number, &r, &err), &err);
}

/* The body is want; NULL: there is none. */
static void assert_answer(struct store *s, const char *of, unsigned number,
                          const char *want)
{
    struct answer_record r;
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    int rc = answers_get(s, of, number, &doc, &r, &err);

    assert_int_equal(rc, want ? 0 : 1);
    if (want) {
        if (!span_is(r.body, want))
            fail_msg("'%.*s', expected '%s'", (int)r.body.len, r.body.ptr,
                     want);
        assert_int_equal(r.status, 200);
        assert_near("seconds", r.seconds, 1.5, 0.0, 0.0);
        assert_string_equal(r.template, "tpl");
    } else {
        assert_null(doc);
    }
    json_free(doc);
}

static void get_finds_what_was_put(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_answer(s, hash, 0, NULL);
    put(s, hash, 0, span_of("{\"choices\":[\"你好 \\u0000 \\ud83d\"]}\n"));
    put(s, hash, 1, span_of(""));
    put(s, other, 0, span_of("x\ty\x01z"));
    assert_answer(s, hash, 0, "{\"choices\":[\"你好 \\u0000 \\ud83d\"]}\n");
    assert_answer(s, hash, 1, "");
    assert_answer(s, hash, 2, NULL);
    assert_answer(s, hash, 10, NULL);
    assert_answer(s, other, 0, "x\ty\x01z");
    assert_answer(s, other, 1, NULL);
    put(s, hash, 1, span_of("again"));
    assert_answer(s, hash, 1, "again");
    store_close(s);
}

static void what_is_not_text_is_replaced(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        const char *want;
    } row[] = {
        { "a\0b", 3, "a\uFFFDb" },
        { "\0", 1, "\uFFFD" },
        { "a\xFFz", 3, "a\uFFFDz" },
        { "a\xE4\xBD", 3, "a\uFFFD\uFFFD" },
        { "\xFF\0\xFE", 3, "\uFFFD\uFFFD\uFFFD" },
    };
    struct store *s = opened();

    (void)state;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        put(s, hash, i, (struct span){ row[i].body, row[i].len });
        assert_answer(s, hash, i, row[i].want);
    }
    store_close(s);
}

static void what_was_committed_survives(void **state)
{
    struct err err = ERR_INIT;
    struct store *s = opened();

    (void)state;
    put(s, hash, 0, span_of("kept"));
    assert_ok(store_commit(s, &err), &err);
    put(s, hash, 1, span_of("lost"));
    store_close(s); /* as after kill -9 */
    s = opened();
    assert_answer(s, hash, 0, "kept");
    assert_answer(s, hash, 1, NULL);
    store_close(s);
}

static void the_longest_answer_fits(void **state)
{
    enum { LEN = 8 << 20 };
    char *text = malloc(LEN + 1);
    struct store *s = opened();

    (void)state;
    assert_non_null(text);
    memset(text, '"', LEN); /* each is escaped */
    text[LEN] = '\0';
    put(s, hash, 0, (struct span){ text, LEN });
    assert_answer(s, hash, 0, text);
    store_close(s);
    free(text);
}

static void what_is_known_of_it_comes_back(void **state)
{
    const struct answer_record r = { .body = span_of("{}"),
                                     .status = 200,
                                     .template = "tpl",
                                     .source = "p/m",
                                     .model = "m-1",
                                     .tries = 2.0,
                                     .failed = "HTTP 500 after 0.1 s",
                                     .prompt = 10.0,
                                     .cached = -1.0,
                                     .money = 0.25 };
    struct store *s = opened();
    struct err err = ERR_INIT;
    struct answer_record got;
    struct json *doc;

    (void)state;
    assert_ok(answers_put(s, hash, 0, &r, &err), &err);
    assert_int_equal(answers_get(s, hash, 0, &doc, &got, &err), 0);
    assert_string_equal(got.source, "p/m");
    assert_string_equal(got.model, "m-1");
    assert_string_equal(got.failed, "HTTP 500 after 0.1 s");
    assert_near("tries", got.tries, 2.0, 0, 0);
    assert_near("prompt", got.prompt, 10.0, 0, 0);
    assert_near("cached", got.cached, -1.0, 0, 0);
    assert_near("money", got.money, 0.25, 0, 0);
    json_free(doc);
    put(s, hash, 1, span_of("{}"));
    assert_int_equal(answers_get(s, hash, 1, &doc, &got, &err), 0);
    assert_string_equal(got.failed, "");
    json_free(doc);
    store_close(s);
}

static void one_run_at_a_time(void **state)
{
    struct store *s = opened();
    pid_t child = fork();
    int status = 0;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        struct err err = ERR_INIT;
        struct store *mine;

        _exit(answers_open(&mine, path, &err) == ERR_AGAIN ? 7 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    store_close(s);
}

static void another_kind_of_store_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct store *s;
    bool resumed;

    (void)state;
    scratch_path(path, "a.answers");
    assert_ok(store_create(&s, path, "pairs", &resumed, &err), &err);
    assert_ok(store_commit(s, &err), &err);
    store_close(s);
    assert_int_equal(answers_open(&s, path, &err), ERR_USAGE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_clean)
    const struct CMUnitTest tests[] = {
        CASE(get_finds_what_was_put),
        CASE(what_is_not_text_is_replaced),
        CASE(what_was_committed_survives),
        CASE(the_longest_answer_fits),
        CASE(what_is_known_of_it_comes_back),
        CASE(one_run_at_a_time),
        CASE(another_kind_of_store_is_refused),
    };

    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
