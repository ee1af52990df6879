#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/kernels.h"
#include "nn/panel.h"
#include "nn/panel_isa.h"
#include "nn/panel_round.h"
#include "support/variants.h"

/* Every remainder of rows, panels and blocks of k that a tile treats
 * differently, and the shapes of MiniLM. */
static const struct shape {
    size_t M, N, K;
} shapes[] = {
    { 1, 1, 1 },    { 2, 16, 3 },    { 3, 17, 5 },   { 4, 31, 127 },
    { 5, 32, 128 }, { 6, 33, 129 },  { 7, 48, 383 }, { 8, 49, 384 },
    { 9, 63, 385 }, { 13, 96, 312 }, { 97, 80, 60 }, { 201, 384, 400 },
    { 0, 16, 16 },
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), GAP = 3 };
enum { MOST = 201 * (400 + GAP), MOST_W = 400 * 400 };
static float a[MOST], w[MOST_W], bias[512], c[MOST], want[MOST], kept[MOST];
static const char *const then_name[] = { "bias", "gelu", "add" };

static _Alignas(64) char memory[4 << 20], rows_memory[1 << 20];

static void fill(const struct shape *s)
{
    fill_random(a, s->M * (s->K + GAP), 1);
    fill_random(w, s->N * s->K, 2);
    fill_random(bias, s->N, 3);
    fill_random(c, s->M * (s->N + GAP), 4);
    memcpy(kept, c, sizeof(c));
}

/* c = then(a @ w^T + bias), all three with gaps of `gap` behind each row. */
static void product(const struct shape *s, enum precision precision,
                    enum panel_then then, size_t gap)
{
    struct panel p;
    struct panel_rows rows;

    assert_true(panel_bytes(precision, s->N, s->K) <= sizeof(memory));
    assert_true(panel_rows_bytes(precision, s->M, s->K) <= sizeof(rows_memory));
    panel_pack(&p, memory, precision, w, bias, s->N, s->K);
    rows = panel_rows(rows_memory, a, s->K + gap, precision, s->M, s->K);
    panel_fwd(c, s->N + gap, &rows, &p, then, s->M);
}

/* x[0..n) as the precision has it, by the formulas of panel.h. */
static void round_bf16(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int e;
        float f = frexpf(x[i], &e);

        x[i] = ldexpf(rintf(f * 256.0f), e - 8);
    }
}

static void round_weight(float *x, size_t n)
{
    float scale = panel_round_scale(x, n);

    for (size_t i = 0; i < n; i += 2) {
        int q[2];

        panel_round_pair(q, x + i, n - i, scale);
        for (size_t k = 0; k < 2 && i + k < n; k++)
            x[i + k] = (float)q[k] * scale;
    }
}

