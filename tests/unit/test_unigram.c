#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "text/charsmap.h"
#include "text/tokenizer.h"
#include "text/trie.h"
#include "text/unigram.h"

enum { IDS = 1 << 16 };

/* ---- the reference's own ids ---- */

static uint32_t want[IDS], ids[IDS], row[IDS];

static size_t parse_ids(const char *p)
{
    size_t n = 0;

    while (*p >= '0' && *p <= '9') {
        char *rest;

        want[n++] = (uint32_t)strtoul(p, &rest, 10);
        p = rest + (*rest == ' ');
    }
    return n;
}

/* line: JSON string, TAB, ids with specials. */
static bool line_agrees(const struct tokenizer *t, const char *line)
{
    const char *tab = strchr(line, '\t');
    struct json *doc = NULL;
    struct err err = ERR_INIT;
    char *array;
    size_t n, m, len = (size_t)(tab - line) + 2;

    array = malloc(len + 1);
    snprintf(array, len + 1, "[%.*s]", (int)(tab - line), line);
    assert_ok(json_parse(&doc, "line", array, len, JSON_STRICT, &err), &err);
    n = tokenizer_encode(t, span_of(json_str(json_first(json_root(doc)), "")),
                         ids, IDS);
    assert_true(n <= tokenizer_room(
                         t, strlen(json_str(json_first(json_root(doc)), ""))));
    n = tokenizer_single(t, row, ids, n, IDS);
    m = parse_ids(tab + 1);
    json_free(doc);
    free(array);
    return n == m && memcmp(row, want, n * sizeof(*row)) == 0;
}

static void check_folder(const char *folder, size_t least)
{
    struct buf b = BUF_INIT(64 << 20);
    struct tokenizer *t = NULL;
    struct err err = ERR_INIT;
    char path[FILE_PATH_MAX];
    size_t good = 0, all = 0;

    assert_ok(tokenizer_load(&t, folder, &err), &err);
    assert_ok(file_join(path, folder, "tokens.tsv", &err), &err);
    assert_ok(file_read(&b, path, &err), &err);
    for (char *p = b.ptr, *nl; *p; p = nl + 1, all++) {
        nl = strchr(p, '\n');
        assert_non_null(nl);
        *nl = '\0';
        if (line_agrees(t, p))
            good++;
        else if (all - good < 3)
            print_error("%.200s\n", p);
    }
    print_message("# %s: %zu of %zu lines\n", folder, good, all);
    assert_true(all >= least);
    assert_int_equal(good, all);
    buf_release(&b);
    tokenizer_free(t);
}

/* More of them: tests/golden/unigram.py all OUT, and UNIGRAM=OUT/words. */
static void ids_are_the_reference_s(void **state)
{
    (void)state;
    check_folder("tests/golden/unigram", 250);
    if (getenv("UNIGRAM"))
        check_folder(getenv("UNIGRAM"), 4000);
}

/* ---- by hand ---- */

static void the_most_probable_way_is_taken(void **state)
{
    static const char *const piece[] = { "<unk>", "a", "b", "ab",
                                         "abc",   "c", "bc" };
    static const double score[] = { 0, -1, -1, -1.5, -4, -1, -1.2 };
    static const struct {
        const char *word;
        size_t n;
        uint32_t id[4];
    } rows[] = {
        { "ab", 1, { 3 } },           { "abc", 2, { 1, 6 } },
        { "ba", 2, { 2, 1 } },        { "", 0, { 0 } },
        { "xyz", 1, { 0 } },          { "axb", 3, { 1, 0, 2 } },
        { "\xe4\xb8\xad", 1, { 0 } },
    };
    struct unigram_room room = UNIGRAM_ROOM_INIT;
    struct unigram *u = NULL;
    struct err err = ERR_INIT;
    struct span p[7];

    (void)state;
    for (size_t i = 0; i < 7; i++)
        p[i] = span_of(piece[i]);
    assert_ok(unigram_new(&u, p, score, 7, 0, false, &err), &err);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t got[8];
        struct wordpiece_out out = { got, 8, 0, NULL, NULL };

        assert_ok(unigram_split(u, span_of(rows[i].word), &room, &out, &err),
                  &err);
        assert_int_equal(out.n, rows[i].n);
        for (size_t k = 0; k < out.n; k++)
            assert_int_equal(got[k], rows[i].id[k]);
    }
    assert_int_equal(unigram_find(u, span_of("abc")), 4);
    assert_int_equal(unigram_find(u, span_of("abcd")), -1);
    unigram_room_release(&room);
    unigram_free(u);
    assert_int_equal(unigram_new(&u, p, score, 7, 7, false, &err), ERR_FORMAT);
}

/* Every way to cut a random word, against the walk. */
static double best(const struct span *p, const double *score, size_t n,
                   const char *word)
{
    double most = *word ? -1e300 : 0.0;

    for (size_t i = 1; i < n; i++)
        if (strncmp(word, p[i].ptr, p[i].len) == 0)
            most = fmax(most, score[i] + best(p, score, n, word + p[i].len));
    return most;
}

