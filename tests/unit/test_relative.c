#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/relative.h"

enum { H = 3, R = 150 };

/* Where the reference's bucket changes, from -600 to 600 (transformers 5.23,
 * MPNetEncoder.relative_position_bucket). */
static const struct {
    ptrdiff_t from;
    size_t bucket;
} steps[] = {
    { -600, 15 }, { -90, 14 }, { -63, 13 }, { -45, 12 }, { -31, 11 },
    { -22, 10 },  { -15, 9 },  { -11, 8 },  { -7, 7 },   { -6, 6 },
    { -5, 5 },    { -4, 4 },   { -3, 3 },   { -2, 2 },   { -1, 1 },
    { 0, 0 },     { 1, 17 },   { 2, 18 },   { 3, 19 },   { 4, 20 },
    { 5, 21 },    { 6, 22 },   { 7, 23 },   { 8, 24 },   { 12, 25 },
    { 16, 26 },   { 23, 27 },  { 32, 28 },  { 46, 29 },  { 64, 30 },
    { 91, 31 },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void buckets_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        ptrdiff_t end = i + 1 < STEPS ? steps[i + 1].from : 601;

        for (ptrdiff_t d = steps[i].from; d < end; d++)
            assert_int_equal(relative_bucket(d), steps[i].bucket);
    }
}

static void each_distance_has_its_buckets_row(void **state)
{
    static float table[RELATIVE_BUCKETS * H], rel[H * (2 * R - 1)];

    (void)state;
    fill_random(table, RELATIVE_BUCKETS * H, 1);
    relative_fwd(rel, table, H, R);
    for (size_t h = 0; h < H; h++)
        for (ptrdiff_t d = 1 - R; d < R; d++)
            assert_memory_equal(&rel[h * (2 * R - 1) + (size_t)(d + R - 1)],
                                &table[relative_bucket(d) * H + h],
                                sizeof(float));
}

/* <relative_fwd(table), drel> = <table, relative_bwd(drel)> */
static void backward_is_the_adjoint_and_adds(void **state)
{
    static float table[RELATIVE_BUCKETS * H], dtable[RELATIVE_BUCKETS * H];
    static float rel[H * (2 * R - 1)], drel[H * (2 * R - 1)];
    double left = 0.0, right = 0.0;

    (void)state;
    fill_random(table, RELATIVE_BUCKETS * H, 2);
    fill_random(drel, H * (2 * R - 1), 3);
    memset(dtable, 0, sizeof(dtable));
    relative_fwd(rel, table, H, R);
    for (size_t k = 0; k < 2; k++)
        relative_bwd(dtable, drel, H, R);
    for (size_t i = 0; i < H * (2 * R - 1); i++)
        left += (double)rel[i] * (double)drel[i];
    for (size_t i = 0; i < RELATIVE_BUCKETS * H; i++)
        right += (double)table[i] * (double)dtable[i];
    assert_true(fabs(2.0 * left - right) < 1e-3);
}

static void one_token_has_one_distance(void **state)
{
    static float table[RELATIVE_BUCKETS * H], rel[H];

    (void)state;
    fill_random(table, RELATIVE_BUCKETS * H, 4);
    relative_fwd(rel, table, H, 1);
    assert_memory_equal(rel, table, sizeof(rel));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_the_references),
        cmocka_unit_test(each_distance_has_its_buckets_row),
        cmocka_unit_test(backward_is_the_adjoint_and_adds),
        cmocka_unit_test(one_token_has_one_distance),
    };

    return cmocka_run_group_tests_name("relative", tests, NULL, NULL);
}
