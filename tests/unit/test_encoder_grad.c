#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/rng.h"
#include "model/encoder.h"
#include "model/encoder_grad.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"

enum { B = 6, WIDE = 64 };

/* A tiny model, its gradient, a batch, and a loss on what comes out. */
struct trial {
    struct model_config c;
    struct weights w, dw;
    struct workers *workers;
    struct encoder_grad *g;
    struct packed batch;
    float y[B * WIDE], dy[B * WIDE];
    uint32_t left[B / 2], right[B / 2];
    float label[B];
};

static void make_batch(struct packed *p, const struct model_config *c,
                       size_t sequences, size_t most)
{
    struct err err = ERR_INIT;

    for (size_t b = 0; b < sequences; b++) {
        size_t len = 2 + rng_at(5, b) % (most - 1);
        uint32_t id[64];
        uint8_t segment[64];

        for (size_t t = 0; t < len; t++) {
            id[t] = (uint32_t)(rng_at(b, t) % c->V);
            segment[t] = t > len / 2;
        }
        assert_ok(packed_add(p, id, segment, len, &err), &err);
    }
}

static struct model_config tiny(enum model_kind kind)
{
    return (struct model_config){ .kind = kind,
                                  .V = 23,
                                  .P = 12,
                                  .S = 2,
                                  .C = 16,
                                  .H = 2,
                                  .F = 24,
                                  .L = 2,
                                  .eps = 1e-12f,
                                  .drop_hidden = 0.2f,
                                  .drop_attention = 0.2f,
                                  .drop_classifier = 0.2f,
                                  .init_range = 0.02f,
                                  .labels = kind == MODEL_CROSS,
                                  .max_len = 12,
                                  .pooling = { POOLING_MEAN },
                                  .poolings = 1 };
}

/* Biases and LayerNorms are moved from their start: at 0 and 1 a swap of two
 * of them would not show. */
static void shake(struct weights *w)
{
    weights_random(w, 0.3f, 3);
    for (size_t i = 0; i < w->tensors; i++)
        for (size_t k = 0; w->tensor[i].cols == 0 && k < w->tensor[i].n; k++)
            w->tensor[i].x[k] += 0.4f * ((float)rng_uniform(&(struct rng){
                                             { i + 1, k + 1, i * k + 1, 7 } }) -
                                         0.5f);
}

static void open_trial_as(struct trial *t, const struct model_config *c,
                          enum precision precision, size_t threads)
{
    unsigned parts = c->kind == MODEL_CROSS ? WEIGHTS_CLASSIFIER : WEIGHTS_BODY;
    struct err err = ERR_INIT;

    memset(t, 0, sizeof(*t));
    t->c = *c;
    assert_ok(workers_start(&t->workers, threads, &err), &err);
    assert_ok(weights_init(&t->w, c, parts, &err), &err);
    assert_ok(weights_init(&t->dw, c, parts, &err), &err);
    shake(&t->w);
    assert_ok(encoder_grad_new(&t->g, &t->c, &t->w, &t->dw, precision,
                               t->workers, &err),
              &err);
    for (uint32_t i = 0; i < B; i++)
        t->label[i] = (float)i / B;
    for (uint32_t i = 0; i < B / 2; i++) {
        t->left[i] = 2 * i;
        t->right[i] = 2 * i + 1;
    }
}

static void open_trial(struct trial *t, const struct model_config *c,
                       size_t threads)
{
    open_trial_as(t, c, PRECISION_F32, threads);
}

static void close_trial(struct trial *t)
{
    packed_release(&t->batch);
    encoder_grad_free(t->g);
    weights_release(&t->dw);
    weights_release(&t->w);
    workers_stop(t->workers);
}

static double loss_of(struct trial *t, float *dy)
{
    if (t->c.kind == MODEL_CROSS)
        return loss_bce(dy, t->y, t->label, 1.0f, B);
    return loss_cosine(dy, t->y, t->left, t->right, t->label, B / 2,
                       model_config_dim(&t->c));
}

static double value(void *ctx)
{
    struct trial *t = ctx;
    struct err err = ERR_INIT;

    assert_ok(encoder_batch_forward(t->g, t->y, &t->batch, 99, true, &err),
              &err);
    return loss_of(t, NULL);
}

static void check_gradient(const struct model_config *c)
{
    struct trial *t = malloc(sizeof(*t));

    assert_non_null(t);
    open_trial(t, c, 2);
    for (size_t i = 0; c->layout == LAYOUT_DISTILBERT && i < c->C; i++)
        t->w.head.pool_b[i] = i % 2 ? 3.0f : -3.0f; /* far from ReLU's corner */
    make_batch(&t->batch, c, B, c->P - c->first);
    value(t);
    loss_of(t, t->dy);
    encoder_batch_backward(t->g, t->dy);
    for (size_t i = 0; i < t->w.tensors; i++) {
        struct tensor *x = &t->w.tensor[i], *dx = &t->dw.tensor[i];
        char name[160];

        tensor_name(name, sizeof(name), x);
        if (x->trains)
            assert_gradient(name, x->x, dx->x, x->n, value, t);
        for (size_t k = 0; !x->trains && k < x->n; k++)
            assert_true(dx->x[k] == 0.0f);
    }
    close_trial(t);
    free(t);
}

