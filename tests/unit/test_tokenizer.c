#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer.h"

enum { IDS = 4096 };

static char dir[64];

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/test_tokenizer.XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int clean(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(file_remove(dir, &err), &err);
    return 0;
}

static void put(const char *name, const char *text)
{
    char path[FILE_PATH_MAX];
    struct err err = ERR_INIT;

    assert_ok(file_join(path, dir, name, &err), &err);
    assert_ok(file_write(path, text, strlen(text), &err), &err);
}

static struct tokenizer *load(const char *folder)
{
    struct tokenizer *t = NULL;
    struct err err = ERR_INIT;

    assert_ok(tokenizer_load(&t, folder, &err), &err);
    return t;
}

/* Ids as "1 2 3". */
static const char *encode(const struct tokenizer *t, const char *text)
{
    static char out[4096];
    uint32_t ids[256];
    size_t n = tokenizer_encode(t, span_of(text), ids, 256), at = 0;

    assert_true(n <= 256);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u", i ? " " : "",
                               (unsigned)ids[i]);
    return out;
}

/* ---- the reference's own ids ---- */

static size_t parse_ids(uint32_t *ids, const char *p)
{
    size_t n = 0;

    while (*p >= '0' && *p <= '9') {
        char *rest;

        assert_true(n < IDS);
        ids[n++] = (uint32_t)strtoul(p, &rest, 10);
        p = rest + (*rest == ' ');
    }
    return n;
}

/* line: JSON string, TAB, ids with specials. */
static bool line_agrees(const struct tokenizer *t, char *line)
{
    static uint32_t want[IDS], ids[IDS], row[IDS];
    char *tab = strchr(line, '\t'), *array;
    struct json *doc = NULL;
    struct err err = ERR_INIT;
    size_t n, m;

    assert_non_null(tab);
    *tab = '\0';
    array = malloc(strlen(line) + 3);
    snprintf(array, strlen(line) + 3, "[%s]", line);
    assert_ok(json_parse(&doc, "line", array, strlen(array), JSON_STRICT, &err),
              &err);
    n = tokenizer_encode(t, span_of(json_str(json_first(json_root(doc)), "")),
                         ids, IDS);
    n = tokenizer_single(t, row, ids, n, IDS);
    m = parse_ids(want, tab + 1);
    json_free(doc);
    free(array);
    return n == m && memcmp(row, want, n * sizeof(*row)) == 0;
}

static void check_golden(const char *name, const struct tokenizer *t)
{
    struct buf b = BUF_INIT(64 << 20);
    struct err err = ERR_INIT;
    char path[SUPPORT_PATH];
    size_t good = 0, all = 0;

    if (!support_shared(name, path))
        skip();
    assert_ok(file_read(&b, path, &err), &err);
    for (char *p = b.ptr, *nl; *p; p = nl + 1, all++) {
        nl = strchr(p, '\n');
        assert_non_null(nl);
        *nl = '\0';
        good += line_agrees(t, p);
    }
    buf_release(&b);
    print_message("# %s: %zu of %zu lines\n", name, good, all);
    assert_true(all >= 2600);
    assert_int_equal(good, all);
}

/* A folder with that vocab.txt and that tokenizer_config.json. */
static struct tokenizer *load_published(const char *vocab, const char *config)
{
    char from[SUPPORT_PATH], to[FILE_PATH_MAX];
    struct err err = ERR_INIT;

    if (!support_shared(vocab, from))
        skip();
    assert_ok(file_join(to, dir, "vocab.txt", &err), &err);
    assert_ok(file_copy(to, from, &err), &err);
    put("tokenizer_config.json", config);
    return load(dir);
}

