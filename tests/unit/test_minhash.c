#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "text/minhash.h"

static double jaccard(const char *a, const char *b)
{
    struct err err = ERR_INIT;
    double j;

    assert_ok(minhash_jaccard(&j, span_of(a), span_of(b), &err), &err);
    return j;
}

static void similarity_is_of_distinct_trigrams(void **state)
{
    (void)state;
    assert_near("equal", jaccard("abcd", "abcd"), 1.0, 0, 1e-12);
    assert_near("abc bcd / bcd cde", jaccard("abcd", "bcde"), 1.0 / 3, 0, 1e-9);
    assert_near("repeats count once", jaccard("aaaaaa", "aaa"), 1.0, 0, 1e-12);
    assert_near("short", jaccard("ab", "ab"), 1.0, 0, 1e-12);
    assert_near("shorter", jaccard("ab", "abc"), 0.0, 0, 1e-12);
    assert_near("empty", jaccard("", ""), 1.0, 0, 1e-12);
    assert_near("one empty", jaccard("", "abc"), 0.0, 0, 1e-12);
    /* characters, not bytes: 包裹到 裹到哪 到哪了 / 裹到哪 到哪了 哪了吗 */
    assert_near("Chinese", jaccard("包裹到哪了", "裹到哪了吗"), 0.5, 0, 1e-9);
}

static int64_t add(struct minhash *m, const char *text, uint32_t group)
{
    struct err err = ERR_INIT;
    int64_t near;

    assert_ok(minhash_add(m, span_of(text), group, &near, &err), &err);
    return near;
}

static void a_near_text_is_named_and_not_kept(void **state)
{
    struct err err = ERR_INIT;
    struct minhash *m;

    (void)state;
    assert_ok(minhash_new(&m, 0.7, &err), &err);
    assert_int_equal(add(m, "whereismyparcelthatiordered", 0), -1);
    assert_int_equal(add(m, "我的包裹现在到哪一站了呢", 1), -1);
    assert_int_equal(add(m, "whereismyparcelthatiorderedd", 2), 0);
    assert_int_equal(add(m, "我的包裹现在到哪一站了呢啊", 3), 1);
    assert_int_equal(add(m, "howdoipaylater", 4), -1);
    /* near, and other numbers */
    assert_int_equal(add(m, "mayireturnmyparcelwithin14daysofit", 7), -1);
    assert_int_equal(add(m, "mayireturnmyparcelwithin41daysofit", 8), -1);
    assert_int_equal(add(m, "mayireturnmyparcelwithin144daysofit", 9), -1);
    assert_int_equal(add(m, "mayireturnmyparcelwithin14daysofitt", 10), 3);
    assert_int_equal(add(m, "mayireturnmyparcelwithindaysofit", 11), -1);
    /* its own group is not looked at */
    assert_int_equal(add(m, "howdoipaylaterr", 4), -1);
    assert_int_equal(add(m, "", 5), -1);
    assert_int_equal(minhash_count(m), 8);
    minhash_free(m);
}

enum { LETTERS = 60, MANY = 3000 };

/* Change some letters, which lowers the similarity by degrees. */
static void vary(char *s, struct rng *r, size_t changes)
{
    for (size_t i = 0; i < changes; i++)
        s[rng_below(r, LETTERS)] = (char)('a' + rng_below(r, 26));
}

/* The bands against exact similarity: never wrong, and missing at most what
 * 1 - (1 - s^4)^12 leaves. */
static void what_is_found_is_near_and_little_is_missed(void **state)
{
    static char text[MANY][LETTERS + 1];
    struct err err = ERR_INIT;
    size_t should = 0, found = 0;
    struct minhash *m;
    struct rng r;

    (void)state;
    rng_init(&r, 1, 1);
    assert_ok(minhash_new(&m, 0.8, &err), &err);
    for (int i = 0; i < MANY; i++) {
        bool copy = i > 0 && rng_below(&r, 2);
        int of = copy ? (int)rng_below(&r, (uint64_t)i) : i;
        uint32_t before = minhash_count(m);
        int64_t near;

        if (copy)
            memcpy(text[i], text[of], LETTERS + 1);
        vary(text[i], &r, copy ? rng_below(&r, 6) : 40 * LETTERS);
        if (!copy)
            for (int k = 0; k < LETTERS; k++)
                text[i][k] = (char)('a' + rng_below(&r, 26));
        near = add(m, text[i], (uint32_t)i);
        if (near >= 0)
            assert_int_equal(minhash_count(m), before);
        else
            assert_int_equal(minhash_count(m), before + 1);
    }
    minhash_free(m);
    /* again, with every pair compared exactly */
    assert_ok(minhash_new(&m, 0.8, &err), &err);
    for (int i = 0; i < 600; i++) {
        static int kept[600];
        int64_t near = add(m, text[i], (uint32_t)i);
        bool exact = false;

        for (uint32_t k = 0; k < minhash_count(m) - (near < 0); k++)
            exact |= jaccard(text[i], text[kept[k]]) >= 0.8;
        if (near >= 0)
            assert_true(jaccard(text[i], text[kept[near]]) >= 0.8);
        else
            kept[minhash_count(m) - 1] = i;
        should += exact;
        found += near >= 0;
    }
    assert_true(should > 50);
    assert_true(found >= should * 98 / 100 && found <= should);
    minhash_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarity_is_of_distinct_trigrams),
        cmocka_unit_test(a_near_text_is_named_and_not_kept),
        cmocka_unit_test(what_is_found_is_near_and_little_is_missed),
    };

    return cmocka_run_group_tests_name("minhash", tests, NULL, NULL);
}
