#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config.h"
#include "model/family.h"
#include "nn/relative.h"

/* The oldest version that has this form: a newer one than the reader's would
 * cause a warning. */
static const char library_version[] = "2.2.2";

static int save(struct json_node *doc, const char *folder, const char *name,
                struct err *err)
{
    char path[FILE_PATH_MAX];
    struct buf text = BUF_INIT(1 << 20);
    int rc = file_join(path, folder, name, err);

    if (rc == 0)
        rc = json_print(&text, doc, true, err);
    if (rc == 0)
        rc = buf_puts(&text, "\n", err);
    if (rc == 0)
        rc = file_write(path, text.ptr, text.len, err);
    buf_release(&text);
    json_node_free(doc);
    return rc;
}

/* 0.1f as 0.1, not as 0.10000000149011612: the decimal that was read. */
static void set_f32(struct json_node *o, const char *key, float v)
{
    double d = (double)v, best = d;

    for (int digits = 1; digits <= 9; digits++) {
        double scale = pow(10.0, digits - 1 - floor(log10(fabs(d))));
        double r = round(d * scale) / scale;

        if ((float)r == v) {
            best = r;
            break;
        }
    }
    json_set_num(o, key, d == 0.0 ? 0.0 : best);
}

static void set_sizes(struct json_node *o, const struct model_config *c,
                      const struct family *f)
{
    const size_t size[FAMILY_SIZES] = {
        c->V, c->P, c->S, c->C, c->H, c->F, c->L
    };

    for (size_t i = 0; i < FAMILY_SIZES; i++)
        if (f->size[i])
            json_set_num(o, f->size[i], (double)size[i]);
    if (f->table)
        json_set_num(o, f->table, (double)model_config_table(c));
    if (f->buckets)
        json_set_num(o, f->buckets, RELATIVE_BUCKETS);
    set_f32(o, "layer_norm_eps", c->eps);
    set_f32(o, f->rate[0], c->drop_hidden);
    set_f32(o, f->rate[1], c->drop_attention);
    set_f32(o, "initializer_range", c->init_range);
    json_set_num(o, "pad_token_id", (double)c->pad_id);
}

/* id2label must be there, or the library assumes two labels. */
static void set_cross(struct json_node *o, const struct model_config *c,
                      const struct family *f)
{
    bool sigmoid = c->activation == ACTIVATION_SIGMOID;
    const char *name = sigmoid ? "torch.nn.modules.activation.Sigmoid"
                               : "torch.nn.modules.linear.Identity";
    struct json_node *names = json_new_object(), *ids = json_new_object();
    struct json_node *library = json_new_object();

    json_set_str(names, "0", "LABEL_0");
    json_set_num(ids, "LABEL_0", 0.0);
    json_set(o, "id2label", names);
    json_set(o, "label2id", ids);
    json_set_str(library, "activation_fn", name);
    json_set_str(library, "version", "4.0.1");
    json_set(o, "sentence_transformers", library);
    if (!sigmoid) /* for readers before version 4 */
        json_set_str(o, "sbert_ce_default_activation_function", name);
    if (f->classifier_rate >= 0.0f || c->drop_classifier != c->drop_hidden)
        set_f32(o, f->rate[2], c->drop_classifier);
}

static int save_config(const struct model_config *c, const char *folder,
                       struct err *err)
{
    struct json_node *o = json_new_object(), *names = json_new_array();
    const struct family *f = family_of(c->layout);
    bool cross = c->kind == MODEL_CROSS;

    json_push_str(names, cross ? f->cross : f->body);
    json_set(o, "architectures", names);
    json_set_str(o, "model_type", f->type);
    json_set_str(o, f->activation, "gelu");
    if (f->size[2]) /* those with segments know other positions too */
        json_set_str(o, "position_embedding_type", "absolute");
    set_sizes(o, c, f);
    json_set_str(o, "torch_dtype", "float32");
    if (cross)
        set_cross(o, c, f);
    return save(o, folder, "config.json", err);
}

static void push_module(struct json_node *list, double idx, const char *name,
                        const char *path, const char *type)
{
    struct json_node *o = json_new_object();

    json_set_num(o, "idx", idx);
    json_set_str(o, "name", name);
    json_set_str(o, "path", path);
    json_set_str(o, "type", type);
    json_push(list, o);
}

static int save_modules(const struct model_config *c, const char *folder,
                        struct err *err)
{
    struct json_node *list = json_new_array();

    push_module(list, 0, "0", "", "sentence_transformers.models.Transformer");
    push_module(list, 1, "1", "1_Pooling",
                "sentence_transformers.models.Pooling");
    if (c->normalise)
        push_module(list, 2, "2", "2_Normalize",
                    "sentence_transformers.models.Normalize");
    return save(list, folder, "modules.json", err);
}

static bool pools(const struct model_config *c, enum pooling mode)
{
    for (size_t i = 0; i < c->poolings; i++)
        if (c->pooling[i] == mode)
            return true;
    return false;
}

/* All modes explicit, since mean defaults to true; the two late ones only
 * when needed, since old versions refuse keys they do not know. */
