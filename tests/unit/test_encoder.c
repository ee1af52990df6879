/*
 * The forward pass of families that are more than BERT, in every precision.
 * What they compute is the reference's: test_bi_encoder.c,
 * test_cross_encoder.c, tests/cli/model/tiny-families.sh.
 */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "support/variants.h"

enum { B = 9, LONGEST = 50, ROWS = B * LONGEST };

static const struct model_config electra = { .kind = MODEL_BI,
                                             .layout = LAYOUT_ELECTRA,
                                             .V = 40,
                                             .P = LONGEST,
                                             .S = 2,
                                             .C = 32,
                                             .H = 2,
                                             .F = 48,
                                             .L = 2,
                                             .E = 24,
                                             .eps = 1e-12f };
static const struct model_config mpnet = { .kind = MODEL_BI,
                                           .layout = LAYOUT_MPNET,
                                           .V = 40,
                                           .P = LONGEST + 2,
                                           .S = 2,
                                           .first = 2,
                                           .C = 32,
                                           .H = 2,
                                           .F = 48,
                                           .L = 2,
                                           .relative = true,
                                           .eps = 1e-12f,
                                           .pad_id = 1 };
static const struct model_config *const configs[] = { &electra, &mpnet };
enum { CONFIGS = sizeof(configs) / sizeof(configs[0]) };

/* Sequence b of 1 to LONGEST tokens. */
static void add_sequence(struct packed *p, size_t b)
{
    uint32_t id[LONGEST];
    size_t n = b == 0 ? 1 : b == 1 ? LONGEST : 1 + rng_at(9, b) % LONGEST;
    struct err err = ERR_INIT;

    for (size_t t = 0; t < n; t++)
        id[t] = (uint32_t)(rng_at(b, t) % 40);
    assert_ok(packed_add(p, id, NULL, n, &err), &err);
}

static void forward(float *y, const struct infer_weights *w,
                    const struct model_config *c, const struct packed *p)
{
    size_t n = encoder_scratch(c, w->precision, p->T, p->longest);
    size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    float *scratch = aligned_alloc(64, bytes);

    assert_non_null(scratch);
    encoder_forward(y, scratch, c, w, p, ENCODER_TOKENS);
    free(scratch);
}

/* Every row of a batch, and of each sequence alone: the same bits. */
static void check_alone(const float *all, const struct infer_weights *w,
                        const struct model_config *c, const struct packed *p)
{
    static float y[LONGEST * 32];

    for (size_t b = 0; b < B; b++) {
        struct packed alone = PACKED_INIT;

        add_sequence(&alone, b);
        forward(y, w, c, &alone);
        assert_memory_equal(y, all + p->offset[b] * c->C,
                            alone.T * c->C * sizeof(*y));
        packed_release(&alone);
    }
}

/* Rows are LayerNorm's, of length sqrt(C). */
static void check_close(const float *x, const float *exact, size_t rows,
                        size_t C, double most)
{
    double off = 0.0;

    for (size_t i = 0; i < rows * C; i++)
        off += pow((double)x[i] - (double)exact[i], 2);
    if (sqrt(off / (double)(rows * C)) > most)
        fail_msg("off by %g a channel, expected at most %g",
                 sqrt(off / (double)(rows * C)), most);
}

static void check_config(const struct model_config *c)
{
    static const double most[] = { 0.0, 0.03, 0.1 };
    static float y[3][ROWS * 32];
    struct packed p = PACKED_INIT;
    struct weights w;
    struct err err = ERR_INIT;

    assert_ok(weights_init(&w, c, WEIGHTS_BODY, &err), &err);
    weights_random(&w, 0.2f, 3);
    for (size_t b = 0; b < B; b++)
        add_sequence(&p, b);
    for (enum precision k = PRECISION_F32; k <= PRECISION_INT8; k++) {
        struct infer_weights packed;

        assert_ok(infer_weights_init(&packed, c, &w, k, &err), &err);
        forward(y[k], &packed, c, &p);
        check_alone(y[k], &packed, c, &p);
        check_close(y[k], y[PRECISION_F32], p.T, c->C, most[k]);
        infer_weights_release(&packed);
    }
    packed_release(&p);
    weights_release(&w);
}

static void check_variant(const char *isa)
{
    (void)isa;
    for (size_t i = 0; i < CONFIGS; i++)
        check_config(configs[i]);
}

static void each_precision_is_near_f32_and_heeds_no_neighbour(void **state)
{
    (void)state;
    for_each_variant(check_variant);
}

/* Among all tokens of a sequence; one alone gives itself all its weight. */
static void the_relative_table_changes_every_row_but_of_one_token(void **state)
{
    static float y[2][ROWS * 32];
    const struct model_config *c = &mpnet;
    struct packed p = PACKED_INIT;
    struct weights w;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t b = 0; b < B; b++)
        add_sequence(&p, b);
    assert_ok(weights_init(&w, c, WEIGHTS_BODY, &err), &err);
    weights_random(&w, 0.2f, 3);
    for (size_t k = 0; k < 2; k++) {
        struct infer_weights packed;

        assert_ok(infer_weights_init(&packed, c, &w, PRECISION_F32, &err),
                  &err);
        forward(y[k], &packed, c, &p);
        infer_weights_release(&packed);
        w.embedding.relative[0] += 3.0f; /* of head 0, of a token itself */
    }
    for (size_t b = 0; b < B; b++)
        for (size_t t = p.offset[b]; t < p.offset[b + 1]; t++)
            assert_int_equal(memcmp(y[0] + t * c->C, y[1] + t * c->C,
                                    c->C * sizeof(float)) == 0,
                             p.offset[b + 1] - p.offset[b] == 1);
    packed_release(&p);
    weights_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_precision_is_near_f32_and_heeds_no_neighbour),
        cmocka_unit_test(the_relative_table_changes_every_row_but_of_one_token),
    };

    gemm_init();
    kernels_init();
    return cmocka_run_group_tests_name("encoder", tests, NULL, NULL);
}
