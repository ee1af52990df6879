#include "support/support.h"

#include <string.h>

#include "model/inspect.h"

static struct json_node *inspect(const char *name)
{
    struct json_node *o = NULL;
    struct err err = ERR_INIT;
    char path[SUPPORT_PATH];

    if (!support_shared(name, path))
        skip();
    assert_ok(inspect_model(&o, path, &err), &err);
    return o;
}

static double num(const struct json_node *o, const char *key)
{
    return json_num(json_get(o, key), -1.0);
}

static void says_what_a_bi_encoder_is(void **state)
{
    struct json_node *o = inspect("reference/models/bert-zh/bi");
    const struct json_node *f = json_first(json_get(o, "files"));
    size_t V = 21128, P = 128, C = 32, F = 64;
    size_t layer = 4 * (C * C + C) + 2 * C * F + F + C + 4 * C;

    (void)state;
    assert_string_equal(json_str(json_get(o, "kind"), ""),
                        "SentenceTransformer");
    assert_string_equal(json_str(json_get(o, "architecture"), ""), "BertModel");
    assert_true(num(o, "layers") == 2 && num(o, "heads") == 4);
    assert_true(num(o, "vocabulary") == (double)V);
    assert_true(num(o, "max_length") == 96);
    assert_true(num(o, "dimensions") == (double)C);
    /* tables and their LayerNorm, two layers, pooler */
    assert_true(num(o, "parameters") ==
                (double)((V + P + 2) * C + 2 * C + 2 * layer + C * C + C));
    assert_true(num(json_get(o, "tokenizer"), "tokens") == (double)V);
    assert_string_equal(json_str(json_first(json_get(o, "pooling")), ""),
                        "max");
    assert_string_equal(json_str(json_get(f, "name"), ""),
                        "1_Pooling/config.json");
    assert_int_equal(strlen(json_str(json_get(f, "sha256"), "")), 64);
    json_node_free(o);
}

static void says_what_a_cross_encoder_is(void **state)
{
    struct json_node *o = inspect("reference/models/bert-en/cross");

    (void)state;
    assert_string_equal(json_str(json_get(o, "kind"), ""), "CrossEncoder");
    assert_true(num(o, "labels") == 1);
    assert_string_equal(json_str(json_get(o, "activation"), ""), "sigmoid");
    assert_null(json_get(o, "dimensions"));
    json_node_free(o);
}

static void refuses_a_folder_without_a_model(void **state)
{
    struct json_node *o = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(inspect_model(&o, "tests/lint", &err), ERR_NOTFOUND);
    assert_null(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_a_bi_encoder_is),
        cmocka_unit_test(says_what_a_cross_encoder_is),
        cmocka_unit_test(refuses_a_folder_without_a_model),
    };

    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
