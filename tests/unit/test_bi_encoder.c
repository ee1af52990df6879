#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "model/bi_encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "support/golden.h"

static struct workers *workers;

/* Vectors of a tiny model saved by the library, in one pooling mode. */
static void check_mode(struct bi_encoder *m, const struct json_node *root,
                       const char *name, enum pooling mode)
{
    const struct json_node *pairs = json_get(root, "pairs");
    size_t n = 2 * json_size(pairs), C = m->config.C;
    struct span text[64];
    float *got = malloc(n * C * sizeof(*got)), *want = malloc(n * C * 4);
    struct err err = ERR_INIT;

    assert_true(got && want && n <= 64);
    for (size_t i = 0; i < n; i++)
        text[i] = golden_text(golden_at(golden_at(pairs, i / 2), i % 2));
    m->config.pooling[0] = mode;
    assert_ok(bi_encoder_encode_texts(m, got, text, n, workers, &err), &err);
    assert_int_equal(golden_floats(want, json_get(root, name)), n * C);
    assert_close(name, got, want, n * C, 0, 2e-5);
    free(want);
    free(got);
}

static void check_ids(const struct bi_encoder *m, const struct json_node *root)
{
    const struct json_node *lists = json_get(root, "ids");
    const struct json_node *pairs = json_get(root, "pairs");
    struct token_table t = TOKEN_TABLE_INIT;
    struct packed p = PACKED_INIT;
    struct err err = ERR_INIT;
    uint32_t want[512];

    for (size_t i = 0; i < 2 * json_size(pairs); i++) {
        struct span text =
            golden_text(golden_at(golden_at(pairs, i / 2), i % 2));
        size_t n = golden_ids(want, golden_at(golden_at(lists, i / 2), i % 2));

        assert_ok(bi_encoder_tokenise(m, &t, &text, 1, workers, &err), &err);
        packed_reset(&p);
        assert_ok(packed_add_single(&p, m->tokenizer, &t, (uint32_t)i,
                                    m->config.max_len, &err),
                  &err);
        assert_int_equal(p.T, n);
        assert_memory_equal(p.id, want, n * sizeof(*want));
    }
    packed_release(&p);
    token_table_release(&t);
}

static void check_tiny(const char *name)
{
    char folder[SUPPORT_PATH], part[128];
    struct json *doc;
    struct bi_encoder m;
    struct err err = ERR_INIT;

    snprintf(part, sizeof(part), "reference/models/%s/expected.json", name);
    doc = golden_load(part);
    if (!doc)
        skip();
    snprintf(part, sizeof(part), "reference/models/%s/bi", name);
    assert_true(support_shared(part, folder));
    assert_ok(bi_encoder_load(&m, folder, &err), &err);
    assert_int_equal(m.config.max_len, 96);
    assert_int_equal(m.config.pooling[0], POOLING_MAX);
    check_ids(&m, json_root(doc));
    check_mode(&m, json_root(doc), "mean", POOLING_MEAN);
    check_mode(&m, json_root(doc), "cls", POOLING_CLS);
    check_mode(&m, json_root(doc), "max", POOLING_MAX);
    bi_encoder_release(&m);
    json_free(doc);
}

static void english_vectors_are_the_references(void **state)
{
    (void)state;
    check_tiny("bert-en");
}

static void chinese_vectors_are_the_references(void **state)
{
    (void)state;
    check_tiny("bert-zh");
}

static void minilm_vectors_are_the_references(void **state)
{
    struct json *doc = golden_load("reference/minilm.json");
    const struct json_node *sentences = json_get(json_root(doc), "sentences");
    size_t n = json_size(sentences);
    struct span text[64];
    static float got[64 * 384], want[64 * 384];
    char path[4096];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    if (!doc || !golden_minilm(path))
        skip();
    assert_in_range(n, 1, 64);
    for (size_t i = 0; i < n; i++)
        text[i] = golden_text(golden_at(sentences, i));
    assert_ok(bi_encoder_load(&m, path, &err), &err);
    assert_true(m.config.normalise);
    assert_int_equal(m.config.max_len, 256);
    assert_ok(bi_encoder_encode_texts(&m, got, text, n, workers, &err), &err);
    golden_floats(want, json_get(json_root(doc), "vectors"));
    assert_close("vectors", got, want, n * 384, 0, 2e-5);
    bi_encoder_release(&m);
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
        cmocka_unit_test(english_vectors_are_the_references),
        cmocka_unit_test(chinese_vectors_are_the_references),
        cmocka_unit_test(minilm_vectors_are_the_references),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
