#include "support/support.h"

#include "mine/pairset.h"
#include "mine/sample.h"

static void a_pair_is_its_mirror(void **state)
{
    struct pairset s = PAIRSET_INIT;
    struct err err = ERR_INIT;
    bool added;

    (void)state;
    assert_false(pairset_has(&s, 1, 2));
    assert_ok(pairset_add(&s, 2, 1, &added, &err), &err);
    assert_true(added);
    assert_ok(pairset_add(&s, 1, 2, &added, &err), &err);
    assert_false(added);
    assert_true(pairset_has(&s, 1, 2));
    assert_int_equal(s.n, 1);
    pairset_release(&s);
}

static void grows_and_forgets_nothing(void **state)
{
    struct pairset s = PAIRSET_INIT;
    struct err err = ERR_INIT;
    bool added;

    (void)state;
    for (uint32_t i = 0; i < 5000; i++)
        assert_ok(pairset_add(&s, i, i * 7 + 1, &added, &err), &err);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_true(pairset_has(&s, i * 7 + 1, i));
        assert_false(pairset_has(&s, i, i * 7 + 2));
    }
    pairset_release(&s);
}

static void random_pairs_are_new_and_end_when_none_are_left(void **state)
{
    enum { N = 8, ALL = N * (N - 1) / 2 };
    struct sample_pair got[ALL + 10];
    struct pairset known = PAIRSET_INIT;
    struct err err = ERR_INIT;
    struct rng rng;
    size_t n;
    bool added;

    (void)state;
    rng_init(&rng, 1, 0);
    assert_ok(pairset_add(&known, 0, 1, &added, &err), &err);
    assert_ok(sample_random(got, &n, ALL + 10, N, &known, &rng, &err), &err);
    assert_int_equal(n, ALL - 1);
    for (size_t i = 0; i < n; i++) {
        assert_true(got[i].a != got[i].b);
        assert_false((got[i].a ^ got[i].b) == 1 && got[i].a < 2 &&
                     got[i].b < 2);
    }
    pairset_release(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_its_mirror),
        cmocka_unit_test(grows_and_forgets_nothing),
        cmocka_unit_test(random_pairs_are_new_and_end_when_none_are_left),
    };

    return cmocka_run_group_tests_name("pairset", tests, NULL, NULL);
}
