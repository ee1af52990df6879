#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "support/scratch.h"
#include "text/lexicon.h"
#include "text/tokenizer_extend.h"

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                            "un\n##known\nword\n##s\n大\n##b\na\n";

static struct tokenizer *load(void)
{
    struct tokenizer *t = NULL;
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    assert_ok(tokenizer_load(&t, scratch_path(path, ""), &err), &err);
    return t;
}

static struct tokenizer *write_and_load(const char *text)
{
    char path[SCRATCH_PATH];

    scratch_write(path, "vocab.txt", text, (size_t)-1);
    return load();
}

static void count(struct lexicon *l, const struct tokenizer *t,
                  const char *text)
{
    struct err err = ERR_INIT;

    assert_ok(lexicon_add(l, t, span_of(text), &err), &err);
}

/* The chosen tokens as "a b c"; whole words with a star. */
static const char *choose(const struct lexicon *l, const struct tokenizer *t,
                          struct lexicon_rules rules)
{
    static char out[1024];
    struct lexicon_choice c = LEXICON_CHOICE_INIT;
    struct err err = ERR_INIT;

    out[0] = '\0';
    assert_ok(lexicon_choose(&c, l, t, &rules, &err), &err);
    for (size_t i = 0; i < c.n; i++) {
        size_t at = strlen(out);

        snprintf(out + at, sizeof(out) - at, "%s%.*s%s", i ? " " : "",
                 (int)c.token[i].len, c.token[i].ptr, c.whole[i] ? "*" : "");
    }
    lexicon_choice_release(&c);
    return out;
}

static void words_are_counted_in_their_normal_form(void **state)
{
    struct tokenizer *t = write_and_load(vocab);
    struct lexicon l = LEXICON_INIT;
    size_t distinct;

    (void)state;
    count(&l, t, "Words, wörds [MASK] 大小 大");
    /* words , words 大 小 大 */
    assert_int_equal(l.total, 6);
    assert_int_equal(l.word.n, 4);
    assert_int_equal(lexicon_unknown(&l, t, &distinct), 2); /* , and 小 */
    assert_int_equal(distinct, 2);
    lexicon_release(&l);
    tokenizer_free(t);
}

static void a_word_too_long_to_split_stays_unknown(void **state)
{
    struct tokenizer *t = write_and_load(vocab);
    struct lexicon l = LEXICON_INIT;
    char text[102];
    size_t distinct;

    (void)state;
    memset(text, 'a', 101);
    text[101] = '\0';
    count(&l, t, text);
    assert_int_equal(l.total, 1);
    assert_int_equal(l.too_long, 1);
    assert_int_equal(lexicon_unknown(&l, t, &distinct), 1);
    assert_string_equal(
        choose(&l, t, (struct lexicon_rules){ 1, 99, LEXICON_CUT_WORDS, 1 }),
        "");
    lexicon_release(&l);
    tokenizer_free(t);
}

static void choices_are_ranked_by_count_and_bytes(void **state)
{
    static const struct {
        struct lexicon_rules rules;
        const char *want;
    } row[] = {
        { { 1, 99, LEXICON_NO_WORDS, 1 }, "小 c 好 ##c" },
        { { 2, 99, LEXICON_NO_WORDS, 1 }, "小 c 好" },
        { { 4, 99, LEXICON_NO_WORDS, 1 }, "小" },
        { { 1, 2, LEXICON_NO_WORDS, 1 }, "小 c" },
        { { 1, 0, LEXICON_CUT_WORDS, 1 }, "" },
        { { 1, 99, LEXICON_UNKNOWN_WORDS, 1 }, "小 c cb* 好 ##c ac*" },
        { { 1, 99, LEXICON_UNKNOWN_WORDS, 2 }, "小 c cb* 好 ##c" },
        { { 9, 99, LEXICON_CUT_WORDS, 2 }, "unknowns* cb*" },
    };
    struct tokenizer *t = write_and_load(vocab);
    struct lexicon l = LEXICON_INIT;

    (void)state;
    count(&l, t, "小小小小 cb 好 unknowns unknowns");
    count(&l, t, "ac 好 Cb unknowns words 大");
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_string_equal(choose(&l, t, row[i].rules), row[i].want);
    lexicon_release(&l);
    tokenizer_free(t);
}

/* ---- files ---- */

static void extend(struct tokenizer **t, const char *const *token, size_t n)
{
    struct span span[8];
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    for (size_t i = 0; i < n; i++)
        span[i] = span_of(token[i]);
    assert_ok(tokenizer_extend(scratch_path(path, ""), *t, span, n, &err),
              &err);
    tokenizer_free(*t);
    *t = load();
}