static void gradient_of_normalised_means_is_right(void **state)
{
    struct model_config c = tiny(MODEL_BI);

    (void)state;
    c.normalise = true;
    check_gradient(&c);
}

static void gradient_of_concatenated_poolings_is_right(void **state)
{
    struct model_config c = tiny(MODEL_BI);

    (void)state;
    c.pooling[0] = POOLING_CLS;
    c.pooling[1] = POOLING_MEAN;
    c.poolings = 2;
    check_gradient(&c);
}

static void gradient_of_first_rows_is_right(void **state)
{
    struct model_config c = tiny(MODEL_BI);

    (void)state;
    c.pooling[0] = POOLING_CLS;
    check_gradient(&c);
}

static void gradient_of_a_classifier_is_right(void **state)
{
    struct model_config c = tiny(MODEL_CROSS);

    (void)state;
    check_gradient(&c);
}

/* ReLU in the head, and no segments: their table stays 0 and gets nothing. */
static void gradient_of_a_distilbert_classifier_is_right(void **state)
{
    struct model_config c = tiny(MODEL_CROSS);

    (void)state;
    c.layout = LAYOUT_DISTILBERT;
    check_gradient(&c);
}

static struct model_config tiny_electra(enum model_kind kind)
{
    struct model_config c = tiny(kind);

    c.layout = LAYOUT_ELECTRA;
    c.E = 8;
    return c;
}

/* Tables narrower than the layers, and wider: both are projected. GELU in the
 * head, dropout before it. */
static void gradient_of_a_projected_embedding_is_right(void **state)
{
    struct model_config c = tiny_electra(MODEL_CROSS);

    (void)state;
    for (c.E = 6; c.E <= 20; c.E += 14)
        check_gradient(&c);
    c = tiny_electra(MODEL_BI);
    check_gradient(&c);
}

/* Positions from a later row, one segment, dropout before the head. */
static void gradient_of_a_roberta_classifier_is_right(void **state)
{
    struct model_config c = tiny(MODEL_CROSS);

    (void)state;
    c.layout = LAYOUT_ROBERTA;
    c.first = 2;
    c.P += 2;
    check_gradient(&c);
}

/* Relative positions in every layer, over near and far buckets, one "<pad>" in
 * a text, no segments. */
static struct model_config tiny_mpnet(enum model_kind kind)
{
    struct model_config c = tiny(kind);

    c.layout = LAYOUT_MPNET;
    c.relative = true;
    c.pad_id = 1;
    c.first = 2;
    c.P = 42;
    return c;
}

static void gradient_of_relative_positions_is_right(void **state)
{
    struct model_config c = tiny_mpnet(MODEL_CROSS);

    (void)state;
    check_gradient(&c);
    c = tiny_mpnet(MODEL_BI);
    c.normalise = true;
    check_gradient(&c);
}

static void gradients_add_up_over_batches(void **state)
{
    const struct model_config c = tiny(MODEL_CROSS);
    struct trial t;
    float *once;
    const struct tensor *x;

    (void)state;
    open_trial(&t, &c, 2);
    make_batch(&t.batch, &c, B, c.P);
    value(&t);
    loss_of(&t, t.dy);
    encoder_batch_backward(t.g, t.dy);
    x = &t.dw.tensor[5];
    once = malloc(x->n * sizeof(*once));
    assert_non_null(once);
    for (size_t i = 0; i < x->n; i++)
        once[i] = 2 * x->x[i];
    value(&t);
    encoder_batch_backward(t.g, t.dy);
    assert_close("twice", x->x, once, x->n, 1e-5, 1e-7);
    free(once);
    close_trial(&t);
}

/* ---- bf16 products ---- */

/* Their gradient, against that of f32: 8 bits of mantissa, through 2 layers and
 * back. */
