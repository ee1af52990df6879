#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config.h"

#define SIZES \
    "\"vocab_size\":50,\"max_position_embeddings\":64,\"type_vocab_size\":2," \
    "\"hidden_size\":12,\"num_attention_heads\":3,\"intermediate_size\":24," \
    "\"num_hidden_layers\":2"
#define BERT "{\"model_type\":\"bert\"," SIZES "}"
#define CROSS(more) \
    "{\"model_type\":\"bert\",\"architectures\":" \
    "[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"x\"}," more \
        SIZES "}"
#define OLD "sentence_transformers.models."
#define MODULE(path, type) "{\"path\":\"" path "\",\"type\":\"" type "\"}"
#define POOLED \
    "[" MODULE("", OLD "Transformer") "," MODULE("1_Pooling", OLD "Pooling") "]"

static char folder[] = "/tmp/test_config_XXXXXX";

struct entry {
    const char *name, *text;
};

enum { FILES = 6 };

/* The folder then holds exactly these files. */
static void fill(const struct entry *file)
{
    struct err err = ERR_INIT;
    char path[FILE_PATH_MAX];

    assert_ok(file_remove(folder, &err), &err);
    snprintf(path, sizeof(path), "%s/1_Pooling", folder);
    assert_ok(file_mkdirs(path, &err), &err);
    for (size_t i = 0; i < FILES && file[i].name; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, file[i].name);
        assert_ok(file_write(path, file[i].text, strlen(file[i].text), &err),
                  &err);
    }
}