static void it_is_the_best_of_all_ways(void **state)
{
    static const char *const piece[] = { "<unk>", "a",  "b",   "c",   "ab",
                                         "ba",    "cc", "abc", "bcb", "caba" };
    enum { N = 10 };
    struct unigram_room room = UNIGRAM_ROOM_INIT;
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    for (int turn = 0; turn < 200; turn++) {
        struct unigram *u = NULL;
        struct err err = ERR_INIT;
        double score[N], sum = 0.0;
        struct span p[N];
        uint32_t got[16];
        struct wordpiece_out out = { got, 16, 0, NULL, NULL };
        char word[13] = "";

        for (size_t i = 0; i < N; i++) {
            p[i] = span_of(piece[i]);
            score[i] = -10.0 * rng_uniform(&rng);
        }
        for (int i = 0; i < 12; i++)
            word[i] = "abc"[rng_below(&rng, 3)];
        assert_ok(unigram_new(&u, p, score, N, 0, false, &err), &err);
        assert_ok(unigram_split(u, span_of(word), &room, &out, &err), &err);
        for (size_t k = 0; k < out.n; k++)
            sum += score[got[k]];
        assert_near("score", sum, best(p, score, N, word), 1e-12, 1e-12);
        unigram_free(u);
    }
    unigram_room_release(&room);
}

static void a_trie_finds_its_strings_and_no_others(void **state)
{
    enum { N = 3000 };
    static char text[N][12];
    static struct span s[N];
    struct trie t = { NULL, 0, 0 };
    struct err err = ERR_INIT;
    struct rng rng;

    (void)state;
    rng_init(&rng, 8, 0);
    for (size_t i = 0; i < N; i++) {
        size_t n = 1 + rng_below(&rng, 8);

        for (size_t k = 0; k < n; k++)
            text[i][k] = (char)(1 + rng_below(&rng, i % 3 ? 255 : 4));
        s[i] = (struct span){ text[i], n };
    }
    assert_ok(trie_new(&t, s, N, &err), &err);
    for (size_t i = 0; i < N; i++) {
        uint32_t id = trie_find(&t, s[i]);
        struct span more = { text[i], s[i].len + 1 };

        assert_true(id >= i && id < N && s[id].len == s[i].len &&
                    memcmp(s[id].ptr, s[i].ptr, s[i].len) == 0);
        id = trie_find(&t, more); /* with a NUL behind: nobody's */
        assert_int_equal(id, TRIE_NONE);
    }
    trie_release(&t);
}

/* ---- damage ---- */

static void a_damaged_charsmap_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        { "", 0 },
        { "\1\0\0", 3 },
        { "\4\0\0\0", 4 },
        { "\3\0\0\0abc", 7 },
        { "\xff\xff\xff\xff....", 8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct charsmap *m = NULL;
        struct err err = ERR_INIT;
        int rc =
            charsmap_new(&m, (struct blob){ rows[i].bytes, rows[i].n }, &err);

        assert_int_equal(rc, ERR_FORMAT);
        assert_null(m);
    }
}

static void random_damage_is_refused_or_read(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    struct rng rng;
    char *was;

    (void)state;
    assert_ok(file_read(&b, "tests/golden/unigram/tokenizer.json", &err), &err);
    was = malloc(b.len);
    memcpy(was, b.ptr, b.len);
    rng_init(&rng, 6, 0);
    for (int turn = 0; turn < 60; turn++) {
        const char *text = "ein \xe9\x80\x80 caf\xc3\xa9 \xef\xbc\xa1 x";
        struct tokenizer *t = NULL;
        char path[FILE_PATH_MAX], folder[] = "build/unigram-XXXXXX";

        assert_non_null(mkdtemp(folder));
        memcpy(b.ptr, was, b.len);
        for (int k = 0; k < 4; k++) /* base64 of the map, mostly */
            b.ptr[rng_below(&rng, b.len)] = "A/z9{\"0"[rng_below(&rng, 7)];
        assert_ok(file_join(path, folder, "tokenizer.json", &err), &err);
        assert_ok(file_write(path, b.ptr, b.len, &err), &err);
        if (tokenizer_load(&t, folder, &err) == 0) {
            tokenizer_encode(t, span_of(text), ids, IDS);
            tokenizer_free(t);
        }
        err = (struct err)ERR_INIT;
        remove(path);
        remove(folder);
    }
    free(was);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_reference_s),
        cmocka_unit_test(the_most_probable_way_is_taken),
        cmocka_unit_test(it_is_the_best_of_all_ways),
        cmocka_unit_test(a_trie_finds_its_strings_and_no_others),
        cmocka_unit_test(a_damaged_charsmap_is_refused),
        cmocka_unit_test(random_damage_is_refused_or_read),
    };

    return cmocka_run_group_tests_name("unigram", tests, NULL, NULL);
}