static void round_row(float *x, size_t n)
{
    float low = 0.0f, high = 0.0f;

    for (size_t i = 0; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    for (size_t i = 0; i < n && high > low; i++) {
        float zero = rintf(-low * (255.0f / (high - low)));
        float q = rintf(x[i] * (255.0f / (high - low))) + zero;

        x[i] = (fminf(fmaxf(q, 0.0f), 255.0f) - zero) * ((high - low) / 255.0f);
    }
}

/* The plain loop, over inputs and weights rounded to the precision. */
static void reference(const struct shape *s, enum precision precision,
                      enum panel_then then)
{
    static float x[MOST], y[MOST_W];

    memcpy(x, a, sizeof(x));
    memcpy(y, w, sizeof(y));
    for (size_t m = 0; precision && m < s->M; m++)
        (precision == PRECISION_INT8 ? round_row
                                     : round_bf16)(x + m * (s->K + GAP), s->K);
    for (size_t n = 0; precision && n < s->N; n++)
        (precision == PRECISION_INT8 ? round_weight : round_bf16)(y + n * s->K,
                                                                  s->K);
    memcpy(want, kept, sizeof(want));
    for (size_t m = 0; m < s->M; m++) {
        for (size_t n = 0; n < s->N; n++) {
            float *to = want + m * (s->N + GAP) + n;
            double sum = (double)bias[n];

            for (size_t k = 0; k < s->K; k++)
                sum +=
                    (double)x[m * (s->K + GAP) + k] * (double)y[n * s->K + k];
            if (then == PANEL_GELU)
                sum *= 0.5 * erfc(-sum * 0.70710678118654752440);
            *to = (float)(then == PANEL_ADD ? (double)*to + sum : sum);
        }
    }
}

static void products_of(const char *isa)
{
    for (size_t i = 0; i < SHAPES * 9; i++) {
        const struct shape *s = &shapes[i / 9];
        const enum precision precision = i / 3 % 3;
        const enum panel_then then = i % 3;
        const double quick = precision && then == PANEL_GELU ? 2e-4 : 0.0;
        char label[64];

        snprintf(label, sizeof(label), "%s %zux%zux%zu %s %s", isa, s->M, s->N,
                 s->K, precision_name(precision), then_name[then]);
        fill(s);
        reference(s, precision, then);
        product(s, precision, then, GAP);
        assert_close(label, c, want, s->M * (s->N + GAP), 1e-6,
                     1e-6 * sqrt((double)s->K) + quick);
    }
}

static void products_match_a_plain_loop_and_leave_the_gaps_alone(void **state)
{
    (void)state;
    for_each_variant(products_of);
}

/* One row, alone and at each place of a product. */
static void places_of(const char *isa)
{
    enum { M = 60, N = 70, K = 400 };
    const struct shape all = { M, N, K }, one = { 1, N, K };
    float alone[N];

    fill(&all);
    for (size_t m = 1; m < M; m++)
        memcpy(a + m * K, a, K * sizeof(*a));
    for (enum precision p = PRECISION_F32; p <= PRECISION_INT8; p++) {
        product(&one, p, PANEL_GELU, 0);
        memcpy(alone, c, sizeof(alone));
        product(&all, p, PANEL_GELU, 0);
        for (size_t m = 0; m < M; m++)
            if (memcmp(c + m * N, alone, sizeof(alone)) != 0)
                fail_msg("%s %s: row %zu has other bits than alone", isa,
                         precision_name(p), m);
    }
}

static void a_row_has_the_same_bits_at_any_place(void **state)
{
    (void)state;
    for_each_variant(places_of);
}

/* kept holds what the first wide variant gave: f32, then int8. */
static void bits_of(const char *isa)
{
    enum { M = 23, N = 90, K = 400 };
    static float first[2][M * N];
    static bool have;
    const struct shape s = { M, N, K };

    fill(&s);
    if (strcmp(isa, "c") == 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        product(&s, i ? PRECISION_INT8 : PRECISION_F32, PANEL_GELU, 0);
        if (!have)
            memcpy(first[i], c, sizeof(first[i]));
        else if (memcmp(first[i], c, sizeof(first[i])) != 0)
            fail_msg("%s %s: other bits than the variant before it", isa,
                     i ? "int8" : "f32");
    }
    have = true;
}

static void wide_variants_agree_to_the_bit(void **state)
{
    (void)state;
    for_each_variant(bits_of);
}

/* ---- int8: the sums themselves ---- */

enum { STEPS = 500, ROWS = 11, PANELS = 3 };
static uint8_t ua[ROWS * STEPS * 4];
static int8_t sw[PANELS * STEPS * PANEL_STEP];
static int32_t sums[PANEL_BLOCK * PANEL_WIDTH];

static int32_t plain_sum(size_t m, size_t n)
{
    const int8_t *w_n =
        sw + n / PANEL_COLS * STEPS * PANEL_STEP + n % PANEL_COLS * 4;
    int32_t sum = 0;

    for (size_t k = 0; k < STEPS * 4; k++)
        sum += ua[m * STEPS * 4 + k] * w_n[k / 4 * PANEL_STEP + k % 4];
    return sum;
}

static void check_sums(const char *isa, const char *what)
{
    kernels.panel_sums_int8(sums, (const char *)ua, (size_t)STEPS * 4,
                            (const char *)sw, STEPS, ROWS, PANELS);
    for (size_t i = 0; i < (size_t)ROWS * PANELS * PANEL_COLS; i++) {
        size_t m = i / (PANELS * PANEL_COLS), n = i % (PANELS * PANEL_COLS);
        int32_t got = sums[m * PANEL_WIDTH + n], sum = plain_sum(m, n);

        if (got != sum)
            fail_msg("%s, %s: sum %zu,%zu is %d, expected %d", isa, what, m, n,
                     got, sum);
    }
}

static void worst_of(const char *isa)
{
    static const struct {
        const char *why;
        int even, odd; /* weights */
    } worst[] = {
        { "largest pair", PANEL_LEVELS, PANEL_PAIR - PANEL_LEVELS },
        { "even pair", PANEL_PAIR / 2, PANEL_PAIR / 2 },
        { "least pair", PANEL_LEVELS - PANEL_PAIR, -PANEL_LEVELS },
        { "even least pair", -PANEL_PAIR / 2, -PANEL_PAIR / 2 },
        { "opposite", PANEL_LEVELS, -PANEL_LEVELS },
    };

    memset(ua, 255, sizeof(ua));
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
        for (size_t k = 0; k < sizeof(sw); k++)
            sw[k] = (int8_t)(k % 2 ? worst[i].odd : worst[i].even);
        check_sums(isa, worst[i].why);
    }
    for (size_t k = 0; k < sizeof(ua); k++)
        ua[k] = (uint8_t)(k * 2654435761u >> 13);
    for (size_t k = 0; k < sizeof(sw); k++)
        sw[k] = (int8_t)((int)((k * 40503u >> 5) % (PANEL_PAIR + 1)) -
                         PANEL_PAIR / 2);
    check_sums(isa, "all kinds");
}

