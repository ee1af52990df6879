/*
 * The whole model against the reference implementation, without anything
 * outside the project: tests/golden holds a tiny random BERT as the library
 * saved it and what the library gave for it (tests/golden/make.py).
 */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/json.h"
#include "base/workers.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/train.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"

#define GOLDEN "tests/golden/"
enum { C = 16, MAX = 64 };

static struct json *expected;
static struct workers *workers;

static const struct json_node *get(const char *key)
{
    return json_get(json_root(expected), key);
}

static size_t numbers(float *out, size_t cap, const struct json_node *a)
{
    size_t n = 0;

    for (const struct json_node *c = json_first(a); c; c = json_next(c)) {
        assert_true(n < cap);
        out[n++] = (float)json_num(c, NAN);
    }
    return n;
}

static size_t strings(struct span *out, const struct json_node *a, size_t at)
{
    size_t n = 0;

    for (const struct json_node *c = json_first(a); c; c = json_next(c)) {
        const struct json_node *s = c;

        if (json_type(c) == JSON_ARRAY) {
            s = json_first(c);
            for (size_t k = 0; k < at; k++)
                s = json_next(s);
        }
        out[n++] = span_of(json_str(s, ""));
    }
    return n;
}

static void check_ids(const struct json_node *want, const uint32_t *id,
                      size_t n, const char *what)
{
    float x[256];
    size_t m = numbers(x, 256, want);

    if (m != n)
        fail_msg("%s: %zu ids, expected %zu", what, n, m);
    for (size_t i = 0; i < n; i++)
        if (id[i] != (uint32_t)x[i])
            fail_msg("%s: id %zu is %u, expected %g", what, i, id[i],
                     (double)x[i]);
}

static void texts_become_the_librarys_ids(void **state)
{
    struct bi_encoder m = { 0 };
    struct token_table t = TOKEN_TABLE_INIT;
    struct packed p = PACKED_INIT;
    struct span text[MAX];
    struct err err = ERR_INIT;
    size_t n = strings(text, get("texts"), 0);
    const struct json_node *want = json_first(get("ids"));

    (void)state;
    assert_ok(bi_encoder_load(&m, GOLDEN "model/bi", &err), &err);
    assert_ok(bi_encoder_tokenise(&m, &t, text, n, workers, &err), &err);
    for (size_t i = 0; i < n; i++, want = json_next(want)) {
        packed_reset(&p);
        assert_ok(packed_add_single(&p, m.tokenizer, &t, (uint32_t)i,
                                    m.config.max_len, &err),
                  &err);
        check_ids(want, p.id, p.T, text[i].ptr);
    }
    packed_release(&p);
    token_table_release(&t);
    bi_encoder_release(&m);
}

static void check_vectors(const char *name, enum pooling mode)
{
    struct bi_encoder m = { 0 };
    struct span text[MAX];
    struct err err = ERR_INIT;
    size_t n = strings(text, get("texts"), 0);
    float got[MAX * C], want[C];
    const struct json_node *row = json_first(get(name));

    assert_ok(bi_encoder_load(&m, GOLDEN "model/bi", &err), &err);
    m.config.pooling[0] = mode;
    assert_int_equal(bi_encoder_dim(&m), C);
    assert_ok(bi_encoder_encode_texts(&m, got, text, n, workers, &err), &err);
    for (size_t i = 0; i < n; i++, row = json_next(row)) {
        assert_int_equal(numbers(want, C, row), C);
        assert_close(name, got + i * C, want, C, 0.0, 1e-5);
    }
    bi_encoder_release(&m);
}

static void vectors_are_the_librarys(void **state)
{
    (void)state;
    check_vectors("mean", POOLING_MEAN);
    check_vectors("cls", POOLING_CLS);
    check_vectors("max", POOLING_MAX);
}