static int save_pooling(const struct model_config *c, const char *folder,
                        struct err *err)
{
    static const struct {
        const char *key;
        enum pooling mode;
        bool always;
    } rows[] = {
        { "pooling_mode_cls_token", POOLING_CLS, true },
        { "pooling_mode_mean_tokens", POOLING_MEAN, true },
        { "pooling_mode_max_tokens", POOLING_MAX, true },
        { "pooling_mode_mean_sqrt_len_tokens", POOLING_MEAN_SQRT_LEN, true },
        { "pooling_mode_weightedmean_tokens", POOLING_WEIGHTED_MEAN, false },
        { "pooling_mode_lasttoken", POOLING_LAST, false },
    };
    char dir[FILE_PATH_MAX];
    struct json_node *o = json_new_object();
    int rc = file_join(dir, folder, "1_Pooling", err);

    json_set_num(o, "word_embedding_dimension", (double)c->C);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].always || pools(c, rows[i].mode))
            json_set_bool(o, rows[i].key, pools(c, rows[i].mode));
    if (rc == 0)
        rc = file_mkdirs(dir, err);
    if (rc < 0) {
        json_node_free(o);
        return rc;
    }
    return save(o, dir, "config.json", err);
}

static int save_library(const struct model_config *c, const char *folder,
                        struct err *err)
{
    struct json_node *o = json_new_object(), *v = json_new_object();
    struct json_node *prompts = json_new_object();

    json_set_str(v, "sentence_transformers", library_version);
    json_set_str(v, "transformers", "4.28.0");
    json_set_str(v, "pytorch", "2.0.0");
    json_set(o, "__version__", v);
    if (c->prompt[0])
        json_set_str(prompts, "default", c->prompt);
    json_set(o, "prompts", prompts);
    if (c->prompt[0])
        json_set_str(o, "default_prompt_name", "default");
    else
        json_set_null(o, "default_prompt_name");
    json_set_str(o, "similarity_fn_name", c->similarity);
    return save(o, folder, "config_sentence_transformers.json", err);
}

static int save_length(const struct model_config *c, const char *folder,
                       struct err *err)
{
    struct json_node *o = json_new_object();

    json_set_num(o, "max_seq_length", (double)c->max_len);
    json_set_bool(o, "do_lower_case", c->lower_case);
    return save(o, folder, "sentence_bert_config.json", err);
}

static int make_normalise(const char *folder, struct err *err)
{
    char dir[FILE_PATH_MAX];
    int rc = file_join(dir, folder, "2_Normalize", err);

    return rc < 0 ? rc : file_mkdirs(dir, err);
}

int model_config_save(const struct model_config *c, const char *folder,
                      struct err *err)
{
    int rc = save_config(c, folder, err);

    assert(c->kind != MODEL_PLAIN);
    /* A cross-encoder has neither modules.json nor the library's config. */
    if (rc < 0 || c->kind == MODEL_CROSS)
        return rc;
    rc = save_modules(c, folder, err);
    if (rc == 0)
        rc = save_pooling(c, folder, err);
    if (rc == 0)
        rc = save_library(c, folder, err);
    if (rc == 0)
        rc = save_length(c, folder, err);
    if (rc == 0 && c->normalise)
        rc = make_normalise(folder, err);
    return rc;
}

/* ---- tokenizer files ---- */

/* A folder without tokenizer_config.json: with tokenizer.json the generic
 * class takes the options from there, as our reader does. */
static void set_defaults(struct json_node *o, const struct family *f,
                         bool generic)
{
    static const char *const keys[FAMILY_TOKENS] = { "unk_token", "sep_token",
                                                     "pad_token", "cls_token",
                                                     "mask_token" };

    json_set_str(o, "tokenizer_class",
                 generic ? "PreTrainedTokenizerFast" : f->tokenizer);
    for (size_t i = 0; i < FAMILY_TOKENS; i++)
        json_set_str(o, keys[i], f->token[i]);
}

/* Everything else of tokenizer_config.json stays as it is. */
static int write_length(const char *to, const char *from,
                        const struct family *f, bool generic, size_t max_len,
                        struct err *err)
{
    struct json *doc = NULL;
    struct json_node *o = json_new_object();
    bool there = file_exists(from);
    int rc = there ? json_load(&doc, from, JSON_STRICT, err) : 0;
    struct buf text = BUF_INIT(16 << 20);

    for (const struct json_node *n = json_first(json_root(doc)); n;
         n = json_next(n))
        if (strcmp(json_key(n), "model_max_length") != 0)
            json_set_copy(o, json_key(n), n);
    if (!there)
        set_defaults(o, f, generic);
    json_set_num(o, "model_max_length", (double)max_len);
    if (rc == 0)
        rc = json_print(&text, o, true, err);
    if (rc == 0)
        rc = buf_puts(&text, "\n", err);
    if (rc == 0)
        rc = file_write(to, text.ptr, text.len, err);
    buf_release(&text);
    json_node_free(o);
    json_free(doc);
    return rc;
}

int model_config_copy_tokenizer(const char *to, const char *from,
                                enum model_layout layout, size_t max_len,
                                struct err *err)
{
    static const char *const names[] = {
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.txt",
        "vocab.json",
        "merges.txt",
        "sentencepiece.bpe.model",
    };
    bool generic = false; /* names[0], seen first, is there */
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        char src[FILE_PATH_MAX], dst[FILE_PATH_MAX];
        bool lengthy = max_len > 0 && i == 1;

        rc = file_join(src, from, names[i], err);
        if (rc == 0)
            rc = file_join(dst, to, names[i], err);
        if (rc < 0 || (!lengthy && !file_exists(src)))
            continue;
        generic = generic || i == 0;
        rc = lengthy ? write_length(dst, src, family_of(layout), generic,
                                    max_len, err)
                     : file_copy(dst, src, err);
    }
    return rc;
}
