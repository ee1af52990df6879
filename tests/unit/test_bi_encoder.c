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

static void tiny_distilbert_matches_the_reference(void **state)
{
    (void)state;
    check_tiny("distilbert");
}

static void tiny_electra_matches_the_reference(void **state)
{
    (void)state;
    check_tiny("electra");
}

static void tiny_roberta_matches_the_reference(void **state)
{
    (void)state;
    check_tiny("roberta");
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
    if (!doc || !golden_minilm(path)) {
        json_free(doc);
        skip();
    }
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

/* ---- saving ---- */

static void load_inverts_save(void **state)
{
    char from[SUPPORT_PATH], to[] = "/tmp/test_bi_encoder_XXXXXX";
    char path[FILE_PATH_MAX];
    const struct span text = span_of("How do I reset my password?");
    struct bi_encoder m, back;
    struct err err = ERR_INIT;
    float y[2][32];

    (void)state;
    if (!support_shared("reference/models/bert-en/bi", from))
        skip();
    assert_non_null(mkdtemp(to));
    assert_ok(bi_encoder_load(&m, from, &err), &err);
    m.config.normalise = true;
    m.config.max_len = 50;
    assert_ok(bi_encoder_save(&m, to, &err), &err);
    assert_ok(bi_encoder_load(&back, to, &err), &err);
    assert_true(back.config.normalise);
    assert_int_equal(back.config.max_len, 50);
    assert_ok(bi_encoder_encode_texts(&m, y[0], &text, 1, workers, &err), &err);
    assert_ok(bi_encoder_encode_texts(&back, y[1], &text, 1, workers, &err),
              &err);
    assert_memory_equal(y[0], y[1], sizeof(y[0]));
    snprintf(path, sizeof(path), "%s/2_Normalize", to);
    assert_true(file_is_dir(path));
    bi_encoder_release(&back);
    bi_encoder_release(&m);
    assert_ok(file_remove(to, &err), &err);
}

static void a_cross_encoder_is_refused(void **state)
{
    char path[SUPPORT_PATH];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    if (!support_shared("reference/models/bert-en/cross", path))
        skip();
    assert_int_equal(bi_encoder_load(&m, path, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "CrossEncoder"));
    assert_null(m.tokenizer);
}

static void other_families_are_refused_by_name(void **state)
{
    static const char config[] = "{\"model_type\":\"albert\"}";
    char folder[] = "/tmp/test_bi_encoder_XXXXXX", path[FILE_PATH_MAX];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_ok(file_join(path, folder, "config.json", &err), &err);
    assert_ok(file_write(path, config, strlen(config), &err), &err);
    assert_int_equal(bi_encoder_load(&m, folder, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "\"albert\""));
    assert_non_null(strstr(err.msg, "known: bert"));
    assert_non_null(strstr(err.msg, "electra"));
    assert_ok(file_remove(folder, &err), &err);
}

/* ---- batches ---- */

/* Enough texts for several chunks, some longer than a chunk's share. */
static void bits_do_not_depend_on_the_workers(void **state)
{
    enum { N = 150 };
    static float y[2][N * 32];
    static char text[N][600];
    struct span span[N];
    char path[SUPPORT_PATH];
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    if (!support_shared("reference/models/bert-en/bi", path))
        skip();
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k <= i * i % 83; k++)
            strcat(text[i], k % 3 ? "man " : "plays ");
        span[i] = span_of(text[i]);
    }
    assert_ok(bi_encoder_load(&m, path, &err), &err);
    for (size_t threads = 1; threads <= 3; threads++) {
        struct workers *w;

        assert_ok(workers_start(&w, threads, &err), &err);
        assert_ok(bi_encoder_encode_texts(&m, y[threads > 1], span, N, w, &err),
                  &err);
        if (threads > 1)
            assert_memory_equal(y[0], y[1], sizeof(y[0]));
        workers_stop(w);
    }
    bi_encoder_release(&m);
}

static void prompt_and_lower_case_change_the_text_first(void **state)
{
    const struct span plain = span_of("query: hello world"),
                      text = span_of("HELLO World");
    char path[SUPPORT_PATH];
    struct token_table t = TOKEN_TABLE_INIT;
    struct bi_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    if (!support_shared("reference/models/bert-zh/bi", path))
        skip();
    assert_ok(bi_encoder_load(&m, path, &err), &err);
    assert_ok(bi_encoder_tokenise(&m, &t, &plain, 1, workers, &err), &err);
    m.config.lower_case = true;
    snprintf(m.config.prompt, sizeof(m.config.prompt), "query: ");
    assert_ok(bi_encoder_tokenise(&m, &t, &text, 1, workers, &err), &err);
    assert_int_equal(t.count[0], t.count[1]);
    assert_memory_equal(t.id, t.id + t.start[1], t.count[0] * sizeof(*t.id));
    token_table_release(&t);
    bi_encoder_release(&m);
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
        cmocka_unit_test(tiny_distilbert_matches_the_reference),
        cmocka_unit_test(tiny_electra_matches_the_reference),
        cmocka_unit_test(tiny_roberta_matches_the_reference),
        cmocka_unit_test(minilm_vectors_are_the_references),
        cmocka_unit_test(load_inverts_save),
        cmocka_unit_test(a_cross_encoder_is_refused),
        cmocka_unit_test(other_families_are_refused_by_name),
        cmocka_unit_test(bits_do_not_depend_on_the_workers),
        cmocka_unit_test(prompt_and_lower_case_change_the_text_first),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
