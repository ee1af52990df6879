#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/chat.h"
#include "support/scratch.h"

/* ---- requests ---- */

static const char plain_profile[] =
    "{\"name\":\"n\",\"base_url\":\"https://h/v1\",\"model\":\"m\"}";

struct asked {
    const char *profile, *template;
    const char *model, *bad;
    bool plain;
};

/* The body; with the same request twice, to see that it is the same. */
static const char *dropped; /* of the next body */

static void make_body(struct buf *b, const struct asked *a)
{
    char path[SCRATCH_PATH], from[SCRATCH_PATH];
    struct err err = ERR_INIT;
    struct provider p;
    struct prompt t;
    struct chat_request r = {
        .provider = &p,
        .prompt = &t,
        .values = { span_of("It's \"late\"\n"), 2, 3, "shops" },
        .model = a->model ? a->model : "",
        .temperature = 0.9,
        .seed = 7,
        .max_tokens = 120,
        .bad = a->bad,
        .plain = a->plain,
        .dropped = dropped,
    };
    struct buf again = BUF_INIT(1 << 20);

    scratch_write(path, "profile.json", a->profile, (size_t)-1);
    scratch_write(from, "template", a->template, (size_t)-1);
    assert_ok(provider_load(&p, path, &err), &err);
    assert_ok(prompt_load(&t, from, &err), &err);
    r.rung = p.rung[0];
    assert_ok(chat_body(b, &r, &err), &err);
    assert_ok(chat_body(&again, &r, &err), &err);
    assert_string_equal(buf_str(b), buf_str(&again));
    buf_release(&again);
    prompt_release(&t);
    provider_release(&p);
}

