#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/softmax.h"
#include "support/variants.h"

enum { MAX = 400 };
static float x[MAX], bias[MAX], y[MAX], w[MAX], dx[MAX], want[MAX];

static void reference(const float *b, double scale, size_t n)
{
    double s[MAX], max = -INFINITY, sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        s[i] = scale * (double)x[i] + (b ? (double)b[i] : 0.0);
        max = fmax(max, s[i]);
    }
    for (size_t i = 0; i < n; i++)
        sum += exp(s[i] - max);
    for (size_t i = 0; i < n; i++)
        want[i] = (float)(exp(s[i] - max) / sum);
}

static void fwd_of(const char *isa)
{
    for (size_t k = 0; variant_lengths[k]; k++) {
        size_t n = variant_lengths[k];

        fill_random(x, n, 10 + k);
        fill_random(bias, n, 50 + k);
        reference(NULL, 12.0, n);
        y[n] = 77.0f;
        softmax_fwd(y, x, NULL, 12.0f, n);
        assert_close(isa, y, want, n, 3e-6, 1e-9);
        assert_true(y[n] == 77.0f);

        reference(bias, 0.25, n);
        memcpy(y, x, n * sizeof(*y));
        softmax_fwd(y, y, bias, 0.25f, n);
        assert_close(isa, y, want, n, 3e-7, 1e-9);
        assert_true(y[n] == 77.0f);
    }
}

static void fwd_matches_double_precision_at_any_length(void **state)
{
    (void)state;
    for_each_variant(fwd_of);
}

/* Logits without rounding: what is left is the exponential's own error. */
static void exponential_of(const char *isa)
{
    for (size_t begin = 0; begin < 1600; begin += 320) {
        for (size_t i = 0; i < 320; i++)
            x[i] = -(float)(begin + i) / 64.0f;
        x[0] = 0.0f;
        softmax_fwd(y, x, NULL, 1.0f, 320);
        for (size_t i = 0; i < 320; i++)
            want[i] = (float)((double)y[0] * exp((double)x[i]));
        assert_close(isa, y, want, 320, 2e-7, 0.0);
    }
}

static void exponentials_are_within_2e_7(void **state)
{
    (void)state;
    for_each_variant(exponential_of);
}

static void extremes_of(const char *isa)
{
    double sum = 0.0;

    (void)isa;
    for (size_t i = 0; i < 33; i++)
        x[i] = (i % 2 ? -1.0f : 1.0f) * 1000.0f * (float)i;
    softmax_fwd(y, x, NULL, 1.0f, 33);
    for (size_t i = 0; i < 33; i++) {
        sum += (double)y[i];
        assert_true(y[i] >= 0.0f);
    }
    assert_near("sum", sum, 1.0, 0.0, 1e-6);
    assert_true(y[32] == 1.0f && y[1] == 0.0f);

    for (size_t i = 0; i < 33; i++)
        x[i] = -200.0f - (float)(i % 2);
    softmax_fwd(y, x, NULL, 1.0f, 33);
    assert_near("equal logits", (double)y[0] / (double)y[1], exp(1.0), 1e-6, 0);
    x[20] = NAN;
    softmax_fwd(y, x, NULL, 1.0f, 33);
    assert_true(isnan(y[20]));
}

static void huge_and_nan_logits_are_safe(void **state)
{
    (void)state;
    for_each_variant(extremes_of);
}

struct probe {
    size_t n;
    const float *bias;
    float scale;
};

static double loss(void *ctx)
{
    const struct probe *p = ctx;
    double sum = 0.0;

    softmax_fwd(y, x, p->bias, p->scale, p->n);
    for (size_t i = 0; i < p->n; i++)
        sum += (double)w[i] * (double)y[i];
    return sum;
}

static void gradient_of(const char *isa)
{
    static const size_t lengths[] = { 2, 7, 16, 37 };

    for (size_t k = 0; k < 4; k++) {
        struct probe p = { lengths[k], bias, 1.7f };

        fill_random(x, p.n, 1);
        fill_random(w, p.n, 2);
        fill_random(bias, p.n, 3);
        (void)loss(&p);
        softmax_bwd(dx, w, y, 1.7f, p.n);
        assert_gradient(isa, x, dx, p.n, loss, &p);
        (void)loss(&p);
        memcpy(dx, w, sizeof(w));
        dx[p.n] = 77.0f;
        softmax_bwd(dx, dx, y, 1.0f, p.n);
        assert_gradient(isa, bias, dx, p.n, loss, &p);
        assert_true(dx[p.n] == 77.0f);
    }
}

static void bwd_agrees_with_differences(void **state)
{
    (void)state;
    for_each_variant(gradient_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fwd_matches_double_precision_at_any_length),
        cmocka_unit_test(exponentials_are_within_2e_7),
        cmocka_unit_test(huge_and_nan_logits_are_safe),
        cmocka_unit_test(bwd_agrees_with_differences),
    };

    return cmocka_run_group_tests_name("softmax", tests, NULL, NULL);
}
