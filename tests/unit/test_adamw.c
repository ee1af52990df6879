#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/adamw.h"
#include "support/variants.h"

enum { MAX = 400 };
static float p[MAX + 1], m[MAX + 1], v[MAX + 1], g[MAX];
static float want_p[MAX], want_m[MAX], want_v[MAX];
static double ref_p[MAX], ref_m[MAX], ref_v[MAX];

static const struct adamw base = { .lr = 1e-2,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .eps = 1e-8,
                                   .decay = 0.01,
                                   .clip = 0.25 };

static void start(size_t n)
{
    fill_random(p, n, 1);
    for (size_t i = 0; i < n; i++) {
        ref_p[i] = (double)p[i];
        ref_m[i] = ref_v[i] = 0.0;
        m[i] = v[i] = 0.0f;
    }
    p[n] = m[n] = v[n] = 77.0f;
}

/* The update as the paper's algorithm has it, in double. */
static void reference(const struct adamw *a, unsigned k, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double x = a->clip * (double)g[i], mh, vh;

        ref_p[i] -= a->lr * a->decay * ref_p[i];
        ref_m[i] = a->beta1 * ref_m[i] + (1.0 - a->beta1) * x;
        ref_v[i] = a->beta2 * ref_v[i] + (1.0 - a->beta2) * x * x;
        mh = ref_m[i] / (1.0 - pow(a->beta1, k));
        vh = ref_v[i] / (1.0 - pow(a->beta2, k));
        ref_p[i] -= a->lr * mh / (sqrt(vh) + a->eps);
        want_p[i] = (float)ref_p[i];
        want_m[i] = (float)ref_m[i];
        want_v[i] = (float)ref_v[i];
    }
}

static void steps_of(const char *isa)
{
    for (size_t j = 0; variant_lengths[j]; j++) {
        size_t n = variant_lengths[j];
        struct adamw a = base;

        start(n);
        for (unsigned k = 1; k <= 5; k++) {
            fill_random(g, n, 100 + k);
            adamw_begin(&a, k);
            adamw_step(p, m, v, g, &a, 0, n);
            reference(&a, k, n);
            assert_close(isa, p, want_p, n, 0.0, 3e-7);
            assert_close(isa, m, want_m, n, 1e-6, 1e-8);
            assert_close(isa, v, want_v, n, 1e-6, 1e-10);
        }
        assert_true(p[n] == 77.0f && m[n] == 77.0f && v[n] == 77.0f);
    }
}

static void steps_match_double_precision_at_any_length(void **state)
{
    (void)state;
    for_each_variant(steps_of);
}

static void slices_of(const char *isa)
{
    enum { N = 101 };
    struct adamw a = base;
    float whole[N];

    (void)isa;
    adamw_begin(&a, 1);
    fill_random(g, N, 9);
    start(N);
    adamw_step(p, m, v, g, &a, 0, N);
    memcpy(whole, p, sizeof(whole));
    start(N);
    adamw_step(p, m, v, g, &a, 0, 37);
    adamw_step(p, m, v, g, &a, 38, N);
    assert_true(m[37] == 0.0f);
    adamw_step(p, m, v, g, &a, 37, 38);
    assert_memory_equal(whole, p, sizeof(whole));
}

static void slices_give_the_same_bits_as_the_whole(void **state)
{
    (void)state;
    for_each_variant(slices_of);
}

static void norm_is_that_of_the_chunks_together(void **state)
{
    float x[] = { 3, -4, 12, 0, 0, 84, 0, 0, 0, 132 };
    double part[] = { grad_sumsq(x, 3), grad_sumsq(x + 3, 7) };

    (void)state;
    assert_near("sum", part[0], 169.0, 0.0, 0.0);
    assert_near("norm", grad_norm(part, 2), 157.0, 1e-15, 0.0);
}

static void clipping_shortens_but_never_lengthens(void **state)
{
    (void)state;
    assert_near("long", clip_factor(4.0, 1.0), 0.25, 1e-6, 0.0);
    assert_near("short", clip_factor(0.5, 1.0), 1.0, 0.0, 0.0);
    assert_near("zero", clip_factor(0.0, 1.0), 1.0, 0.0, 0.0);
    assert_near("off", clip_factor(4.0, 0.0), 1.0, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_match_double_precision_at_any_length),
        cmocka_unit_test(slices_give_the_same_bits_as_the_whole),
        cmocka_unit_test(norm_is_that_of_the_chunks_together),
        cmocka_unit_test(clipping_shortens_but_never_lengthens),
    };

    return cmocka_run_group_tests_name("adamw", tests, NULL, NULL);
}
