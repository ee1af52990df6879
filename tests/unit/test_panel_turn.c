/*
 * Panels of matrices that change or lie the other way round hold the same
 * numbers as panel_pack()'s, in f32 and in bf16, for odd sizes and in parts.
 */
#include "support/support.h"
#include "support/variants.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/kernels.h"
#include "nn/panel_turn.h"

static const struct {
    size_t N, K;
} shapes[] = { { 1, 1 },   { 16, 2 },  { 17, 3 },  { 15, 31 }, { 48, 32 },
               { 33, 33 }, { 64, 64 }, { 70, 95 }, { 16, 1 } };

static float *numbers(size_t n, uint64_t seed)
{
    float *x = malloc(n * sizeof(*x));

    assert_non_null(x);
    fill_random(x, n, seed);
    return x;
}

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);

    assert_non_null(p);
    memset(p, 0xff, bytes);
    return p;
}

static float *transposed(const float *x, size_t rows, size_t cols)
{
    float *y = malloc(rows * cols * sizeof(*y));

    assert_non_null(y);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            y[j * rows + i] = x[i * cols + j];
    return y;
}

static void check_panels(enum precision precision, size_t N, size_t K)
{
    float *w = numbers(N * K, N + 1), *b = transposed(w, N, K);
    float *bias = numbers(N, K + 9);
    size_t bytes = panel_bytes(precision, N, K), half = N > 32 ? 32 : 0;
    void *want = memory(bytes), *filled = memory(bytes),
         *turned = memory(bytes);
    struct panel p;

    panel_pack(&p, want, precision, w, bias, N, K);
    panel_open(&p, filled, precision, N, K);
    panel_fill(&p, w, bias, half, N);
    if (half)
        panel_fill(&p, w, bias, 0, half);
    assert_memory_equal(filled, want, bytes);
    panel_pack(&p, want, precision, w, NULL, N, K);
    panel_open(&p, turned, precision, N, K);
    panel_turn(&p, b, N, half, N);
    if (half)
        panel_turn(&p, b, N, 0, half);
    assert_memory_equal(turned, want, bytes);
    free(w);
    free(b);
    free(bias);
    free(want);
    free(filled);
    free(turned);
}

static void check_rows(enum precision precision, size_t M, size_t K)
{
    float *x = numbers(K * M, M + 5), *y = transposed(x, K, M);
    void *want = memory(panel_rows_bytes(precision, M, K) + 64);
    void *got = memory(turn_bytes(precision, M, K));
    struct panel_rows a = panel_rows(want, y, K, precision, M, K), b;
    size_t half = M > 32 ? 32 : 0;

    for (size_t part = 0; part < 2; part++) {
        size_t begin = part ? half : 0, end = part ? M : half;

        b = turn_rows(got, precision, x, K, M, begin, end);
        for (size_t m = begin; m < end; m++)
            assert_memory_equal(b.x + (m - begin) * b.ld, a.x + m * a.ld,
                                K * (precision == PRECISION_BF16 ? 2 : 4));
    }
    free(x);
    free(y);
    free(want);
    free(got);
}

static void check_all(const char *isa)
{
    (void)isa;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
        for (enum precision p = PRECISION_F32; p <= PRECISION_BF16; p++) {
            check_panels(p, shapes[i].N, shapes[i].K);
            check_rows(p, shapes[i].N, shapes[i].K);
        }
}

static void turned_and_refilled_panels_equal_packed_ones(void **state)
{
    (void)state;
    for_each_variant(check_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turned_and_refilled_panels_equal_packed_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
