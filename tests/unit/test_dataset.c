#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"

enum { TEXTS = 12, PAIRS = 6, DRAWN = 30 };

/* Pairs (0,1), (2,3), ...; text 11 is text 0 again, from another store. */
static void fill(struct dataset *d)
{
    *d = (struct dataset)DATASET_INIT;
    d->example = calloc(PAIRS, sizeof(*d->example));
    d->hash = calloc(TEXTS, sizeof(*d->hash));
    assert_true(d->example && d->hash);
    d->n = d->cap = PAIRS;
    for (uint32_t i = 0; i < TEXTS; i++)
        d->hash[i] = 1000 + i;
    d->hash[11] = d->hash[0];
    for (uint32_t i = 0; i < PAIRS; i++)
        d->example[i] = (struct example){ 2 * i, 2 * i + 1, 1.0f, 0, 0, 0, 0 };
}

static bool same_pair(const struct dataset *d, const struct example *x,
                      const struct example *y)
{
    uint64_t a = d->hash[x->a], b = d->hash[x->b];
    uint64_t p = d->hash[y->a], q = d->hash[y->b];

    return (a == p && b == q) || (a == q && b == p);
}

static void random_negatives_are_new_pairs(void **state)
{
    struct dataset d;
    struct rng rng;
    struct err err = ERR_INIT;

    (void)state;
    fill(&d);
    rng_init(&rng, 3, 0);
    assert_ok(dataset_add_random(&d, DRAWN, &rng, &err), &err);
    assert_true(d.n > PAIRS + 10 && d.n <= PAIRS + DRAWN);
    for (size_t i = PAIRS; i < d.n; i++) {
        const struct example *x = &d.example[i];

        assert_true(x->target == 0.0f && x->n == 0);
        assert_true(d.hash[x->a] != d.hash[x->b]);
        for (size_t k = 0; k < i; k++)
            assert_false(same_pair(&d, x, &d.example[k]));
    }
    dataset_release(&d);
}

static void the_same_seed_draws_the_same(void **state)
{
    struct dataset d[2];
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rng rng;

        fill(&d[i]);
        rng_init(&rng, 5, 0);
        assert_ok(dataset_add_random(&d[i], 4, &rng, &err), &err);
        assert_int_equal(d[i].n, PAIRS + 4);
    }
    assert_memory_equal(d[0].example, d[1].example,
                        d[0].n * sizeof(struct example));
    dataset_release(&d[0]);
    dataset_release(&d[1]);
}

static void two_texts_have_no_other_pair(void **state)
{
    struct dataset d;
    struct rng rng;
    struct err err = ERR_INIT;

    (void)state;
    fill(&d);
    d.n = 1;
    rng_init(&rng, 1, 0);
    assert_ok(dataset_add_random(&d, 5, &rng, &err), &err);
    assert_int_equal(d.n, 1);
    dataset_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_negatives_are_new_pairs),
        cmocka_unit_test(the_same_seed_draws_the_same),
        cmocka_unit_test(two_texts_have_no_other_pair),
    };

    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
