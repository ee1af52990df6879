#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/safetensors.h"
#include "model/weights.h"

enum { MOST = 64, NAME = 128 };

static const struct model_config config = { .kind = MODEL_CROSS,
                                            .V = 7,
                                            .P = 5,
                                            .S = 2,
                                            .C = 4,
                                            .H = 2,
                                            .F = 6,
                                            .L = 2,
                                            .labels = 1 };
static char folder[] = "/tmp/test_weights_XXXXXX";

/* A checkpoint to be changed by a test. */
struct file {
    struct safetensor_f32 t[MOST];
    char name[MOST][NAME];
    float data[MOST][64]; /* RELATIVE_BUCKETS * H are the most */
    size_t n;
};

static const char *in_folder(const char *name)
{
    static char path[FILE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void read_file(struct file *f)
{
    struct safetensors *s;
    struct err err = ERR_INIT;

    assert_ok(safetensors_open(&s, in_folder("model.safetensors"), &err), &err);
    f->n = safetensors_count(s);
    assert_in_range(f->n, 1, MOST - 1);
    for (size_t i = 0; i < f->n; i++) {
        const struct safetensor *t = safetensors_at(s, i);

        assert_in_range(t->count, 1, 64);
        snprintf(f->name[i], NAME, "%s", t->name);
        assert_ok(safetensors_read(f->data[i], t, &err), &err);
        f->t[i] =
            (struct safetensor_f32){ f->name[i], f->data[i],
                                     (size_t)t->shape[0],
                                     t->rank > 1 ? (size_t)t->shape[1] : 0 };
    }
    safetensors_close(s);
}

static void write_file(const struct file *f)
{
    struct err err = ERR_INIT;

    assert_ok(
        safetensors_write(in_folder("model.safetensors"), f->t, f->n, &err),
        &err);
}

static void make(struct weights *w, bool cross)
{
    struct err err = ERR_INIT;

    assert_ok(weights_init(w, &config, WEIGHTS_CLASSIFIER, &err), &err);
    weights_random(w, 0.5f, 11);
    for (size_t i = 0; i < w->tensors; i++)
        fill_random(w->tensor[i].x, w->tensor[i].n, i);
    assert_ok(weights_save(w, in_folder("model.safetensors"), cross, &err),
              &err);
}

static int load(struct weights *w, unsigned *found, struct err *err)
{
    assert_ok(weights_init(w, &config, WEIGHTS_CLASSIFIER, err), err);
    return weights_load(w, found, folder, err);
}

static void assert_equal(const struct weights *x, const struct weights *y)
{
    assert_int_equal(x->tensors, y->tensors);
    assert_int_equal(x->count, y->count);
    for (size_t i = 0; i < x->tensors; i++)
        assert_memory_equal(x->tensor[i].x, y->tensor[i].x,
                            x->tensor[i].n * sizeof(float));
}

static void load_inverts_save_in_both_spellings(void **state)
{
    struct weights w, back;
    struct err err = ERR_INIT;
    unsigned found;

    (void)state;
    for (int cross = 0; cross <= 1; cross++) {
        make(&w, cross);
        assert_ok(load(&back, &found, &err), &err);
        assert_int_equal(found,
                         WEIGHTS_FOUND_POOLER | WEIGHTS_FOUND_CLASSIFIER);
        assert_equal(&w, &back);
        weights_release(&back);
        weights_release(&w);
    }
}

static void names_are_those_of_the_reference(void **state)
{
    static const char *const some[] = {
        "bert.embeddings.word_embeddings.weight",
        "bert.embeddings.token_type_embeddings.weight",
        "bert.encoder.layer.1.attention.self.key.weight",
        "bert.encoder.layer.0.attention.output.LayerNorm.bias",
        "bert.encoder.layer.0.intermediate.dense.weight",
        "bert.pooler.dense.bias",
        "classifier.weight",
    };
    struct weights w;
    struct file f;

    (void)state;
    make(&w, true);
    read_file(&f);
    assert_int_equal(f.n, 5 + 2 * 16 + 4);
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        bool there = false;

        for (size_t k = 0; k < f.n; k++)
            there = there || strcmp(f.name[k], some[i]) == 0;
        assert_true(there);
    }
    weights_release(&w);
}

/* In a body, and before a classifier. */
static void names_are_those_of_the_family(void **state)
{
    static const struct {
        enum model_layout layout;
        const char *name[2];
        size_t tensors[2];
    } row[] = {
        { LAYOUT_ELECTRA,
          { "embeddings_project.weight", "electra.embeddings_project.bias" },
          { 5 + 2 + 2 * 16, 5 + 2 + 2 * 16 + 4 } },
        { LAYOUT_ELECTRA,
          { "encoder.layer.1.output.LayerNorm.bias",
            "classifier.dense.weight" },
          { 39, 43 } },
        { LAYOUT_MPNET,
          { "encoder.relative_attention_bias.weight",
            "mpnet.encoder.layer.1.attention.attn.o.weight" },
          { 4 + 1 + 2 * 16 + 2, 4 + 1 + 2 * 16 + 4 } },
        { LAYOUT_MPNET,
          { "encoder.layer.0.attention.LayerNorm.weight",
            "classifier.out_proj.bias" },
          { 39, 41 } },
        { LAYOUT_MPNET,
          { "pooler.dense.bias",
            "mpnet.encoder.layer.0.attention.attn.q.bias" },
          { 39, 41 } },
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
        struct model_config c = config;
        struct weights w, back;
        struct file f;
        struct err err = ERR_INIT;
        unsigned found, parts = i % 2 ? WEIGHTS_CLASSIFIER : WEIGHTS_BODY;
        bool there = false;

        c.layout = row[i / 2].layout;
        c.E = c.layout == LAYOUT_ELECTRA ? 3 : 0;
        c.relative = c.layout == LAYOUT_MPNET;
        assert_ok(weights_init(&w, &c, parts, &err), &err);
        weights_random(&w, 1.0f, 7);
        if (parts == WEIGHTS_BODY && c.layout == LAYOUT_ELECTRA)
            memset(w.head.pool_w, 0, c.C * c.C * sizeof(float));
        assert_ok(weights_save(&w, in_folder("model.safetensors"), i % 2, &err),
                  &err);
        read_file(&f);
        assert_int_equal(f.n, row[i / 2].tensors[i % 2]);
        for (size_t k = 0; k < f.n; k++)
            there = there || strcmp(f.name[k], row[i / 2].name[i % 2]) == 0;
        assert_true(there);
        assert_ok(weights_init(&back, &c, parts, &err), &err);
        assert_ok(weights_load(&back, &found, folder, &err), &err);
        assert_equal(&w, &back);
        weights_release(&back);
        weights_release(&w);
    }
}

static void query_key_and_value_are_rows_of_one_tensor(void **state)
{
    struct weights w;
    struct file f;
    size_t C = config.C;

    (void)state;
    make(&w, false);
    read_file(&f);
    for (size_t i = 0; i < f.n; i++) {
        const float *rows = w.layer[1].qkv_w;

        if (strstr(f.name[i], "layer.1.attention.self.query.weight"))
            assert_memory_equal(f.data[i], rows, C * C * 4);
        if (strstr(f.name[i], "layer.1.attention.self.key.weight"))
            assert_memory_equal(f.data[i], rows + C * C, C * C * 4);
        if (strstr(f.name[i], "layer.1.attention.self.value.bias"))
            assert_memory_equal(f.data[i], w.layer[1].qkv_b + 2 * C, C * 4);
    }
    weights_release(&w);
}

static void old_layernorm_names_are_read(void **state)
{
    struct weights w, back;
    struct file f;
    struct err err = ERR_INIT;
    unsigned found;

    (void)state;
    make(&w, true);
    read_file(&f);
    for (size_t i = 0; i < f.n; i++) {
        char *at = strstr(f.name[i], "LayerNorm.");

        if (at)
            strcpy(at,
                   strstr(at, "weight") ? "LayerNorm.gamma" : "LayerNorm.beta");
    }
    write_file(&f);
    assert_ok(load(&back, &found, &err), &err);
    assert_equal(&w, &back);
    weights_release(&back);
    weights_release(&w);
}

static void other_heads_are_ignored_and_absent_ones_told(void **state)
{
    struct weights w, back;
    struct file f;
    struct err err = ERR_INIT;
    unsigned found;

    (void)state;
    make(&w, false);
    read_file(&f);
    for (size_t i = 0; i < f.n; i++) {
        if (strncmp(f.name[i], "classifier", 10) == 0)
            strcat(f.name[i], ".of.another.task");
        if (strncmp(f.name[i], "pooler.dense.weight", 19) == 0)
            strcpy(f.name[i], "cls.predictions.transform.dense.weight");
        if (strncmp(f.name[i], "pooler.dense.bias", 17) == 0)
            strcpy(f.name[i], "cls.predictions.bias");
    }
    write_file(&f);
    assert_ok(load(&back, &found, &err), &err);
    assert_int_equal(found, 0);
    assert_true(back.head.pool_w[0] == 0.0f);
    weights_release(&back);
    weights_release(&w);
}

/* What is wrong with a checkpoint, and what the message must say. */
static void check_refused(const char *what, size_t at, const char *new_name,
                          size_t rows, size_t cols, const char *says)
{
    struct weights w, back;
    struct file f;
    struct err err = ERR_INIT;
    unsigned found;

    make(&w, false);
    read_file(&f);
    if (new_name)
        strcpy(f.name[at], new_name);
    if (rows) {
        f.t[at].rows = rows;
        f.t[at].cols = cols;
    }
    write_file(&f);
    if (load(&back, &found, &err) != ERR_FORMAT)
        fail_msg("accepted: %s", what);
    if (!strstr(err.msg, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", what, err.msg, says);
    weights_release(&back);
    weights_release(&w);
}

static size_t index_of(const char *name)
{
    struct weights w;
    struct file f;

    make(&w, false);
    weights_release(&w);
    read_file(&f);
    for (size_t i = 0; i < f.n; i++)
        if (strcmp(f.name[i], name) == 0)
            return i;
    fail_msg("no tensor %s", name);
    return 0;
}

static void load_refuses_what_does_not_fit_the_config(void **state)
{
    size_t word = index_of("embeddings.word_embeddings.weight");
    size_t key = index_of("encoder.layer.0.attention.self.key.weight");
    size_t norm = index_of("embeddings.LayerNorm.bias");
    size_t bias = index_of("pooler.dense.bias");

    (void)state;
    check_refused("a tensor absent", key, "other", 0, 0,
                  "self.key.weight is not there");
    check_refused("too few rows", word, NULL, 6, 4, "[6,4]");
    check_refused("transposed", word, NULL, 4, 7, "expected 2, [7,4]");
    check_refused("another rank", norm, NULL, 1, 4, "rank 2");
    check_refused("half a head", bias, "other", 0, 0, "only one of");
    check_refused("more layers", bias, "encoder.layer.2.output.dense.bias", 0,
                  0, "2 layers");
    check_refused("a name twice", bias,
                  "bert.embeddings.word_embeddings.weight", 0, 0, "both");
}

static void shards_are_found_by_their_index(void **state)
{
    struct weights w, back;
    struct file f;
    struct err err = ERR_INIT;
    struct buf map = BUF_INIT(1 << 16);
    unsigned found;

    (void)state;
    make(&w, true);
    read_file(&f);
    assert_ok(buf_puts(&map, "{\"weight_map\":{", &err), &err);
    for (size_t i = 0; i < f.n; i++)
        assert_ok(buf_printf(&map, &err, "%s\"%s\":\"%s\"", i ? "," : "",
                             f.name[i], i < 9 ? "one.st" : "two.st"),
                  &err);
    assert_ok(buf_puts(&map, "}}", &err), &err);
    assert_ok(safetensors_write(in_folder("one.st"), f.t, 9, &err), &err);
    assert_ok(safetensors_write(in_folder("two.st"), f.t + 9, f.n - 9, &err),
              &err);
    assert_ok(file_remove(in_folder("model.safetensors"), &err), &err);
    assert_ok(file_write(in_folder("model.safetensors.index.json"), map.ptr,
                         map.len, &err),
              &err);
    assert_ok(load(&back, &found, &err), &err);
    assert_equal(&w, &back);
    weights_release(&back);
    weights_release(&w);
    buf_release(&map);
    assert_ok(file_remove(in_folder("model.safetensors.index.json"), &err),
              &err);
}

static void a_pickle_alone_is_refused_with_advice(void **state)
{
    struct weights w;
    struct err err = ERR_INIT;
    unsigned found;

    (void)state;
    assert_ok(file_remove(in_folder("model.safetensors"), &err), &err);
    assert_ok(file_write(in_folder("pytorch_model.bin"), "x", 1, &err), &err);
    assert_int_equal(load(&w, &found, &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "safe_serialization"));
    weights_release(&w);
}

static void random_weights_depend_on_the_seed_alone(void **state)
{
    struct weights a, b, c;
    struct err err = ERR_INIT;
    double sum = 0.0;

    (void)state;
    assert_ok(weights_init(&a, &config, WEIGHTS_CLASSIFIER, &err), &err);
    assert_ok(weights_init(&b, &config, WEIGHTS_CLASSIFIER, &err), &err);
    assert_ok(weights_init(&c, &config, WEIGHTS_CLASSIFIER, &err), &err);
    weights_random(&a, 0.02f, 1);
    weights_random(&b, 0.02f, 1);
    weights_random(&c, 0.02f, 2);
    assert_equal(&a, &b);
    assert_memory_not_equal(a.layer[0].up_w, c.layer[0].up_w, 24 * 4);
    assert_memory_not_equal(a.layer[0].up_w, a.layer[1].up_w, 24 * 4);
    for (size_t i = 0; i < 48; i++)
        sum += (double)a.layer[0].qkv_w[i] * (double)a.layer[0].qkv_w[i];
    assert_near("variance", sum / 48, 4e-4, 0.5, 0);
    assert_true(a.layer[0].ln1_w[3] == 1.0f && a.layer[0].ln1_b[3] == 0.0f);
    weights_release(&a);
    weights_release(&b);
    weights_release(&c);
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

static void a_cut_keeps_the_chosen_layers(void **state)
{
    struct model_config deep = config, shallow = config;
    struct weights a, b, fresh;
    struct err err = ERR_INIT;
    const size_t keep[] = { 1, 3 };

    (void)state;
    deep.L = 4;
    assert_ok(weights_init(&a, &deep, WEIGHTS_CLASSIFIER, &err), &err);
    assert_ok(weights_init(&b, &deep, WEIGHTS_CLASSIFIER, &err), &err);
    assert_ok(weights_init(&fresh, &shallow, WEIGHTS_CLASSIFIER, &err), &err);
    weights_random(&a, 0.5f, 1);
    weights_random(&b, 0.5f, 1);
    weights_cut(&b, keep, 2);
    assert_int_equal(b.tensors, fresh.tensors);
    assert_int_equal(b.count, fresh.count);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(b.layer[i].qkv_w, a.layer[keep[i]].qkv_w,
                            3 * deep.C * deep.C * sizeof(float));
        assert_memory_equal(b.layer[i].ln2_b, a.layer[keep[i]].ln2_b,
                            deep.C * sizeof(float));
        assert_memory_equal(b.layer[i].up_w, a.layer[keep[i]].up_w,
                            deep.F * deep.C * sizeof(float));
    }
    assert_memory_equal(b.embedding.word, a.embedding.word,
                        deep.V * deep.C * sizeof(float));
    assert_memory_equal(b.head.cls_w, a.head.cls_w, deep.C * sizeof(float));
    weights_release(&a);
    weights_release(&b);
    weights_release(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_inverts_save_in_both_spellings),
        cmocka_unit_test(names_are_those_of_the_reference),
        cmocka_unit_test(names_are_those_of_the_family),
        cmocka_unit_test(query_key_and_value_are_rows_of_one_tensor),
        cmocka_unit_test(old_layernorm_names_are_read),
        cmocka_unit_test(other_heads_are_ignored_and_absent_ones_told),
        cmocka_unit_test(load_refuses_what_does_not_fit_the_config),
        cmocka_unit_test(shards_are_found_by_their_index),
        cmocka_unit_test(a_pickle_alone_is_refused_with_advice),
        cmocka_unit_test(random_weights_depend_on_the_seed_alone),
        cmocka_unit_test(a_cut_keeps_the_chosen_layers),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
