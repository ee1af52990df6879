#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "text/wordpiece.h"

enum { UNK = 999 };

static struct wordpiece *vocabulary(const char *const *piece, size_t n,
                                    const char *prefix)
{
    struct wordpiece *w = NULL;
    struct err err = ERR_INIT;

    assert_ok(wordpiece_new(&w, prefix, &err), &err);
    for (size_t i = 0; i < n; i++)
        assert_ok(wordpiece_add(w, span_of(piece[i]), (uint32_t)i, &err), &err);
    return w;
}

static const char *split(const struct wordpiece *w, const char *word)
{
    static char text[256];
    uint32_t ids[32];
    struct wordpiece_out out = { ids, 32, 0, NULL, NULL };
    size_t at = 0;

    wordpiece_split(w, span_of(word), UNK, &out);
    text[0] = '\0';
    for (size_t i = 0; i < out.n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u",
                               i ? " " : "", (unsigned)ids[i]);
    return text;
}

static void takes_the_longest_piece_from_the_left(void **state)
{
    static const char *const piece[] = {
        "un",   "unaff", "##aff",        "##able",         "##a", "##ff", "a",
        "able", "##x",   "\xe6\x9c\xba", "##\xe6\x9c\xba", "##",  "",
    };
    static const struct {
        const char *word, *ids;
    } row[] = {
        { "unaffable", "1 3" }, /* not un ##aff ##able */
        { "unaff", "1" },
        { "una", "0 4" },
        { "unaf", "999" }, /* a rest without a piece: all unknown */
        { "able", "7" },
        { "ablea", "7 4" },
        { "x", "999" }, /* only as a continuation */
        { "ax", "6 8" },
        { "\xe6\x9c\xba\xe6\x9c\xba", "9 10" },
        { "##a", "4" }, /* a piece as it is written */
        { "##", "11" },
        { "a##", "999" },
        { "", "" },
    };
    struct wordpiece *w = vocabulary(piece, 13, "##");

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_string_equal(split(w, row[i].word), row[i].ids);
    assert_int_equal(wordpiece_find(w, span_of("##able")), 3);
    assert_int_equal(wordpiece_find(w, span_of("##abl")), -1);
    assert_int_equal(wordpiece_find(w, span_of("unaffable")), -1);
    assert_int_equal(wordpiece_find(w, span_of("")), -1);
    wordpiece_free(w);
}

static void another_prefix_or_none(void **state)
{
    static const char *const at[] = { "a", "@@b", "##b" };
    static const char *const none[] = { "a", "b" };
    struct wordpiece *w = vocabulary(at, 3, "@@");

    (void)state;
    assert_string_equal(split(w, "ab"), "0 1");
    wordpiece_free(w);
    w = vocabulary(none, 2, "");
    assert_string_equal(split(w, "abba"), "0 1 1 0");
    wordpiece_free(w);
}

static void the_last_of_equal_pieces_counts(void **state)
{
    static const char *const piece[] = { "a", "b", "a" };
    struct wordpiece *w = vocabulary(piece, 3, "##");

    (void)state;
    assert_string_equal(split(w, "a"), "2");
    wordpiece_free(w);
}

static void unknown_takes_back_what_was_put(void **state)
{
    static const char *const piece[] = { "a", "##b" };
    struct wordpiece *w = vocabulary(piece, 2, "##");
    uint32_t ids[4] = { 7, 7, 7, 7 };
    struct wordpiece_out out = { ids, 3, 0, NULL, NULL };

    (void)state;
    wordpiece_put(&out, 5);
    wordpiece_split(w, span_of("abx"), UNK, &out);
    assert_int_equal(out.n, 2);
    assert_int_equal(ids[1], UNK);
    wordpiece_split(w, span_of("ab"), UNK, &out); /* runs past the room */
    assert_int_equal(out.n, 4);
    assert_int_equal(ids[2], 0);
    assert_int_equal(ids[3], 7);
    wordpiece_free(w);
}

/* A vocabulary large enough to grow its tables several times, against a
 * linear search for the longest prefix. */
enum { MANY = 5000, LONG = 8 };

static void random_piece(struct rng *r, char *out, bool continues)
{
    size_t n = 1 + rng_below(r, LONG - 3), at = 0;

    if (continues)
        at = (size_t)snprintf(out, LONG, "##");
    for (size_t i = 0; i < n; i++)
        out[at++] = (char)('a' + rng_below(r, 4));
    out[at] = '\0';
}

static size_t naive(char (*piece)[LONG + 2], const char *word, uint32_t *ids)
{
    size_t n = 0, at = 0;

    while (word[at]) {
        size_t best = 0;

        for (uint32_t i = 0; i < MANY; i++) {
            const char *p = piece[i] + (at > 0 ? 2 : 0);
            size_t len = strlen(p);

            if ((at > 0) == (piece[i][0] == '#') &&
                strncmp(word + at, p, len) == 0 && len >= best) {
                best = len; /* >=: the last of equal ones */
                ids[n] = i;
            }
        }
        if (best == 0) {
            ids[0] = UNK;
            return 1;
        }
        n++;
        at += best;
    }
    return n;
}

static void agrees_with_a_linear_search(void **state)
{
    static char piece[MANY][LONG + 2];
    struct wordpiece *w = NULL;
    struct err err = ERR_INIT;
    struct rng r;
    size_t known = 0;

    (void)state;
    rng_init(&r, 5, 0);
    assert_ok(wordpiece_new(&w, "##", &err), &err);
    for (uint32_t i = 0; i < MANY; i++) {
        random_piece(&r, piece[i], i % 2 == 0 || i < 20);
        assert_ok(wordpiece_add(w, span_of(piece[i]), i, &err), &err);
    }
    for (int k = 0; k < 500; k++) {
        uint32_t got[64], want[64];
        struct wordpiece_out out = { got, 64, 0, NULL, NULL };
        char word[32];
        size_t n = 1 + rng_below(&r, 20);

        for (size_t i = 0; i < n; i++)
            word[i] = (char)('a' + rng_below(&r, 4) + (rng_below(&r, 60) == 0));
        word[n] = '\0';
        wordpiece_split(w, span_of(word), UNK, &out);
        assert_int_equal(out.n, naive(piece, word, want));
        assert_memory_equal(got, want, out.n * sizeof(*got));
        known += got[0] != UNK;
    }
    assert_true(known > 100 && known < 500); /* both kinds occurred */
    wordpiece_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_longest_piece_from_the_left),
        cmocka_unit_test(another_prefix_or_none),
        cmocka_unit_test(the_last_of_equal_pieces_counts),
        cmocka_unit_test(unknown_takes_back_what_was_put),
        cmocka_unit_test(agrees_with_a_linear_search),
    };

    return cmocka_run_group_tests_name("wordpiece", tests, NULL, NULL);
}