static void load_refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *says;
        struct entry file[FILES];
    } bad[] = {
        { "config.json", { { "x", "" } } },
        { "xlnet", { { "config.json", "{\"model_type\":\"xlnet\"}" } } },
        { "known: bert", { { "config.json", "{}" } } },
        { "expected 32",
          { { "config.json",
              "{\"model_type\":\"mpnet\","
              "\"relative_attention_num_buckets\":64," SIZES "}" } } },
        { "mpnet has 1",
          { { "config.json", "{\"model_type\":\"mpnet\","
                             "\"pad_token_id\":0," SIZES "}" } } },
        { "embedding_size",
          { { "config.json", "{\"model_type\":\"electra\","
                             "\"embedding_size\":0," SIZES "}" } } },
        { "gelu_new",
          { { "config.json", "{\"model_type\":\"bert\",\"hidden_act\":"
                             "\"gelu_new\"," SIZES "}" } } },
        { "relative_key",
          { { "config.json", "{\"model_type\":\"bert\","
                             "\"position_embedding_type\":"
                             "\"relative_key\"," SIZES "}" } } },
        { "hidden_size",
          { { "config.json", "{\"model_type\":\"bert\","
                             "\"vocab_size\":5,"
                             "\"max_position_embeddings\":5,"
                             "\"type_vocab_size\":2}" } } },
        { "multiple of",
          { { "config.json",
              "{\"model_type\":\"bert\",\"vocab_size\":50,"
              "\"max_position_embeddings\":64,\"type_vocab_size\":2,"
              "\"hidden_size\":13,\"num_attention_heads\":3,"
              "\"intermediate_size\":24,\"num_hidden_layers\":2}" } } },
        { "hidden_dropout_prob",
          { { "config.json", "{\"model_type\":\"bert\","
                             "\"hidden_dropout_prob\":1," SIZES "}" } } },
        { "pad_token_id",
          { { "config.json", "{\"model_type\":\"bert\","
                             "\"pad_token_id\":50," SIZES "}" } } },
        { "SparseEncoder",
          { { "config.json", BERT },
            { "modules.json", POOLED },
            { "config_sentence_transformers.json",
              "{\"model_type\":\"SparseEncoder\"}" } } },
        { "CNN",
          { { "config.json", BERT },
            { "modules.json", "[" MODULE("", OLD "Transformer") "," MODULE(
                                  "1", OLD "CNN") "]" } } },
        { "Dense",
          { { "config.json", BERT },
            { "1_Pooling/config.json", "{}" },
            { "modules.json",
              "[" MODULE("", OLD "Transformer") "," MODULE(
                  "1_Pooling", OLD "Pooling") "," MODULE("2",
                                                         OLD "Dense") "]" } } },
        { "LogitScore",
          { { "config.json", CROSS("") },
            { "config_sentence_transformers.json",
              "{\"model_type\":\"CrossEncoder\"}" },
            { "modules.json", "[" MODULE("", "x.Transformer") "," MODULE(
                                  "1", "x.LogitScore") "]" } } },
        { "1 modules",
          { { "config.json", BERT },
            { "modules.json", "[" MODULE("", OLD "Transformer") "]" } } },
        { "leads out",
          { { "config.json", BERT },
            { "modules.json", "[" MODULE("../x", OLD "Transformer") "]" } } },
        { "channels",
          { { "config.json", BERT },
            { "modules.json", POOLED },
            { "1_Pooling/config.json",
              "{\"word_embedding_dimension\":13}" } } },
        { "median",
          { { "config.json", BERT },
            { "modules.json", POOLED },
            { "1_Pooling/config.json", "{\"pooling_mode\":\"median\"}" } } },
        { "Softmax",
          { { "config.json",
              CROSS("\"sentence_transformers\":{\"activation_fn\":"
                    "\"torch.nn.Softmax\"},") } } },
        { "mine.Sigmoid",
          { { "config.json",
              CROSS("\"sentence_transformers\":{\"activation_fn\":"
                    "\"mine.Sigmoid\"},") } } },
        { "maximum length",
          { { "config.json", BERT },
            { "tokenizer_config.json", "{\"model_max_length\":2}" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct model_config c;
        struct err err = ERR_INIT;

        fill(bad[i].file);
        if (model_config_load(&c, folder, &err) == 0)
            fail_msg("case %zu (%s) was accepted", i, bad[i].says);
        if (!strstr(err.msg, bad[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.msg,
                     bad[i].says);
    }
}

static struct model_config loaded(const struct entry *file)
{
    struct model_config c;
    struct err err = ERR_INIT;

    fill(file);
    assert_ok(model_config_load(&c, folder, &err), &err);
    return c;
}

static void a_plain_folder_is_mean_pooled(void **state)
{
    const struct entry file[FILES] = { { "config.json", BERT } };
    struct model_config c = loaded(file);

    (void)state;
    assert_int_equal(c.kind, MODEL_PLAIN);
    assert_int_equal(c.V, 50);
    assert_int_equal(c.P, 64);
    assert_int_equal(c.C, 12);
    assert_int_equal(c.H, 3);
    assert_int_equal(c.F, 24);
    assert_int_equal(c.L, 2);
    assert_int_equal(c.max_len, 64);
    assert_int_equal(c.poolings, 1);
    assert_int_equal(c.pooling[0], POOLING_MEAN);
    assert_false(c.normalise);
    assert_true(c.drop_hidden == 0.1f && c.eps == 1e-12f);
    assert_int_equal(c.labels, 0);
}

static void lengths_are_capped_by_the_positions(void **state)
{
    static const struct {
        const char *sentence, *tokenizer;
        size_t want;
    } cases[] = {
        { "{\"max_seq_length\":600}", "{\"model_max_length\":32}", 64 },
        { "{\"max_seq_length\":16}", "{\"model_max_length\":32}", 16 },
        { "{\"max_seq_length\":null}", "{\"model_max_length\":32}", 32 },
        { "{}", "{\"model_max_length\":1000000000000000019884624838656}", 64 },
        { "{}", "{\"max_length\":9}", 64 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct entry file[FILES] = {
            { "config.json", BERT },
            { "sentence_bert_config.json", cases[i].sentence },
            { "tokenizer_config.json", cases[i].tokenizer },
        };

        assert_int_equal(loaded(file).max_len, cases[i].want);
    }
}

static void poolings_are_read_in_both_forms(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        enum pooling mode[3];
    } cases[] = {
        { "{}", 1, { POOLING_MEAN } },
        { "{\"pooling_mode_mean_tokens\":true,\"pooling_mode_cls_token\":"
          "true}",
          2,
          { POOLING_CLS, POOLING_MEAN } },
        { "{\"pooling_mode_max_tokens\":true,\"pooling_mode_mean_tokens\":"
          "false}",
          1,
          { POOLING_MAX } },
        { "{\"pooling_mode\":\"cls\"}", 1, { POOLING_CLS } },
        { "{\"pooling_mode\":[\"max\",\"mean\",\"lasttoken\"]}",
          3,
          { POOLING_MAX, POOLING_MEAN, POOLING_LAST } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct entry file[FILES] = {
            { "config.json", BERT },
            { "modules.json", POOLED },
            { "1_Pooling/config.json", cases[i].text },
        };
        struct model_config c = loaded(file);

        assert_int_equal(c.kind, MODEL_BI);
        assert_int_equal(c.poolings, cases[i].n);
        assert_int_equal(model_config_dim(&c), 12 * cases[i].n);
        for (size_t k = 0; k < c.poolings; k++)
            assert_int_equal(c.pooling[k], cases[i].mode[k]);
    }
}

static void activations_follow_the_librarys_order(void **state)
{
    static const struct {
        const char *config;
        enum model_activation want;
    } cases[] = {
        { CROSS(""), ACTIVATION_SIGMOID },
        { CROSS("\"sbert_ce_default_activation_function\":"
                "\"torch.nn.modules.linear.Identity\","),
          ACTIVATION_IDENTITY },
        { CROSS("\"sbert_ce_default_activation_function\":"
                "\"torch.nn.modules.linear.Identity\","
                "\"sentence_transformers\":{\"activation_fn\":"
                "\"torch.nn.modules.activation.Sigmoid\"},"),
          ACTIVATION_SIGMOID },
    };
    const struct entry newest[FILES] = {
        { "config.json", CROSS("\"sentence_transformers\":{\"activation_fn\":"
                               "\"torch.nn.modules.activation.Sigmoid\"},") },
        { "modules.json", "[" MODULE("", "x.y.Transformer") "]" },
        { "config_sentence_transformers.json",
          "{\"model_type\":\"CrossEncoder\",\"activation_fn\":"
          "\"torch.nn.modules.linear.Identity\"}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct entry file[FILES] = { { "config.json", cases[i].config } };
        struct model_config c = loaded(file);

        assert_int_equal(c.kind, MODEL_CROSS);
        assert_int_equal(c.labels, 1);
        assert_int_equal(c.activation, cases[i].want);
    }
    assert_int_equal(loaded(newest).activation, ACTIVATION_IDENTITY);
}

static void labels_are_two_where_nothing_is_said(void **state)
{
    const struct entry file[FILES] = {
        { "config.json", "{\"model_type\":\"bert\",\"architectures\":"
                         "[\"BertForSequenceClassification\"]," SIZES "}" }
    };

    (void)state;
    assert_int_equal(loaded(file).labels, 2);
}

static void assert_same(const struct model_config *x,
                        const struct model_config *y)
{
    const size_t sizes[][2] = {
        { x->V, y->V },
        { x->P, y->P },
        { x->S, y->S },
        { x->C, y->C },
        { x->H, y->H },
        { x->F, y->F },
        { x->L, y->L },
        { x->E, y->E },
        { x->first, y->first },
        { x->relative, y->relative },
        { x->layout, y->layout },
        { x->kind, y->kind },
        { x->pad_id, y->pad_id },
        { x->labels, y->labels },
        { x->activation, y->activation },
        { x->max_len, y->max_len },
        { x->poolings, y->poolings },
        { x->normalise, y->normalise },
        { x->lower_case, y->lower_case },
    };
    const float rates[][2] = {
        { x->eps, y->eps },
        { x->drop_hidden, y->drop_hidden },
        { x->drop_attention, y->drop_attention },
        { x->drop_classifier, y->drop_classifier },
        { x->init_range, y->init_range },
    };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_int_equal(sizes[i][0], sizes[i][1]);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        assert_true(rates[i][0] == rates[i][1]);
    for (size_t i = 0; i < x->poolings; i++)
        assert_int_equal(x->pooling[i], y->pooling[i]);
    assert_string_equal(x->similarity, y->similarity);
    assert_string_equal(x->prompt, y->prompt);
}

static void check_round_trip(struct model_config c)
{
    const struct entry none[FILES] = { { NULL, NULL } };
    struct model_config back;
    struct err err = ERR_INIT;

    fill(none);
    assert_ok(model_config_save(&c, folder, &err), &err);
    assert_ok(model_config_copy_tokenizer(folder, folder, c.layout,
                                          c.kind == MODEL_CROSS ? c.max_len : 0,
                                          &err),
              &err);
    assert_ok(model_config_load(&back, folder, &err), &err);
    assert_same(&back, &c);
}

static void load_inverts_save(void **state)
{
    struct model_config c = {
        .kind = MODEL_BI,
        .V = 50,
        .P = 64,
        .S = 2,
        .C = 12,
        .H = 3,
        .F = 24,
        .L = 2,
        .eps = 1e-12f,
        .drop_hidden = 0.1f,
        .drop_attention = 0.15f,
        .drop_classifier = 0.1f,
        .init_range = 0.02f,
        .pad_id = 3,
        .max_len = 40,
        .pooling = { POOLING_CLS, POOLING_LAST },
        .poolings = 2,
        .normalise = true,
        .lower_case = true,
        .similarity = "dot",
        .prompt = "query: ",
    };

    (void)state;
    check_round_trip(c);
    c.normalise = false;
    c.prompt[0] = '\0';
    c.poolings = 1;
    c.pooling[0] = POOLING_MEAN;
    c.pooling[1] = 0;
    check_round_trip(c);
    c.kind = MODEL_CROSS;
    c.lower_case = false;
    c.labels = 1;
    c.drop_classifier = 0.3f;
    strcpy(c.similarity, "cosine");
    check_round_trip(c);
    c.activation = ACTIVATION_IDENTITY;
    check_round_trip(c);
    c.layout = LAYOUT_ELECTRA;
    c.E = 8;
    check_round_trip(c);
    c.E = 0; /* as wide as the layers: nothing to project */
    check_round_trip(c);
    c.layout = LAYOUT_MPNET;
    c.relative = true;
    c.pad_id = 1;
    c.first = 2;
    c.max_len = 62;
    check_round_trip(c);
}

static void only_the_length_of_a_tokenizer_changes(void **state)
{
    const struct entry file[FILES] = {
        { "tokenizer_config.json", "{\"do_lower_case\":true,"
                                   "\"model_max_length\":512,\"x\":[1,null]}" },
        { "vocab.txt", "a\r\nb\n" },
    };
    char to[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct json *doc;
    const struct json_node *root;
    struct buf vocab = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    fill(file);
    snprintf(to, sizeof(to), "%s/1_Pooling", folder);
    assert_ok(model_config_copy_tokenizer(to, folder, LAYOUT_BERT, 33, &err),
              &err);
    snprintf(path, sizeof(path), "%s/1_Pooling/tokenizer_config.json", folder);
    assert_ok(json_load(&doc, path, JSON_STRICT, &err), &err);
    root = json_root(doc);
    assert_true(json_num(json_get(root, "model_max_length"), 0) == 33.0);
    assert_true(json_bool(json_get(root, "do_lower_case"), false));
    assert_int_equal(json_size(json_get(root, "x")), 2);
    assert_int_equal(json_size(root), 3);
    json_free(doc);
    snprintf(path, sizeof(path), "%s/1_Pooling/vocab.txt", folder);
    assert_ok(file_read(&vocab, path, &err), &err);
    assert_string_equal(buf_str(&vocab), "a\r\nb\n");
    buf_release(&vocab);
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    return file_remove(folder, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_refuses_what_it_does_not_know),
        cmocka_unit_test(a_plain_folder_is_mean_pooled),
        cmocka_unit_test(lengths_are_capped_by_the_positions),
        cmocka_unit_test(poolings_are_read_in_both_forms),
        cmocka_unit_test(activations_follow_the_librarys_order),
        cmocka_unit_test(labels_are_two_where_nothing_is_said),
        cmocka_unit_test(load_inverts_save),
        cmocka_unit_test(only_the_length_of_a_tokenizer_changes),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
