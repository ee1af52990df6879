/*
 * TSDAE's decoder against the reference implementation's loss and gradient
 * norms, tied weights and all; and both objectives against differences.
 */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/bi_encoder.h"
#include "model/decoder.h"
#include "model/safetensors.h"
#include "model/train.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "support/golden.h"

static struct workers *workers;

/* ---- the reference ---- */

static void load_own(struct decoder *d, const struct safetensors *s)
{
    struct err err = ERR_INIT;
    size_t taken = 0;

    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensor *t = safetensors_at(s, i);
        const char *name =
            strncmp(t->name, "bert.", 5) == 0 ? t->name + 5 : t->name;
        size_t n;
        float *x = decoder_tensor(d, name, &n);

        if (!x)
            continue;
        assert_int_equal(n, t->count);
        assert_ok(safetensors_read(x, t, &err), &err);
        taken++;
    }
    assert_int_equal(taken, 2 * 6 + 5);
}

/* Specials included; without the last token when it is the decoder's input. */
static void pack_texts(struct packed *p, uint32_t *next,
                       const struct bi_encoder *m, const struct json_node *list,
                       bool decode)
{
    struct token_table t = TOKEN_TABLE_INIT;
    struct packed whole = PACKED_INIT;
    struct err err = ERR_INIT;

    for (const struct json_node *x = json_first(list); x; x = json_next(x)) {
        const char *text = json_str(x, "");
        const struct span span = { text, strlen(text) };

        assert_ok(bi_encoder_tokenise(m, &t, &span, 1, workers, &err), &err);
    }
    for (uint32_t i = 0; i < t.n; i++) {
        size_t n;

        packed_reset(&whole);
        assert_ok(packed_add_single(&whole, m->tokenizer, &t, i,
                                    m->config.max_len, &err),
                  &err);
        n = whole.T - decode;
        if (decode)
            memcpy(next + p->T, whole.id + 1, n * sizeof(*next));
        assert_ok(packed_add(p, whole.id, NULL, n, &err), &err);
    }
    packed_release(&whole);
    token_table_release(&t);
}

struct tsdae {
    struct decoder *decoder;
    struct packed clean;
    uint32_t next[128];
};

static double reconstruct(void *ctx, float *dy, const float *y, size_t B,
                          size_t width)
{
    struct tsdae *x = ctx;
    struct err err = ERR_INIT;
    double loss;

    (void)B;
    (void)width;
    assert_ok(
        decoder_run(x->decoder, &x->clean, x->next, y, dy, 1.0, 1, &loss, &err),
        &err);
    return loss;
}

static double norm(const float *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; x && i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return x ? sqrt(sum) : NAN;
}

/* Of query, key and value, which are one tensor here, the third part. */
static double norm_of(const struct weights *dw, const char *name)
{
    static const char *const parts[] = { "query", "key", "value" };
    char star[128], mine[128];

    for (size_t i = 0; i < dw->tensors; i++) {
        const struct tensor *t = &dw->tensor[i];

        tensor_name(mine, sizeof(mine), t);
        if (strcmp(mine, name) == 0)
            return norm(t->x, t->n);
        for (size_t k = 0; k < 3; k++) {
            char *at = strstr(mine, "*");

            if (!at)
                break;
            snprintf(star, sizeof(star), "%.*s%s%s", (int)(at - mine), mine,
                     parts[k], at + 1);
            if (strcmp(star, name) == 0)
                return norm(t->x + k * (t->n / 3), t->n / 3);
        }
    }
    return NAN;
}

static void compare_norms(struct tsdae *x, const struct weights *dw,
                          const struct json_node *norms)
{
    size_t compared = 0;

    for (const struct json_node *n = json_first(norms); n; n = json_next(n)) {
        const char *key = json_key(n);
        const char *name = strncmp(key, "bert.", 5) == 0 ? key + 5 : key;
        double want = json_num(n, NAN), got = norm_of(dw, name);
        size_t len;

        if (isnan(got) && decoder_tensor(x->decoder, name, &len))
            got = norm(decoder_gradient(x->decoder, name), len);
        if (isnan(got)) {
            assert_true(want < 1e-9); /* queries and keys of one vector */
            continue;
        }
        /* the reference summed a million squares in float */
        assert_near(key, got, want, strstr(key, "word_emb") ? 4e-4 : 2e-5,
                    1e-9);
        compared++;
    }
    assert_int_equal(compared, 37 + 2 * 6 + 5);
}

