#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "mine/word_align.h"

static void add(struct word_align *a, const uint32_t *source, size_t ns,
                const uint32_t *target, size_t nt)
{
    struct err err = ERR_INIT;

    assert_ok(word_align_add(a, source, ns, target, nt, &err), &err);
}

static void learn(struct word_align *a, int rounds)
{
    struct err err = ERR_INIT;

    assert_ok(word_align_learn(a, rounds, &err), &err);
}

static double count(const struct word_align *a, uint32_t target,
                    uint32_t source)
{
    size_t n;
    const struct word_link *l = word_align_of(a, target, &n);

    for (size_t i = 0; i < n; i++)
        if (l[i].source == source)
            return (double)l[i].count;
    return -1.0;
}

/* the house / das haus, the book / das buch, a book / ein buch */
static void what_occurs_together_everywhere_is_linked(void **state)
{
    enum { THE = 1, HOUSE, BOOK, A, DAS = 11, HAUS, BUCH, EIN };
    const uint32_t source[][2] = { { THE, HOUSE }, { THE, BOOK }, { A, BOOK } };
    const uint32_t target[][2] = { { DAS, HAUS },
                                   { DAS, BUCH },
                                   { EIN, BUCH } };
    struct word_align a = WORD_ALIGN_INIT;

    (void)state;
    for (int i = 0; i < 3; i++)
        add(&a, source[i], 2, target[i], 2);
    learn(&a, 20);
    /* the empty word takes a third of what it is never seen without */
    assert_true(fabs(count(&a, DAS, THE) - 4.0 / 3) < 1e-3);
    assert_true(fabs(count(&a, BUCH, BOOK) - 4.0 / 3) < 1e-3);
    assert_true(fabs(count(&a, DAS, WORD_ALIGN_NONE) - 2.0 / 3) < 1e-3);
    assert_true(count(&a, HAUS, HOUSE) > 0.99);
    assert_true(count(&a, EIN, A) > 0.99);
    assert_true(count(&a, DAS, BOOK) < 0.1);
    assert_true(count(&a, EIN, HOUSE) < 0.0); /* never together */
    word_align_release(&a);
}

/* Two rounds by hand: one pair, sources 1 and 2, targets 7 and 7, 8. */
static void the_first_rounds_are_as_computed_by_hand(void **state)
{
    const uint32_t one[] = { 1 }, two[] = { 2, 1, 2 }, t7[] = { 7 },
                   t8[] = { 8 };
    struct word_align a = WORD_ALIGN_INIT;

    (void)state;
    add(&a, one, 1, t7, 1);
    add(&a, two, 3, t8, 1);
    learn(&a, 1);
    assert_true(fabs(count(&a, 7, 1) - 1.0 / 2) < 1e-6);
    assert_true(fabs(count(&a, 8, 1) - 1.0 / 3) < 1e-6);
    assert_true(fabs(count(&a, 8, WORD_ALIGN_NONE) - 1.0 / 3) < 1e-6);
    /* p(7|1) = 3/5, p(7|none) = 3/5; p(8|1) = 2/5 = p(8|none), p(8|2) = 1 */
    learn(&a, 2);
    assert_true(fabs(count(&a, 7, 1) - 0.5) < 1e-6);
    assert_true(fabs(count(&a, 8, 2) - 1.0 / 1.8) < 1e-6);
    assert_true(fabs(count(&a, 8, 1) - 0.4 / 1.8) < 1e-6);
    word_align_release(&a);
}

static void counts_of_a_target_sum_to_its_occurrences(void **state)
{
    struct word_align a = WORD_ALIGN_INIT;
    double seen[50] = { 0 };
    struct rng rng;

    (void)state;
    rng_init(&rng, 5, 0);
    for (int i = 0; i < 300; i++) {
        uint32_t s[9], t[9];
        size_t ns = rng_below(&rng, 10), nt = rng_below(&rng, 10);

        for (size_t k = 0; k < ns; k++)
            s[k] = (uint32_t)rng_below(&rng, 40);
        for (size_t k = 0; k < nt; k++) {
            t[k] = (uint32_t)rng_below(&rng, 50);
            seen[t[k]] += 1.0;
        }
        add(&a, s, ns, t, nt);
    }
    learn(&a, 5);
    for (uint32_t t = 0; t < 50; t++) {
        size_t n;
        const struct word_link *l = word_align_of(&a, t, &n);
        double sum = 0.0;

        for (size_t i = 0; i < n; i++)
            sum += (double)l[i].count;
        assert_true(fabs(sum - seen[t]) < 1e-4);
    }
    word_align_release(&a);
}

static void nothing_to_learn_from_is_nothing_learnt(void **state)
{
    struct word_align a = WORD_ALIGN_INIT;
    size_t n;

    (void)state;
    learn(&a, 5);
    word_align_of(&a, 1, &n);
    assert_int_equal(n, 0);
    word_align_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_occurs_together_everywhere_is_linked),
        cmocka_unit_test(the_first_rounds_are_as_computed_by_hand),
        cmocka_unit_test(counts_of_a_target_sum_to_its_occurrences),
        cmocka_unit_test(nothing_to_learn_from_is_nothing_learnt),
    };

    return cmocka_run_group_tests_name("word_align", tests, NULL, NULL);
}