static void uncased_ids_are_the_reference_s(void **state)
{
    struct tokenizer *t;
    char path[SUPPORT_PATH];

    (void)state;
    if (!support_shared("data/tokenizers/all-MiniLM-L6-v2", path))
        skip();
    t = load(path);
    assert_int_equal(tokenizer_vocab_size(t), 30522);
    check_golden("reference/tokens/bert-base-uncased.tsv", t);
    tokenizer_free(t);
    t = load_published("data/tokenizers/bert-base-uncased/vocab.txt", "{}");
    check_golden("reference/tokens/bert-base-uncased.tsv", t);
    tokenizer_free(t);
}

static void cased_ids_are_the_reference_s(void **state)
{
    struct tokenizer *t =
        load_published("data/tokenizers/bert-base-cased/vocab.txt",
                       "{\"do_lower_case\": false}");

    (void)state;
    check_golden("reference/tokens/bert-base-cased.tsv", t);
    tokenizer_free(t);
}

static void chinese_ids_are_the_reference_s(void **state)
{
    struct tokenizer *t =
        load_published("data/tokenizers/bert-base-chinese/vocab.txt",
                       "{\"do_lower_case\": false, \"strip_accents\": null}");

    (void)state;
    check_golden("reference/tokens/bert-base-chinese.tsv", t);
    tokenizer_free(t);
}

/* tokenizer.json, and the older two files. */
static void roberta_ids_are_the_reference_s(void **state)
{
    static const char *const files[] = { "vocab.json", "merges.txt" };
    struct tokenizer *t;
    char from[SUPPORT_PATH], to[FILE_PATH_MAX], name[64];
    struct err err = ERR_INIT;

    (void)state;
    if (!support_shared("data/tokenizers/roberta-base", from))
        skip();
    t = load(from);
    assert_int_equal(tokenizer_vocab_size(t), 50265);
    check_golden("reference/tokens/roberta-base.tsv", t);
    tokenizer_free(t);
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), "data/tokenizers/roberta-base/%s",
                 files[i]);
        assert_true(support_shared(name, from));
        assert_ok(file_join(to, dir, files[i], &err), &err);
        assert_ok(file_copy(to, from, &err), &err);
    }
    t = load(dir);
    assert_int_equal(tokenizer_special(t, TOKENIZER_MASK), 50264);
    check_golden("reference/tokens/roberta-base.tsv", t);
    tokenizer_free(t);
}

/* ---- small vocabularies ---- */

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" /* ids 0 to 4 */
#define VOCAB \
    SPECIALS "play\n##ing\n##s\nPlay\n,\n\xe6\x9c\xba\n\xe5\x99\xa8\ncafe\n" \
             "caf\xc3\xa9\n" /* 5 to 13 */

static void vocab_txt_alone_is_lower_cased(void **state)
{
    struct tokenizer *t;

    (void)state;
    put("vocab.txt", VOCAB);
    t = load(dir);
    assert_int_equal(tokenizer_vocab_size(t), 14);
    assert_int_equal(tokenizer_special(t, TOKENIZER_MASK), 4);
    assert_string_equal(encode(t, "Playing, plays"), "5 6 9 5 7");
    assert_string_equal(encode(t, "Caf\xc3\xa9 Cafe\xcc\x81"), "12 12");
    assert_string_equal(encode(t, "\xe6\x9c\xba\xe5\x99\xa8"), "10 11");
    tokenizer_free(t);
}

static void options_come_from_tokenizer_config(void **state)
{
    static const struct {
        const char *config, *ids;
    } row[] = {
        { "{\"do_lower_case\": false}", "8 13 10 11" },
        { "{\"do_lower_case\": false, \"strip_accents\": true}", "8 12 10 11" },
        { "{\"strip_accents\": false}", "5 13 10 11" },
        { "{\"tokenize_chinese_chars\": false}", "5 12 1" },
    };

    (void)state;
    put("vocab.txt", VOCAB);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct tokenizer *t;

        put("tokenizer_config.json", row[i].config);
        t = load(dir);
        assert_string_equal(
            encode(t, "Play caf\xc3\xa9 \xe6\x9c\xba\xe5\x99\xa8"), row[i].ids);
        tokenizer_free(t);
    }
}