static void loss_and_gradients_are_the_reference_s(void **state)
{
    struct json *doc = golden_load("reference/tsdae.json");
    const struct train_options o = { .steps = 2, .lr = 1e-5 };
    struct packed noisy = PACKED_INIT;
    struct safetensors *s;
    struct bi_encoder m;
    struct trainer *t;
    struct tsdae x = { .clean = PACKED_INIT };
    struct err err = ERR_INIT;
    char path[SUPPORT_PATH];
    double loss;

    (void)state;
    if (!doc || !support_shared("reference/models/bert-en/bi", path))
        skip();
    assert_ok(bi_encoder_load(&m, path, &err), &err);
    m.config.drop_hidden = m.config.drop_attention = 0.0f;
    assert_true(support_shared("reference/tsdae/decoder.safetensors", path));
    assert_ok(trainer_new(&t, &m.config, &m.weights, workers, &o, &err), &err);
    assert_ok(decoder_new(&x.decoder, &m.config, &m.weights,
                          trainer_gradient(t), true, PRECISION_F32, workers, 1,
                          &err),
              &err);
    assert_ok(safetensors_open(&s, path, &err), &err);
    load_own(x.decoder, s);
    safetensors_close(s);
    pack_texts(&noisy, NULL, &m, json_get(json_root(doc), "noisy"), false);
    pack_texts(&x.clean, x.next, &m, json_get(json_root(doc), "clean"), true);
    trainer_touch(t);
    assert_ok(trainer_add(t, &noisy, reconstruct, &x, 1.0, &loss, &err), &err);
    assert_near("loss", loss, json_num(json_get(json_root(doc), "loss"), NAN),
                1e-5, 0.0);
    compare_norms(&x, trainer_gradient(t),
                  json_get(json_root(doc), "grad_norms"));
    decoder_free(x.decoder);
    trainer_free(t);
    packed_release(&noisy);
    packed_release(&x.clean);
    bi_encoder_release(&m);
    json_free(doc);
}

/* ---- differences ---- */

enum { WORDS = 19, CHANNELS = 8, TEXTS = 3 };

static struct model_config tiny(float drop)
{
    return (struct model_config){ .kind = MODEL_BI,
                                  .V = WORDS,
                                  .P = 12,
                                  .S = 2,
                                  .C = CHANNELS,
                                  .H = 2,
                                  .F = 12,
                                  .L = 2,
                                  .eps = 1e-12f,
                                  .drop_hidden = drop,
                                  .drop_attention = drop,
                                  .init_range = 0.3f,
                                  .pooling = { POOLING_CLS },
                                  .poolings = 1 };
}

struct trial {
    struct model_config c;
    struct weights w, dw;
    struct decoder *d;
    struct packed batch;
    uint32_t target[32];
    float s[TEXTS * CHANNELS], ds[TEXTS * CHANNELS];
    bool cross;
};

/* narrow: columns of the embedding's tables, 0 for as many as the layers. */
static void begin_narrow(struct trial *x, bool cross, float drop, size_t narrow)
{
    struct err err = ERR_INIT;

    memset(x, 0, sizeof(*x));
    x->c = tiny(drop);
    x->c.E = narrow;
    if (narrow)
        x->c.layout = LAYOUT_ELECTRA;
    x->cross = cross;
    assert_ok(weights_init(&x->w, &x->c, WEIGHTS_BODY, &err), &err);
    assert_ok(weights_init(&x->dw, &x->c, WEIGHTS_BODY, &err), &err);
    weights_random(&x->w, 0.4f, 5);
    assert_ok(decoder_new(&x->d, &x->c, &x->w, &x->dw, cross, PRECISION_F32,
                          workers, 9, &err),
              &err);
    for (size_t b = 0; b < TEXTS; b++) {
        uint32_t id[8];

        for (size_t i = 0; i < 4 + b; i++) {
            id[i] = (uint32_t)(rng_at(b, i) % WORDS);
            x->target[x->batch.T + i] =
                i % 3 == 1 ? DECODER_NO_TARGET
                           : (uint32_t)(rng_at(b + 7, i) % WORDS);
        }
        assert_ok(packed_add(&x->batch, id, NULL, 4 + b, &err), &err);
    }
    fill_random(x->s, TEXTS * CHANNELS, 3);
}

static void begin(struct trial *x, bool cross, float drop)
{
    begin_narrow(x, cross, drop, 0);
}

