#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "llm/judge.h"
#include "support/scratch.h"

/* Two that mean the same, two that look alike; the sentences of one answer. */
#define ANSWER \
    "{\"positives\":[\"p one\",\"p two\"],\"negatives\":[\"n one\",\"n " \
    "two\"]}"

static struct sources sources;
static struct prompt prompt;
static struct store *answers;
static struct dialogue_plan plan;
static struct inquiry inquiry;
static struct judge judge;
static const struct span anchor = { "Where?", 6 };
static const uint16_t places[] = { 0, 1, 2, 3 };

static void profile(char path[SCRATCH_PATH], const char *name)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"name\":\"%s\",\"base_url\":\"http://127.0.0.1:1\",\"model\":"
             "\"m\"}",
             name);
    scratch_write(path, name, text, (size_t)-1);
}

/* Answer what is asked next. */
static void reply(const struct inquiry *q, const char *content)
{
    char body[2048], inner[1024];
    const struct answer_record r = { .body = { body, 0 },
                                     .status = 200,
                                     .template = "t",
                                     .prompt = 10.0,
                                     .completion = 5.0 };
    struct answer_record full = r;
    struct finding f;
    struct err err = ERR_INIT;
    size_t n = 0;

    for (const char *c = content; *c; c++) {
        if (*c == '"')
            inner[n++] = '\\';
        inner[n++] = *c;
    }
    inner[n] = '\0';
    snprintf(body, sizeof(body),
             "{\"choices\":[{\"message\":{\"content\":\"%s\"}}]}", inner);
    full.body.len = strlen(body);
    assert_ok(inquiry_find(&f, q, anchor, NULL, true, &err), &err);
    assert_true(f.state == INQUIRY_FRESH || f.state == INQUIRY_GOES_ON);
    assert_ok(
        answers_put(answers, f.dialogue.hash, f.dialogue.attempt, &full, &err),
        &err);
    assert_ok(store_commit(answers, &err), &err);
    finding_release(&f);
}

static int make(void **state)
{
    static char path[SCRATCH_PATH], judge_path[SCRATCH_PATH];
    static char judge_template[SCRATCH_PATH];
    const struct source_options o = {
        .provider = path, .model = "", .prices = "", .key_file = ""
    };
    struct anchors from = { .ordinal = (uint32_t[]){ 0 }, .n = 1 };
    struct err err = ERR_INIT;
    char file[SCRATCH_PATH];

    scratch_make(state);
    profile(path, "writer");
    profile(judge_path, "judge");
    scratch_write(file, "template", "{anchor}", (size_t)-1);
    scratch_write(judge_template, "judging", "JSON\n---\n{items}", (size_t)-1);
    assert_ok(sources_load(&sources, &o, &err), &err);
    assert_ok(prompt_load(&prompt, file, &err), &err);
    assert_ok(answers_open(&answers, scratch_path(file, "answers"), &err),
              &err);
    plan = (struct dialogue_plan){
        .prompt = &prompt, .domain = "", .positives = 2, .negatives = 2
    };
    inquiry = (struct inquiry){ &sources, &plan, answers, 0, false };
    reply(&inquiry, ANSWER);
    memset(&judge, 0, sizeof(judge));
    judge.how = o;
    judge.how.provider = judge_path;
    assert_ok(judge_load(&judge, &inquiry,
                         &(struct judge_options){ judge_template, "", 1, 4 },
                         &err),
              &err);
    judge.inquiry[0].answers = judge.inquiry[1].answers = answers;
    assert_ok(judge_add(&judge, &from, 0, anchor, places, 4, &err), &err);
    judge_sort(&judge);
    return 0;
}

static int clean(void **state)
{
    judge_release(&judge);
    store_close(answers);
    prompt_release(&prompt);
    sources_release(&sources);
    return scratch_clean(state);
}

static void question(char out[1024], int side)
{
    struct finding f;
    struct err err = ERR_INIT;
    struct json *doc;
    const struct json_node *m;

    assert_ok(inquiry_find(&f, &judge.inquiry[side], anchor, NULL, false, &err),
              &err);
    assert_int_equal(f.state, INQUIRY_FRESH);
    assert_ok(json_parse(&doc, "body", f.dialogue.body.ptr, f.dialogue.body.len,
                         JSON_STRICT, &err),
              &err);
    m = json_next(json_first(json_get(json_root(doc), "messages")));
    snprintf(out, 1024, "%s", json_str(json_get(m, "content"), ""));
    json_free(doc);
    finding_release(&f);
}

/* Lines of the questions: number, first sentence, second sentence. */
struct line {
    char a[32], b[32];
};