#define JSON(added, lower) \
    "{\"added_tokens\": [" added "], \"normalizer\": {\"type\": " \
    "\"BertNormalizer\", \"lowercase\": " lower "}, \"pre_tokenizer\": " \
    "{\"type\": \"BertPreTokenizer\"}, \"model\": {\"type\": \"WordPiece\", " \
    "\"unk_token\": \"[UNK]\", \"vocab\": {\"[PAD]\": 0, \"[UNK]\": 1, " \
    "\"[CLS]\": 2, \"[SEP]\": 3, \"[MASK]\": 4, \"play\": 5, \"##ing\": 6, " \
    "\"##s\": 7, \"Play\": 8, \",\": 9}}}"

static void tokenizer_config_overrules_tokenizer_json(void **state)
{
    static const struct {
        const char *config, *ids, *why;
    } row[] = {
        { NULL, "8", "alone, tokenizer.json counts" },
        { "{}", "5", "the class's default is true" },
        { "{\"do_lower_case\": true}", "5", "said" },
        { "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", "
          "\"do_lower_case\": true}",
          "8", "a generic class leaves tokenizer.json alone" },
    };

    (void)state;
    put("tokenizer.json", JSON("", "false"));
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct tokenizer *t;

        if (row[i].config)
            put("tokenizer_config.json", row[i].config);
        t = load(dir);
        if (strcmp(encode(t, "Play"), row[i].ids) != 0)
            print_error("%s\n", row[i].why);
        assert_string_equal(encode(t, "Play"), row[i].ids);
        tokenizer_free(t);
    }
}

static void added_tokens_are_found_before_words(void **state)
{
    static const struct {
        const char *text, *ids;
    } row[] = {
        { "play[MASK]ing", "5 4 1" },
        { "[MASK", "1 1" },
        { "[MASK][SEP]", "4 3" },
        { "newterm", "10" },
        { "Newterm", "1" }, /* raw: as it is written */
        { "xnewtermx", "1 10 1" },
        { "newterms", "11" }, /* the longest */
        { "DOMAIN", "12" },   /* normal form: any case */
        { "play domain,", "5 12 9" },
        { "onlyword", "13" },
        { "onlywords", "1" }, /* not inside a word */
        { "xonlyword", "1" },
        { "onlyword,", "13 9" },
        { "dom", "1" }, /* not the one that is empty when normalised */
        { "", "" },
    };
    struct tokenizer *t;

    (void)state;
    put("tokenizer.json",
        JSON("{\"id\": 10, \"content\": \"newterm\", \"normalized\": false},"
             "{\"id\": 11, \"content\": \"newterms\", \"normalized\": false},"
             "{\"id\": 12, \"content\": \"Domain\", \"normalized\": true},"
             "{\"id\": 13, \"content\": \"onlyword\", \"normalized\": true,"
             " \"single_word\": true},"
             "{\"id\": 14, \"content\": \"\", \"normalized\": false},"
             "{\"id\": 15, \"content\": \"\\u0001\", \"normalized\": true}",
             "true"));
    t = load(dir);
    assert_int_equal(tokenizer_vocab_size(t), 16);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_string_equal(encode(t, row[i].text), row[i].ids);
    assert_int_equal(tokenizer_find(t, span_of("Domain")), 12);
    assert_int_equal(tokenizer_find(t, span_of("##ing")), 6);
    assert_int_equal(tokenizer_find(t, span_of("ing")), -1);
    assert_true(span_is(tokenizer_token(t, 6), "##ing"));
    assert_int_equal(tokenizer_token(t, 99).len, 0);
    tokenizer_free(t);
}

static void long_words_are_unknown(void **state)
{
    struct tokenizer *t;
    char word[102];

    (void)state;
    put("vocab.txt", SPECIALS "a\n##a\n");
    t = load(dir);
    memset(word, 'a', sizeof(word));
    word[100] = '\0';
    assert_int_equal(tokenizer_encode(t, span_of(word), NULL, 0), 100);
    word[100] = 'a';
    word[101] = '\0';
    assert_string_equal(encode(t, word), "1");
    tokenizer_free(t);
}

