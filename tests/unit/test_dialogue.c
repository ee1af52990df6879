#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/dialogue.h"
#include "support/scratch.h"

#define ANSWER(content, finish) \
    "{\"choices\":[{\"message\":{\"content\":\"" content \
    "\"},\"finish_reason\":\"" finish "\"}]}"
#define ITEMS ANSWER("{\\\"positives\\\":[\\\"p\\\"]}", "stop")
#define CUT ANSWER("{\\\"positives\\\":[\\\"half\\\",\\\"x", "length")
#define CUT_EARLY ANSWER("{\\\"posi", "length")
#define PROSE ANSWER("I would say p", "stop")
#define EMPTY ANSWER("  ", "stop")
#define REFUSAL \
    "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}"
#define FILTERED "{\"error\":{\"code\":\"data_inspection_failed\"}}"
#define TOO_LONG "{\"error\":{\"code\":\"context_length_exceeded\"}}"

static struct provider provider;
static struct prompt prompt;
static struct store *answers;
static struct dialogue_plan plan;

static void load_profile(const char *text)
{
    char path[SCRATCH_PATH];
    struct err err = ERR_INIT;

    provider_release(&provider);
    scratch_write(path, "p.json", text, (size_t)-1);
    assert_ok(provider_load(&provider, path, &err), &err);
    plan.rung = provider.rung[0];
}

static void load_template(const char *text)
{
    char path[SCRATCH_PATH];
    struct err err = ERR_INIT;

    prompt_release(&prompt);
    scratch_write(path, "template", text, (size_t)-1);
    assert_ok(prompt_load(&prompt, path, &err), &err);
}

#define PROFILE(more) \
    "{\"name\":\"n\",\"base_url\":\"https://h\",\"model\":\"m\"" more "}"

static int make(void **state)
{
    char path[SCRATCH_PATH];
    struct err err = ERR_INIT;

    scratch_make(state);
    load_profile(PROFILE(""));
    load_template("{positives} {negatives} {domain} JSON\n---\n{anchor}");
    assert_ok(answers_open(&answers, scratch_path(path, "a"), &err), &err);
    plan = (struct dialogue_plan){ .provider = &provider,
                                   .prompt = &prompt,
                                   .model = "",
                                   .domain = "shops",
                                   .positives = 2,
                                   .negatives = 3,
                                   .temperature = 0.5,
                                   .rung = provider.rung[0],
                                   .seed = 1 };
    return 0;
}

static int clean(void **state)
{
    store_close(answers);
    prompt_release(&prompt);
    provider_release(&provider);
    return scratch_clean(state);
}

static void follow(struct dialogue *d)
{
    struct err err = ERR_INIT;

    assert_ok(dialogue_follow(d, &plan, answers, span_of("Where?"), &err),
              &err);
}

static void store_answer(const char *hash, unsigned n, long status,
                         const char *body)
{
    const struct answer_record r = { .body = span_of(body),
                                     .status = status,
                                     .seconds = 0.1,
                                     .template = prompt.hash };
    struct err err = ERR_INIT;

    assert_ok(answers_put(answers, hash, n, &r, &err), &err);
}

/* ---- questions ---- */

static void a_new_anchor_is_asked_about(void **state)
{
    struct buf first = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    static struct dialogue d;

    (void)state;
    follow(&d);
    assert_int_equal(d.verdict, TURNS_ASK);
    assert_int_equal(d.attempt, 0);
    assert_int_equal(strlen(d.hash), 64);
    assert_ok(dialogue_request(&first, &plan, span_of("Where?"), &err), &err);
    assert_string_equal(buf_str(&d.body), buf_str(&first));
    assert_non_null(strstr(first.ptr, "\"content\":\"2 3 shops JSON\""));
    assert_non_null(strstr(first.ptr, "\"content\":\"Where?\""));
    buf_release(&first);
    dialogue_release(&d);
}

static void hash_now(char out[65])
{
    static struct dialogue d;

    follow(&d);
    memcpy(out, d.hash, 65);
    dialogue_release(&d);
}

