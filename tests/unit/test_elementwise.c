#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/elementwise.h"
#include "support/variants.h"

enum { MAX = 400, N = 5 };
static float a[N * MAX], b[N * MAX], y[N * MAX + 1], want[N * MAX];

static void sums_of(const char *isa)
{
    for (size_t k = 0; variant_lengths[k]; k++) {
        size_t n = variant_lengths[k];
        double exact = 0.0;

        fill_random(a, n, 1);
        fill_random(b, n, 2);
        memcpy(y, b, n * sizeof(*y));
        y[n] = 77.0f;
        add_fwd(y, a, n);
        for (size_t i = 0; i < n; i++) {
            want[i] = a[i] + b[i];
            exact += (double)a[i] * (double)b[i];
        }
        assert_close(isa, y, want, n, 0.0, 0.0);
        axpy(y, -2.0f, a, n);
        for (size_t i = 0; i < n; i++)
            want[i] = b[i] - a[i];
        assert_close(isa, y, want, n, 0.0, 3e-7);
        assert_true(y[n] == 77.0f);
        assert_near(isa, (double)dot(a, b, n), exact, 1e-6, 1e-6);
    }
}

static void sums_are_right_at_any_length(void **state)
{
    (void)state;
    for_each_variant(sums_of);
}

static void bias_of(const char *isa)
{
    enum { C = 75 };
    float dbias[C], exact[C];

    fill_random(a, N * C, 3);
    fill_random(b, C, 4);
    memcpy(y, a, N * C * sizeof(*y));
    bias_fwd(y, b, N, C);
    for (size_t i = 0; i < N * C; i++)
        want[i] = a[i] + b[i % C];
    assert_close(isa, y, want, N * C, 0.0, 0.0);

    for (size_t c = 0; c < C; c++) {
        dbias[c] = exact[c] = 0.5f;
        for (size_t n = 0; n < N; n++)
            exact[c] += a[n * C + c];
    }
    bias_bwd(dbias, a, 3, 30, N, C);
    assert_true(dbias[2] == 0.5f && dbias[30] == 0.5f);
    bias_bwd(dbias, a, 0, 3, N, C);
    bias_bwd(dbias, a, 30, C, N, C);
    assert_close(isa, dbias, exact, C, 0.0, 0.0);
}

static void bias_adds_down_the_rows_and_up_again(void **state)
{
    (void)state;
    for_each_variant(bias_of);
}

static double sum_of_tanh(void *ctx)
{
    double sum = 0.0;

    (void)ctx;
    tanh_fwd(y, a, 11);
    for (size_t i = 0; i < 11; i++)
        sum += (double)b[i] * (double)y[i];
    return sum;
}

static void tanh_bwd_agrees_with_differences(void **state)
{
    float dx[11];

    (void)state;
    fill_random(a, 11, 5);
    fill_random(b, 11, 6);
    (void)sum_of_tanh(NULL);
    assert_near("tanh", (double)y[3], tanh((double)a[3]), 1e-6, 0.0);
    tanh_bwd(dx, b, y, 11);
    assert_gradient("x", a, dx, 11, sum_of_tanh, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_right_at_any_length),
        cmocka_unit_test(bias_adds_down_the_rows_and_up_again),
        cmocka_unit_test(tanh_bwd_agrees_with_differences),
    };

    return cmocka_run_group_tests_name("elementwise", tests, NULL, NULL);
}
