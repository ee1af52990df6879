#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/panel.h"
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

static void *memory_for(const struct shape *s)
{
    void *memory = aligned_alloc(64, panel_bytes(s->N, s->K));

    assert_non_null(memory);
    return memory;
}

static void fill(const struct shape *s)
{
    fill_random(a, s->M * (s->K + GAP), 1);
    fill_random(w, s->N * s->K, 2);
    fill_random(bias, s->N, 3);
    fill_random(c, s->M * (s->N + GAP), 4);
    memcpy(kept, c, sizeof(c));
}

/* The plain loop: inputs and outputs have GAP floats behind each row. */
static void reference(const struct shape *s, enum panel_then then)
{
    memcpy(want, kept, sizeof(want));
    for (size_t m = 0; m < s->M; m++) {
        for (size_t n = 0; n < s->N; n++) {
            float *to = want + m * (s->N + GAP) + n;
            double sum = (double)bias[n];

            for (size_t k = 0; k < s->K; k++)
                sum +=
                    (double)a[m * (s->K + GAP) + k] * (double)w[n * s->K + k];
            if (then == PANEL_GELU)
                sum *= 0.5 * erfc(-sum * 0.70710678118654752440);
            *to = (float)(then == PANEL_ADD ? (double)*to + sum : sum);
        }
    }
}

static void products_of(const char *isa)
{
    for (size_t i = 0; i < SHAPES; i++) {
        const struct shape *s = &shapes[i];
        void *memory = memory_for(s);
        struct panel p;

        for (enum panel_then then = PANEL_BIAS; then <= PANEL_ADD; then++) {
            char label[64];

            fill(s);
            snprintf(label, sizeof(label), "%s %zux%zux%zu %s", isa, s->M, s->N,
                     s->K, then_name[then]);
            reference(s, then);
            panel_pack(&p, memory, w, bias, s->N, s->K);
            memset(w, 0xff, sizeof(w)); /* the panels are all it needs */
            panel_fwd(c, s->N + GAP, a, s->K + GAP, &p, then, s->M);
            assert_close(label, c, want, s->M * (s->N + GAP), 1e-6,
                         1e-6 * sqrt((double)s->K));
        }
        free(memory);
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
    const struct shape s = { M, N, K };
    void *memory = memory_for(&s);
    float alone[N];
    struct panel p;

    fill(&s);
    for (size_t m = 1; m < M; m++)
        memcpy(a + m * K, a, K * sizeof(*a));
    panel_pack(&p, memory, w, bias, N, K);
    panel_fwd(alone, N, a, K, &p, PANEL_GELU, 1);
    panel_fwd(c, N, a, K, &p, PANEL_GELU, M);
    for (size_t m = 0; m < M; m++)
        if (memcmp(c + m * N, alone, sizeof(alone)) != 0)
            fail_msg("%s: row %zu has other bits than alone", isa, m);
    free(memory);
}

static void a_row_has_the_same_bits_at_any_place(void **state)
{
    (void)state;
    for_each_variant(places_of);
}

/* want holds what the first wide variant gave. */
static void bits_of(const char *isa)
{
    static bool first = true;
    const struct shape s = { 23, 90, 400 };
    void *memory = memory_for(&s);
    struct panel p;

    fill(&s);
    panel_pack(&p, memory, w, bias, s.N, s.K);
    panel_fwd(c, s.N, a, s.K, &p, PANEL_GELU, s.M);
    free(memory);
    if (strcmp(isa, "c") == 0)
        return;
    if (first)
        memcpy(want, c, sizeof(want));
    else if (memcmp(want, c, s.M * s.N * sizeof(*c)) != 0)
        fail_msg("%s: other bits than the variant before it", isa);
    first = false;
}

static void wide_variants_agree_to_the_bit(void **state)
{
    (void)state;
    for_each_variant(bits_of);
}

static void without_bias_it_is_zero(void **state)
{
    const struct shape s = { 2, 5, 7 };
    void *memory = memory_for(&s);
    struct panel p;

    (void)state;
    fill(&s);
    memset(bias, 0, sizeof(bias));
    reference(&s, PANEL_BIAS);
    panel_pack(&p, memory, w, NULL, s.N, s.K);
    panel_fwd(c, s.N + GAP, a, s.K + GAP, &p, PANEL_BIAS, s.M);
    assert_close("c", c, want, s.M * (s.N + GAP), 1e-6, 1e-6);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_match_a_plain_loop_and_leave_the_gaps_alone),
        cmocka_unit_test(a_row_has_the_same_bits_at_any_place),
        cmocka_unit_test(wide_variants_agree_to_the_bit),
        cmocka_unit_test(without_bias_it_is_zero),
    };

    return cmocka_run_group_tests_name("panel", tests, NULL, NULL);
}
