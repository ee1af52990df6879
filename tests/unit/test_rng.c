#include "support/support.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

/* The authors' xoshiro256starstar.c from the state 1, 2, 3, 4. */
static void next_is_xoshiro256starstar(void **state)
{
    struct rng r = { { 1, 2, 3, 4 } };

    (void)state;
    assert_true(rng_next(&r) == 11520);
    assert_true(rng_next(&r) == 0);
    assert_true(rng_next(&r) == 1509978240);
    assert_true(rng_next(&r) == 1215971899390074240u);
}

/* The authors' splitmix64.c from the seed 0. */
static void at_is_splitmix64(void **state)
{
    (void)state;
    assert_true(rng_at(0, 0) == 0xe220a8397b1dcdafu);
    assert_true(rng_at(0, 1) == 0x6e789e6aa1b965f4u);
    assert_true(rng_at(0, 2) == 0x06c45d188009454fu);
}

static void seeds_and_streams_differ(void **state)
{
    struct rng a, b, c, d;

    (void)state;
    rng_init(&a, 1, 0);
    rng_init(&b, 1, 0);
    rng_init(&c, 2, 0);
    rng_init(&d, 1, 1);
    for (int i = 0; i < 100; i++) {
        uint64_t x = rng_next(&a);

        assert_true(x == rng_next(&b));
        assert_true(x != rng_next(&c));
        assert_true(x != rng_next(&d));
    }
}

static void below_is_even_and_in_range(void **state)
{
    size_t n[7] = { 0 };
    struct rng r;

    (void)state;
    rng_init(&r, 3, 0);
    for (int i = 0; i < 70000; i++) {
        uint64_t x = rng_below(&r, 7);

        assert_true(x < 7);
        n[x]++;
    }
    for (int i = 0; i < 7; i++) /* 5 standard deviations of 93 */
        assert_in_range(n[i], 10000 - 465, 10000 + 465);
    /* without rejection the lowest third would come half of the time */
    n[0] = 0;
    for (int i = 0; i < 9000; i++)
        n[0] += rng_below(&r, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    assert_in_range(n[0], 3000 - 225, 3000 + 225);
    assert_true(rng_below(&r, 1) == 0);
    for (int i = 0; i < 100; i++)
        assert_true(rng_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1)
                                                                  << 63);
}

static void moments_are_right(void **state)
{
    enum { N = 200000 };
    double u = 0.0, uu = 0.0, z = 0.0, zz = 0.0, zzz = 0.0;
    struct rng r;

    (void)state;
    rng_init(&r, 4, 0);
    for (int i = 0; i < N; i++) {
        double x = rng_uniform(&r), y = rng_normal(&r);

        assert_true(x >= 0.0 && x < 1.0 && isfinite(y));
        u += x / N;
        uu += x * x / N;
        z += y / N;
        zz += y * y / N;
        zzz += y * y * y / N;
    }
    assert_near("mean of uniform", u, 0.5, 0, 0.004);
    assert_near("square of uniform", uu, 1.0 / 3, 0, 0.004);
    assert_near("mean of normal", z, 0.0, 0, 0.012);
    assert_near("square of normal", zz, 1.0, 0, 0.017);
    assert_near("cube of normal", zzz, 0.0, 0, 0.045);
}

static void shuffle_permutes(void **state)
{
    uint32_t idx[50];
    bool seen[50] = { false };
    size_t moved = 0, first[4] = { 0 };
    struct rng r;

    (void)state;
    rng_init(&r, 5, 0);
    for (uint32_t i = 0; i < 50; i++)
        idx[i] = i;
    rng_shuffle(&r, idx, 50);
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(idx[i] < 50 && !seen[idx[i]]);
        seen[idx[i]] = true;
        moved += idx[i] != i;
    }
    assert_true(moved > 40);
    for (int k = 0; k < 4000; k++) {
        uint32_t four[] = { 0, 1, 2, 3 };

        rng_shuffle(&r, four, 4);
        first[four[0]]++;
    }
    for (int i = 0; i < 4; i++) /* 5 standard deviations of 27 */
        assert_in_range(first[i], 863, 1137);
    rng_shuffle(&r, idx, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_is_xoshiro256starstar),
        cmocka_unit_test(at_is_splitmix64),
        cmocka_unit_test(seeds_and_streams_differ),
        cmocka_unit_test(below_is_even_and_in_range),
        cmocka_unit_test(moments_are_right),
        cmocka_unit_test(shuffle_permutes),
    };

    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
