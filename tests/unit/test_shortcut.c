#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "text/tokenizer_parts.h"

enum { TEXTS = 40000, IDS = 1 << 16 };
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static char dir[64];

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/test_shortcut.XXXXXX");
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

/* Both ways; false and a message where they differ. */
static bool agree(struct tokenizer *t, struct span text)
{
    static uint32_t a[IDS], b[IDS];
    struct shortcut *s = t->shortcut;
    size_t n = tokenizer_encode(t, text, a, IDS), m;
    bool same;

    t->shortcut = NULL;
    m = tokenizer_encode(t, text, b, IDS);
    t->shortcut = s;
    same = n == m && memcmp(a, b, n * sizeof(*a)) == 0;
    if (!same)
        print_message("# %zu ids, not %zu: '%.*s'\n", n, m, (int)text.len,
                      text.ptr);
    return same;
}

/* What borders of words are made of, good and bad. */
static const char *const pieces[] = {
    "a",      "b",      "A",        "Z",        "9",          "the",
    "cafe",   "longer", "wordish",  " ",        "\n",         "\t",
    "\r",     "\x0b",   "\x0c",     "\x01",     "\x7f",       ".",
    ",",      "[",      "]",        "'",        "-",          "\u0301",
    "\u00e9", "\u00c9", "\u00a0",   "\u00ad",   "\xc2\x85",   "\u0130",
    "\u200b", "\u200d", "\u2028",   "\u3000",   "\uff0c",     "\u3002",
    "\u4f60", "\u597d", "\uf900",   "\u3042",   "\uac00",     "\u0e33",
    "\ufffd", "\u302e", "\u037e",   "\u2026",   "\U0001f600", "\U00020000",
    "\xff",   "\xe4",   "\xe4\xbd", "\xc0\x80", "[MASK]",     "[UNK]",
};

static size_t random_text(char *out, size_t cap, struct rng *r)
{
    size_t n = rng_below(r, 12), len = 0;

    for (size_t i = 0; i < n; i++) {
        const char *p = pieces[rng_below(r, COUNT_OF(pieces))];
        size_t k = strlen(p);

        if (len + k > cap)
            break;
        memcpy(out + len, p, k);
        len += k;
    }
    return len;
}

static void random_texts_get_the_same_ids(void **state)
{
    static const char *const configs[] = {
        "{}",
        "{\"do_lower_case\": false}",
        "{\"do_lower_case\": false, \"strip_accents\": true}",
        "{\"tokenize_chinese_chars\": false}",
        "{\"strip_accents\": false}",
    };
    char text[256];

    (void)state;
    put("vocab.txt",
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nA\n9\nthe\ncafe\n##e\n"
        "long\n##er\nlonger\nword\n##ish\n##a\n##b\n##9\n.\n,\n[\n]\n'\n-\n"
        "\u4f60\n\u597d\n##\u597d\n\uff0c\n\u3002\n\u8c48\n\u3042\n##\u3042\n"
        "\u2026\n;\n##A\nZ\nthethethethethe\n");
    for (size_t c = 0; c < COUNT_OF(configs); c++) {
        struct tokenizer *t;
        struct rng r;
        size_t bad = 0;

        put("tokenizer_config.json", configs[c]);
        t = load(dir);
        assert_non_null(t->shortcut);
        rng_init(&r, c, 0);
        for (size_t i = 0; i < TEXTS && bad < 5; i++) {
            size_t len = random_text(text, sizeof(text), &r);

            bad += !agree(t, (struct span){ text, len });
        }
        assert_int_equal(bad, 0);
        tokenizer_free(t);
    }
}

/* Every line of a published file, by a published vocabulary. */
static void check_file(const char *model, const char *file)
{
    char folder[SUPPORT_PATH], path[SUPPORT_PATH];
    struct buf b = BUF_INIT(64 << 20);
    struct err err = ERR_INIT;
    struct tokenizer *t;
    size_t lines = 0, bad = 0;

    if (!support_shared(model, folder) || !support_shared(file, path))
        skip();
    t = load(folder);
    assert_ok(file_read(&b, path, &err), &err);
    for (char *p = b.ptr, *nl; *p; p = nl + 1, lines++) {
        nl = strchr(p, '\n');
        if (!nl)
            break;
        bad += !agree(t, (struct span){ p, (size_t)(nl - p) });
    }
    print_message("# %s: %zu lines\n", file, lines);
    assert_true(lines > 1000);
    assert_int_equal(bad, 0);
    buf_release(&b);
    tokenizer_free(t);
}

static void english_lines_get_the_same_ids(void **state)
{
    (void)state;
    check_file("data/tokenizers/all-MiniLM-L6-v2",
               "data/unlabelled/questions-so-en.txt");
}

static void chinese_lines_get_the_same_ids(void **state)
{
    (void)state;
    check_file("data/tokenizers/bert-base-chinese",
               "data/unlabelled/tech-zh.txt");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clean)
    const struct CMUnitTest tests[] = {
        CASE(random_texts_get_the_same_ids),
        CASE(english_lines_get_the_same_ids),
        CASE(chinese_lines_get_the_same_ids),
    };

    return cmocka_run_group_tests_name("shortcut", tests, NULL, NULL);
}
