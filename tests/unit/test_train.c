/*
 * Twenty-four steps on real pairs against the reference implementation:
 * losses, gradient norms, and what the model gives afterwards.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/train.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"
#include "support/golden.h"

enum { ROWS = 192, BATCH = 8, STEPS = 24, DEV = 20, LENGTH = 128 };

static struct workers *workers;

/* Text a, text b and score / 5 of the first rows of a file. */
struct rows {
    struct buf text;
    struct span a[ROWS], b[ROWS];
    float label[ROWS];
};

static bool read_rows(struct rows *r, const char *name, size_t n)
{
    struct err err = ERR_INIT;
    char path[SUPPORT_PATH], *at;

    r->text = (struct buf)BUF_INIT(1 << 24);
    if (!support_shared(name, path))
        return false;
    assert_ok(file_read(&r->text, path, &err), &err);
    at = r->text.ptr;
    for (size_t i = 0; i < n; i++) {
        char *tab = strchr(at, '\t'), *second = strchr(tab + 1, '\t');

        r->a[i] = (struct span){ at, (size_t)(tab - at) };
        r->b[i] = (struct span){ tab + 1, (size_t)(second - tab - 1) };
        r->label[i] = strtof(second + 1, &at) / 5.0f;
        at = strchr(at, '\n') + 1;
    }
    return true;
}

struct loss {
    const float *label;
    bool ranking;
};

static double bi_loss(void *ctx, float *dy, const float *y, size_t B,
                      size_t width)
{
    static float scratch[1 << 16];
    const struct loss *l = ctx;
    uint32_t a[BATCH], b[BATCH];

    assert_int_equal(B, 2 * BATCH);
    for (uint32_t i = 0; i < BATCH; i++) {
        a[i] = i;
        b[i] = BATCH + i;
    }
    if (!l->ranking)
        return loss_cosine(dy, y, a, b, l->label, BATCH, width);
    assert_true(loss_mnrl_scratch(BATCH, BATCH, width) <= 1 << 16);
    return loss_mnrl(dy, scratch, y, a, b, 20.0f, BATCH, BATCH, width);
}

static double cross_loss(void *ctx, float *dy, const float *y, size_t B,
                         size_t width)
{
    const struct loss *l = ctx;

    assert_int_equal(width, 1);
    return loss_bce(dy, y, l->label, 1.0f, B);
}

struct history {
    float loss[STEPS], norm[STEPS];
};

static void no_dropout(struct model_config *c)
{
    c->drop_hidden = c->drop_attention = c->drop_classifier = 0.0f;
    c->max_len = LENGTH;
}

/* t holds all a, then all b. */
static void train(struct history *h, const struct model_config *c,
                  struct weights *w, const struct tokenizer *tok,
                  const struct token_table *t, const struct rows *r,
                  bool ranking)
{
    const struct train_options o = { .steps = STEPS,
                                     .warmup = 4.0 / STEPS,
                                     .lr = 2e-5,
                                     .decay = 0.01,
                                     .clip = 1.0,
                                     .schedule = SCHEDULE_LINEAR };
    bool cross = c->kind == MODEL_CROSS;
    struct packed batch = PACKED_INIT;
    struct trainer *trainer;
    struct err err = ERR_INIT;

    assert_ok(trainer_new(&trainer, c, w, workers, &o, &err), &err);
    for (uint32_t s = 0; s < STEPS; s++) {
        struct loss l = { r->label + s * BATCH, ranking };
        double loss;

        packed_reset(&batch);
        for (uint32_t i = 0; i < (cross ? BATCH : 2 * BATCH); i++) {
            uint32_t a = s * BATCH + i % BATCH, b = ROWS + a;
            int rc = cross ? packed_add_pair(&batch, tok, t, a, b, LENGTH, &err)
                           : packed_add_single(&batch, tok, t,
                                               i < BATCH ? a : b, LENGTH, &err);

            assert_ok(rc, &err);
        }
        assert_ok(trainer_step(trainer, &batch, cross ? cross_loss : bi_loss,
                               &l, &loss, &err),
                  &err);
        h->loss[s] = (float)loss;
        h->norm[s] = (float)trainer_norm(trainer);
    }
    trainer_free(trainer);
    packed_release(&batch);
}

