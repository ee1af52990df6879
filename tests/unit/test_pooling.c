#include "support/support.h"

#include <math.h>
#include <string.h>

#include "nn/pooling.h"

enum { LEN = 3, C = 2 };
static const float rows[LEN * C] = { 1, -8, 4, 5, -2, 6 };

static void every_mode_has_its_value(void **state)
{
    static const struct {
        enum pooling mode;
        float want[C];
    } modes[] = {
        { POOLING_CLS, { 1, -8 } },
        { POOLING_MAX, { 4, 6 } },
        { POOLING_MEAN, { 1, 1 } },
        { POOLING_MEAN_SQRT_LEN, { 1.7320508f, 1.7320508f } },
        { POOLING_WEIGHTED_MEAN, { 0.5f, 20.0f / 6 } },
        { POOLING_LAST, { -2, 6 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        float y[C + 1] = { 9, 9, 77 };
        uint32_t which[C];

        pooling_fwd(y, which, rows, modes[i].mode, LEN, C);
        assert_close("y", y, modes[i].want, C, 1e-6, 1e-6);
        pooling_fwd(y, NULL, rows, modes[i].mode, LEN, C);
        assert_close("y", y, modes[i].want, C, 1e-6, 1e-6);
        assert_true(y[C] == 77.0f);
    }
}

struct probe {
    enum pooling mode;
    size_t len, width;
    float x[7 * 20], w[20], y[20];
    uint32_t which[20];
};

static double pooled(void *ctx)
{
    struct probe *p = ctx;
    double sum = 0.0;

    pooling_fwd(p->y, p->which, p->x, p->mode, p->len, p->width);
    for (size_t c = 0; c < p->width; c++)
        sum += (double)p->w[c] * (double)p->y[c];
    return sum;
}

static void bwd_agrees_with_differences_in_every_mode(void **state)
{
    (void)state;
    for (int mode = POOLING_CLS; mode <= POOLING_LAST; mode++) {
        struct probe p = {
            (enum pooling)mode, 7, 20, { 0 }, { 0 }, { 0 }, { 0 }
        };
        float dx[7 * 20], ones[7 * 20];

        fill_random(p.w, 20, 2);
        for (size_t i = 0; i < 7 * 20; i++) {
            /* far enough apart that no step changes a maximum */
            p.x[i] = 0.3f * (float)((i / 20 * 5 + i % 20 * 3) % 7);
            dx[i] = ones[i] = 1.0f;
        }
        (void)pooled(&p);
        pooling_bwd(dx, p.w, p.which, p.mode, 7, 20);
        for (size_t i = 0; i < 7 * 20; i++)
            dx[i] -= ones[i]; /* it adds to what is there */
        assert_gradient("x", p.x, dx, 7 * 20, pooled, &p);
    }
}

static void a_single_row_is_its_own_pool(void **state)
{
    (void)state;
    for (int mode = POOLING_CLS; mode <= POOLING_LAST; mode++) {
        float y[6];

        pooling_fwd(y, NULL, rows, (enum pooling)mode, 1, 6);
        assert_close("y", y, rows, 6, 0.0, 0.0);
    }
}

enum { N = 4, W = 9 };
struct unit {
    float x[N * W], w[N * W], y[N * W], norm[N];
};

static double unit_sum(void *ctx)
{
    struct unit *u = ctx;
    double sum = 0.0;

    l2norm_fwd(u->y, u->norm, u->x, N, W);
    for (size_t i = 0; i < N * W; i++)
        sum += (double)u->w[i] * (double)u->y[i];
    return sum;
}

static void l2norm_makes_unit_rows_and_its_gradient_agrees(void **state)
{
    struct unit u;
    float dx[N * W];

    (void)state;
    fill_random(u.x, N * W, 3);
    fill_random(u.w, N * W, 4);
    (void)unit_sum(&u);
    for (size_t n = 0; n < N; n++) {
        double sum = 0.0;

        for (size_t c = 0; c < W; c++)
            sum += pow((double)u.y[n * W + c], 2);
        assert_near("length", sum, 1.0, 1e-6, 0.0);
    }
    memcpy(dx, u.w, sizeof(dx));
    l2norm_bwd(dx, dx, u.y, u.norm, N, W);
    assert_gradient("x", u.x, dx, N * W, unit_sum, &u);
}

static void l2norm_leaves_a_zero_row_zero(void **state)
{
    float x[W] = { 0 }, y[W], norm;

    (void)state;
    l2norm_fwd(y, &norm, x, 1, W);
    assert_close("y", y, x, W, 0.0, 0.0);
    assert_true(norm > 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_has_its_value),
        cmocka_unit_test(bwd_agrees_with_differences_in_every_mode),
        cmocka_unit_test(a_single_row_is_its_own_pool),
        cmocka_unit_test(l2norm_makes_unit_rows_and_its_gradient_agrees),
        cmocka_unit_test(l2norm_leaves_a_zero_row_zero),
    };

    return cmocka_run_group_tests_name("pooling", tests, NULL, NULL);
}