static void a_question_is_known_by_what_is_sent(void **state)
{
    char before[65], after[65];

    (void)state;
    hash_now(before);
    hash_now(after);
    assert_string_equal(before, after);
    /* what does not reach the model's answer */
    load_profile(PROFILE(",\"timeout_s\":9,\"key_env\":\"OTHER\",\"errors\":"
                         "{\"x\":\"auth\"},\"key_file\":\"k\",\"rpm\":9,"
                         "\"tpm\":9,\"concurrency\":{\"start\":2,\"max\":3},"
                         "\"key_header\":\"api-key\",\"notes\":\"n\","
                         "\"prices\":[{\"input\":1,\"output\":2}],"
                         "\"batch\":{}"));
    hash_now(after);
    assert_string_equal(before, after);
#define ASSERT_OTHER(change) \
    do { \
        change; \
        hash_now(after); \
        assert_string_not_equal(before, after); \
        memcpy(before, after, sizeof(before)); \
    } while (0)
    ASSERT_OTHER(plan.seed = 2);
    ASSERT_OTHER(plan.temperature = 0.6);
    ASSERT_OTHER(plan.positives = 4);
    ASSERT_OTHER(plan.negatives = 4);
    ASSERT_OTHER(plan.domain = "banks");
    ASSERT_OTHER(plan.model = "other");
    ASSERT_OTHER(load_template("you\n---\n{anchor}"));
    ASSERT_OTHER(load_profile(PROFILE(",\"extra\":{\"top_p\":1}")));
    ASSERT_OTHER(load_profile(PROFILE(",\"json_mode\":\"none\"")));
    ASSERT_OTHER(load_profile("{\"name\":\"other\",\"base_url\":\"https://h\","
                              "\"model\":\"m\"}"));
    ASSERT_OTHER(load_profile("{\"name\":\"other\",\"base_url\":\"https://i\","
                              "\"model\":\"m\"}"));
}

static void room_is_made_for_as_many_as_are_asked_for(void **state)
{
    static const char text[1000];
    const struct span none = { text, 0 }, long_one = { text, 1000 };
    const struct span huge = { text, (size_t)1 << 40 };

    (void)state;
    assert_int_equal(dialogue_tokens(&plan, none), 100 + 2 * 16 * 5);
    assert_int_equal(dialogue_tokens(&plan, long_one), 100 + 2 * 516 * 5);
    assert_int_equal(dialogue_tokens(&plan, huge), 1 << 20);
    plan.positives = plan.negatives = 0;
    assert_int_equal(dialogue_tokens(&plan, none), 100);
}

/* ---- what stored answers lead to ---- */

static const char *verdict_name(enum turns_verdict v)
{
    return v == TURNS_USE ? "use" : v == TURNS_ASK ? "ask" : "fail";
}