static void counts_go_on_where_the_room_ends(void **state)
{
    struct tokenizer *t;
    uint32_t ids[4] = { 77, 77, 77, 77 };

    (void)state;
    put("vocab.txt", VOCAB);
    t = load(dir);
    assert_int_equal(tokenizer_encode(t, span_of("playing xx playing"), ids, 2),
                     5);
    assert_int_equal(ids[1], 6);
    assert_int_equal(ids[2], 77);
    assert_int_equal(tokenizer_encode(t, span_of("\xff\xfe play"), ids, 4), 1);
    assert_int_equal(ids[0], 5);
    tokenizer_free(t);
}

/* ---- refusals ---- */

/* A byte-level tokenizer.json. */
#define BPE_WITH(pre, vocab, merges, more) \
    "{\"pre_tokenizer\": {\"type\": \"ByteLevel\"" pre "}, " \
    "\"added_tokens\": [" more "], " \
    "\"model\": {\"type\": \"BPE\", \"vocab\": {" vocab \
    "}, \"merges\": [" merges "]}}"
#define BPE(vocab, merges) BPE_WITH("", vocab, merges, "")
#define BPE_SPECIALS \
    "\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"<mask>\": 4, "

/* G-dot is a space. Merged in the list's order: "abc" is ab c, since "b c"
 * comes later. The mask takes the space before it. */
static void bytes_are_merged_in_the_list_s_order(void **state)
{
    struct tokenizer *t;

    (void)state;
    put("tokenizer.json",
        BPE_WITH(", \"add_prefix_space\": false",
                 BPE_SPECIALS "\"a\": 5, \"b\": 6, \"c\": 7, \"ab\": 8, "
                              "\"bc\": 9, \"\xc4\xa0\": 10, "
                              "\"\xc4\xa0\x61\": 11, \"'\": 12",
                 "\"a b\", [\"b\", \"c\"], \"\xc4\xa0 a\"",
                 "{\"id\": 4, \"content\": \"<mask>\", \"lstrip\": true}"));
    t = load(dir);
    assert_string_equal(encode(t, "abc"), "8 7");
    assert_string_equal(encode(t, "bcc"), "9 7");
    assert_string_equal(encode(t, " abc a"), "10 8 7 11");
    assert_string_equal(encode(t, "a  a"), "5 10 11");
    assert_string_equal(encode(t, "a \t<mask> a"), "5 4 11");
    assert_string_equal(encode(t, "zab"), "8"); /* no token, no unknown */
    assert_string_equal(encode(t, ""), "");
    tokenizer_free(t);
}

/* The space belongs to the text before it is cut into words. */
static void a_space_in_front_is_a_part_of_the_text(void **state)
{
    struct tokenizer *t;

    (void)state;
    put("tokenizer.json",
        BPE_WITH(", \"add_prefix_space\": true",
                 BPE_SPECIALS "\"s\": 5, \"'\": 6, \"\xc4\xa0\": 7, "
                              "\"\xc4\x8a\": 8, \"\xc4\xa0'\": 9, "
                              "\"'s\": 10, \"\xc4\xa0\xc4\x8a\": 11",
                 "\"' s\", \"\xc4\xa0 '\", \"\xc4\xa0 \xc4\x8a\"", ""));
    t = load(dir);
    assert_string_equal(encode(t, "'s"), "9 5");
    assert_string_equal(encode(t, "s's"), "7 5 10");
    assert_string_equal(encode(t, "\ns"), "7 8 5");
    assert_string_equal(encode(t, "\n"), "11");
    assert_string_equal(encode(t, " 's"), "9 5");
    tokenizer_free(t);
}

