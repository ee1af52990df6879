#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/gelu.h"
#include "support/variants.h"

enum { N = 20001 };
static float x[N], y[N], dy[N], dx[N], want[N];

static double cdf(double t)
{
    return 0.5 * erfc(-t * 0.70710678118654752440);
}

static void fwd_of(const char *isa)
{
    for (size_t i = 0; i < N; i++) {
        x[i] = ((float)i - 10000.0f) / 1000.0f;
        want[i] = (float)((double)x[i] * cdf((double)x[i]));
    }
    gelu_fwd(y, x, N);
    assert_close(isa, y, want, N, 1e-7, 1e-7);
}

static void fwd_is_within_1e_7_of_double_precision(void **state)
{
    (void)state;
    for_each_variant(fwd_of);
}

static void bwd_of(const char *isa)
{
    for (size_t i = 0; i < N; i++) {
        double t = ((double)i - 10000.0) / 1000.0;

        x[i] = (float)t;
        dy[i] = 1.0f + (float)(i % 7);
        t = (double)x[i];
        want[i] = (float)((double)dy[i] * (cdf(t) + t * exp(-0.5 * t * t) *
                                                        0.3989422804014327));
    }
    gelu_bwd(dx, dy, x, N);
    assert_close(isa, dx, want, N, 2e-7, 1e-6);
}

static void bwd_is_the_derivative_at_double_precision(void **state)
{
    (void)state;
    for_each_variant(bwd_of);
}

static double sum_of_y(void *ctx)
{
    double sum = 0.0;

    (void)ctx;
    gelu_fwd(y, x, 13);
    for (size_t i = 0; i < 13; i++)
        sum += (double)dy[i] * (double)y[i];
    return sum;
}

static void gradient_of(const char *isa)
{
    fill_random(x, 13, 1);
    fill_random(dy, 13, 2);
    gelu_bwd(dx, dy, x, 13);
    assert_gradient(isa, x, dx, 13, sum_of_y, NULL);
}

static void bwd_agrees_with_differences(void **state)
{
    (void)state;
    for_each_variant(gradient_of);
}

static void extremes_of(const char *isa)
{
    static const float in[] = { 1e30f, -1e30f, 100.0f,   -100.0f,  0.0f,
                                NAN,   13.5f,  1e-30f,   -1e-30f,  6.5f,
                                -6.5f, -13.5f, INFINITY, -1000.0f, 3e38f };
    enum { K = sizeof(in) / sizeof(in[0]) };
    float out[K], slope[K], ones[K];

    for (size_t i = 0; i < K; i++)
        ones[i] = 1.0f;
    gelu_fwd(out, in, K);
    gelu_bwd(slope, ones, in, K);
    for (size_t i = 0; i < K; i++) {
        if (isnan(in[i])) {
            assert_true(isnan(out[i]) && isnan(slope[i]));
            continue;
        }
        assert_near(isa, (double)out[i], fmax((double)in[i], 0.0), 1e-6, 1e-8);
        if (fabsf(in[i]) > 6.0f && isfinite(in[i]))
            assert_near(isa, (double)slope[i], in[i] > 0.0f ? 1.0 : 0.0, 0.0,
                        1e-7);
    }
}

static void extremes_and_nan_come_out_right(void **state)
{
    (void)state;
    for_each_variant(extremes_of);
}

static void lengths_of(const char *isa)
{
    fill_random(x, 512, 3);
    for (size_t k = 0; variant_lengths[k]; k++) {
        size_t n = variant_lengths[k];

        for (size_t i = 0; i < n; i++)
            want[i] = (float)((double)x[i] * cdf((double)x[i]));
        memcpy(y, x, sizeof(x));
        y[n] = 77.0f;
        gelu_fwd(y, y, n);
        assert_close(isa, y, want, n, 1e-7, 1e-7);
        assert_true(y[n] == 77.0f);
    }
}

static void any_length_in_place_and_nothing_beyond(void **state)
{
    (void)state;
    for_each_variant(lengths_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fwd_is_within_1e_7_of_double_precision),
        cmocka_unit_test(bwd_is_the_derivative_at_double_precision),
        cmocka_unit_test(bwd_agrees_with_differences),
        cmocka_unit_test(extremes_and_nan_come_out_right),
        cmocka_unit_test(any_length_in_place_and_nothing_beyond),
    };

    return cmocka_run_group_tests_name("gelu", tests, NULL, NULL);
}
