#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "llm/top_up.h"
#include "support/scratch.h"

#define ANCHOR "Where is my parcel?"
#define ANSWER(content) \
    "{\"choices\":[{\"message\":{\"content\":\"" content \
    "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10," \
    "\"completion_tokens\":5}}"
/* two of three positives are one; one of two negatives is a positive */
#define SHORT \
    ANSWER("{\\\"positives\\\":[\\\"My parcel, where is it?\\\"," \
           "\\\"MY PARCEL WHERE IS IT\\\",\\\"Where has my parcel gone?\\\"]," \
           "\\\"negatives\\\":[{\\\"text\\\":\\\"Where is my refund?\\\"," \
           "\\\"kind\\\":\\\"entity\\\"},\\\"my parcel where is it!\\\"]}")
#define MORE \
    ANSWER("{\\\"positives\\\":[\\\"Do you know where my parcel is?\\\"]," \
           "\\\"negatives\\\":[{\\\"text\\\":\\\"Where is your parcel?\\\"," \
           "\\\"kind\\\":\\\"role\\\"}]}")
#define NOTHING ANSWER("{\\\"positives\\\":[],\\\"negatives\\\":[]}")
#define PROSE ANSWER("There is no more to say")

static struct provider provider;
static struct prompt prompt;
static struct store *answers;
static struct checks checks;
static struct dialogue_plan plan;

static int make(void **state)
{
    char path[SCRATCH_PATH];
    struct err err = ERR_INIT;

    scratch_make(state);
    scratch_write(path, "p.json",
                  "{\"name\":\"n\",\"base_url\":\"https://h\",\"model\":"
                  "\"m\"}",
                  (size_t)-1);
    assert_ok(provider_load(&provider, path, &err), &err);
    scratch_write(path, "template",
                  "more: {positives} and {negatives} more\n===\n"
                  "{positives} and {negatives}\n---\n{anchor}",
                  (size_t)-1);
    assert_ok(prompt_load(&prompt, path, &err), &err);
    assert_ok(checks_open(&checks, "", &err), &err);
    assert_ok(answers_open(&answers, scratch_path(path, "a"), &err), &err);
    plan = (struct dialogue_plan){ .provider = &provider,
                                   .prompt = &prompt,
                                   .model = "",
                                   .domain = "",
                                   .positives = 3,
                                   .negatives = 2,
                                   .rung = provider.rung[0],
                                   .top_ups = 1,
                                   .checks = &checks };
    return 0;
}

static int clean(void **state)
{
    store_close(answers);
    checks_close(&checks);
    prompt_release(&prompt);
    provider_release(&provider);
    return scratch_clean(state);
}

static void follow(struct dialogue *d)
{
    struct err err = ERR_INIT;

    assert_ok(dialogue_follow(d, &plan, answers, span_of(ANCHOR), &err), &err);
}

/* Follow after these answers, which are stored. */
static void said(struct dialogue *d, const char *const *body, unsigned n)
{
    struct err err = ERR_INIT;
    struct answer_record r = { .status = 200, .template = "t" };

    plan.seed++; /* a question of its own */
    follow(d);
    for (unsigned i = 0; i < n; i++) {
        r.body = span_of(body[i]);
        assert_ok(answers_put(answers, d->hash, i, &r, &err), &err);
    }
    dialogue_release(d);
    follow(d);
}

static void the_request_shows_what_is_kept(void **state)
{
    static struct dialogue d;
    struct buf first = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    size_t same;

    (void)state;
    said(&d, (const char *const[]){ SHORT }, 1);
    assert_int_equal(d.verdict, TURNS_ASK);
    assert_int_equal(d.attempt, 1);
    assert_true(d.usable);
    assert_non_null(strstr(buf_str(&d.body), "1 and 1 more"));
    assert_non_null(
        strstr(buf_str(&d.body),
               "{\"role\":\"assistant\",\"content\":\"{\\\"positives\\\":["
               "\\\"My parcel, where is it?\\\",\\\"Where has my parcel gone?"
               "\\\"],\\\"negatives\\\":[{\\\"text\\\":\\\"Where is my refund?"
               "\\\",\\\"kind\\\":\\\"entity\\\"}]}\"}"));
    assert_null(strstr(buf_str(&d.body), "MY PARCEL"));
    /* begins like the first, for the provider's cache */
    assert_ok(dialogue_request(&first, &plan, span_of(ANCHOR), &err), &err);
    same = (size_t)(strstr(first.ptr, ANCHOR) - first.ptr) + strlen(ANCHOR);
    assert_memory_equal(first.ptr, buf_str(&d.body), same);
    /* room for two sentences, not five */
    assert_int_equal((int)d.cap, 100 + 2 * (16 + (int)strlen(ANCHOR) / 2) * 2);
    buf_release(&first);
    dialogue_release(&d);
}