static void check_bf16(const struct model_config *c)
{
    struct trial exact, half;

    open_trial_as(&exact, c, PRECISION_F32, 2);
    open_trial_as(&half, c, PRECISION_BF16, 2);
    for (size_t k = 0; k < 2; k++) {
        struct trial *t = k ? &half : &exact;

        make_batch(&t->batch, c, B, c->P - c->first);
        value(t);
        loss_of(t, t->dy);
        encoder_batch_backward(t->g, t->dy);
    }
    for (size_t i = 0; i < exact.dw.tensors; i++) {
        const struct tensor *x = &exact.dw.tensor[i], *y = &half.dw.tensor[i];
        double dot = 0.0, xx = 0.0, yy = 0.0;

        for (size_t k = 0; k < x->n; k++) {
            dot += (double)x->x[k] * y->x[k];
            xx += (double)x->x[k] * x->x[k];
            yy += (double)y->x[k] * y->x[k];
        }
        if (xx < 1e-12) /* of keys' biases the gradient is nothing but noise */
            continue;
        assert_true(dot > 0.9995 * sqrt(xx * yy));
        if (x->n > 1)
            assert_true(yy > 0.95 * xx && yy < 1.05 * xx);
        assert_true(!x->trains || x->cols == 0 || i < 5 ||
                    memcmp(x->x, y->x, x->n * sizeof(*x->x)) != 0);
    }
    close_trial(&exact);
    close_trial(&half);
}

static void bf16_gradients_point_where_those_of_f32_do(void **state)
{
    struct model_config c = tiny(MODEL_CROSS);

    (void)state;
    check_bf16(&c);
    c = tiny(MODEL_BI);
    c.normalise = true;
    check_bf16(&c);
}

/* ---- against the inference pass ---- */

static void check_same_as_inference(const struct model_config *c)
{
    struct trial *t = malloc(sizeof(*t));
    size_t E = c->kind == MODEL_CROSS ? 1 : model_config_dim(c);
    static float x[4096], pooled[4096], want[4096], scratch[65536];
    struct infer_weights w;
    struct err err = ERR_INIT;

    assert_non_null(t);
    open_trial(t, c, 2);
    make_batch(&t->batch, c, B, c->P - c->first);
    assert_true(encoder_scratch(c, PRECISION_F32, t->batch.T,
                                t->batch.longest) <= 65536);
    assert_ok(infer_weights_init(&w, c, &t->w, PRECISION_F32, &err), &err);
    if (c->kind == MODEL_CROSS) {
        encoder_forward(x, scratch, c, &w, &t->batch, ENCODER_CLS);
        encoder_logits(want, pooled, x, c, &w, B);
    } else {
        encoder_forward(x, scratch, c, &w, &t->batch, ENCODER_TOKENS);
        encoder_pool(want, x, c, &t->batch);
    }
    infer_weights_release(&w);
    assert_ok(encoder_batch_forward(t->g, t->y, &t->batch, 0, false, &err),
              &err);
    assert_close("output", t->y, want, B * E, 1e-5, 1e-6);
    close_trial(t);
    free(t);
}

static void without_dropout_training_equals_inference(void **state)
{
    struct model_config c = tiny(MODEL_CROSS);

    (void)state;
    check_same_as_inference(&c);
    c = tiny(MODEL_BI);
    c.normalise = true;
    check_same_as_inference(&c);
    c.pooling[0] = POOLING_CLS;
    check_same_as_inference(&c);
    c = tiny_electra(MODEL_CROSS);
    check_same_as_inference(&c);
    c = tiny_mpnet(MODEL_CROSS);
    check_same_as_inference(&c);
    c = tiny_mpnet(MODEL_BI);
    check_same_as_inference(&c);
}

static void first_rows_alone_equal_those_of_all_tokens(void **state)
{
    const struct model_config c = tiny(MODEL_BI);
    struct trial t;
    static float all[4096], first[4096], scratch[65536];
    struct infer_weights w;
    struct err err = ERR_INIT;

    (void)state;
    open_trial(&t, &c, 1);
    assert_ok(infer_weights_init(&w, &c, &t.w, PRECISION_F32, &err), &err);
    make_batch(&t.batch, &c, B, c.P);
    encoder_forward(all, scratch, &c, &w, &t.batch, ENCODER_TOKENS);
    encoder_forward(first, scratch, &c, &w, &t.batch, ENCODER_CLS);
    infer_weights_release(&w);
    for (size_t b = 0; b < B; b++)
        assert_close("row", first + b * c.C, all + t.batch.offset[b] * c.C, c.C,
                     1e-5, 1e-6);
    close_trial(&t);
}

/* ---- threads and keys ---- */

static void run_step(struct trial *t, uint64_t key, float *y, float *dy,
                     size_t sequences)
{
    struct err err = ERR_INIT;

    make_batch(&t->batch, &t->c, sequences, t->c.P - t->c.first);
    assert_ok(encoder_batch_forward(t->g, y, &t->batch, key, true, &err), &err);
    fill_random(dy, sequences * encoder_grad_width(t->g), 4);
    encoder_batch_backward(t->g, dy);
}