/* Longer than the room for a word, and not only of ASCII. */
static void endless_words_are_cut(void **state)
{
    enum { CHARS = 9001 };
    struct tokenizer *t;
    char *text = malloc(3 * CHARS + 1);
    size_t n;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < CHARS; i++)
        memcpy(text + 3 * i, "\xe6\x9c\xba", 3);
    put("tokenizer.json",
        BPE_WITH(", \"add_prefix_space\": true",
                 BPE_SPECIALS "\"\xc3\xa6\": 5, \"\xc4\xbe\": 6, \"\xc2\xba\""
                              ": 7, \"\xc4\xa0\": 8",
                 "", ""));
    t = load(dir);
    n = tokenizer_encode(t, (struct span){ text, (size_t)3 * CHARS }, NULL, 0);
    tokenizer_free(t);
    free(text);
    assert_int_equal(n, 1 + 3 * CHARS);
}

static void refuses_damaged_files(void **state)
{
    static const struct {
        const char *name, *text;
        int code;
        const char *says, *why;
    } row[] = {
        { "x", "", ERR_NOTFOUND, "no tokenizer.json", "nothing" },
        { "spiece.model", "", ERR_FORMAT, "spiece.model", "another kind" },
        { "vocab.json", "{}", ERR_NOTFOUND, "merges.txt", "half of two" },
        { "vocab.txt", "", ERR_FORMAT, "[CLS]", "empty" },
        { "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nplay\n", ERR_FORMAT,
          "[MASK]", "a special is missing" },
        { "vocab.txt", SPECIALS "\xff\n", ERR_FORMAT, "UTF-8", "bad bytes" },
        { "tokenizer.json", "{}", ERR_FORMAT, "model", "no model" },
        { "tokenizer.json", "{\"model\": {\"type\": \"Unigram\"}}", ERR_FORMAT,
          "vocab", "a Unigram without pieces" },
        { "tokenizer.json", "{\"model\": {\"vocab\": {}, \"merges\": []}}",
          ERR_FORMAT, "pre_tokenizer", "an old file of another type" },
        { "tokenizer.json", BPE("\"a\": 0", "\"a b\""), ERR_FORMAT,
          "\"b\", which is not in", "a merge of what is no token" },
        { "tokenizer.json", BPE("\"a\": 0, \"b\": 1", "\"a b\""), ERR_FORMAT,
          "\"ab\", which", "a merge into what is no token" },
        { "tokenizer.json", BPE("\"a\": 0", "\"a\""), ERR_FORMAT, "two tokens",
          "a merge of one" },
        { "tokenizer.json", BPE("\"a\": 0", "[\"a\"]"), ERR_FORMAT,
          "expected 2", "a merge of one, newer form" },
        { "tokenizer.json", BPE("\"a\": 0, \"b\": 0", ""), ERR_FORMAT,
          "given twice", "an id of two tokens" },
        { "tokenizer.json",
          "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {}}, "
          "\"normalizer\": {\"type\": \"Lowercase\"}}",
          ERR_FORMAT, "Lowercase", "another normaliser, named" },
        { "tokenizer.json", JSON("{\"id\": 3, \"content\": \"other\"}", "true"),
          ERR_FORMAT, "[SEP]", "an id that is taken" },
        { "tokenizer.json",
          JSON("{\"id\": -1, \"content\": \"other\"}", "true"), ERR_FORMAT,
          "-1", "a negative id" },
        { "tokenizer.json",
          JSON("{\"id\": 4000000000, \"content\": \"other\"}", "true"),
          ERR_FORMAT, "4e+09", "a huge id" },
        { "tokenizer.json",
          JSON("{\"id\": 10.5, \"content\": \"other\"}", "true"), ERR_FORMAT,
          "10.5", "half an id" },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct tokenizer *t = NULL;
        struct err err = ERR_INIT;
        int rc;

        put(row[i].name, row[i].text);
        rc = tokenizer_load(&t, dir, &err);
        if (rc != row[i].code || !strstr(err.msg, row[i].says))
            print_error("%s: %s\n", row[i].why, err.msg);
        assert_int_equal(rc, row[i].code);
        assert_non_null(strstr(err.msg, row[i].says));
        assert_null(t);
        clean(state);
        make(state);
    }
}