static void the_body_is_canonical(void **state)
{
#define HEAD "{\"model\":\"m\","
#define USER "{\"role\":\"user\",\"content\":\"It's \\\"late\\\"\\n\"}"
#define PATTERN \
    "Answer with one JSON object on this pattern: {\\\"positives\\\":[" \
    "\\\"...\\\"],\\\"negatives\\\":[{\\\"text\\\":\\\"...\\\"," \
    "\\\"kind\\\":\\\"...\\\"}]}"
#define SAYS_JSON "{\"role\":\"system\",\"content\":\"" PATTERN "\"},"
#define NUMBERS "\"temperature\":0.9,\"seed\":7,\"max_tokens\":120"
#define JSON_MODE ",\"response_format\":{\"type\":\"json_object\"}"
#define PROFILE(more) \
    "{\"name\":\"n\",\"base_url\":\"https://h\",\"model\":\"m\"," more "}"
    static const struct {
        const char *why;
        struct asked ask;
        const char *want;
    } row[] = {
        { "plain",
          { plain_profile, "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" SAYS_JSON USER "]," NUMBERS JSON_MODE "}" },
        { "all variables, and a system message",
          { plain_profile,
            "{positives} and {negatives} of {domain} {x:1}\n---\n{anchor}",
            NULL, NULL, false },
          HEAD "\"messages\":[{\"role\":\"system\",\"content\":\"2 and 3 of "
               "shops {x:1}\\n" PATTERN "\"}," USER "]," NUMBERS JSON_MODE
               "}" },
        { "another model",
          { plain_profile, "{anchor}", "other", NULL, false },
          "{\"model\":\"other\",\"messages\":[" SAYS_JSON USER
          "]," NUMBERS JSON_MODE "}" },
        { "the template speaks of JSON",
          { plain_profile, "as json\n---\n{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[{\"role\":\"system\",\"content\":\"as "
               "json\"}," USER "]," NUMBERS JSON_MODE "}" },
        { "without JSON mode, once",
          { plain_profile, "{anchor}", NULL, NULL, true },
          HEAD "\"messages\":[" USER "]," NUMBERS "}" },
        { "without JSON mode, always",
          { PROFILE("\"json_mode\":\"none\""), "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" USER "]," NUMBERS "}" },
        { "the token field's name",
          { PROFILE("\"token_field\":\"max_completion_tokens\""), "{anchor}",
            NULL, NULL, false },
          HEAD "\"messages\":[" SAYS_JSON USER
               "],\"temperature\":0.9,\"seed\":7,"
               "\"max_completion_tokens\":120" JSON_MODE "}" },
        { "extra members",
          { PROFILE("\"extra\":{\"thinking\":{\"type\":\"disabled\"}}"),
            "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" SAYS_JSON USER "]," NUMBERS JSON_MODE
               ",\"thinking\":{\"type\":\"disabled\"}}" },
        { "extra members replace ours",
          { PROFILE("\"extra\":{\"temperature\":0.2,\"max_tokens\":9,"
                    "\"response_format\":{\"type\":\"text\"}}"),
            "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" USER "],\"seed\":7,\"temperature\":0.2,"
               "\"max_tokens\":9,\"response_format\":{\"type\":\"text\"}}" },
        { "null drops ours",
          { PROFILE("\"extra\":{\"temperature\":null,\"seed\":null,"
                    "\"max_tokens\":null,\"response_format\":null}"),
            "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" USER "]}" },
#define ITEMS_SCHEMA \
    "{\"type\":\"object\",\"properties\":{\"positives\":{\"type\":\"array\"," \
    "\"items\":{\"type\":\"string\"}},\"negatives\":{\"type\":\"array\"," \
    "\"items\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":" \
    "\"string\"},\"kind\":{\"type\":\"string\"}},\"required\":[\"text\"," \
    "\"kind\"],\"additionalProperties\":false}}},\"required\":[\"positives\"," \
    "\"negatives\"],\"additionalProperties\":false}"
        { "a schema, as OpenAI has it",
          { PROFILE("\"json\":[\"json_schema\"]"), "{anchor}", NULL, NULL,
            false },
          HEAD "\"messages\":[" USER "]," NUMBERS
               ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
               "{\"name\":\"items\",\"strict\":true,\"schema\":" ITEMS_SCHEMA
               "}}}" },
        { "a schema, as llama.cpp has it",
          { PROFILE("\"json\":[\"llama_schema\"]"), "{anchor}", NULL, NULL,
            false },
          HEAD "\"messages\":[" USER "]," NUMBERS
               ",\"response_format\":{\"type\":\"json_object\","
               "\"schema\":" ITEMS_SCHEMA "}}" },
        { "a stream, with thinking switched off",
          { PROFILE("\"json\":[\"plain\"],\"stream\":true,\"thinking\":{"
                    "\"off\":{\"enable_thinking\":false},\"on\":{\"x\":1}}"),
            "{anchor}", NULL, NULL, false },
          HEAD "\"messages\":[" USER "]," NUMBERS
               ",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
               "\"enable_thinking\":false}" },
        { "a second try at JSON",
          { plain_profile, "{anchor}", NULL, "Sure \"thing\"", false },
          HEAD "\"messages\":[" SAYS_JSON USER
               ",{\"role\":\"assistant\",\"content\":"
               "\"Sure \\\"thing\\\"\"},{\"role\":\"user\",\"content\":\"That "
               "was not one JSON object on the pattern asked for. Give the "
               "same content again as JSON only.\"}]," NUMBERS JSON_MODE "}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct buf b = BUF_INIT(1 << 20);

        make_body(&b, &row[i].ask);
        if (strcmp(buf_str(&b), row[i].want) != 0)
            print_error("%s\n", row[i].why);
        assert_string_equal(buf_str(&b), row[i].want);
        buf_release(&b);
    }
}

static void what_was_refused_is_left_out(void **state)
{
    static const char profile[] =
        PROFILE("\"json\":[\"plain\"],\"stream\":true,\"thinking\":{"
                "\"off\":{\"x\":1,\"y\":2}}");
    struct buf b = BUF_INIT(1 << 20);

    (void)state;
    dropped = ",stream_options,seed,temperature,y,";
    make_body(&b, &(struct asked){ profile, "{anchor}", NULL, NULL, false });
    dropped = NULL;
    assert_string_equal(buf_str(&b),
                        HEAD "\"messages\":[" USER "],\"max_tokens\":120,"
                             "\"stream\":true,\"x\":1}");
    buf_release(&b);
}

static void a_long_wrong_answer_is_shown_in_part(void **state)
{
    static char bad[30002];
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    const struct json_node *m;
    struct json *doc;
    const char *shown;

    (void)state;
    bad[0] = bad[1] = 'x'; /* so that the limit falls into a character */
    for (size_t i = 2; i + 3 < sizeof(bad); i += 3)
        memcpy(bad + i, "你", 3);
    make_body(&b,
              &(struct asked){ plain_profile, "{anchor}", NULL, bad, false });
    assert_ok(json_parse(&doc, "body", b.ptr, b.len, JSON_STRICT, &err), &err);
    m = json_next(json_first(json_get(json_root(doc), "messages")));
    m = json_next(m); /* behind the system's and ours */
    shown = json_str(json_get(m, "content"), "");
    assert_int_equal(strlen(shown), 2 + 3 * (16382 / 3));
    assert_memory_equal(shown, bad, strlen(shown));
    json_free(doc);
    buf_release(&b);
}

/* ---- answers ---- */

/* "status/how: positives / negatives", with kinds in brackets. */
static void describe(struct buf *b, const struct chat_answer *a)
{
    struct err err = ERR_INIT;

    buf_reset(b);
    assert_ok(buf_printf(b, &err, "%s/%s:", chat_status_name(a->status),
                         repair_name(a->how)),
              &err);
    for (size_t i = 0; i < a->positives; i++)
        assert_ok(
            buf_printf(b, &err, " %s%s", i ? "| " : "", a->positive[i].text),
            &err);
    assert_ok(buf_puts(b, " /", &err), &err);
    for (size_t i = 0; i < a->negatives; i++)
        assert_ok(
            buf_printf(b, &err, " %s%s%s%s%s", i ? "| " : "",
                       a->negative[i].text, a->negative[i].kind[0] ? " (" : "",
                       a->negative[i].kind, a->negative[i].kind[0] ? ")" : ""),
            &err);
}

static void assert_reads(const char *why, const char *body, size_t len,
                         const char *want)
{
    static struct chat_answer a;
    struct buf got = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;

    assert_ok(chat_read(&a, body, len, &err), &err);
    describe(&got, &a);
    if (strcmp(buf_str(&got), want) != 0)
        print_error("%s (%s)\n", why, a.message);
    assert_string_equal(buf_str(&got), want);
    chat_answer_release(&a);
    buf_release(&got);
}

#define ITEMS "{\\\"positives\\\":[\\\"a\\\"],\\\"negatives\\\":[\\\"b\\\"]}"
#define CUT_ITEMS "{\\\"positives\\\":[\\\"a\\\",\\\"b"
#define MESSAGE(m) \
    "{\"choices\":[{\"message\":{" m "},\"finish_reason\":\"stop\"}]}"
#define CHOICE(content, more) \
    "{\"choices\":[{\"message\":{\"content\":\"" content "\"}" more "}]}"

struct envelope_row {
    const char *why, *body, *want;
};

static void assert_rows(const struct envelope_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_reads(row[i].why, row[i].body, strlen(row[i].body), row[i].want);
}
#define ASSERT_ROWS(row) assert_rows(row, sizeof(row) / sizeof(row[0]))

static void reads_every_envelope(void **state)
{
    static const struct envelope_row row[] = {
        { "as documented",
          "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":1,"
          "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
          "\"assistant\",\"content\":\"" ITEMS "\",\"refusal\":null},"
          "\"finish_reason\":\"stop\",\"logprobs\":null}],\"usage\":{}}",
          "answered/as-is: a / b" },
        { "an error that is null",
          "{\"error\":null,\"choices\":[{\"message\":{\"content\":\"" ITEMS
          "\"}}]}",
          "answered/as-is: a / b" },
        { "blank lines before it",
          "\n\n  \n" MESSAGE("\"content\":\"" ITEMS "\""),
          "answered/as-is: a / b" },
        { "a byte order mark",
          "\xEF\xBB\xBF" MESSAGE("\"content\":\"" ITEMS "\""),
          "answered/as-is: a / b" },
        { "no finish_reason", CHOICE(ITEMS, ""), "answered/as-is: a / b" },
        { "finish_reason null", CHOICE(ITEMS, ",\"finish_reason\":null"),
          "answered/as-is: a / b" },
        { "another word for stop", CHOICE(ITEMS, ",\"finish_reason\":\"eos\""),
          "answered/as-is: a / b" },
        { "unknown, and the items are whole",
          CHOICE(ITEMS, ",\"finish_reason\":\"because\""),
          "answered/as-is: a / b" },
        { "unknown, and there is no JSON",
          CHOICE("Let me", ",\"finish_reason\":\"because\""),
          "truncated/as-is: /" },
        { "the second choice does not count",
          "{\"choices\":[{\"message\":{\"content\":\"" ITEMS
          "\"}},{\"message\":"
          "{\"content\":\"x\"}}]}",
          "answered/as-is: a / b" },
        { "content in parts",
          MESSAGE("\"content\":[{\"type\":\"text\",\"text\":"
                  "\"{\\\"positives\\\":\"},{\"type\":\"text\",\"text\":"
                  "\"[\\\"a\\\"]}\"}]"),
          "answered/as-is: a /" },
        { "content as a list of strings",
          MESSAGE("\"content\":[\"{\\\"positives\\\":\",\"[\\\"a\\\"]}\"]"),
          "answered/as-is: a /" },
        { "content null, the answer in reasoning_content",
          MESSAGE("\"content\":null,\"reasoning_content\":\"" ITEMS "\""),
          "answered/as-is: a / b" },
        { "content blank, the answer in reasoning",
          MESSAGE("\"content\":\" \\n\",\"reasoning\":\"" ITEMS "\""),
          "answered/as-is: a / b" },
        { "content goes before reasoning",
          MESSAGE("\"content\":\"" ITEMS "\",\"reasoning_content\":"
                  "\"{\\\"positives\\\":[\\\"draft\\\"]}\""),
          "answered/as-is: a / b" },
        { "reasoning without an answer",
          MESSAGE("\"content\":null,\"reasoning_content\":\"Let me see\""),
          "empty/as-is: /" },
        { "content null", MESSAGE("\"content\":null"), "empty/as-is: /" },
        { "content blank", MESSAGE("\"content\":\"  \\n \\t\""),
          "empty/as-is: /" },
        { "content an empty list", MESSAGE("\"content\":[]"),
          "empty/as-is: /" },
        { "content a number", MESSAGE("\"content\":5"), "empty/as-is: /" },
        { "no content", MESSAGE("\"role\":\"assistant\""), "empty/as-is: /" },
        { "no message", "{\"choices\":[{\"finish_reason\":\"stop\"}]}",
          "empty/as-is: /" },
        { "thinking in the content", CHOICE("<think>{no}</think>\\n" ITEMS, ""),
          "answered/as-is: a / b" },
        { "in a fence", CHOICE("```json\\n" ITEMS "\\n```", ""),
          "answered/fence: a / b" },
        { "mended", CHOICE("{'positives':['a'],}", ""), "answered/fixed: a /" },
        { "prose", CHOICE("I would say: a", ""), "unparsed/as-is: /" },
        { "other JSON", CHOICE("{\\\"answer\\\":[\\\"a\\\"]}", ""),
          "unparsed/as-is: /" },
        { "empty lists",
          CHOICE("{\\\"positives\\\":[],\\\"negatives\\\":[]}", ""),
          "unparsed/as-is: /" },
    };

    (void)state;
    ASSERT_ROWS(row);
}

static void tells_why_an_answer_ended(void **state)
{
    static const struct envelope_row row[] = {
        { "length, in the middle",
          CHOICE(CUT_ITEMS, ",\"finish_reason\":\"length\""),
          "truncated/cut: a /" },
        { "length by another name",
          CHOICE(CUT_ITEMS, ",\"finish_reason\":\"MAX_TOKENS\""),
          "truncated/cut: a /" },
        { "cut, though it says stop", CHOICE(CUT_ITEMS, ""),
          "truncated/cut: a /" },
        { "length, before the first item",
          CHOICE("{\\\"posi", ",\"finish_reason\":\"length\""),
          "truncated/as-is: /" },
        { "length, and nothing but thoughts",
          "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":"
          "\"Let me see\"},\"finish_reason\":\"length\"}]}",
          "truncated/as-is: /" },
        { "length, and nothing", CHOICE("", ",\"finish_reason\":\"length\""),
          "truncated/as-is: /" },
        { "length, in the blanks after the last bracket",
          CHOICE(ITEMS "   \\n\\n  ", ",\"finish_reason\":\"length\""),
          "answered/as-is: a / b" },
        { "length, with a draft in a thought",
          CHOICE("<think>" ITEMS " or", ",\"finish_reason\":\"length\""),
          "truncated/span: a / b" },
        { "a content filter",
          CHOICE(CUT_ITEMS, ",\"finish_reason\":\"content_filter\""),
          "filtered/as-is: /" },
        { "a filter's mark on the choice, whatever its end",
          CHOICE(ITEMS, ",\"finish_reason\":\"stop\","
                        "\"moderation_hit_type\":\"severe_violation\""),
          "filtered/as-is: /" },
        { "no mark",
          CHOICE(ITEMS, ",\"finish_reason\":\"stop\","
                        "\"moderation_hit_type\":null"),
          "answered/as-is: a / b" },
        { "a filter by another name",
          CHOICE(ITEMS, ",\"finish_reason\":\"sensitive\""),
          "filtered/as-is: /" },
        { "a refusal", MESSAGE("\"content\":null,\"refusal\":\"I cannot\""),
          "filtered/as-is: /" },
        { "a refusal among parts",
          MESSAGE("\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]"),
          "filtered/as-is: /" },
        { "a refusal that is empty",
          MESSAGE("\"content\":\"" ITEMS "\",\"refusal\":\"\""),
          "answered/as-is: a / b" },
        { "the server ran out of something",
          CHOICE(ITEMS, ",\"finish_reason\":\"insufficient_system_resource\""),
          "error/as-is: /" },
    };

    (void)state;
    ASSERT_ROWS(row);
}

static void finds_items_under_every_name(void **state)
{
    static const struct envelope_row row[] = {
        { "other names",
          CHOICE("{\\\"paraphrases\\\":[\\\"a\\\"],\\\"hard_negatives\\\":"
                 "[\\\"b\\\"]}",
                 ""),
          "answered/as-is: a / b" },
        { "numbers, where nothing else is",
          CHOICE("{\\\"positives\\\":[3, 1],\\\"negatives\\\":"
                 "[2, 0, 1e9, 1000, -1, true]}",
                 ""),
          "answered/as-is: 3 | 1 / 2" },
        { "capitals",
          CHOICE("{\\\"Positives\\\":[\\\"a\\\"],\\\"NEGATIVE\\\":[\\\"b\\\"]}",
                 ""),
          "answered/as-is: a / b" },
        { "Chinese",
          CHOICE("{\\\"正例\\\":[\\\"甲\\\"],\\\"反例\\\":[{\\\"句子\\\":"
                 "\\\"乙\\\",\\\"类型\\\":\\\"否定\\\"}]}",
                 ""),
          "answered/as-is: 甲 / 乙 (否定)" },
        { "Chinese, others",
          CHOICE("{\\\"意思相同\\\":[\\\"甲\\\"],\\\"形近义异\\\":[{\\\"内容"
                 "\\\":\\\"乙\\\",\\\"种类\\\":\\\"数字\\\"}]}",
                 ""),
          "answered/as-is: 甲 / 乙 (数字)" },
        { "in another object",
          CHOICE("{\\\"result\\\":{\\\"positives\\\":[\\\"a\\\"],"
                 "\\\"negatives\\\":[\\\"b\\\"]}}",
                 ""),
          "answered/as-is: a / b" },
        { "in a list",
          CHOICE("[{\\\"positives\\\":[\\\"a\\\"]},{\\\"negatives\\\":"
                 "[\\\"b\\\"]}]",
                 ""),
          "answered/as-is: a / b" },
        { "objects with text and kind",
          CHOICE("{\\\"positives\\\":[{\\\"text\\\":\\\"a\\\"}],\\\"negatives"
                 "\\\":[{\\\"sentence\\\":\\\"b\\\",\\\"type\\\":\\\"number"
                 "\\\"},{\\\"text\\\":\\\"c\\\",\\\"kind\\\":5}]}",
                 ""),
          "answered/as-is: a / b (number) | c" },
        { "numbered members for a list",
          CHOICE("{\\\"positives\\\":{\\\"1\\\":\\\"a\\\",\\\"2\\\":\\\"b"
                 "\\\"},\\\"negatives\\\":{\\\"1\\\":{\\\"text\\\":\\\"c"
                 "\\\"}}}",
                 ""),
          "answered/as-is: a | b / c" },
        { "a string for a list",
          CHOICE("{\\\"positive\\\":\\\"a\\\",\\\"negative\\\":\\\"b\\\"}", ""),
          "answered/as-is: a / b" },
        { "one side only", CHOICE("{\\\"negatives\\\":[\\\"b\\\"]}", ""),
          "answered/as-is: / b" },
        { "what is no sentence is passed over",
          CHOICE("{\\\"positives\\\":[1,null,[\\\"x\\\"],{},\\\"\\\",\\\" "
                 "\\\",{\\\"text\\\":2},\\\"a\\\"]}",
                 ""),
          "answered/as-is: a /" },
    };

    (void)state;
    ASSERT_ROWS(row);
}

static void strips_the_marks_of_lists(void **state)
{
    static const struct {
        const char *item, *want;
    } row[] = {
        { "1. Where is it?", "Where is it?" },
        { "12. Where is it?", "Where is it?" },
        { "2) Where is it?", "Where is it?" },
        { "(3) Where is it?", "Where is it?" },
        { "[4] Where is it?", "Where is it?" },
        { "- Where is it?", "Where is it?" },
        { "* Where is it?", "Where is it?" },
        { "• Where is it?", "Where is it?" },
        { "  5.   Where is it?  ", "Where is it?" },
        { "1、包裹在哪", "包裹在哪" },
        { "1.包裹在哪", "包裹在哪" },
        { "1．包裹在哪", "包裹在哪" },
        { "（2）包裹在哪", "包裹在哪" },
        { "2）包裹在哪", "包裹在哪" },
        { "③包裹在哪", "包裹在哪" },
        { "1：包裹在哪", "包裹在哪" },
        { "Where\\nis\\tit?", "Where is it?" },
        /* what is part of the sentence stays */
        { "1.5 kg or more?", "1.5 kg or more?" },
        { "1.5折", "1.5折" },
        { "2、3天能到吗", "2、3天能到吗" },
        { "3 days late", "3 days late" },
        { "2024. That was it.", "2024. That was it." },
        { "100) no", "100) no" },
        { "-5 degrees", "-5 degrees" },
        { "5:30 is late", "5:30 is late" },
        { "1.a", "1.a" },
        { "(a) or (b)?", "(a) or (b)?" },
        { "(5 items) left", "(5 items) left" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char body[512], item[128], want[128];
        size_t n = 0;

        /* once more escaped: JSON in JSON */
        for (const char *p = row[i].item; *p; p++) {
            if (*p == '\\')
                item[n++] = '\\';
            item[n++] = *p;
        }
        item[n] = '\0';
        snprintf(body, sizeof(body),
                 CHOICE("{\\\"positives\\\":[\\\"%s\\\"]}", ""), item);
        snprintf(want, sizeof(want), "answered/as-is: %s /", row[i].want);
        assert_reads(row[i].item, body, strlen(body), want);
    }
}

/* ---- errors ---- */

static void an_error_keeps_its_message(void **state)
{
    static const struct {
        const char *body, *message;
    } row[] = {
        { "{\"error\":{\"message\":\"too many\",\"code\":\"x\"}}", "too many" },
        { "{\"error\":\"too many\"}", "too many" },
        { "{\"error\":{\"message\":\"x\"},\"choices\":[{\"message\":{"
          "\"content\":\"" ITEMS "\"}}]}",
          "x" },
        { "{\"object\":\"error\",\"message\":\"no such model\",\"code\":404}",
          "no such model" },
        { "{\"code\":336501,\"msg\":\"rate\"}", "rate" },
        { "{\"error_code\":18,\"error_msg\":\"qps\"}", "qps" },
        { "{\"choices\":null}", "no choices in the answer" },
        { "{\"choices\":[]}", "no choices in the answer" },
        { "{\"choices\":{}}", "no choices in the answer" },
        { "{}", "no choices in the answer" },
        { "[]", "no choices in the answer" },
        { "null", "no choices in the answer" },
        { "\"hello\"", "no choices in the answer" },
        { "", "not one whole JSON object" },
        { "<html><body>502</body></html>", "not one whole JSON object" },
        { "<style>p {color: red}</style>", "no choices in the answer" },
        { "{\"choices\":[{\"message\":{\"content\":\"" ITEMS "\"",
          "not one whole JSON object" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct chat_answer a;
        struct err err = ERR_INIT;

        assert_ok(chat_read(&a, row[i].body, strlen(row[i].body), &err), &err);
        if (a.status != CHAT_ERROR || strcmp(a.message, row[i].message) != 0)
            print_error("%s\n", row[i].body);
        assert_int_equal(a.status, CHAT_ERROR);
        assert_string_equal(a.message, row[i].message);
        assert_int_equal(a.positives + a.negatives, 0);
        chat_answer_release(&a);
    }
}

/* What JSON forbids, but is paid for. */
static void damaged_text_is_still_an_answer(void **state)
{
    static const struct {
        const char *why, *content;
        size_t len;
        const char *want;
    } row[] = {
        { "half of a pair", "[\\\"a\\ud83d\\\"]", 14, "a�" },
        { "a NUL as an escape", "[\\\"a\\u0000b\\\"]", 15, "a�b" },
        { "a NUL", "[\\\"a\0b\\\"]", 9, "a b" },
        { "a raw tab", "[\\\"a\tb\\\"]", 9, "a b" },
        { "bytes that are not UTF-8", "[\\\"a\xFF\\\"]", 8, "a�" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static const char head[] =
            "{\"choices\":[{\"message\":{\"content\":\"{\\\"positives\\\":";
        char body[256], want[64];
        size_t n = sizeof(head) - 1;

        memcpy(body, head, n);
        memcpy(body + n, row[i].content, row[i].len);
        n += row[i].len;
        memcpy(body + n, "}\"}}]}", 6);
        snprintf(want, sizeof(want), "answered/as-is: %s /", row[i].want);
        assert_reads(row[i].why, body, n + 6, want);
    }
}

/* ---- usage ---- */

static void counts_tokens_as_the_server_does(void **state)
{
    static const struct {
        const char *usage;
        double in, out;
    } row[] = {
        { "{\"prompt_tokens\":12,\"completion_tokens\":34}", 12, 34 },
        { "{\"input_tokens\":12,\"output_tokens\":34}", 12, 34 },
        { "{\"prompt_tokens\":null,\"input_tokens\":12}", 12, -1 },
        { "{\"prompt_tokens\":12.0,\"completion_tokens\":0}", 12, 0 },
        { "{\"prompt_tokens\":\"12\",\"completion_tokens\":\"34 \"}", 12, -1 },
        { "{\"prompt_tokens\":-1,\"completion_tokens\":1e300}", -1, -1 },
        { "{\"prompt_tokens\":\"\",\"completion_tokens\":[1]}", -1, -1 },
        { "null", -1, -1 },
        { "{}", -1, -1 },
        { "7", -1, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct chat_answer a;
        struct err err = ERR_INIT;
        char body[512];

        snprintf(body, sizeof(body),
                 "{\"choices\":[{\"message\":{\"content\":\"" ITEMS
                 "\"}}],\"usage\":%s}",
                 row[i].usage);
        assert_ok(chat_read(&a, body, strlen(body), &err), &err);
        if (a.prompt_tokens != row[i].in || a.completion_tokens != row[i].out)
            fail_msg("%s: %g, %g", row[i].usage, a.prompt_tokens,
                     a.completion_tokens);
        assert_int_equal(a.status, CHAT_ITEMS);
        chat_answer_release(&a);
    }
}

/* ---- streams ---- */

static void reads_a_stream_of_events(void **state)
{
#define DELTA(d) "data: {\"choices\":[{\"delta\":{" d "}}]}\n\n"
#define END(reason) \
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}" \
    "\n\n"
#define ITEM_DELTAS \
    DELTA("\"role\":\"assistant\",\"content\":\"\"") \
    DELTA("\"content\":\"{\\\"positives\\\":[\\\"\"") \
    DELTA("\"content\":\"a\\\"]}\"")
    static const struct envelope_row row[] = {
        { "as documented", ITEM_DELTAS END("stop") "data: [DONE]\n\n",
          "answered/as-is: a /" },
        { "without [DONE]", ITEM_DELTAS END("stop"), "answered/as-is: a /" },
        { "comments, names and blank lines",
          "\n: keep-alive\n\nevent: message\n" ITEM_DELTAS
          ": more\n" END("stop"),
          "answered/as-is: a /" },
        { "CR LF, no blank after the colon",
          "data:{\"choices\":[{\"delta\":{\"content\":\"" ITEMS
          "\"},\"finish_reason\":\"stop\"}]}\r\n\r\n",
          "answered/as-is: a / b" },
        { "usage in an event without choices",
          ITEM_DELTAS END("stop") "data: {\"choices\":[],\"usage\":{}}\n\n",
          "answered/as-is: a /" },
        { "in the reasoning",
          DELTA("\"reasoning_content\":\"" ITEMS "\"") END("stop"),
          "answered/as-is: a / b" },
        { "truncated", ITEM_DELTAS END("length"), "answered/as-is: a /" },
        { "a byte order mark", "\xEF\xBB\xBF" ITEM_DELTAS END("stop"),
          "answered/as-is: a /" },
        { "no finish_reason, but [DONE]", ITEM_DELTAS "data: [DONE]\n\n",
          "answered/as-is: a /" },
        { "[DONE] after half of it",
          DELTA("\"content\":\"{\\\"positives\\\":[\\\"a\\\", \\\"b\"") "data:["
                                                                        "DONE]"
                                                                        "\n\n",
          "truncated/cut: a /" },
        { "a pair of surrogates over two events",
          DELTA("\"content\":\"{\\\"positives\\\":[\\\"a \\ud83d\"")
              DELTA("\"content\":\"\\ude00 b\\\"]}\"") END("stop"),
          "answered/as-is: a \uFFFD\uFFFD b /" },
        { "bytes that are not UTF-8",
          DELTA("\"content\":\"{\\\"positives\\\":[\\\"a\xFF\\\"]}\"")
              END("stop"),
          "answered/as-is: a\uFFFD /" },
        { "an event that is no JSON, in the middle",
          DELTA("\"content\":\"{\\\"positives\\\":[\\\"a\"") "data: "
                                                             "{\"choices\":[{"
                                                             "\"delta\":"
                                                             "\n\n" DELTA(
                                                                 "\"content\":"
                                                                 "\"c\\\"]}\"")
                                                                 END("stop"),
          "error/as-is: /" },
        { "cut", ITEM_DELTAS, "error/as-is: /" },
        { "cut in an event", ITEM_DELTAS "data: {\"choices\":[{\"del",
          "error/as-is: /" },
        { "an error in the middle",
          ITEM_DELTAS "data: {\"error\":{\"message\":\"x\"}}\n\n" END("stop"),
          "error/as-is: /" },
        { "nothing but comments", ": keep-alive\n\n: keep-alive\n\n",
          "error/as-is: /" },
    };

    (void)state;
    ASSERT_ROWS(row);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_clean)
    const struct CMUnitTest tests[] = {
        CASE(the_body_is_canonical),
        CASE(what_was_refused_is_left_out),
        CASE(a_long_wrong_answer_is_shown_in_part),
        cmocka_unit_test(reads_every_envelope),
        cmocka_unit_test(tells_why_an_answer_ended),
        cmocka_unit_test(finds_items_under_every_name),
        cmocka_unit_test(strips_the_marks_of_lists),
        cmocka_unit_test(an_error_keeps_its_message),
        cmocka_unit_test(damaged_text_is_still_an_answer),
        cmocka_unit_test(counts_tokens_as_the_server_does),
        cmocka_unit_test(reads_a_stream_of_events),
    };

    return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
