/*
 * What inference promises whatever the model: a sequence's result depends on
 * that sequence and the weights alone. The models are those of tests/golden.
 */
#include "support/support.h"

#include <string.h>

#include "base/cpu.h"
#include "base/workers.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "support/variants.h"

enum { N = 40, C = 16 };
static char words[N][400];
static struct span text[N];
static struct workers *workers;

/* Texts of 0 to 60 words, so that chunks and blocks are cut everywhere. */
static void make_texts(void)
{
    static const char *const word[] = { "a ", "man ", "plays ", "the ",
                                        "dog " };

    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i * 37 % 61; k++)
            strcat(words[i], word[(i + k * k) % 5]);
        text[i] = span_of(words[i]);
    }
}

static void vectors_of(const char *isa)
{
    float all[N * C], alone[C];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    assert_ok(bi_encoder_load(&m, "tests/golden/model/bi", &err), &err);
    for (enum precision p = PRECISION_F32; p <= PRECISION_INT8; p++) {
        assert_ok(bi_encoder_freeze(&m, p, &err), &err);
        assert_ok(bi_encoder_encode_texts(&m, all, text, N, workers, &err),
                  &err);
        for (size_t i = 0; i < N; i++) {
            assert_ok(
                bi_encoder_encode_texts(&m, alone, text + i, 1, workers, &err),
                &err);
            if (memcmp(alone, all + i * C, sizeof(alone)) != 0)
                fail_msg("%s %s: text %zu has another vector alone", isa,
                         precision_name(p), i);
        }
    }
    bi_encoder_release(&m);
}

static void a_vector_does_not_depend_on_its_neighbours(void **state)
{
    (void)state;
    for_each_variant(vectors_of);
}

static void scores_of(const char *isa)
{
    float all[N], alone;
    struct span other[N];
    struct cross_encoder m;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < N; i++)
        other[i] = text[i * 7 % N];
    assert_ok(cross_encoder_load(&m, "tests/golden/model/cross", 0, &err),
              &err);
    for (enum precision p = PRECISION_F32; p <= PRECISION_INT8; p++) {
        assert_ok(cross_encoder_freeze(&m, p, &err), &err);
        assert_ok(
            cross_encoder_score_texts(&m, all, text, other, N, workers, &err),
            &err);
        for (size_t i = 0; i < N; i++) {
            assert_ok(cross_encoder_score_texts(&m, &alone, text + i, other + i,
                                                1, workers, &err),
                      &err);
            if (memcmp(&alone, &all[i], sizeof(alone)) != 0)
                fail_msg("%s %s: pair %zu has another score alone", isa,
                         precision_name(p), i);
        }
    }
    cross_encoder_release(&m);
}

static void a_score_does_not_depend_on_its_neighbours(void **state)
{
    (void)state;
    for_each_variant(scores_of);
}

static void threads_change_no_bit(void **state)
{
    float y[N], first[N];
    struct cross_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(cross_encoder_load(&m, "tests/golden/model/cross", 0, &err),
              &err);
    for (size_t k = 0; k < 9; k++) {
        struct workers *w;

        assert_ok(workers_start(&w, k % 3 + 1, &err), &err);
        assert_ok(cross_encoder_freeze(&m, (enum precision)(k / 3), &err),
                  &err);
        assert_ok(cross_encoder_score_texts(&m, y, text, text, N, w, &err),
                  &err);
        if (k % 3 == 0)
            memcpy(first, y, sizeof(y));
        assert_memory_equal(first, y, sizeof(y));
        workers_stop(w);
    }
    cross_encoder_release(&m);
}

static void frozen_or_not_is_the_same(void **state)
{
    float y[2][N * C];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(bi_encoder_load(&m, "tests/golden/model/bi", &err), &err);
    assert_ok(bi_encoder_encode_texts(&m, y[0], text, N, workers, &err), &err);
    assert_ok(bi_encoder_freeze(&m, PRECISION_F32, &err), &err);
    assert_ok(bi_encoder_encode_texts(&m, y[1], text, N, workers, &err), &err);
    assert_memory_equal(y[0], y[1], sizeof(y[0]));
    bi_encoder_release(&m);
}

static int start(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    gemm_init();
    make_texts();
    return workers_start(&workers, 2, &err);
}

static int stop(void **state)
{
    (void)state;
    workers_stop(workers);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_does_not_depend_on_its_neighbours),
        cmocka_unit_test(a_score_does_not_depend_on_its_neighbours),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(frozen_or_not_is_the_same),
    };

    return cmocka_run_group_tests_name("infer", tests, start, stop);
}
