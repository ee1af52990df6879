#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/layernorm.h"
#include "support/variants.h"

enum { N = 3, MAX = 400 };
static float x[N * MAX], gamma_[MAX], beta[MAX], w[N * MAX];
static float y[N * MAX + 1], mean[N], rstd[N], want[N * MAX];
static float dx[N * MAX + 1], dgamma[MAX], dbeta[MAX];
static const float eps = 1e-5f;

static void fill(size_t C)
{
    fill_random(x, N * C, 1);
    fill_random(gamma_, C, 2);
    fill_random(beta, C, 3);
    fill_random(w, N * C, 4);
    for (size_t i = 0; i < N * C; i++)
        x[i] = 3.0f * x[i] + 5.0f;
}

static void reference(size_t C)
{
    for (size_t n = 0; n < N; n++) {
        double m = 0.0, v = 0.0;

        for (size_t c = 0; c < C; c++)
            m += (double)x[n * C + c] / (double)C;
        for (size_t c = 0; c < C; c++)
            v += pow((double)x[n * C + c] - m, 2) / (double)C;
        for (size_t c = 0; c < C; c++)
            want[n * C + c] =
                (float)((double)gamma_[c] * ((double)x[n * C + c] - m) /
                            sqrt(v + (double)eps) +
                        (double)beta[c]);
    }
}

static void fwd_of(const char *isa)
{
    for (size_t k = 0; variant_lengths[k]; k++) {
        size_t C = variant_lengths[k];

        fill(C);
        reference(C);
        y[N * C] = 77.0f;
        layernorm_fwd(y, mean, rstd, x, gamma_, beta, eps, N, C);
        assert_close(isa, y, want, N * C, 2e-6, 2e-6);
        memcpy(y, x, N * C * sizeof(*y));
        layernorm_fwd(y, NULL, NULL, y, gamma_, beta, eps, N, C);
        assert_close("in place", y, want, N * C, 2e-6, 2e-6);
        assert_true(y[N * C] == 77.0f);
    }
}

static void fwd_matches_double_precision_at_any_width(void **state)
{
    (void)state;
    for_each_variant(fwd_of);
}

static double loss(void *ctx)
{
    const size_t *C = ctx;
    double sum = 0.0;

    layernorm_fwd(y, mean, rstd, x, gamma_, beta, eps, N, *C);
    for (size_t i = 0; i < N * *C; i++)
        sum += (double)w[i] * (double)y[i];
    return sum;
}

static void gradient_of(const char *isa)
{
    static const size_t widths[] = { 5, 16, 39 };

    for (size_t k = 0; k < 3; k++) {
        size_t C = widths[k];

        fill(C);
        memset(dgamma, 0, sizeof(dgamma));
        memset(dbeta, 0, sizeof(dbeta));
        (void)loss(&C);
        layernorm_bwd_params(dgamma, dbeta, w, x, mean, rstd, 0, C, N, C);
        memcpy(dx, w, N * C * sizeof(*dx));
        dx[N * C] = 77.0f;
        layernorm_bwd_x(dx, dx, x, gamma_, mean, rstd, N, C);
        assert_true(dx[N * C] == 77.0f);
        assert_gradient(isa, x, dx, N * C, loss, &C);
        assert_gradient(isa, gamma_, dgamma, C, loss, &C);
        assert_gradient(isa, beta, dbeta, C, loss, &C);
    }
}

static void bwd_agrees_with_differences(void **state)
{
    (void)state;
    for_each_variant(gradient_of);
}

static void columns_of(const char *isa)
{
    enum { C = 75 };
    float part_g[C] = { 0 }, part_b[C] = { 0 };

    (void)isa;
    fill(C);
    layernorm_fwd(y, mean, rstd, x, gamma_, beta, eps, N, C);
    memset(dgamma, 0, sizeof(dgamma));
    memset(dbeta, 0, sizeof(dbeta));
    layernorm_bwd_params(dgamma, dbeta, w, x, mean, rstd, 0, C, N, C);
    layernorm_bwd_params(part_g, part_b, w, x, mean, rstd, 0, 20, N, C);
    assert_true(part_g[20] == 0.0f && part_b[20] == 0.0f);
    layernorm_bwd_params(part_g, part_b, w, x, mean, rstd, 20, 75, N, C);
    assert_memory_equal(part_g, dgamma, sizeof(part_g));
    assert_memory_equal(part_b, dbeta, sizeof(part_b));
}

static void columns_can_be_split_without_a_trace(void **state)
{
    (void)state;
    for_each_variant(columns_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fwd_matches_double_precision_at_any_width),
        cmocka_unit_test(bwd_agrees_with_differences),
        cmocka_unit_test(columns_can_be_split_without_a_trace),
    };

    return cmocka_run_group_tests_name("layernorm", tests, NULL, NULL);
}
