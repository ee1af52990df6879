#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "llm/inquiry.h"
#include "support/scratch.h"

#define GOOD \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"positives\\\":[\\\"a\\\"]" \
    "," \
    "\\\"negatives\\\":[\\\"b\\\"]}\"}}]}"
#define REFUSED \
    "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}"
#define PROSE "{\"choices\":[{\"message\":{\"content\":\"Sure!\"}}]}"

static struct sources sources;
static struct prompt prompt;
static struct store *answers;
static struct dialogue_plan plan;
static struct inquiry inquiry;
static const struct span anchor = { "Where?", 6 };

static void profile(const char *name)
{
    char path[SCRATCH_PATH], text[256];

    snprintf(text, sizeof(text),
             "{\"name\":\"%s\",\"base_url\":\"http://127.0.0.1:1\",\"model\":"
             "\"m\"}",
             name);
    scratch_write(path, name, text, (size_t)-1);
}

static int make(void **state)
{
    static char path[SCRATCH_PATH];
    const struct source_options o = {
        .provider = path, .model = "", .prices = "", .key_file = ""
    };
    struct err err = ERR_INIT;
    char file[SCRATCH_PATH];

    scratch_make(state);
    profile("one");
    profile("two");
    scratch_write(path, "pool",
                  "{\"endpoints\":[{\"profile\":\"one\"},"
                  "{\"profile\":\"two\",\"weight\":0}]}",
                  (size_t)-1);
    scratch_write(file, "template", "{anchor}", (size_t)-1);
    assert_ok(sources_load(&sources, &o, &err), &err);
    assert_ok(prompt_load(&prompt, file, &err), &err);
    assert_ok(answers_open(&answers, scratch_path(file, "answers"), &err),
              &err);
    plan = (struct dialogue_plan){ .prompt = &prompt,
                                   .domain = "",
                                   .positives = 1,
                                   .negatives = 1,
                                   .seed = 1 };
    inquiry = (struct inquiry){ &sources, &plan, answers, 0, false };
    return 0;
}

static int clean(void **state)
{
    store_close(answers);
    prompt_release(&prompt);
    sources_release(&sources);
    return scratch_clean(state);
}

/* What is to be done; with a body, answer that. */
static enum inquiry_state step(const bool *open, bool retry, size_t *source,
                               unsigned *sample, const char *body)
{
    struct finding f;
    struct err err = ERR_INIT;
    enum inquiry_state was;

    assert_ok(inquiry_find(&f, &inquiry, anchor, open, retry, &err), &err);
    was = f.state;
    *source = f.source;
    *sample = f.sample;
    if (body) {
        const struct answer_record r = { .body = span_of(body),
                                         .status = 200,
                                         .template = "t" };

        assert_ok(
            answers_put(answers, f.dialogue.hash, f.dialogue.attempt, &r, &err),
            &err);
        assert_ok(store_commit(answers, &err), &err);
    }
    finding_release(&f);
    return was;
}

static void an_answer_of_any_source_is_used(void **state)
{
    static const bool second[] = { false, true };
    size_t source;
    unsigned sample;

    (void)state;
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_FRESH);
    assert_int_equal(source, 0);
    /* the first takes nothing: the spare is asked, and answers */
    assert_int_equal(step(second, false, &source, &sample, GOOD),
                     INQUIRY_FRESH);
    assert_int_equal(source, 1);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
    assert_int_equal(source, 1);
}

static void what_began_goes_on_where_it_began(void **state)
{
    static const bool none[] = { false, false };
    size_t source;
    unsigned sample;

    (void)state;
    assert_int_equal(step(NULL, false, &source, &sample, PROSE), INQUIRY_FRESH);
    assert_int_equal(step(NULL, false, &source, &sample, NULL),
                     INQUIRY_GOES_ON);
    assert_int_equal(source, 0);
    assert_int_equal(step(none, false, &source, &sample, NULL), INQUIRY_CLOSED);
}

static void a_failure_is_no_answer_and_stays(void **state)
{
    size_t source;
    unsigned sample;

    (void)state;
    assert_int_equal(step(NULL, false, &source, &sample, REFUSED),
                     INQUIRY_FRESH);
    for (int i = 0; i < 3; i++)
        assert_int_equal(step(NULL, false, &source, &sample, NULL),
                         INQUIRY_FAILED);
    /* a retry is the next sample, which may fail as well */
    assert_int_equal(step(NULL, true, &source, &sample, REFUSED),
                     INQUIRY_GOES_ON);
    assert_int_equal(sample, 1);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_FAILED);
    assert_int_equal(step(NULL, true, &source, &sample, GOOD), INQUIRY_GOES_ON);
    assert_int_equal(sample, 2);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
    assert_int_equal(sample, 2);
}