static size_t lines_of(struct line out[8], const char *text)
{
    size_t n = 0;

    while (*text && n < 8) {
        char number[8];

        snprintf(number, sizeof(number), "%zu. A: ", n + 1);
        assert_memory_equal(text, number, strlen(number));
        text += strlen(number);
        snprintf(out[n].a, 32, "%.*s", (int)strcspn(text, "\n"), text);
        text += strcspn(text, "\n");
        assert_memory_equal(text, "\n   B: ", 7);
        text += 7;
        snprintf(out[n].b, 32, "%.*s", (int)strcspn(text, "\n"), text);
        text += strcspn(text, "\n");
        text += *text == '\n';
        n++;
    }
    return n;
}

static void each_question_has_the_other_order(void **state)
{
    char text[2][1024];
    struct line x[8], y[8];
    unsigned seen = 0;

    (void)state;
    question(text[0], 0);
    question(text[1], 1);
    assert_int_equal(lines_of(x, text[0]), 4);
    assert_int_equal(lines_of(y, text[1]), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(x[i].a, "Where?");
        assert_string_equal(y[3 - i].b, "Where?");
        assert_string_equal(x[i].b, y[3 - i].a);
        seen |= strcmp(x[i].b, "p one") == 0   ? 1U
                : strcmp(x[i].b, "p two") == 0 ? 2U
                : strcmp(x[i].b, "n one") == 0 ? 4U
                                               : 8U;
    }
    assert_int_equal(seen, 15);
}

/* Numbers of sentences in the order of the first question. */
static void number(char out[4][4], bool swapped)
{
    static const char *const text[] = { "p one", "p two", "n one", "n two" };
    char q[1024];
    struct line x[8];

    question(q, swapped);
    assert_int_equal(lines_of(x, q), 4);
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < 4; i++)
            if (strcmp(swapped ? x[i].a : x[i].b, text[k]) == 0)
                snprintf(out[k], 4, "%zu", i + 1);
}

static void assert_votes(const char *want)
{
    static struct opinion of[4];
    struct finding f;
    struct err err = ERR_INIT;

    for (int i = 0; i < 4; i++)
        of[i] = (struct opinion){ NAN, NAN, VOTE_ABSTAIN };
    assert_ok(inquiry_find(&f, &inquiry, anchor, NULL, false, &err), &err);
    assert_ok(judge_votes(&judge, of, anchor, &f.dialogue.answer, NULL, &err),
              &err);
    finding_release(&f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(of[i].judge, want[i] == '+'   ? VOTE_ACCEPT
                                      : want[i] == '-' ? VOTE_REJECT
                                                       : VOTE_ABSTAIN);
}

static void it_votes_where_both_answers_agree(void **state)
{
    char n[2][4][4], content[256];

    (void)state;
    number(n[0], false);
    number(n[1], true);
    /* p one and n one the same both times; p two once only; n two never */
    snprintf(content, sizeof(content),
             "{\"positives\":[\"%s\",\"%s.\"],\"negatives\":[\"%s\",\"%s\"]}",
             n[0][0], n[0][2], n[0][1], n[0][3]);
    reply(&judge.inquiry[0], content);
    assert_votes("    "); /* one side is not enough */
    snprintf(content, sizeof(content),
             "{\"positives\":[%s,%s,%s],\"negatives\":[%s]}", n[1][0], n[1][1],
             n[1][2], n[1][3]);
    reply(&judge.inquiry[1], content);
    assert_votes("+ -+");
}

static void sentences_in_place_of_numbers_are_understood(void **state)
{
    static const char content[] =
        "{\"positives\":[\"P one!\",\"n one\",\"7\",\"0\",\"x\"],\"negatives\":"
        "[{\"text\":\"n two\",\"kind\":\"k\"},\"n one\"]}";

    (void)state;
    reply(&judge.inquiry[0], content);
    reply(&judge.inquiry[1], content);
    assert_votes("+  +"); /* said to be both: no vote; not named: none */
}

static void what_it_refuses_to_judge_has_no_vote(void **state)
{
    (void)state;
    reply(&judge.inquiry[0], "I would rather not.");
    reply(&judge.inquiry[0], "No.");
    reply(&judge.inquiry[1], "{\"positives\":[\"p one\"],\"negatives\":[]}");
    assert_votes("    ");
}

static void other_anchors_are_not_judged(void **state)
{
    struct opinion of[1] = { { NAN, NAN, VOTE_ABSTAIN } };
    static struct chat_answer a = { .positives = 1 };
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(judge_votes(&judge, of, span_of("Another"), &a, NULL, &err),
              &err);
    assert_int_equal(of[0].judge, VOTE_ABSTAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_question_has_the_other_order, make,
                                        clean),
        cmocka_unit_test_setup_teardown(it_votes_where_both_answers_agree, make,
                                        clean),
        cmocka_unit_test_setup_teardown(
            sentences_in_place_of_numbers_are_understood, make, clean),
        cmocka_unit_test_setup_teardown(what_it_refuses_to_judge_has_no_vote,
                                        make, clean),
        cmocka_unit_test_setup_teardown(other_anchors_are_not_judged, make,
                                        clean),
    };

    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
