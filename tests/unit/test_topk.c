#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "mine/topk.h"
#include "nn/gemm.h"

enum { N = 1100, C = 24, K = 5 };

static float dot(const float *a, const float *b)
{
    double s = 0.0;

    for (size_t c = 0; c < C; c++)
        s += (double)a[c] * (double)b[c];
    return (float)s;
}

static void finds_what_a_full_scan_finds(void **state)
{
    float *x = malloc(N * C * sizeof(*x));
    struct topk_hit *hit = malloc(N * K * sizeof(*hit));
    struct topk_hit *again = malloc(N * K * sizeof(*again));
    struct workers *w;
    struct err err = ERR_INIT;

    (void)state;
    assert_true(x && hit && again);
    gemm_init();
    fill_random(x, N * C, 5);
    assert_ok(workers_start(&w, 2, &err), &err);
    assert_ok(topk_self(hit, x, N, K, C, w, &err), &err);
    workers_stop(w);
    for (size_t q = 0; q < N; q += 37) {
        const struct topk_hit *h = hit + q * K;

        for (size_t k = 0; k < K; k++) {
            assert_int_not_equal(h[k].doc, q);
            assert_near("score", (double)h[k].score,
                        (double)dot(x + q * C, x + h[k].doc * C), 1e-5, 1e-5);
        }
        for (size_t d = 0; d < N; d++) {
            bool in = d == q;

            for (size_t k = 0; k < K; k++)
                in |= h[k].doc == d;
            if (!in && dot(x + q * C, x + d * C) > h[K - 1].score + 1e-5f)
                fail_msg("query %zu misses document %zu", q, d);
        }
    }
    assert_ok(workers_start(&w, 3, &err), &err);
    assert_ok(topk_self(again, x, N, K, C, w, &err), &err);
    workers_stop(w);
    assert_memory_equal(hit, again, N * K * sizeof(*hit));
    free(x);
    free(hit);
    free(again);
}

static void fewer_documents_than_places_leave_places_empty(void **state)
{
    float x[3 * 2] = { 1, 0, 0, 1, 1, 1 };
    struct topk_hit hit[3 * 4];
    struct workers *w;
    struct err err = ERR_INIT;

    (void)state;
    gemm_init();
    assert_ok(workers_start(&w, 1, &err), &err);
    assert_ok(topk_self(hit, x, 3, 4, 2, w, &err), &err);
    workers_stop(w);
    assert_int_equal(hit[0].doc, 2);
    assert_int_equal(hit[1].doc, 1);
    assert_int_equal(hit[2].doc, UINT32_MAX);
    assert_int_equal(hit[3].doc, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_full_scan_finds),
        cmocka_unit_test(fewer_documents_than_places_leave_places_empty),
    };

    return cmocka_run_group_tests_name("topk", tests, NULL, NULL);
}