static void refuses_ids_given_twice(void **state)
{
    static const struct {
        const char *vocab, *says;
    } row[] = {
        { "{\"a\": 0, \"b\": 0}", "twice" },     { "{\"a\": -1}", "-1" },
        { "{\"a\": 1e300}", "1e+300" },          { "{\"a\": \"x\"}", "-1" },
        { "{\"a\": 0, \"a\": 1}", "duplicate" }, { "[1, 2]", "array" },
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct tokenizer *t = NULL;
        struct err err = ERR_INIT;

        snprintf(text, sizeof(text),
                 "{\"normalizer\": {\"type\": \"BertNormalizer\"}, "
                 "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, "
                 "\"model\": {\"type\": \"WordPiece\", \"vocab\": %s}}",
                 row[i].vocab);
        put("tokenizer.json", text);
        assert_int_equal(tokenizer_load(&t, dir, &err), ERR_FORMAT);
        if (!strstr(err.msg, row[i].says))
            print_error("%s: %s\n", row[i].vocab, err.msg);
        assert_non_null(strstr(err.msg, row[i].says));
    }
}

/* ---- rows ---- */

static void pairs_are_cut_as_the_library_cuts_them(void **state)
{
    static const struct {
        size_t a, b, max, cut_a, cut_b;
    } row[] = {
        /* max counts three specials */
        { 10, 10, 10, 3, 4 }, { 9, 6, 12, 5, 4 }, { 6, 9, 12, 4, 5 },
        { 3, 10, 10, 3, 4 },  { 5, 5, 12, 4, 5 }, { 1, 20, 8, 1, 4 },
        { 4, 5, 12, 4, 5 },   { 0, 9, 12, 0, 9 }, { 0, 99, 12, 0, 9 },
        { 99, 0, 12, 9, 0 },  { 7, 7, 3, 0, 0 },  { 50, 60, 4, 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        size_t a = row[i].a, b = row[i].b;

        tokenizer_truncate_pair(&a, &b, row[i].max - 3);
        assert_int_equal(a, row[i].cut_a);
        assert_int_equal(b, row[i].cut_b);
    }
}

static void rows_have_specials_and_segments(void **state)
{
    static const uint32_t a[] = { 5, 6, 7 }, b[] = { 8, 9 };
    static const uint32_t single[] = { 2, 5, 6, 7, 3 };
    static const uint32_t cut[] = { 2, 5, 3 };
    static const uint32_t pair[] = { 2, 5, 6, 7, 3, 8, 9, 3 };
    static const uint32_t mpnet[] = { 2, 5, 6, 7, 3, 3, 8, 9, 3 };
    static const uint8_t segments[] = { 0, 0, 0, 0, 0, 1, 1, 1 };
    struct tokenizer *t;
    uint32_t out[16];
    uint8_t seg[16];

    (void)state;
    put("vocab.txt", VOCAB);
    t = load(dir);
    assert_int_equal(tokenizer_single(t, out, a, 3, 16), 5);
    assert_memory_equal(out, single, sizeof(single));
    assert_int_equal(tokenizer_single(t, out, a, 3, 3), 3);
    assert_memory_equal(out, cut, sizeof(cut));
    assert_int_equal(tokenizer_pair(t, out, seg, a, 3, b, 2, 16), 8);
    assert_memory_equal(out, pair, sizeof(pair));
    assert_memory_equal(seg, segments, sizeof(segments));
    assert_int_equal(tokenizer_pair(t, out, NULL, NULL, 0, NULL, 0, 16), 3);
    tokenizer_free(t);
    put("tokenizer_config.json",
        "{\"tokenizer_class\": \"MPNetTokenizer\", \"cls_token\": \"[CLS]\", "
        "\"sep_token\": \"[SEP]\", \"pad_token\": \"[PAD]\", "
        "\"mask_token\": \"[MASK]\"}");
    t = load(dir);
    assert_int_equal(tokenizer_pair_extra(t), 4);
    assert_int_equal(tokenizer_pair(t, out, seg, a, 3, b, 2, 16), 9);
    assert_memory_equal(out, mpnet, sizeof(mpnet));
    for (size_t i = 0; i < 9; i++) /* its library gives none */
        assert_int_equal(seg[i], 0);
    tokenizer_free(t);
}

static void specials_have_the_names_of_the_config(void **state)
{
    struct tokenizer *t;

    (void)state;
    put("vocab.txt", "<s>\n<pad>\n</s>\n[UNK]\n<mask>\n");
    put("tokenizer_config.json",
        "{\"cls_token\": \"<s>\", \"sep_token\": {\"content\": \"</s>\"}, "
        "\"pad_token\": \"<pad>\"}");
    put("special_tokens_map.json",
        "{\"mask_token\": \"<mask>\", \"cls_token\": \"<pad>\"}");
    t = load(dir);
    assert_int_equal(tokenizer_special(t, TOKENIZER_CLS), 0);
    assert_int_equal(tokenizer_special(t, TOKENIZER_SEP), 2);
    assert_int_equal(tokenizer_special(t, TOKENIZER_UNK), 3);
    assert_int_equal(tokenizer_special(t, TOKENIZER_MASK), 4);
    tokenizer_free(t);
}

/* The vocabulary is BERT's with four tokens before it: [CLS] is a word of it.
 */
static void mpnet_s_specials_need_no_config(void **state)
{
    static const enum tokenizer_special which[] = {
        TOKENIZER_CLS, TOKENIZER_PAD, TOKENIZER_SEP, TOKENIZER_UNK,
        TOKENIZER_MASK
    };
    static const uint32_t want[] = { 0, 1, 2, 5, 8 };
    struct tokenizer *t;

    (void)state;
    put("vocab.txt", "<s>\n<pad>\n</s>\n<unk>\n[PAD]\n[UNK]\n[CLS]\n[SEP]\n"
                     "<mask>\nplay\n");
    for (size_t k = 0; k < 2; k++) {
        t = load(dir);
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(tokenizer_special(t, which[i]), want[i]);
        assert_int_equal(tokenizer_pair_extra(t), 4);
        tokenizer_free(t);
        put("tokenizer_config.json",
            "{\"tokenizer_class\": \"MPNetTokenizerFast\"}");
    }
    put("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", "
                                 "\"mask_token\": \"<mask>\"}");
    t = load(dir);
    assert_int_equal(tokenizer_special(t, TOKENIZER_CLS), 6);
    assert_int_equal(tokenizer_pair_extra(t), 3);
    tokenizer_free(t);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(uncased_ids_are_the_reference_s),
        CASE(cased_ids_are_the_reference_s),
        CASE(chinese_ids_are_the_reference_s),
        CASE(roberta_ids_are_the_reference_s),
        CASE(bytes_are_merged_in_the_list_s_order),
        CASE(a_space_in_front_is_a_part_of_the_text),
        CASE(endless_words_are_cut),
        CASE(vocab_txt_alone_is_lower_cased),
        CASE(options_come_from_tokenizer_config),
        CASE(tokenizer_config_overrules_tokenizer_json),
        CASE(added_tokens_are_found_before_words),
        CASE(long_words_are_unknown),
        CASE(counts_go_on_where_the_room_ends),
        CASE(refuses_damaged_files),
        CASE(refuses_ids_given_twice),
        CASE(pairs_are_cut_as_the_library_cuts_them),
        CASE(rows_have_specials_and_segments),
        CASE(specials_have_the_names_of_the_config),
        CASE(mpnet_s_specials_need_no_config),
    };

    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