static void stored_answers_lead_to_the_next_turn(void **state)
{
    static const struct {
        const char *why;
        struct {
            long status;
            const char *body;
        } said[3];
        const char *verdict;
        unsigned attempt;        /* the number of answers */
        enum chat_status status; /* of the last or the one used */
        const char *text;        /* "use": the first positive */
    } row[] = {
        { "items", { { 200, ITEMS } }, "use", 1, CHAT_ITEMS, "p" },
        { "cut", { { 200, CUT } }, "ask", 1, CHAT_TRUNCATED, NULL },
        { "cut, then items",
          { { 200, CUT }, { 200, ITEMS } },
          "use",
          2,
          CHAT_ITEMS,
          "p" },
        { "cut, then refused: the first is used",
          { { 200, CUT }, { 200, REFUSAL } },
          "use",
          2,
          CHAT_TRUNCATED,
          "half" },
        { "cut before the first item, twice",
          { { 200, CUT_EARLY }, { 200, CUT_EARLY } },
          "fail",
          2,
          CHAT_TRUNCATED,
          NULL },
        { "prose", { { 200, PROSE } }, "ask", 1, CHAT_UNPARSED, NULL },
        { "prose, twice",
          { { 200, PROSE }, { 200, PROSE } },
          "fail",
          2,
          CHAT_UNPARSED,
          NULL },
        { "prose, cut, items",
          { { 200, PROSE }, { 200, CUT }, { 200, ITEMS } },
          "use",
          3,
          CHAT_ITEMS,
          "p" },
        { "empty", { { 200, EMPTY } }, "ask", 1, CHAT_EMPTY, NULL },
        { "empty, then items",
          { { 200, EMPTY }, { 200, ITEMS } },
          "use",
          2,
          CHAT_ITEMS,
          "p" },
        { "refused", { { 200, REFUSAL } }, "fail", 1, CHAT_FILTERED, NULL },
        { "refused by a filter's error",
          { { 400, FILTERED } },
          "fail",
          1,
          CHAT_FILTERED,
          NULL },
        { "refused as it is",
          { { 400, TOO_LONG } },
          "fail",
          1,
          CHAT_ERROR,
          NULL },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct dialogue d;
        char hash[65];

        plan.seed = (int64_t)i + 100; /* a question of its own */
        hash_now(hash);
        for (unsigned n = 0; n < 3 && row[i].said[n].body; n++)
            store_answer(hash, n, row[i].said[n].status, row[i].said[n].body);
        follow(&d);
        if (strcmp(verdict_name(d.verdict), row[i].verdict) != 0 ||
            d.attempt != row[i].attempt || d.answer.status != row[i].status)
            fail_msg("%s: %s after %u, %s", row[i].why, verdict_name(d.verdict),
                     d.attempt, chat_status_name(d.answer.status));
        assert_string_equal(d.hash, hash);
        if (row[i].text)
            assert_string_equal(d.answer.positive[0].text, row[i].text);
        dialogue_release(&d);
    }
    (void)state;
}

/* The body of the request after one stored answer. */
static void body_after(struct buf *out, const char *answer)
{
    static struct dialogue d;
    struct err err = ERR_INIT;

    hash_now(d.hash);
    store_answer(d.hash, 0, 200, answer);
    follow(&d);
    assert_int_equal(d.verdict, TURNS_ASK);
    buf_reset(out);
    assert_ok(buf_puts(out, buf_str(&d.body), &err), &err);
    dialogue_release(&d);
}

static void each_turn_changes_one_thing(void **state)
{
    struct buf first = BUF_INIT(1 << 16), b = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(dialogue_request(&first, &plan, span_of("Where?"), &err), &err);
    assert_non_null(strstr(first.ptr, "\"max_tokens\":290"));
    assert_non_null(strstr(first.ptr, "json_object"));
    body_after(&b, CUT);
    assert_non_null(strstr(b.ptr, "\"max_tokens\":580"));
    assert_non_null(strstr(b.ptr, "json_object"));
    assert_null(strstr(b.ptr, "assistant"));
    plan.seed = 2;
    body_after(&b, PROSE);
    assert_non_null(strstr(b.ptr, "\"max_tokens\":290"));
    assert_non_null(strstr(b.ptr, "{\"role\":\"assistant\",\"content\":\"I "
                                  "would say p\"}"));
    assert_non_null(strstr(b.ptr, "json_object"));
    plan.seed = 3;
    body_after(&b, EMPTY);
    assert_non_null(strstr(b.ptr, "\"max_tokens\":290"));
    assert_null(strstr(b.ptr, "json_object"));
    assert_null(strstr(b.ptr, "assistant"));
    buf_release(&first);
    buf_release(&b);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(a_new_anchor_is_asked_about),
        CASE(a_question_is_known_by_what_is_sent),
        CASE(room_is_made_for_as_many_as_are_asked_for),
        CASE(stored_answers_lead_to_the_next_turn),
        CASE(each_turn_changes_one_thing),
    };

    return cmocka_run_group_tests_name("dialogue", tests, NULL, NULL);
}