static void bits_do_not_depend_on_the_workers(void **state)
{
    enum { MANY = 200 };
    const struct model_config configs[] = { tiny(MODEL_BI), tiny(MODEL_CROSS),
                                            tiny_mpnet(MODEL_CROSS),
                                            tiny_electra(MODEL_BI) };
    static float y[2][MANY * 16], dy[MANY * 16];

    (void)state;
    for (size_t k = 0; k < sizeof(configs) / sizeof(configs[0]); k++) {
        const struct model_config c = configs[k];
        struct trial one, many;

        open_trial(&one, &c, 1);
        run_step(&one, 7, y[0], dy, MANY);
        for (size_t threads = 2; threads <= 3; threads++) {
            open_trial(&many, &c, threads);
            run_step(&many, 7, y[1], dy, MANY);
            assert_memory_equal(y[0], y[1],
                                MANY * encoder_grad_width(one.g) * 4);
            for (size_t i = 0; i < one.dw.tensors; i++)
                assert_memory_equal(one.dw.tensor[i].x, many.dw.tensor[i].x,
                                    one.dw.tensor[i].n * sizeof(float));
            close_trial(&many);
        }
        close_trial(&one);
    }
}

static void dropout_is_a_function_of_the_key(void **state)
{
    const struct model_config c = tiny(MODEL_BI);
    struct trial t;
    float y[3][B * 16];
    const uint64_t key[] = { 1, 2, 1 };
    struct err err = ERR_INIT;

    (void)state;
    open_trial(&t, &c, 2);
    make_batch(&t.batch, &c, B, c.P);
    for (size_t i = 0; i < 3; i++)
        assert_ok(
            encoder_batch_forward(t.g, y[i], &t.batch, key[i], true, &err),
            &err);
    assert_memory_equal(y[0], y[2], sizeof(y[0]));
    assert_memory_not_equal(y[0], y[1], sizeof(y[0]));
    close_trial(&t);
}

/* Twins get masks of their own, in rows as in probabilities. */
static void equal_sequences_are_dropped_apart(void **state)
{
    const uint32_t id[] = { 1, 2, 3, 4, 5, 6 };
    struct err err = ERR_INIT;
    float y[2 * 16];

    (void)state;
    for (int hidden = 0; hidden <= 1; hidden++) {
        struct model_config c = tiny(MODEL_BI);
        struct trial t;

        c.drop_hidden = hidden ? 0.3f : 0.0f;
        c.drop_attention = hidden ? 0.0f : 0.3f;
        open_trial(&t, &c, 1);
        assert_ok(packed_add(&t.batch, id, NULL, 6, &err), &err);
        assert_ok(packed_add(&t.batch, id, NULL, 6, &err), &err);
        assert_ok(encoder_batch_forward(t.g, y, &t.batch, 1, true, &err), &err);
        assert_memory_not_equal(y, y + 16, 16 * sizeof(*y));
        assert_ok(encoder_batch_forward(t.g, y, &t.batch, 1, false, &err),
                  &err);
        assert_close("twin", y, y + 16, 16, 1e-5, 1e-6);
        close_trial(&t);
    }
}

static void what_is_reserved_is_enough(void **state)
{
    const struct model_config c = tiny(MODEL_CROSS);
    struct trial t;
    struct err err = ERR_INIT;

    (void)state;
    open_trial(&t, &c, 2);
    make_batch(&t.batch, &c, B, c.P);
    assert_ok(encoder_grad_reserve(t.g, B, B * c.P, c.P, &err), &err);
    assert_true(encoder_grad_bytes(t.g, B, B * c.P, c.P) >=
                encoder_grad_bytes(t.g, B, t.batch.T, t.batch.longest));
    value(&t);
    close_trial(&t);
}

static int start(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    gemm_init();
    if (cpu_init("auto", &err) < 0)
        return -1;
    kernels_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_normalised_means_is_right),
        cmocka_unit_test(gradient_of_concatenated_poolings_is_right),
        cmocka_unit_test(gradient_of_first_rows_is_right),
        cmocka_unit_test(gradient_of_a_classifier_is_right),
        cmocka_unit_test(gradient_of_a_distilbert_classifier_is_right),
        cmocka_unit_test(gradient_of_a_projected_embedding_is_right),
        cmocka_unit_test(gradient_of_relative_positions_is_right),
        cmocka_unit_test(gradient_of_a_roberta_classifier_is_right),
        cmocka_unit_test(gradients_add_up_over_batches),
        cmocka_unit_test(bf16_gradients_point_where_those_of_f32_do),
        cmocka_unit_test(without_dropout_training_equals_inference),
        cmocka_unit_test(first_rows_alone_equal_those_of_all_tokens),
        cmocka_unit_test(bits_do_not_depend_on_the_workers),
        cmocka_unit_test(dropout_is_a_function_of_the_key),
        cmocka_unit_test(equal_sequences_are_dropped_apart),
        cmocka_unit_test(what_is_reserved_is_enough),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
