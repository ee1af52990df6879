#include "support/support.h"

#include <math.h>

#include "mine/bm25.h"

/* Four documents over terms 0..4. */
static const uint32_t term[] = { 0, 1, 2, 0, 0, 3, 1, 3, 4 };
static const size_t offset[] = { 0, 3, 6, 8, 9 };
enum { N = 4, TERMS = 5, K = 4 };

static double count(uint32_t t, size_t d)
{
    double n = 0;

    for (size_t i = offset[d]; i < offset[d + 1]; i++)
        n += term[i] == t;
    return n;
}

/* The formula as the header has it, over distinct terms of document q. */
static double naive(size_t q, size_t d)
{
    double mean = (double)offset[N] / N, sum = 0.0;
    double len = (double)(offset[d + 1] - offset[d]);

    for (uint32_t t = 0; t < TERMS; t++) {
        double df = 0.0, tf = count(t, d);

        for (size_t i = 0; i < N; i++)
            df += count(t, i) > 0;
        if (count(t, q) > 0 && tf > 0)
            sum += log(1.0 + (N - df + 0.5) / (df + 0.5)) * tf /
                   (tf + 1.2 * (0.25 + 0.75 * len / mean));
    }
    return sum;
}

static void scores_follow_the_formula_best_first(void **state)
{
    struct bm25 *m;
    struct bm25_scratch *s;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(bm25_new(&m, term, offset, N, TERMS, 1.2, 0.75, &err), &err);
    assert_ok(bm25_scratch_new(&s, m, &err), &err);
    for (size_t q = 0; q < N; q++) {
        struct bm25_hit hit[K];
        size_t n = bm25_query(m, s, hit, K, term + offset[q],
                              offset[q + 1] - offset[q], (uint32_t)q);
        size_t want = 0;

        for (size_t d = 0; d < N; d++)
            want += d != q && naive(q, d) > 0.0;
        assert_int_equal(n, want);
        for (size_t i = 0; i < n; i++) {
            assert_int_not_equal(hit[i].doc, q);
            assert_near("score", (double)hit[i].score, naive(q, hit[i].doc),
                        1e-6, 0.0);
            assert_true(i == 0 || hit[i - 1].score >= hit[i].score);
        }
    }
    bm25_scratch_free(s);
    bm25_free(m);
}

static void ties_go_to_the_lower_document(void **state)
{
    static const uint32_t same[] = { 0, 0, 0, 0 };
    static const size_t at[] = { 0, 1, 2, 3, 4 };
    struct bm25 *m;
    struct bm25_scratch *s;
    struct bm25_hit hit[2];
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(bm25_new(&m, same, at, 4, 1, 1.2, 0.75, &err), &err);
    assert_ok(bm25_scratch_new(&s, m, &err), &err);
    assert_int_equal(bm25_query(m, s, hit, 2, same, 1, 1), 2);
    assert_int_equal(hit[0].doc, 0);
    assert_int_equal(hit[1].doc, 2);
    bm25_scratch_free(s);
    bm25_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_follow_the_formula_best_first),
        cmocka_unit_test(ties_go_to_the_lower_document),
    };

    return cmocka_run_group_tests_name("bm25", tests, NULL, NULL);
}