static int64_t id_of(const struct tokenizer *t, const char *token)
{
    return tokenizer_find(t, span_of(token));
}

static void new_tokens_get_the_next_lines_of_vocab_txt(void **state)
{
    static const char *const token[] = { "小", "##c", "new" };
    struct tokenizer *t = write_and_load(vocab);
    uint32_t ids[8];

    (void)state;
    extend(&t, token, 3);
    assert_int_equal(tokenizer_vocab_size(t), 15);
    assert_int_equal(id_of(t, "小"), 12);
    assert_int_equal(id_of(t, "new"), 14);
    assert_int_equal(id_of(t, "a"), 11);
    assert_int_equal(tokenizer_encode(t, span_of("ac小"), ids, 8), 3);
    assert_int_equal(ids[1], 13);
    assert_int_equal(ids[2], 12);
    tokenizer_free(t);
}

/* A key with an escaped quote comes last, and blanks before the brace. */
static const char tokenizer_json[] =
    "{ \"version\": \"1.0\", \"added_tokens\": [ { \"id\": 7, \"content\": "
    "\"[x]\", \"special\": true } ], \"normalizer\": { \"type\": "
    "\"BertNormalizer\" }, \"pre_tokenizer\": { \"type\": "
    "\"BertPreTokenizer\" }, \"model\": { \"type\": \"WordPiece\", "
    "\"unk_token\": \"[UNK]\", \"vocab\": {\n\"[PAD]\": 0, \"[UNK]\": 1, "
    "\"[CLS]\": 2, \"[SEP]\": 3, \"[MASK]\": 4, \"a\": 5, \"}\\\"\" : 6\n } "
    "}, \"rest\": [ \"kept\" ] }";

static void tokenizer_json_keeps_what_it_had(void **state)
{
    static const char *const token[] = { "\"", "小" };
    struct tokenizer *t;
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    char path[SCRATCH_PATH];

    (void)state;
    scratch_write(path, "tokenizer.json", tokenizer_json, (size_t)-1);
    t = write_and_load(vocab);
    extend(&t, token, 2);
    assert_int_equal(tokenizer_vocab_size(t), 10); /* [x] is 7 */
    assert_int_equal(id_of(t, "\""), 8);
    assert_int_equal(id_of(t, "小"), 9);
    assert_int_equal(id_of(t, "}\""), 6);
    scratch_path(path, "tokenizer.json");
    assert_ok(file_read(&b, path, &err), &err);
    assert_non_null(strstr(buf_str(&b),
                           ": 6,\"\\\"\":8,\"小\":9\n } }, \"rest\": [ "
                           "\"kept\" ] }"));
    assert_memory_equal(
        b.ptr, tokenizer_json,
        (size_t)(strstr(tokenizer_json, " : 6") - tokenizer_json));
    buf_reset(&b);
    assert_ok(file_read(&b, scratch_path(path, "vocab.txt"), &err), &err);
    assert_string_equal(buf_str(&b), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"
                                     "}\"\n[x]\n\"\n小\n");
    buf_release(&b);
    tokenizer_free(t);
    assert_ok(file_remove(scratch_path(path, "tokenizer.json"), &err), &err);
}

static void an_id_without_a_token_has_no_line(void **state)
{
    struct span token = span_of("new");
    struct err err = ERR_INIT;
    struct tokenizer *t;
    char path[SCRATCH_PATH], json[2048];

    (void)state;
    snprintf(json, sizeof(json), "%s", tokenizer_json);
    *(strstr(json, "\"id\": 7") + 6) = '9';
    scratch_write(path, "tokenizer.json", json, (size_t)-1);
    t = write_and_load(vocab);
    assert_int_equal(
        tokenizer_extend(scratch_path(path, ""), t, &token, 1, &err),
        ERR_FORMAT);
    assert_non_null(strstr(err.msg, "nobody has id 7"));
    tokenizer_free(t);
    assert_ok(file_remove(scratch_path(path, "tokenizer.json"), &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_counted_in_their_normal_form),
        cmocka_unit_test(a_word_too_long_to_split_stays_unknown),
        cmocka_unit_test(choices_are_ranked_by_count_and_bytes),
        cmocka_unit_test(new_tokens_get_the_next_lines_of_vocab_txt),
        cmocka_unit_test(tokenizer_json_keeps_what_it_had),
        cmocka_unit_test(an_id_without_a_token_has_no_line),
    };

    return cmocka_run_group_tests_name("lexicon", tests, scratch_make,
                                       scratch_clean);
}
