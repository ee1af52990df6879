#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/family.h"
#include "model/onnx_export.h"
#include "model/onnx_read.h"
#include "model/safetensors.h"

/* What ONNX Runtime makes of the files: tests/cli/model/export-onnx.sh. */

static struct model_config config = { .kind = MODEL_CROSS,
                                      .V = 7,
                                      .P = 5,
                                      .S = 2,
                                      .C = 4,
                                      .H = 2,
                                      .F = 6,
                                      .L = 2,
                                      .eps = 1e-12f,
                                      .labels = 1,
                                      .pooling = { POOLING_MEAN },
                                      .poolings = 1 };
static char folder[] = "/tmp/test_onnx_export_XXXXXX";
static struct weights weights;

static const char *in_folder(const char *name)
{
    static char path[2][FILE_PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(path[turn], FILE_PATH_MAX, "%s/%s", folder, name);
    return path[turn];
}

/* The body's prefix is not in an ONNX file. */
static const char *without_prefix(const char *name, const struct family *f)
{
    size_t n = strlen(f->prefix);

    return strncmp(name, f->prefix, n) == 0 ? name + n : name;
}

static void check_read_back(const struct model_config *c,
                            const struct weights *x)
{
    const struct family *f = family_of(c->layout);
    struct onnx_weights w;
    struct safetensors *s;
    struct err err = ERR_INIT;

    assert_ok(onnx_export(in_folder("m.onnx"), c, x, EXPORT_F32, &err), &err);
    assert_ok(weights_save(x, in_folder("m.safetensors"), true, &err), &err);
    assert_ok(safetensors_open(&s, in_folder("m.safetensors"), &err), &err);
    assert_ok(onnx_read(&w, in_folder("m.onnx"), &err), &err);
    assert_true(safetensors_count(s) > 30);
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensor *want = safetensors_at(s, i);
        const struct safetensor_f32 *got =
            onnx_find(&w, without_prefix(want->name, f));

        if (!got)
            fail_msg("%s is not in the file", want->name);
        assert_int_equal(got->rows, want->shape[0]);
        assert_int_equal(got->cols, want->rank > 1 ? want->shape[1] : 0);
        assert_memory_equal(got->data, want->data, 4 * want->count);
    }
    onnx_release(&w);
    safetensors_close(s);
}

static void what_is_written_is_read_back_bit_for_bit(void **state)
{
    (void)state;
    check_read_back(&config, &weights);
}

static void every_family_is_read_back_under_its_names(void **state)
{
    static const enum model_layout layouts[] = { LAYOUT_DISTILBERT,
                                                 LAYOUT_ROBERTA, LAYOUT_ELECTRA,
                                                 LAYOUT_MPNET };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct model_config c = config;
        struct weights w;

        c.layout = layouts[i];
        c.E = c.layout == LAYOUT_ELECTRA ? 3 : 0;
        c.relative = c.layout == LAYOUT_MPNET;
        c.first = family_of(c.layout)->positions_padded ? 2 : 0;
        assert_ok(weights_init(&w, &c, WEIGHTS_CLASSIFIER, &err), &err);
        weights_random(&w, 0.5f, 4);
        check_read_back(&c, &w);
        weights_release(&w);
    }
}

static void a_sentence_encoder_has_no_pooler(void **state)
{
    struct model_config c = config;
    struct onnx_weights w;
    struct err err = ERR_INIT;

    (void)state;
    c.kind = MODEL_BI;
    c.normalise = true;
    c.pooling[1] = POOLING_MAX;
    c.poolings = 2;
    assert_ok(onnx_export(in_folder("b.onnx"), &c, &weights, EXPORT_F32, &err),
              &err);
    assert_ok(onnx_read(&w, in_folder("b.onnx"), &err), &err);
    assert_null(onnx_find(&w, "pooler.dense.weight"));
    assert_non_null(onnx_find(&w, "encoder.layer.1.output.dense.weight"));
    onnx_release(&w);
}

static void each_format_gives_the_same_bytes_twice(void **state)
{
    static const enum export_format formats[] = { EXPORT_F32, EXPORT_FP16,
                                                  EXPORT_INT8 };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char one[65], two[65]; /* digests */

        for (int k = 0; k < 2; k++) {
            assert_ok(onnx_export(in_folder("s.onnx"), &config, &weights,
                                  formats[i], &err),
                      &err);
            assert_ok(file_digest(k ? two : one, in_folder("s.onnx"), &err),
                      &err);
        }
        assert_string_equal(one, two);
    }
}

static void a_weight_too_large_for_fp16_is_named(void **state)
{
    float *x = &weights.layer[1].up_b[2], before = *x;
    struct err err = ERR_INIT;

    (void)state;
    *x = 70000.0f;
    assert_int_equal(
        onnx_export(in_folder("f.onnx"), &config, &weights, EXPORT_FP16, &err),
        ERR_NUMERIC);
    assert_non_null(strstr(err.msg, "encoder.layer.1.intermediate.dense.bias"));
    assert_non_null(strstr(err.msg, "70000"));
    assert_ok(
        onnx_export(in_folder("f.onnx"), &config, &weights, EXPORT_F32, &err),
        &err);
    *x = before;
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(onnx_export(in_folder("none/m.onnx"), &config, &weights,
                                 EXPORT_F32, &err),
                     ERR_IO);
    assert_non_null(strstr(err.msg, "none/m.onnx"));
}

static int set_up(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_ok(weights_init(&weights, &config, WEIGHTS_CLASSIFIER, &err), &err);
    weights_random(&weights, 0.5f, 3);
    weights_random_pooler(&weights, 0.5f, 3);
    weights_random_classifier(&weights, 0.5f, 3);
    return 0;
}

static int tear_down(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    weights_release(&weights);
    return file_remove(folder, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back_bit_for_bit),
        cmocka_unit_test(every_family_is_read_back_under_its_names),
        cmocka_unit_test(a_sentence_encoder_has_no_pooler),
        cmocka_unit_test(each_format_gives_the_same_bytes_twice),
        cmocka_unit_test(a_weight_too_large_for_fp16_is_named),
        cmocka_unit_test(a_place_that_cannot_be_written_is_named),
    };

    return cmocka_run_group_tests_name("onnx_export", tests, set_up, tear_down);
}
