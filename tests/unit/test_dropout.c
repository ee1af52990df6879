#include "support/support.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "nn/dropout.h"
#include "support/variants.h"

enum { N = 7, MAX = 400 };
static float x[N * MAX], y[N * MAX + 1], want[N * MAX];

/* The header's definition, element by element. */
static void reference(double p, uint64_t seed, uint64_t row, size_t C)
{
    uint32_t cut = (uint32_t)lround(p * 65536.0);

    for (size_t i = 0; i < N * C; i++) {
        uint64_t r = row + i / C, c = i % C;
        uint64_t bits = rng_at(seed, r * ((C + 3) / 4) + c / 4);
        bool drop = ((bits >> (16 * (c % 4))) & 0xFFFF) < cut;

        want[i] = drop ? 0.0f : x[i] * (65536.0f / (float)(65536 - cut));
    }
}

static void mask_of(const char *isa)
{
    for (size_t k = 0; variant_lengths[k]; k++) {
        size_t C = variant_lengths[k];

        fill_random(x, N * C, k);
        reference(0.1, 42 + k, 1000, C);
        memcpy(y, x, N * C * sizeof(*y));
        y[N * C] = 77.0f;
        dropout_fwd(y, y, 0.1f, 42 + k, 1000, N, C);
        assert_close(isa, y, want, N * C, 0.0, 0.0);
        assert_true(y[N * C] == 77.0f);
    }
}

static void mask_is_the_documented_function(void **state)
{
    (void)state;
    for_each_variant(mask_of);
}

static void rate_of(const char *isa)
{
    static const float rates[] = { 0.1f, 0.5f, 0.9f, 0.999f };
    enum { C = 384, ROWS = 1000 };
    static float ones[C], row[C];

    for (size_t c = 0; c < C; c++)
        ones[c] = 1.0f;
    for (size_t k = 0; k < 4; k++) {
        double sum = 0.0, p = (double)rates[k];
        double sd = sqrt(p / (1.0 - p) / (C * ROWS));

        for (size_t r = 0; r < ROWS; r++) {
            dropout_fwd(row, ones, rates[k], 7, r, 1, C);
            for (size_t c = 0; c < C; c++)
                sum += (double)row[c];
        }
        assert_near(isa, sum / (C * ROWS), 1.0, 0.0, 4.0 * sd);
    }
}

static void mean_is_kept_at_every_rate(void **state)
{
    (void)state;
    for_each_variant(rate_of);
}

static void rows_do_not_depend_on_who_computes_them(void **state)
{
    enum { C = 50 };

    (void)state;
    fill_random(x, N * C, 1);
    dropout_fwd(want, x, 0.3f, 5, 10, N, C);
    dropout_fwd(y, x, 0.3f, 5, 10, 3, C);
    dropout_fwd(y + 3 * C, x + 3 * C, 0.3f, 5, 13, N - 3, C);
    assert_memory_equal(y, want, N * C * sizeof(*y));
    dropout_fwd(y, x, 0.3f, 6, 10, N, C);
    assert_memory_not_equal(y, want, N * C * sizeof(*y));
}

static void rate_0_copies(void **state)
{
    (void)state;
    fill_random(x, N * 9, 1);
    dropout_fwd(y, x, 0.0f, 5, 0, N, 9);
    assert_memory_equal(y, x, N * 9 * sizeof(*y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_is_the_documented_function),
        cmocka_unit_test(mean_is_kept_at_every_rate),
        cmocka_unit_test(rows_do_not_depend_on_who_computes_them),
        cmocka_unit_test(rate_0_copies),
    };

    return cmocka_run_group_tests_name("dropout", tests, NULL, NULL);
}
