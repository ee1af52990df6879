#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/diversity.h"

/* Figures of groups; "" ends a group, NULL all. */
static struct diversity_figures of(const char *const *text)
{
    struct span group[8];
    struct diversity_figures f;
    struct diversity *d;
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_ok(diversity_new(&d, &err), &err);
    for (; *text; text++) {
        if ((*text)[0])
            group[n++] = span_of(*text);
        if ((*text)[0] && text[1])
            continue;
        assert_ok(diversity_add(d, group, n, &err), &err);
        n = 0;
    }
    assert_ok(diversity_figures(&f, d, &err), &err);
    diversity_free(d);
    return f;
}
static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

#define OF(...) of((const char *const[]){ __VA_ARGS__, NULL })

static void distinct_n_counts_words_and_ideographs(void **state)
{
    struct diversity_figures f = OF("a b a b");

    (void)state;
    assert_true(near(f.distinct[0], 2.0 / 4.0));
    assert_true(near(f.distinct[1], 2.0 / 3.0));
    assert_true(near(f.distinct[2], 2.0 / 2.0));
    f = OF("包裹包裹");
    assert_true(near(f.distinct[0], 2.0 / 4.0));
    assert_true(near(f.distinct[1], 2.0 / 3.0));
    f = OF("one", "Two, TWO!");
    assert_true(near(f.distinct[0], 2.0 / 3.0));
    assert_true(isnan(f.distinct[2]));
    f = OF("...");
    assert_true(isnan(f.distinct[0]));
}

static void distinct_n_of_many_is_within_a_hundredth(void **state)
{
    enum { N = 200000, KINDS = 120000 };
    struct diversity_figures f;
    struct diversity *d;
    struct err err = ERR_INIT;
    char text[32];

    (void)state;
    assert_ok(diversity_new(&d, &err), &err);
    for (int i = 0; i < N; i++) {
        struct span s = { text, (size_t)snprintf(text, sizeof(text), "w%d",
                                                 i % KINDS) };

        assert_ok(diversity_add(d, &s, 1, &err), &err);
    }
    assert_ok(diversity_figures(&f, d, &err), &err);
    assert_true(fabs(f.distinct[0] * N / KINDS - 1.0) < 0.01);
    diversity_free(d);
}

static void overlap_is_the_share_that_the_nearest_sibling_has(void **state)
{
    /* a-b b-c c-d: two of three in the other, two of two in the first */
    struct diversity_figures f = OF("a b c d", "b c d", "", "x y z");

    (void)state;
    assert_int_equal(f.groups, 2);
    assert_true(near(f.group_overlap, (2.0 / 3.0 + 1.0) / 2.0));
    assert_true(near(f.sample_overlap, (2.0 / 3.0 + 1.0 + 0.0) / 3.0));
    f = OF("a b c");
    assert_true(isnan(f.group_overlap) && isnan(f.sample_overlap));
}

static void openings_are_two_words_or_three_ideographs(void **state)
{
    static const struct {
        const char *text, *want;
    } row[] = {
        { "How do I pay?", "how do" },
        { "  Don't you know", "don't you" },
        { "Yes.", "yes" },
        { "Well, it broke", "well, it" },
        { "Help", "help" },
        { "\"Why me\" said", "why me" },
        { "请问我的包裹", "请问我" },
        { "我要 退货", "我要 退" },
        { "好", "好" },
        { "Ünïcode IST da", "ünïcode ist" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct diversity_figures f = OF(row[i].text);

        assert_int_equal(f.shown, 1);
        assert_string_equal(f.opening[0].text, row[i].want);
    }
    assert_int_equal(OF("?!").shown, 0);
}

static void worn_out_is_what_many_begin_with(void **state)
{
    struct diversity_figures f =
        OF("can i a", "can i b", "can i c", "can i d", "", "can i e", "is it a",
           "is it b", "is it c", "is it d");
    struct json_node *avoid = diversity_avoid(&f);

    (void)state;
    assert_int_equal(f.openings, 2);
    assert_int_equal(f.worn, 1);
    assert_int_equal(json_size(avoid), 1);
    assert_string_equal(json_str(json_first(avoid), ""), "can i");
    json_node_free(avoid);
}

static void the_sample_does_not_depend_on_the_order(void **state)
{
    enum { N = 3000 };
    struct diversity_figures f[2];
    struct err err = ERR_INIT;
    char text[64];

    (void)state;
    for (int way = 0; way < 2; way++) {
        struct diversity *d;

        assert_ok(diversity_new(&d, &err), &err);
        for (int k = 0; k < N; k++) {
            int i = way ? N - 1 - k : k;
            struct span s = { text, (size_t)snprintf(text, sizeof(text),
                                                     "a%d b%d c%d", i % 40,
                                                     i % 70, i % 90) };

            assert_ok(diversity_add(d, &s, 1, &err), &err);
        }
        assert_ok(diversity_figures(&f[way], d, &err), &err);
        diversity_free(d);
    }
    assert_int_equal(f[0].sampled, DIVERSITY_SAMPLE);
    assert_true(f[0].sample_overlap > 0.1);
    assert_true(near(f[0].sample_overlap, f[1].sample_overlap));
    assert_memory_equal(f[0].distinct, f[1].distinct, sizeof(f[0].distinct));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_n_counts_words_and_ideographs),
        cmocka_unit_test(distinct_n_of_many_is_within_a_hundredth),
        cmocka_unit_test(overlap_is_the_share_that_the_nearest_sibling_has),
        cmocka_unit_test(openings_are_two_words_or_three_ideographs),
        cmocka_unit_test(worn_out_is_what_many_begin_with),
        cmocka_unit_test(the_sample_does_not_depend_on_the_order),
    };

    return cmocka_run_group_tests_name("diversity", tests, NULL, NULL);
}