static void int8_sums_are_exact_at_their_worst(void **state)
{
    (void)state;
    for_each_variant(worst_of);
}

/* Whatever the weights, packing keeps to what 16-bit sums can take. */
static void int8_weights_never_saturate_a_pair(void **state)
{
    static const struct {
        const char *why;
        float even, odd, noise;
    } row[] = {
        { "all alike", 1.0f, 1.0f, 0.0f },
        { "all alike, negative", -1.0f, -1.0f, 0.0f },
        { "opposite", 1.0f, -1.0f, 0.0f },
        { "large and noise", 0.5f, 0.5f, 1.0f },
        { "one sign", 1.0f, 0.2f, 0.3f },
        { "huge", 1e30f, 1e30f, 1e29f },
        { "noise", 0.0f, 0.0f, 1.0f },
        { "zero", 0.0f, 0.0f, 0.0f },
    };
    enum { K = 99 };

    (void)state;
    fill_random(a, K, 9);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        float scale;

        for (size_t k = 0; k < K; k++)
            w[k] = (k % 2 ? row[i].odd : row[i].even) + row[i].noise * a[k];
        scale = panel_round_scale(w, K);
        for (size_t k = 0; k < K; k += 2) {
            int q[2];

            panel_round_pair(q, w + k, K - k, scale);
            if (abs(q[0]) > PANEL_LEVELS || abs(q[1]) > PANEL_LEVELS ||
                abs(q[0] + q[1]) > PANEL_PAIR)
                fail_msg("%s: pair %zu is %d, %d", row[i].why, k, q[0], q[1]);
            /* what is not cut is within half a step */
            if (abs(q[0] + q[1]) < PANEL_PAIR && k + 1 < K)
                assert_near(row[i].why, (double)w[k],
                            (double)((float)q[0] * scale), 1e-6,
                            0.51 * (double)scale);
        }
    }
}

static void rows_of(const char *isa)
{
    static const float odd[][2] = {
        { 0, 0 }, { 3, 3 }, { -3, -3 }, { 1e30f, 0 }, { -1, 1e-30f }
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        const struct shape s = { 1, 3, 20 };

        fill(&s);
        for (size_t k = 0; k < 20; k++)
            a[k] = odd[i][k % 2];
        reference(&s, PRECISION_INT8, PANEL_BIAS);
        product(&s, PRECISION_INT8, PANEL_BIAS, 0);
        assert_close(isa, c, want, 3, 1e-6, 1e-5);
    }
    for (size_t k = 0; k < 20; k += 19) {
        const struct shape s = { 1, 3, 20 };

        fill(&s);
        a[k] = k ? INFINITY : NAN;
        product(&s, PRECISION_INT8, PANEL_BIAS, 0);
        if (isfinite(c[0]))
            fail_msg("%s: NaN or infinity at %zu became %g", isa, k,
                     (double)c[0]);
    }
}

static void odd_rows_survive_int8(void **state)
{
    (void)state;
    for_each_variant(rows_of);
}

static void without_bias_it_is_zero(void **state)
{
    const struct shape s = { 2, 5, 7 };
    struct panel p;
    struct panel_rows rows;

    (void)state;
    fill(&s);
    memset(bias, 0, sizeof(bias));
    reference(&s, PRECISION_F32, PANEL_BIAS);
    panel_pack(&p, memory, PRECISION_F32, w, NULL, s.N, s.K);
    rows = panel_rows(NULL, a, s.K + GAP, PRECISION_F32, s.M, s.K);
    panel_fwd(c, s.N + GAP, &rows, &p, PANEL_BIAS, s.M);
    assert_close("c", c, want, s.M * (s.N + GAP), 1e-6, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_match_a_plain_loop_and_leave_the_gaps_alone),
        cmocka_unit_test(a_row_has_the_same_bits_at_any_place),
        cmocka_unit_test(wide_variants_agree_to_the_bit),
        cmocka_unit_test(without_bias_it_is_zero),
        cmocka_unit_test(int8_sums_are_exact_at_their_worst),
        cmocka_unit_test(int8_weights_never_saturate_a_pair),
        cmocka_unit_test(odd_rows_survive_int8),
    };

    return cmocka_run_group_tests_name("panel", tests, NULL, NULL);
}