static void what_got_no_answer_is_the_same_question_again(void **state)
{
    struct finding f;
    struct err err = ERR_INIT;
    size_t source;
    unsigned sample;

    (void)state;
    assert_ok(inquiry_find(&f, &inquiry, anchor, NULL, false, &err), &err);
    assert_ok(
        answers_put_failure(answers, f.dialogue.hash, 0, "HTTP 500", &err),
        &err);
    assert_ok(store_commit(answers, &err), &err);
    finding_release(&f);
    assert_ok(inquiry_find(&f, &inquiry, anchor, NULL, false, &err), &err);
    assert_int_equal(f.state, INQUIRY_FAILED);
    assert_string_equal(f.reason, "HTTP 500");
    finding_release(&f);
    assert_int_equal(step(NULL, true, &source, &sample, GOOD), INQUIRY_FRESH);
    assert_int_equal(sample, 0);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
}

static void another_sample_is_another_question(void **state)
{
    size_t source;
    unsigned sample;

    (void)state;
    /* also where the endpoint takes no seed and the bodies are the same */
    snprintf(sources.source[0].dropped, 20, ",seed,");
    assert_int_equal(step(NULL, false, &source, &sample, GOOD), INQUIRY_FRESH);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
    inquiry.sample = 1;
    assert_int_equal(step(NULL, false, &source, &sample, GOOD), INQUIRY_FRESH);
    inquiry.sample = 0;
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
    assert_int_equal(sample, 0);
}

/* ---- an answer with something missing ---- */

#define FEW \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"positives\\\":[\\\"p\\\"]" \
    "}\"}}]}"

static void ask_for_more(void)
{
    char file[SCRATCH_PATH];
    struct err err = ERR_INIT;

    prompt_release(&prompt);
    scratch_write(file, "template", "more: {negatives} more\n===\n{anchor}",
                  (size_t)-1);
    assert_ok(prompt_load(&prompt, file, &err), &err);
    plan.top_ups = 1;
}

static void what_is_missing_is_asked_of_the_same_source(void **state)
{
    static const bool second[] = { false, true };
    size_t source;
    unsigned sample;

    (void)state;
    ask_for_more();
    assert_int_equal(step(NULL, false, &source, &sample, FEW), INQUIRY_FRESH);
    assert_int_equal(step(NULL, false, &source, &sample, NULL),
                     INQUIRY_GOES_ON);
    assert_int_equal(source, 0);
    /* its source takes nothing: no other is asked for the whole again */
    assert_int_equal(step(second, false, &source, &sample, NULL), INQUIRY_USE);
    assert_int_equal(source, 0);
    inquiry.settled = true;
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
    inquiry.settled = false;
    assert_int_equal(step(NULL, false, &source, &sample, GOOD),
                     INQUIRY_GOES_ON);
    assert_int_equal(step(NULL, false, &source, &sample, NULL), INQUIRY_USE);
}

static void what_is_there_is_used_when_the_rest_does_not_come(void **state)
{
    struct finding f;
    struct err err = ERR_INIT;
    size_t source;
    unsigned sample;

    (void)state;
    ask_for_more();
    assert_int_equal(step(NULL, false, &source, &sample, FEW), INQUIRY_FRESH);
    assert_ok(inquiry_find(&f, &inquiry, anchor, NULL, false, &err), &err);
    assert_int_equal(f.dialogue.attempt, 1);
    assert_ok(
        answers_put_failure(answers, f.dialogue.hash, 1, "HTTP 500", &err),
        &err);
    assert_ok(store_commit(answers, &err), &err);
    finding_release(&f);
    assert_ok(inquiry_find(&f, &inquiry, anchor, NULL, false, &err), &err);
    assert_int_equal(f.state, INQUIRY_USE);
    assert_int_equal(f.dialogue.verdict, TURNS_USE);
    assert_int_equal(f.dialogue.answer.positives, 1);
    finding_release(&f);
    /* a retry asks again; refused, that is the end */
    assert_int_equal(step(NULL, true, &source, &sample, REFUSED),
                     INQUIRY_GOES_ON);
    assert_int_equal(step(NULL, true, &source, &sample, NULL), INQUIRY_USE);
    assert_int_equal(sample, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(an_answer_of_any_source_is_used),
        CASE(what_began_goes_on_where_it_began),
        CASE(a_failure_is_no_answer_and_stays),
        CASE(what_got_no_answer_is_the_same_question_again),
        CASE(another_sample_is_another_question),
        CASE(what_is_missing_is_asked_of_the_same_source),
        CASE(what_is_there_is_used_when_the_rest_does_not_come),
    };

    return cmocka_run_group_tests_name("inquiry", tests, NULL, NULL);
}