static void compare(const struct history *h, const struct json_node *want)
{
    float x[STEPS];

    assert_int_equal(golden_floats(x, json_get(want, "loss")), STEPS);
    assert_close("loss", h->loss, x, STEPS, 2e-3, 2e-5);
    assert_int_equal(golden_floats(x, json_get(want, "grad_norm")), STEPS);
    assert_close("grad_norm", h->norm, x, STEPS, 5e-3, 2e-4);
}

static void check_bi(const char *key, bool ranking)
{
    struct json *doc = golden_load("reference/training.json");
    const struct json_node *want = json_get(json_root(doc), key);
    static struct rows r, dev;
    static float y[DEV * 384], first[DEV * 8], after[DEV * 8];
    struct token_table t = TOKEN_TABLE_INIT;
    struct err err = ERR_INIT;
    struct bi_encoder m;
    struct history h;
    char path[4096];

    if (!doc || !golden_minilm(path) ||
        !read_rows(&r, "data/stsb/en-train.tsv", ROWS) ||
        !read_rows(&dev, "data/stsb/en-dev.tsv", DEV)) {
        json_free(doc);
        skip();
    }
    assert_ok(bi_encoder_load(&m, path, &err), &err);
    no_dropout(&m.config);
    assert_ok(bi_encoder_tokenise(&m, &t, r.a, ROWS, workers, &err), &err);
    assert_ok(bi_encoder_tokenise(&m, &t, r.b, ROWS, workers, &err), &err);
    train(&h, &m.config, &m.weights, m.tokenizer, &t, &r, ranking);
    compare(&h, want);
    assert_ok(bi_encoder_encode_texts(&m, y, dev.a, DEV, workers, &err), &err);
    for (size_t i = 0; i < DEV; i++)
        memcpy(first + i * 8, y + i * 384, 8 * sizeof(*y));
    golden_floats(after, json_get(want, "after"));
    assert_close("after", first, after, DEV * 8, 0, 2e-4);
    token_table_release(&t);
    bi_encoder_release(&m);
    buf_release(&r.text);
    buf_release(&dev.text);
    json_free(doc);
}

static void cosine_training_follows_the_reference(void **state)
{
    (void)state;
    check_bi("bi-cosine", false);
}

static void ranking_training_follows_the_reference(void **state)
{
    (void)state;
    check_bi("bi-mnrl", true);
}

static void set_head(struct head_weights *h)
{
    struct json *doc = golden_load("reference/minilm.json");
    const struct json_node *head = json_get(json_root(doc), "head");

    golden_floats(h->cls_w, json_get(head, "weight"));
    golden_floats(h->cls_b, json_get(head, "bias"));
    json_free(doc);
}

static void cross_encoder_training_follows_the_reference(void **state)
{
    struct json *doc = golden_load("reference/training.json");
    const struct json_node *want = json_get(json_root(doc), "cross-bce");
    static struct rows r, dev;
    struct token_table t = TOKEN_TABLE_INIT;
    struct err err = ERR_INIT;
    struct cross_encoder m;
    struct history h;
    float got[DEV], after[DEV];
    char path[4096];

    (void)state;
    if (!doc || !golden_minilm(path) ||
        !read_rows(&r, "data/stsb/en-train.tsv", ROWS) ||
        !read_rows(&dev, "data/stsb/en-dev.tsv", DEV)) {
        json_free(doc);
        skip();
    }
    assert_ok(cross_encoder_load(&m, path, 1, &err), &err);
    set_head(&m.weights.head);
    no_dropout(&m.config);
    assert_ok(cross_encoder_tokenise(&m, &t, r.a, ROWS, workers, &err), &err);
    assert_ok(cross_encoder_tokenise(&m, &t, r.b, ROWS, workers, &err), &err);
    train(&h, &m.config, &m.weights, m.tokenizer, &t, &r, false);
    compare(&h, want);
    m.config.activation = ACTIVATION_IDENTITY;
    assert_ok(
        cross_encoder_score_texts(&m, got, dev.a, dev.b, DEV, workers, &err),
        &err);
    golden_floats(after, json_get(want, "after"));
    assert_close("after", got, after, DEV, 0, 1e-3);
    token_table_release(&t);
    cross_encoder_release(&m);
    buf_release(&r.text);
    buf_release(&dev.text);
    json_free(doc);
}

static int start(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    gemm_init();
    if (cpu_init("auto", &err) < 0)
        return -1;
    kernels_init();
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
        cmocka_unit_test(cosine_training_follows_the_reference),
        cmocka_unit_test(ranking_training_follows_the_reference),
        cmocka_unit_test(cross_encoder_training_follows_the_reference),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