static void end(struct trial *x)
{
    decoder_free(x->d);
    packed_release(&x->batch);
    weights_release(&x->w);
    weights_release(&x->dw);
}

static double run(struct trial *x)
{
    struct err err = ERR_INIT;
    double loss;

    assert_ok(decoder_run(x->d, &x->batch, x->target, x->cross ? x->s : NULL,
                          x->cross ? x->ds : NULL, 1.0, 42, &loss, &err),
              &err);
    return loss;
}

static double value(void *ctx)
{
    return run(ctx);
}

static void check_tensor(struct trial *x, const char *name)
{
    static float kept[4096];
    size_t n;
    float *p = decoder_tensor(x->d, name, &n);
    const float *d = decoder_gradient(x->d, name);

    assert_non_null(p);
    assert_in_range(n, 1, 4096);
    memcpy(kept, d, n * sizeof(*kept));
    assert_gradient(name, p, kept, n, value, x);
}

static void check_gradients(bool cross, float drop)
{
    static float word[WORDS * CHANNELS], ds[TEXTS * CHANNELS];
    struct trial x;

    begin(&x, cross, drop);
    run(&x);
    memcpy(word, x.dw.embedding.word, sizeof(word));
    memcpy(ds, x.ds, sizeof(ds));
    assert_gradient("words", x.w.embedding.word, word, WORDS * CHANNELS, value,
                    &x);
    if (cross)
        assert_gradient("vectors", x.s, ds, TEXTS * CHANNELS, value, &x);
    end(&x);
    for (size_t i = 0; i < 6; i++) {
        static const char *const names[] = {
            "encoder.layer.0.crossattention.self.value.weight",
            "encoder.layer.1.crossattention.self.value.bias",
            "encoder.layer.0.crossattention.output.dense.weight",
            "encoder.layer.1.crossattention.output.LayerNorm.weight",
            "cls.predictions.transform.dense.weight",
            "cls.predictions.bias",
        };

        if (!cross && i < 4)
            continue;
        begin(&x, cross, drop);
        run(&x);
        check_tensor(&x, names[i]);
        end(&x);
    }
}

static void gradients_of_a_reconstruction_agree_with_differences(void **state)
{
    (void)state;
    check_gradients(true, 0.0f);
    check_gradients(true, 0.2f);
}

static void gradients_of_masked_words_agree_with_differences(void **state)
{
    (void)state;
    check_gradients(false, 0.2f);
}

/* A reconstruction may not see the words to come. */
static void a_word_depends_on_those_before_it_alone(void **state)
{
    struct trial x;
    double before;

    (void)state;
    begin(&x, true, 0.0f);
    for (size_t t = 0; t < x.batch.T; t++)
        x.target[t] = DECODER_NO_TARGET;
    x.target[1] = 3; /* second token of the first sequence */
    before = run(&x);
    x.batch.id[3] = (x.batch.id[3] + 1) % WORDS;
    assert_true(run(&x) == before);
    x.batch.id[1] = (x.batch.id[1] + 1) % WORDS;
    assert_true(run(&x) != before);
    end(&x);
}

/* ELECTRA's: the dense layer makes rows as narrow as the embedding's. */
static void gradients_through_a_narrow_embedding_agree(void **state)
{
    enum { NARROW = 6 };
    static const char *const names[] = {
        "cls.predictions.transform.dense.weight",
        "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.LayerNorm.weight",
    };
    static float word[WORDS * NARROW];
    struct trial x;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin_narrow(&x, true, 0.1f, NARROW);
        run(&x);
        check_tensor(&x, names[i]);
        end(&x);
    }
    begin_narrow(&x, false, 0.1f, NARROW);
    run(&x);
    memcpy(word, x.dw.embedding.word, sizeof(word));
    assert_gradient("words", x.w.embedding.word, word, WORDS * NARROW, value,
                    &x);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_gradients_are_the_reference_s),
        cmocka_unit_test(gradients_of_a_reconstruction_agree_with_differences),
        cmocka_unit_test(gradients_of_masked_words_agree_with_differences),
        cmocka_unit_test(gradients_through_a_narrow_embedding_agree),
        cmocka_unit_test(a_word_depends_on_those_before_it_alone),
    };
    struct err err = ERR_INIT;
    int failed;

    gemm_init();
    kernels_init();
    if (workers_start(&workers, 2, &err) < 0)
        return EXIT_FAILURE;
    failed = cmocka_run_group_tests_name("decoder", tests, NULL, NULL);
    workers_stop(workers);
    return failed;
}