static void new_items_join_the_old(void **state)
{
    static struct dialogue d;

    (void)state;
    said(&d, (const char *const[]){ SHORT, MORE }, 2);
    assert_int_equal(d.verdict, TURNS_USE);
    assert_int_equal(d.top_ups, 1);
    assert_int_equal(d.answer.positives, 4);
    assert_int_equal(d.answer.negatives, 3);
    assert_string_equal(d.answer.positive[3].text,
                        "Do you know where my parcel is?");
    assert_string_equal(d.answer.negative[2].kind, "role");
    assert_int_equal((int)d.answer.prompt_tokens, 20);
    assert_int_equal((int)d.cost[CHAT_ITEMS].answers, 2);
    dialogue_release(&d);
}

static void it_ends(void **state)
{
    static const struct {
        const char *why, *said[3];
        int top_ups, negatives;
        enum turns_verdict verdict;
    } row[] = {
        { "none asked for", { SHORT }, 0, 2, TURNS_USE },
        { "nothing more to say", { SHORT, NOTHING }, 3, 2, TURNS_USE },
        { "prose", { SHORT, PROSE }, 3, 2, TURNS_USE },
        { "still short", { SHORT, SHORT }, 1, 4, TURNS_USE },
        { "still short, and asked again", { SHORT, SHORT }, 2, 4, TURNS_ASK },
        { "complete before the last", { SHORT, MORE }, 2, 3, TURNS_USE },
        { "prose first is no top-up", { PROSE, SHORT, MORE }, 1, 3, TURNS_USE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct dialogue d;
        unsigned n = 0;

        while (n < 3 && row[i].said[n])
            n++;
        plan.top_ups = row[i].top_ups;
        said(&d, row[i].said, n);
        if (d.verdict != row[i].verdict ||
            (int)d.answer.negatives != row[i].negatives)
            fail_msg("%s: verdict %d, %zu negatives", row[i].why, d.verdict,
                     d.answer.negatives);
        dialogue_release(&d);
    }
}

static void no_way_to_ask_for_more_no_request(void **state)
{
    static struct dialogue d;

    (void)state;
    prompt.more = (struct span){ NULL, 0 };
    said(&d, (const char *const[]){ SHORT }, 1);
    assert_int_equal(d.verdict, TURNS_USE);
    dialogue_release(&d);
}

/* Many items from two answers: no more than there is room for, none lost or
 * freed twice (the sanitizers look). */
static void more_than_there_is_room_for(void **state)
{
    static struct dialogue d;
    static char body[64 * 1024];
    size_t n = 0;

    (void)state;
    n += (size_t)snprintf(body, sizeof(body), "%s",
                          "{\"choices\":[{\"message\":{\"content\":"
                          "\"{\\\"positives\\\":[");
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(body + n, sizeof(body) - n,
                              "%s\\\"Where is my parcel number %d now?\\\"",
                              i ? "," : "", i);
    snprintf(body + n, sizeof(body) - n, "%s", "]}\"}}]}");
    said(&d, (const char *const[]){ body, body }, 2);
    assert_int_equal(d.verdict, TURNS_USE);
    assert_int_equal(d.answer.positives, CHAT_ITEMS_MAX);
    dialogue_release(&d);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(the_request_shows_what_is_kept),
        CASE(new_items_join_the_old),
        CASE(it_ends),
        CASE(no_way_to_ask_for_more_no_request),
        CASE(more_than_there_is_room_for),
    };

    return cmocka_run_group_tests_name("top_up", tests, NULL, NULL);
}
