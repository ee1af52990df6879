#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/gemm.h"

enum { M = 7, N = 13, K = 21 };
static float a[M * K], b[N * K], bias[N], c[M * N], want[M * N];

/* c[m,n] = sum over k of x[m,k] * y[k,n], by strides, plus what `first` has */
static void reference(const float *first, const float *x, size_t xm, size_t xk,
                      const float *y, size_t yk, size_t yn)
{
    for (size_t m = 0; m < M; m++) {
        for (size_t n = 0; n < N; n++) {
            double sum = first ? (double)first[m * N + n] : 0.0;

            for (size_t k = 0; k < K; k++)
                sum += (double)x[m * xm + k * xk] * (double)y[k * yk + n * yn];
            want[m * N + n] = (float)sum;
        }
    }
}

static void fill(void)
{
    gemm_init();
    fill_random(a, M * K, 1);
    fill_random(b, N * K, 2);
    fill_random(bias, N, 3);
    for (size_t i = 0; i < M * N; i++)
        c[i] = NAN; /* must not be read */
}

static void nt_is_a_linear_layer(void **state)
{
    float rows[M * N];

    (void)state;
    fill();
    reference(NULL, a, K, 1, b, 1, K);
    gemm_nt(c, a, b, NULL, M, N, K);
    assert_close("c", c, want, M * N, 1e-6, 1e-6);

    fill();
    for (size_t i = 0; i < M * N; i++)
        rows[i] = bias[i % N];
    reference(rows, a, K, 1, b, 1, K);
    gemm_nt(c, a, b, bias, M, N, K);
    assert_close("with bias", c, want, M * N, 1e-6, 1e-6);

    for (size_t i = 0; i < M * N; i++)
        c[i] = 100.0f;
    for (size_t i = 0; i < M * N; i++)
        want[i] += 100.0f;
    gemm_nt_add(c, a, b, bias, M, N, K);
    assert_close("added", c, want, M * N, 1e-6, 1e-6);
}

static void nn_is_the_gradient_of_its_input(void **state)
{
    (void)state;
    fill();
    reference(NULL, a, K, 1, b, N, 1);
    gemm_nn(c, a, b, 0.0f, M, N, K);
    assert_close("set", c, want, M * N, 1e-6, 1e-6);
    gemm_nn(c, a, b, 1.0f, M, N, K);
    for (size_t i = 0; i < M * N; i++)
        want[i] *= 2.0f;
    assert_close("added", c, want, M * N, 1e-6, 1e-6);
}

static void tn_add_adds_to_its_rows_only(void **state)
{
    (void)state;
    fill();
    for (size_t i = 0; i < M * N; i++)
        c[i] = (float)i;
    reference(c, a, 1, M, b, N, 1);
    gemm_tn_add(c, a, b, 2, 5, M, N, K);
    for (size_t i = 0; i < M * N; i++)
        if (i < 2 * N || i >= 5 * N)
            assert_true(c[i] == (float)i);
    gemm_tn_add(c, a, b, 0, 2, M, N, K);
    gemm_tn_add(c, a, b, 5, M, M, N, K);
    gemm_tn_add(c, a, b, 3, 3, M, N, K);
    assert_close("c", c, want, M * N, 1e-6, 1e-6);
}

static void strided_leaves_the_gaps_alone(void **state)
{
    float out[M * 20];

    (void)state;
    fill();
    for (size_t i = 0; i < M * 20; i++)
        out[i] = 77.0f;
    reference(NULL, a, K, 1, b, 1, K);
    gemm_strided(GEMM_NT, out + 3, 20, a, K, b, K, 0.5f, 0.0f, M, N, K);
    for (size_t m = 0; m < M; m++) {
        for (size_t n = 0; n < 20; n++) {
            double v = (double)out[m * 20 + n];

            if (n < 3 || n >= 3 + N)
                assert_true(v == 77.0);
            else
                assert_near("out", v, 0.5 * (double)want[m * N + n - 3], 1e-6,
                            1e-6);
        }
    }
}

static void no_rows_are_no_work(void **state)
{
    (void)state;
    fill();
    gemm_nt(c, a, b, bias, 0, N, K);
    assert_true(isnan(c[0]));
}

static void a_forced_core_is_warned_of(void **state)
{
    (void)state;
    assert_non_null(gemm_core());
    assert_int_equal(unsetenv("OPENBLAS_CORETYPE"), 0);
    assert_null(gemm_warning());
    assert_int_equal(setenv("OPENBLAS_CORETYPE", "Haswell", 1), 0);
    assert_non_null(strstr(gemm_warning(), "OPENBLAS_CORETYPE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nt_is_a_linear_layer),
        cmocka_unit_test(nn_is_the_gradient_of_its_input),
        cmocka_unit_test(tn_add_adds_to_its_rows_only),
        cmocka_unit_test(strided_leaves_the_gaps_alone),
        cmocka_unit_test(no_rows_are_no_work),
        cmocka_unit_test(a_forced_core_is_warned_of),
    };

    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
