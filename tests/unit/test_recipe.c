#include "support/support.h"

#include <stdlib.h>

#include "model/recipe.h"

enum { N = 100, TEXTS = 60 };

/* Examples whose texts repeat: text i and i+1 of a small circle. */
static void fill(struct dataset *d)
{
    d->example = calloc(N, sizeof(*d->example));
    d->hash = calloc(TEXTS, sizeof(*d->hash));
    assert_true(d->example && d->hash);
    d->n = N;
    for (uint32_t i = 0; i < TEXTS; i++)
        d->hash[i] = 1000 + i;
    for (uint32_t i = 0; i < N; i++)
        d->example[i] =
            (struct example){ i % TEXTS, (i + 1) % TEXTS, 1.0f, 0, 0, 0, 0 };
}

static void each_epoch_has_every_example_once(void **state)
{
    struct dataset d = DATASET_INIT;
    struct batches b;
    struct err err = ERR_INIT;
    struct rng rng;
    int seen[N] = { 0 };

    (void)state;
    fill(&d);
    rng_init(&rng, 1, 1);
    assert_ok(batches_draw(&b, &d, 3.0, 16, false, &rng, &err), &err);
    assert_int_equal(b.n, 21); /* the short last batch is kept */
    assert_int_equal(b.per_epoch, 7);
    for (size_t i = 0; i < b.start[7]; i++)
        seen[b.example[i]]++;
    assert_int_equal(b.start[7], N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    batches_release(&b);
    dataset_release(&d);
}

static void distinct_batches_hold_no_text_twice(void **state)
{
    struct dataset d = DATASET_INIT;
    struct batches b;
    struct err err = ERR_INIT;
    struct rng rng;
    int seen[N] = { 0 };

    (void)state;
    fill(&d);
    rng_init(&rng, 1, 1);
    assert_ok(batches_draw(&b, &d, 1.0, 16, true, &rng, &err), &err);
    for (size_t k = 0; k < b.n; k++) {
        int used[TEXTS] = { 0 };

        assert_true(b.start[k + 1] > b.start[k]);
        assert_true(b.start[k + 1] - b.start[k] <= 16);
        for (size_t i = b.start[k]; i < b.start[k + 1]; i++) {
            const struct example *e = &d.example[b.example[i]];

            seen[b.example[i]]++;
            used[e->a]++;
            used[e->b]++;
        }
        for (size_t t = 0; t < TEXTS; t++)
            assert_true(used[t] <= 1);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    batches_release(&b);
    dataset_release(&d);
}

static void part_of_an_epoch_takes_that_share(void **state)
{
    struct dataset d = DATASET_INIT;
    struct batches b;
    struct err err = ERR_INIT;
    struct rng rng;

    (void)state;
    fill(&d);
    rng_init(&rng, 1, 1);
    assert_ok(batches_draw(&b, &d, 0.25, 10, false, &rng, &err), &err);
    assert_int_equal(b.start[b.n], N / 4);
    batches_release(&b);
    dataset_release(&d);
}

static void the_last_step_may_have_fewer_batches(void **state)
{
    const struct recipe_args r = { .accumulate = 4,
                                   .schedule = "linear",
                                   .precision = "f32" };
    struct train_options o;

    (void)state;
    assert_true(recipe_part(&r, 0, 10).weight == 0.25);
    assert_false(recipe_part(&r, 2, 10).last);
    assert_true(recipe_part(&r, 3, 10).last);
    assert_true(recipe_part(&r, 8, 10).weight == 0.5);
    assert_false(recipe_part(&r, 8, 10).last);
    assert_true(recipe_part(&r, 9, 10).last);
    recipe_options(&o, &r, 10, 1);
    assert_int_equal(o.steps, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_epoch_has_every_example_once),
        cmocka_unit_test(distinct_batches_hold_no_text_twice),
        cmocka_unit_test(part_of_an_epoch_takes_that_share),
        cmocka_unit_test(the_last_step_may_have_fewer_batches),
    };

    return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