static void logits_and_scores_are_the_librarys(void **state)
{
    struct cross_encoder m = { 0 };
    struct token_table t = TOKEN_TABLE_INIT;
    struct span text[2 * MAX];
    struct err err = ERR_INIT;
    size_t n = strings(text, get("pairs"), 0);
    uint32_t a[MAX], b[MAX];
    float got[MAX], want[MAX];

    (void)state;
    assert_int_equal(strings(text + n, get("pairs"), 1), n);
    for (size_t i = 0; i < n; i++) {
        a[i] = (uint32_t)i;
        b[i] = (uint32_t)(n + i);
    }
    assert_ok(cross_encoder_load(&m, GOLDEN "model/cross", 0, &err), &err);
    assert_false(m.fresh);
    assert_ok(cross_encoder_tokenise(&m, &t, text, 2 * n, workers, &err), &err);
    assert_ok(cross_encoder_logits(&m, got, &t, a, b, n, workers, &err), &err);
    assert_int_equal(numbers(want, MAX, get("logits")), n);
    assert_close("logits", got, want, n, 1e-5, 1e-5);
    cross_encoder_activate(&m, got, n);
    assert_int_equal(numbers(want, MAX, get("scores")), n);
    assert_close("scores", got, want, n, 1e-5, 1e-5);
    token_table_release(&t);
    cross_encoder_release(&m);
}

/* ---- training ---- */

struct batch {
    struct packed packed;
    uint32_t a[MAX], b[MAX];
    float label[MAX];
    size_t n;
};

static double cosine_loss(void *ctx, float *dy, const float *y, size_t B,
                          size_t width)
{
    struct batch *x = ctx;

    (void)B;
    return loss_cosine(dy, y, x->a, x->b, x->label, x->n, width);
}

static double bce_loss(void *ctx, float *dy, const float *y, size_t B,
                       size_t width)
{
    struct batch *x = ctx;

    (void)width;
    return loss_bce(dy, y, x->label, 1.0f, B);
}

/* Texts 2i and 2i+1 of the table are the sides of row i; its label. */
static size_t training_rows(struct span *text, float *label)
{
    const struct json_node *r = json_first(json_get(get("training"), "data"));
    size_t n = 0;

    for (; r; r = json_next(r), n++) {
        text[2 * n] = span_of(json_str(json_first(r), ""));
        text[2 * n + 1] = span_of(json_str(json_next(json_first(r)), ""));
        label[n] = (float)json_num(json_next(json_next(json_first(r))), NAN);
    }
    return n;
}

static const struct train_options options = {
    .steps = 12,
    .warmup = 0.25,
    .lr = 1e-3,
    .decay = 0.01,
    .clip = 1.0,
    .schedule = SCHEDULE_LINEAR,
};

static void no_dropout(struct model_config *c)
{
    c->drop_hidden = c->drop_attention = c->drop_classifier = 0.0f;
}

static void check_curve(const char *name, const double *got)
{
    const struct json_node *c = json_first(json_get(get("training"), name));

    for (int s = 0; s < 12; s++, c = json_next(c)) {
        double want = json_num(c, NAN);

        if (!(fabs(got[s] - want) <= 1e-3 * fabs(want)))
            fail_msg("%s: loss at step %d is %.8g, expected %.8g", name, s,
                     got[s], want);
    }
}

static void bi_encoder_learns_as_the_library_does(void **state)
{
    struct bi_encoder m = { 0 };
    struct token_table t = TOKEN_TABLE_INIT;
    struct batch x = { .packed = PACKED_INIT, .n = 4 };
    struct trainer *trainer;
    struct span text[2 * MAX];
    float label[MAX];
    double loss[12];
    struct err err = ERR_INIT;
    size_t rows = training_rows(text, label);

    (void)state;
    assert_int_equal(rows, 48);
    assert_ok(bi_encoder_load(&m, GOLDEN "model/bi", &err), &err);
    no_dropout(&m.config);
    assert_ok(bi_encoder_tokenise(&m, &t, text, 2 * rows, workers, &err), &err);
    assert_ok(
        trainer_new(&trainer, &m.config, &m.weights, workers, &options, &err),
        &err);
    for (uint32_t s = 0; s < 12; s++) {
        packed_reset(&x.packed);
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t row = 4 * s + i;

            x.a[i] = 2 * i;
            x.b[i] = 2 * i + 1;
            x.label[i] = label[row];
            for (uint32_t k = 0; k < 2; k++)
                assert_ok(packed_add_single(&x.packed, m.tokenizer, &t,
                                            2 * row + k, m.config.max_len,
                                            &err),
                          &err);
        }
        assert_ok(
            trainer_step(trainer, &x.packed, cosine_loss, &x, &loss[s], &err),
            &err);
    }
    check_curve("bi-cosine", loss);
    trainer_free(trainer);
    packed_release(&x.packed);
    token_table_release(&t);
    bi_encoder_release(&m);
}

