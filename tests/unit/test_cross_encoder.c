#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "model/cross_encoder.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "support/golden.h"

enum { PAIRS = 64 };

static struct workers *workers;

static size_t read_pairs(struct span *a, struct span *b,
                         const struct json_node *pairs)
{
    size_t n = json_size(pairs);

    assert_in_range(n, 1, PAIRS);
    for (size_t i = 0; i < n; i++) {
        a[i] = golden_text(golden_at(golden_at(pairs, i), 0));
        b[i] = golden_text(golden_at(golden_at(pairs, i), 1));
    }
    return n;
}

static void check_ids(const struct cross_encoder *m,
                      const struct json_node *root, const struct span *a,
                      const struct span *b, size_t n)
{
    struct token_table t = TOKEN_TABLE_INIT;
    struct packed p = PACKED_INIT;
    struct err err = ERR_INIT;
    uint32_t want[512];

    assert_ok(cross_encoder_tokenise(m, &t, a, n, workers, &err), &err);
    assert_ok(cross_encoder_tokenise(m, &t, b, n, workers, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        size_t len;

        packed_reset(&p);
        assert_ok(packed_add_pair(&p, m->tokenizer, &t, i, i + (uint32_t)n,
                                  m->config.max_len, &err),
                  &err);
        len = golden_ids(want, golden_at(json_get(root, "pair_ids"), i));
        assert_int_equal(p.T, len);
        assert_memory_equal(p.id, want, len * sizeof(*want));
        memset(want, 0, sizeof(want)); /* the reference of RoBERTa has none */
        if (json_type(json_get(root, "pair_type_ids")) == JSON_ARRAY)
            golden_ids(want, golden_at(json_get(root, "pair_type_ids"), i));
        for (size_t k = 0; k < len; k++)
            assert_int_equal(p.segment[k], want[k]);
    }
    packed_release(&p);
    token_table_release(&t);
}

static void check_tiny(const char *name)
{
    char folder[SUPPORT_PATH], part[128];
    struct json *doc;
    struct cross_encoder m;
    struct span a[PAIRS], b[PAIRS];
    float got[PAIRS], want[PAIRS];
    struct err err = ERR_INIT;
    size_t n;

    snprintf(part, sizeof(part), "reference/models/%s/expected.json", name);
    doc = golden_load(part);
    if (!doc)
        skip();
    snprintf(part, sizeof(part), "reference/models/%s/cross", name);
    assert_true(support_shared(part, folder));
    assert_ok(cross_encoder_load(&m, folder, 1, &err), &err);
    assert_false(m.fresh);
    assert_int_equal(m.config.activation, ACTIVATION_SIGMOID);
    n = read_pairs(a, b, json_get(json_root(doc), "pairs"));
    check_ids(&m, json_root(doc), a, b, n);
    assert_ok(cross_encoder_score_texts(&m, got, a, b, n, workers, &err), &err);
    golden_floats(want, json_get(json_root(doc), "score"));
    assert_close("score", got, want, n, 0, 2e-5);
    m.config.activation = ACTIVATION_IDENTITY;
    assert_ok(cross_encoder_score_texts(&m, got, a, b, n, workers, &err), &err);
    golden_floats(want, json_get(json_root(doc), "logit"));
    assert_close("logit", got, want, n, 0, 5e-5);
    cross_encoder_release(&m);
    json_free(doc);
}

static void english_scores_are_the_references(void **state)
{
    (void)state;
    check_tiny("bert-en");
}

static void chinese_scores_are_the_references(void **state)
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

static void minilm_with_a_given_head_gives_the_references_logits(void **state)
{
    struct json *doc = golden_load("reference/minilm.json");
    const struct json_node *root = json_root(doc), *head;
    struct span a[PAIRS], b[PAIRS];
    float got[PAIRS], want[PAIRS];
    char path[4096];
    struct cross_encoder m;
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    if (!doc || !golden_minilm(path)) {
        json_free(doc);
        skip();
    }
    assert_ok(cross_encoder_load(&m, path, 1, &err), &err);
    assert_true(m.fresh);
    assert_int_equal(m.config.max_len, 256);
    head = json_get(root, "head");
    golden_floats(m.weights.head.cls_w, json_get(head, "weight"));
    golden_floats(m.weights.head.cls_b, json_get(head, "bias"));
    m.config.activation = ACTIVATION_IDENTITY;
    m.config.max_len = 128;
    n = read_pairs(a, b, json_get(root, "pairs"));
    assert_ok(cross_encoder_score_texts(&m, got, a, b, n, workers, &err), &err);
    golden_floats(want, json_get(root, "logits"));
    assert_close("logits", got, want, n, 0, 2e-4);
    cross_encoder_release(&m);
    json_free(doc);
}

static void a_new_head_depends_on_the_seed_alone(void **state)
{
    char path[SUPPORT_PATH];
    struct cross_encoder m[3];
    struct err err = ERR_INIT;
    size_t bytes;

    (void)state;
    if (!support_shared("reference/models/bert-en/bi", path))
        skip();
    for (size_t i = 0; i < 3; i++)
        assert_ok(cross_encoder_load(&m[i], path, i == 2 ? 8 : 7, &err), &err);
    bytes = m[0].config.C * sizeof(float);
    assert_memory_equal(m[0].weights.head.cls_w, m[1].weights.head.cls_w,
                        bytes);
    assert_memory_not_equal(m[0].weights.head.cls_w, m[2].weights.head.cls_w,
                            bytes);
    assert_true(m[0].weights.head.cls_b[0] == 0.0f);
    for (size_t i = 0; i < 3; i++)
        cross_encoder_release(&m[i]);
}

static void load_inverts_save(void **state)
{
    char from[SUPPORT_PATH], to[] = "/tmp/test_cross_encoder_XXXXXX";
    const struct span a = span_of("A man plays."), b = span_of("Someone.");
    struct cross_encoder m, back;
    struct err err = ERR_INIT;
    float y[2];

    (void)state;
    if (!support_shared("reference/models/bert-en/cross", from))
        skip();
    assert_non_null(mkdtemp(to));
    assert_ok(cross_encoder_load(&m, from, 1, &err), &err);
    m.config.max_len = 48;
    m.config.activation = ACTIVATION_IDENTITY;
    assert_ok(cross_encoder_save(&m, to, &err), &err);
    assert_ok(cross_encoder_load(&back, to, 1, &err), &err);
    assert_false(back.fresh);
    assert_int_equal(back.config.max_len, 48);
    assert_int_equal(back.config.activation, ACTIVATION_IDENTITY);
    assert_ok(cross_encoder_score_texts(&m, &y[0], &a, &b, 1, workers, &err),
              &err);
    assert_ok(cross_encoder_score_texts(&back, &y[1], &a, &b, 1, workers, &err),
              &err);
    assert_true(y[0] == y[1]);
    cross_encoder_release(&back);
    cross_encoder_release(&m);
    assert_ok(file_remove(to, &err), &err);
}

static void bits_do_not_depend_on_the_workers(void **state)
{
    enum { N = 60 };
    float y[2][N];
    static char text[2 * N][400];
    struct span span[2 * N];
    char path[SUPPORT_PATH];
    struct cross_encoder m;
    struct err err = ERR_INIT;

    (void)state;
    if (!support_shared("reference/models/bert-en/cross", path))
        skip();
    for (size_t i = 0; i < 2 * N; i++) {
        for (size_t k = 0; k <= i * i % 47; k++)
            strcat(text[i], k % 3 ? "cat " : "stocks ");
        span[i] = span_of(text[i]);
    }
    assert_ok(cross_encoder_load(&m, path, 1, &err), &err);
    for (size_t threads = 1; threads <= 3; threads++) {
        struct workers *w;

        assert_ok(workers_start(&w, threads, &err), &err);
        assert_ok(cross_encoder_score_texts(&m, y[threads > 1], span, span + N,
                                            N, w, &err),
                  &err);
        if (threads > 1)
            assert_memory_equal(y[0], y[1], sizeof(y[0]));
        workers_stop(w);
    }
    cross_encoder_release(&m);
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
        cmocka_unit_test(english_scores_are_the_references),
        cmocka_unit_test(chinese_scores_are_the_references),
        cmocka_unit_test(tiny_distilbert_matches_the_reference),
        cmocka_unit_test(tiny_electra_matches_the_reference),
        cmocka_unit_test(tiny_roberta_matches_the_reference),
        cmocka_unit_test(minilm_with_a_given_head_gives_the_references_logits),
        cmocka_unit_test(a_new_head_depends_on_the_seed_alone),
        cmocka_unit_test(load_inverts_save),
        cmocka_unit_test(bits_do_not_depend_on_the_workers),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
