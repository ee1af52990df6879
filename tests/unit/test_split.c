#include "support/support.h"

#include <string.h>

#include "base/rng.h"
#include "store/split.h"

enum { TEXTS = 600, PAIRS = 500 };

struct graph {
    uint32_t edges[2 * PAIRS], weight[TEXTS];
};

/* Pairs in small groups that share texts: 0-1, 1-2 ... with gaps. */
static void fill(struct graph *g)
{
    struct rng rng;

    memset(g, 0, sizeof(*g));
    rng_init(&rng, 5, 0);
    for (size_t i = 0; i < PAIRS; i++) {
        uint32_t a = (uint32_t)(i % TEXTS);

        g->edges[2 * i] = a;
        g->edges[2 * i + 1] =
            (a - a % 4 + (uint32_t)rng_below(&rng, 4)) % TEXTS;
        g->weight[a]++;
    }
}

static void assign(enum split_part part[TEXTS], const struct graph *g,
                   double dev, double test, uint64_t seed)
{
    const struct split_rules rules = { SPLIT_TRAIN, dev, test, seed };
    struct err err = ERR_INIT;

    assert_ok(
        split_assign(part, g->edges, PAIRS, g->weight, TEXTS, &rules, &err),
        &err);
}

static void no_text_is_on_two_sides(void **state)
{
    enum split_part part[TEXTS];
    struct graph g;

    (void)state;
    fill(&g);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assign(part, &g, 0.2, 0.3, seed);
        for (size_t i = 0; i < PAIRS; i++)
            assert_int_equal(part[g.edges[2 * i]], part[g.edges[2 * i + 1]]);
    }
}

static void shares_are_met_and_never_exceeded(void **state)
{
    enum split_part part[TEXTS];
    size_t n[3] = { 0, 0, 0 };
    struct graph g;

    (void)state;
    fill(&g);
    assign(part, &g, 0.2, 0.3, 1);
    for (size_t i = 0; i < PAIRS; i++)
        n[part[g.edges[2 * i]]]++;
    assert_true(n[SPLIT_TEST] <= 150 && n[SPLIT_TEST] > 140);
    assert_true(n[SPLIT_DEV] <= 100 && n[SPLIT_DEV] > 90);
}

static void the_seed_alone_decides(void **state)
{
    enum split_part a[TEXTS], b[TEXTS], c[TEXTS];
    struct graph g, turned;

    (void)state;
    fill(&g);
    turned = g;
    for (size_t i = 0; i < PAIRS; i++) { /* other order, other direction */
        turned.edges[2 * i] = g.edges[2 * (PAIRS - 1 - i) + 1];
        turned.edges[2 * i + 1] = g.edges[2 * (PAIRS - 1 - i)];
    }
    assign(a, &g, 0.2, 0.3, 1);
    assign(b, &turned, 0.2, 0.3, 1);
    assign(c, &g, 0.2, 0.3, 2);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, c, sizeof(a));
}

static void one_group_of_all_records_is_train(void **state)
{
    enum split_part part[TEXTS];
    struct graph g;

    (void)state;
    fill(&g);
    for (size_t i = 0; i < PAIRS; i++)
        g.edges[2 * i + 1] = 0;
    assign(part, &g, 0.2, 0.3, 1);
    for (size_t i = 0; i < PAIRS; i++)
        assert_int_equal(part[g.edges[2 * i]], SPLIT_TRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_is_on_two_sides),
        cmocka_unit_test(shares_are_met_and_never_exceeded),
        cmocka_unit_test(the_seed_alone_decides),
        cmocka_unit_test(one_group_of_all_records_is_train),
    };

    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
