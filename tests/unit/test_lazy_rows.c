#include "support/support.h"

#include <string.h>

#include "base/rng.h"
#include "model/lazy_rows.h"
#include "nn/adamw.h"

enum { ROWS = 60, COLS = 24, STEPS = 40, BATCH = 5 };

/* AdamW over every row at every step, and over those that are awake. */
static void dense_and_lazy_agree(double decay)
{
    static float x[2][ROWS * COLS], m[2][ROWS * COLS], v[2][ROWS * COLS],
        g[2][ROWS * COLS];
    struct lazy_rows r;
    struct err err = ERR_INIT;
    struct rng rng;
    size_t asleep = 0;

    rng_init(&rng, 7, 0);
    memset(m, 0, sizeof(m));
    memset(v, 0, sizeof(v));
    memset(g, 0, sizeof(g));
    for (size_t i = 0; i < ROWS * COLS; i++)
        x[0][i] = x[1][i] = (float)rng_normal(&rng);
    assert_ok(lazy_rows_init(&r, x[1], g[1], ROWS, COLS, STEPS, &err), &err);
    for (uint32_t s = 0; s < STEPS; s++) {
        struct adamw a = { .lr = 1e-2 * (s + 1),
                           .beta1 = 0.9,
                           .beta2 = 0.999,
                           .eps = 1e-8,
                           .decay = decay,
                           .clip = 0.5 };
        uint32_t row[BATCH];

        for (size_t i = 0; i < BATCH; i++) /* few early, then more */
            row[i] = (uint32_t)rng_below(&rng, s < 20 ? 9 : ROWS - 10);
        lazy_rows_touch(&r, row, BATCH);
        memset(g[0], 0, sizeof(g[0]));
        for (size_t i = 0; i < BATCH; i++) {
            assert_memory_equal(x[0] + row[i] * COLS, x[1] + row[i] * COLS,
                                COLS * sizeof(float));
            for (size_t k = row[i] * COLS; k < (row[i] + 1) * COLS; k++) {
                float d = (float)rng_normal(&rng);

                g[0][k] += d;
                g[1][k] += d;
            }
        }
        assert_memory_equal(g[0], g[1], sizeof(g[0]));
        adamw_begin(&a, s + 1);
        adamw_step(x[0], m[0], v[0], g[0], &a, 0, sizeof(x[0]) / 4);
        for (size_t k = 0; k < ROWS; k++)
            if (r.since[k] == LAZY_ROWS_AWAKE)
                adamw_step(x[1], m[1], v[1], g[1], &a, k * COLS,
                           (k + 1) * COLS);
        lazy_rows_step(&r, adamw_keep(&a));
    }
    for (size_t k = 0; k < ROWS; k++)
        asleep += r.since[k] != LAZY_ROWS_AWAKE;
    assert_true(asleep >= 10);
    lazy_rows_settle(&r, 0, ROWS);
    assert_memory_equal(x[0], x[1], sizeof(x[0]));
    assert_memory_equal(m[0], m[1], sizeof(m[0]));
    lazy_rows_release(&r);
}

static void same_bits_as_dense_with_decay(void **state)
{
    (void)state;
    dense_and_lazy_agree(0.01);
}

static void same_bits_as_dense_without_decay(void **state)
{
    (void)state;
    dense_and_lazy_agree(0.0);
}

static void a_step_zeroes_what_was_touched(void **state)
{
    float x[4] = { 1, 2, 3, 4 }, g[4] = { 0 };
    const uint32_t row[] = { 1, 1 };
    struct lazy_rows r;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(lazy_rows_init(&r, x, g, 2, 2, 3, &err), &err);
    lazy_rows_touch(&r, row, 2);
    assert_int_equal(r.n, 1);
    g[2] = g[3] = 1.0f;
    lazy_rows_step(&r, 0.5f);
    assert_int_equal(r.n, 0);
    assert_true(g[2] == 0.0f && g[3] == 0.0f);
    lazy_rows_settle(&r, 0, 2);
    assert_true(x[0] == 0.5f && x[1] == 1.0f);
    assert_true(x[2] == 3.0f && x[3] == 4.0f);
    lazy_rows_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_as_dense_with_decay),
        cmocka_unit_test(same_bits_as_dense_without_decay),
        cmocka_unit_test(a_step_zeroes_what_was_touched),
    };

    return cmocka_run_group_tests_name("lazy_rows", tests, NULL, NULL);
}