/* Rows [row, row + n) as one batch. */
static void pair_batch(struct batch *x, const struct cross_encoder *m,
                       const struct token_table *t, const float *label,
                       uint32_t row, size_t n)
{
    struct err err = ERR_INIT;

    packed_reset(&x->packed);
    x->n = n;
    for (uint32_t i = 0; i < n; i++) {
        x->label[i] = label[row + i];
        assert_ok(packed_add_pair(&x->packed, m->tokenizer, t, 2 * (row + i),
                                  2 * (row + i) + 1, m->config.max_len, &err),
                  &err);
    }
}

/* The curve with each step's 4 rows in so many batches. */
static void check_cross_encoder(uint32_t parts)
{
    struct cross_encoder m = { 0 };
    struct token_table t = TOKEN_TABLE_INIT;
    struct batch x = { .packed = PACKED_INIT };
    struct trainer *trainer;
    struct span text[2 * MAX];
    float label[MAX];
    double loss[12] = { 0 };
    struct err err = ERR_INIT;
    size_t rows = training_rows(text, label);

    assert_ok(cross_encoder_load(&m, GOLDEN "model/cross", 0, &err), &err);
    no_dropout(&m.config);
    assert_ok(cross_encoder_tokenise(&m, &t, text, 2 * rows, workers, &err),
              &err);
    assert_ok(
        trainer_new(&trainer, &m.config, &m.weights, workers, &options, &err),
        &err);
    for (uint32_t s = 0; s < 12; s++) {
        for (uint32_t k = 0; k < parts; k++) {
            double part;

            pair_batch(&x, &m, &t, label, 4 * s + k * 4 / parts, 4 / parts);
            assert_ok(trainer_add(trainer, &x.packed, bce_loss, &x, 1.0 / parts,
                                  &part, &err),
                      &err);
            loss[s] += part / parts;
        }
        assert_ok(trainer_update(trainer, &err), &err);
    }
    check_curve("cross-bce", loss);
    trainer_free(trainer);
    packed_release(&x.packed);
    token_table_release(&t);
    cross_encoder_release(&m);
}

static void cross_encoder_learns_as_the_library_does(void **state)
{
    (void)state;
    check_cross_encoder(1);
}

static void accumulated_gradients_learn_the_same(void **state)
{
    (void)state;
    check_cross_encoder(2);
    check_cross_encoder(4);
}

/* Of one step, a tenth rounded up would be all. */
static void one_step_is_not_all_warm_up(void **state)
{
    struct train_options o = options;
    struct cross_encoder m = { 0 };
    struct token_table t = TOKEN_TABLE_INIT;
    struct batch x = { .packed = PACKED_INIT };
    struct trainer *trainer;
    struct span text[2 * MAX];
    float label[MAX];
    double loss;
    struct err err = ERR_INIT;
    size_t rows = training_rows(text, label);

    (void)state;
    o.steps = 1;
    o.warmup = 0.1;
    assert_ok(cross_encoder_load(&m, GOLDEN "model/cross", 0, &err), &err);
    assert_ok(cross_encoder_tokenise(&m, &t, text, 2 * rows, workers, &err),
              &err);
    assert_ok(trainer_new(&trainer, &m.config, &m.weights, workers, &o, &err),
              &err);
    pair_batch(&x, &m, &t, label, 0, 4);
    assert_ok(trainer_step(trainer, &x.packed, bce_loss, &x, &loss, &err),
              &err);
    assert_true(trainer_lr(trainer) > 0.0);
    trainer_free(trainer);
    packed_release(&x.packed);
    token_table_release(&t);
    cross_encoder_release(&m);
}

static int setup(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(cpu_init("auto", &err), &err);
    gemm_init();
    kernels_init();
    assert_ok(json_load(&expected, GOLDEN "expected.json", 0, &err), &err);
    assert_ok(workers_start(&workers, 2, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    workers_stop(workers);
    json_free(expected);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_the_librarys_ids),
        cmocka_unit_test(vectors_are_the_librarys),
        cmocka_unit_test(logits_and_scores_are_the_librarys),
        cmocka_unit_test(bi_encoder_learns_as_the_library_does),
        cmocka_unit_test(cross_encoder_learns_as_the_library_does),
        cmocka_unit_test(accumulated_gradients_learn_the_same),
        cmocka_unit_test(one_step_is_not_all_warm_up),
    };

    return cmocka_run_group_tests_name("golden", tests, setup, teardown);
}
