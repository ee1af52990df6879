#include "model/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

const char *model_kind_name(enum model_kind k)
{
    switch (k) {
    case MODEL_PLAIN:
        return "plain encoder";
    case MODEL_BI:
        return "SentenceTransformer";
    case MODEL_CROSS:
        return "CrossEncoder";
    }
    return "?";
}

size_t model_config_dim(const struct model_config *c)
{
    return c->C * c->poolings;
}

/* ---- files ---- */

static int load(struct json **doc, const char *folder, const char *name,
                struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    *doc = NULL;
    return rc < 0 ? rc : json_load(doc, path, JSON_STRICT, err);
}

/* An absent file is an empty document. */
static int load_if_there(struct json **doc, const char *folder,
                         const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    *doc = NULL;
    if (rc < 0 || !file_exists(path))
        return rc;
    return json_load(doc, path, JSON_STRICT, err);
}

static int copy_string(char *to, size_t size, const char *s, const char *key,
                       struct err *err)
{
    size_t n = strlen(s);

    if (n >= size)
        return ERR_SET(err, ERR_FORMAT, "\"%s\" has %zu bytes, expected < %zu",
                       key, n, size);
    memcpy(to, s, n + 1);
    return 0;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

/* ---- config.json ---- */

static int need_size(size_t *out, const struct json_node *n, const char *key,
                     struct err *err)
{
    int64_t v;
    int rc = json_need_int(&v, n, key, 1, 1 << 24, err);

    if (rc == 0)
        *out = (size_t)v;
    return rc;
}

static int rate(float *out, const struct json_node *n, const char *key,
                float dflt, struct err *err)
{
    double v = json_num(json_get(n, key), (double)dflt);

    if (!(v >= 0.0 && v < 1.0))
        return ERR_SET(err, ERR_FORMAT, "\"%s\" is %g, expected in [0, 1)", key,
                       v);
    *out = (float)v;
    return 0;
}

static int read_sizes(struct model_config *c, const struct json_node *n,
                      struct err *err)
{
    const struct {
        size_t *to;
        const char *key;
    } rows[] = {
        { &c->V, "vocab_size" },          { &c->P, "max_position_embeddings" },
        { &c->S, "type_vocab_size" },     { &c->C, "hidden_size" },
        { &c->H, "num_attention_heads" }, { &c->F, "intermediate_size" },
        { &c->L, "num_hidden_layers" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int rc = need_size(rows[i].to, n, rows[i].key, err);

        if (rc < 0)
            return rc;
    }
    if (c->C % c->H != 0)
        return ERR_SET(err, ERR_FORMAT,
                       "hidden_size %zu is not a multiple of "
                       "num_attention_heads %zu",
                       c->C, c->H);
    if (c->S > 256)
        return ERR_SET(err, ERR_FORMAT,
                       "type_vocab_size is %zu, expected at most 256", c->S);
    return 0;
}

static int read_rates(struct model_config *c, const struct json_node *n,
                      struct err *err)
{
    double eps = json_num(json_get(n, "layer_norm_eps"), 1e-12);
    double range = json_num(json_get(n, "initializer_range"), 0.02);
    double pad = json_num(json_get(n, "pad_token_id"), 0.0);
    int rc = rate(&c->drop_hidden, n, "hidden_dropout_prob", 0.1f, err);

    if (rc == 0)
        rc = rate(&c->drop_attention, n, "attention_probs_dropout_prob", 0.1f,
                  err);
    if (rc == 0)
        rc = rate(&c->drop_classifier, n, "classifier_dropout", c->drop_hidden,
                  err);
    if (rc < 0)
        return rc;
    if (!(eps > 0.0 && eps < 1.0) || !(range > 0.0 && range < 100.0))
        return ERR_SET(err, ERR_FORMAT,
                       "layer_norm_eps %g or initializer_range %g is not "
                       "plausible",
                       eps, range);
    if (!(pad >= 0.0 && pad < (double)c->V))
        return ERR_SET(err, ERR_FORMAT, "pad_token_id is %g, vocab_size %zu",
                       pad, c->V);
    c->eps = (float)eps;
    c->init_range = (float)range;
    c->pad_id = (uint32_t)pad;
    return 0;
}

/* What this engine computes, and nothing that looks like it. */
static int check_family(const struct json_node *n, struct err *err)
{
    static const struct {
        const char *key, *want;
    } rows[] = {
        { "hidden_act", "gelu" },
        { "position_embedding_type", "absolute" },
    };
    const char *type = json_str(json_get(n, "model_type"), "");

    if (strcmp(type, "bert") != 0)
        return ERR_SET(err, ERR_FORMAT,
                       "model_type \"%s\" is not known (known: bert)", type);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = json_str(json_get(n, rows[i].key), rows[i].want);

        if (strcmp(got, rows[i].want) != 0)
            return ERR_SET(err, ERR_FORMAT,
                           "%s \"%s\" is not known (known: %s)", rows[i].key,
                           got, rows[i].want);
    }
    return 0;
}

static bool is_classifier(const struct json_node *n)
{
    const struct json_node *first = json_first(json_get(n, "architectures"));

    return ends_with(json_str(first, ""), "ForSequenceClassification");
}

/* Without id2label and num_labels transformers assumes two. */
static size_t count_labels(const struct json_node *n)
{
    const struct json_node *names = json_get(n, "id2label");
    double labels = json_num(json_get(n, "num_labels"), 2.0);

    if (names && json_type(names) == JSON_OBJECT)
        return json_size(names);
    return labels >= 1.0 && labels < 65536.0 ? (size_t)labels : 2;
}

static int read_config(struct model_config *c, const struct json_node *n,
                       struct err *err)
{
    int rc = check_family(n, err);

    if (rc == 0)
        rc = read_sizes(c, n, err);
    if (rc == 0)
        rc = read_rates(c, n, err);
    if (rc < 0)
        return rc;
    c->layout = LAYOUT_BERT;
    c->labels = count_labels(n);
    return 0;
}

/* ---- modules.json and what it leads to ---- */

static const struct {
    const char *legacy, *name;
    enum pooling mode;
} poolings[CONFIG_POOLINGS] = {
    /* in the order in which the library concatenates legacy keys */
    { "pooling_mode_cls_token", "cls", POOLING_CLS },
    { "pooling_mode_max_tokens", "max", POOLING_MAX },
    { "pooling_mode_mean_tokens", "mean", POOLING_MEAN },
    { "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens",
      POOLING_MEAN_SQRT_LEN },
    { "pooling_mode_weightedmean_tokens", "weightedmean",
      POOLING_WEIGHTED_MEAN },
    { "pooling_mode_lasttoken", "lasttoken", POOLING_LAST },
};

static int add_mode(struct model_config *c, const char *name, struct err *err)
{
    for (size_t i = 0; i < CONFIG_POOLINGS; i++) {
        if (strcmp(poolings[i].name, name) != 0)
            continue;
        /* The old form, which we write, has no order of its own. */
        if (c->poolings > 0 && poolings[i].mode <= c->pooling[c->poolings - 1])
            return ERR_SET(err, ERR_FORMAT,
                           "pooling_mode \"%s\" is repeated or out of order",
                           name);
        c->pooling[c->poolings++] = poolings[i].mode;
        return 0;
    }
    return ERR_SET(err, ERR_FORMAT, "pooling_mode \"%s\" is not known", name);
}

static int read_modes(struct model_config *c, const struct json_node *n,
                      struct err *err)
{
    const struct json_node *mode = json_get(n, "pooling_mode");
    int rc = 0;

    c->poolings = 0;
    if (mode && json_type(mode) == JSON_ARRAY) {
        for (mode = json_first(mode); rc == 0 && mode; mode = json_next(mode))
            rc = add_mode(c, json_str(mode, ""), err);
    } else if (mode) {
        rc = add_mode(c, json_str(mode, ""), err);
    } else {
        for (size_t i = 0; i < CONFIG_POOLINGS; i++)
            if (json_bool(json_get(n, poolings[i].legacy), false))
                c->pooling[c->poolings++] = poolings[i].mode;
    }
    if (rc == 0 && c->poolings == 0)
        c->pooling[c->poolings++] = POOLING_MEAN;
    return rc;
}

static int read_pooling(struct model_config *c, const char *folder,
                        const char *sub, struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct json *doc = NULL;
    const struct json_node *root;
    double dim;
    int rc = file_join(dir, folder, sub, err);

    if (rc == 0)
        rc = load(&doc, dir, "config.json", err);
    if (rc < 0)
        return rc;
    root = json_root(doc);
    dim =
        json_num(json_get(root, "word_embedding_dimension"),
                 json_num(json_get(root, "embedding_dimension"), (double)c->C));
    rc = read_modes(c, root, err);
    if (rc == 0 && dim != (double)c->C)
        rc = ERR_SET(err, ERR_FORMAT,
                     "pooling of %g channels over a model of %zu", dim, c->C);
    if (rc == 0 && c->prompt[0] &&
        !json_bool(json_get(root, "include_prompt"), true))
        rc = ERR_SET(err, ERR_FORMAT,
                     "include_prompt false with a default prompt is not known");
    if (rc < 0)
        err_prefix(err, "%s/config.json", dir);
    json_free(doc);
    return rc;
}

/* The path inside the folder; it may not lead out of it. */
static int module_path(char out[CONFIG_NAME], const struct json_node *module,
                       struct err *err)
{
    const char *path = json_str(json_get(module, "path"), "");

    if (path[0] == '/' || strstr(path, ".."))
        return ERR_SET(err, ERR_FORMAT, "module path \"%s\" leads out", path);
    return copy_string(out, CONFIG_NAME, path, "path", err);
}

/* Old and new class paths agree in the last component. */
static const char *module_type(const struct json_node *module)
{
    const char *type = json_str(json_get(module, "type"), "");
    const char *dot = strrchr(type, '.');

    return dot ? dot + 1 : type;
}

/* modules.json: where the body is; Transformer first, then Pooling, then
 * Normalize. */
static int read_modules(struct model_config *c, const struct json_node *list,
                        char pooling[CONFIG_NAME], struct err *err)
{
    static const char *const order[] = { "Transformer", "Pooling",
                                         "Normalize" };
    size_t at = 0;
    int rc = 0;

    for (const struct json_node *m = json_first(list); rc == 0 && m;
         m = json_next(m), at++) {
        const char *type = module_type(m);
        char path[CONFIG_NAME];

        if (at >= 3 || strcmp(type, order[at]) != 0)
            return ERR_SET(err, ERR_FORMAT,
                           "module %zu is \"%s\" (known: Transformer, Pooling, "
                           "Normalize, in this order)",
                           at, type);
        rc = module_path(path, m, err);
        if (rc == 0 && at < 2)
            memcpy(at == 0 ? c->body : pooling, path, sizeof(path));
    }
    if (rc == 0 && (at == 0 || (c->kind == MODEL_CROSS) != (at == 1)))
        rc = ERR_SET(err, ERR_FORMAT, "%zu modules do not make a %s", at,
                     model_kind_name(c->kind));
    c->normalise = at == 3;
    return rc;
}

static int read_kind(struct model_config *c, const struct json_node *n,
                     struct err *err)
{
    const char *type =
        json_str(json_get(n, "model_type"), "SentenceTransformer");

    if (strcmp(type, "SentenceTransformer") == 0)
        c->kind = MODEL_BI;
    else if (strcmp(type, "CrossEncoder") == 0)
        c->kind = MODEL_CROSS;
    else
        return ERR_SET(err, ERR_FORMAT,
                       "model_type \"%s\" is not known (known: "
                       "SentenceTransformer, CrossEncoder)",
                       type);
    return 0;
}

static int read_library(struct model_config *c, const struct json_node *n,
                        struct err *err)
{
    const char *name = json_str(json_get(n, "default_prompt_name"), NULL);
    const char *similarity =
        json_str(json_get(n, "similarity_fn_name"), "cosine");
    int rc = copy_string(c->similarity, sizeof(c->similarity), similarity,
                         "similarity_fn_name", err);

    if (rc == 0 && name)
        rc = copy_string(c->prompt, sizeof(c->prompt),
                         json_str(json_get(json_get(n, "prompts"), name), ""),
                         name, err);
    return rc;
}

/* ---- a cross-encoder's activation ---- */

static int read_activation(struct model_config *c,
                           const struct json_node *library,
                           const struct json_node *config, struct err *err)
{
    const char *old = json_str(
        json_get(config, "sbert_ce_default_activation_function"), NULL);
    const char *name = json_str(
        json_get(json_get(config, "sentence_transformers"), "activation_fn"),
        old);

    name = json_str(json_get(library, "activation_fn"), name);
    c->activation = c->labels == 1 ? ACTIVATION_SIGMOID : ACTIVATION_IDENTITY;
    if (!name)
        return 0;
    if (strncmp(name, "torch.", 6) == 0 && ends_with(name, ".Sigmoid"))
        c->activation = ACTIVATION_SIGMOID;
    else if (strncmp(name, "torch.", 6) == 0 && ends_with(name, ".Identity"))
        c->activation = ACTIVATION_IDENTITY;
    else
        return ERR_SET(err, ERR_FORMAT,
                       "activation \"%s\" is not known (known: torch's "
                       "Sigmoid and Identity)",
                       name);
    return 0;
}

/* ---- lengths ---- */

/* Each old architecture had a file name of its own. */
static int load_sentence_config(struct json **doc, const char *dir,
                                struct err *err)
{
    static const char *const names[] = {
        "sentence_bert_config.json",       "sentence_roberta_config.json",
        "sentence_distilbert_config.json", "sentence_xlm-roberta_config.json",
        "sentence_camembert_config.json",  "sentence_albert_config.json",
        "sentence_xlnet_config.json",
    };
    int rc = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        rc = load_if_there(doc, dir, names[i], err);
        if (rc < 0 || *doc)
            break;
    }
    return rc;
}

/* max_seq_length, else model_max_length (1e30 means none), never over P. */
static int read_length(struct model_config *c, const char *dir, struct err *err)
{
    struct json *sentence = NULL, *tokenizer = NULL;
    const struct json_node *n;
    double len;
    int rc = load_sentence_config(&sentence, dir, err);

    if (rc == 0)
        rc = load_if_there(&tokenizer, dir, "tokenizer_config.json", err);
    if (rc < 0)
        goto out;
    n = json_root(sentence);
    len = json_num(json_get(json_root(tokenizer), "model_max_length"),
                   (double)c->P);
    len = fmin(json_num(json_get(n, "max_seq_length"), len), (double)c->P);
    c->lower_case = json_bool(json_get(n, "do_lower_case"), false);
    if (len < 8.0)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: maximum length is %g tokens, expected at least 8",
                     dir, len);
    else
        c->max_len = (size_t)len;
out:
    json_free(tokenizer);
    json_free(sentence);
    return rc;
}

/* ---- the folder ---- */

/* modules.json and config_sentence_transformers.json, when there. */
static int read_library_files(struct model_config *c, struct json **library,
                              char pooling[CONFIG_NAME], const char *folder,
                              struct err *err)
{
    struct json *modules = NULL;
    int rc = load_if_there(&modules, folder, "modules.json", err);

    if (rc < 0 || !modules)
        return rc;
    rc = load_if_there(library, folder, "config_sentence_transformers.json",
                       err);
    if (rc == 0)
        rc = read_kind(c, json_root(*library), err);
    if (rc == 0)
        rc = read_library(c, json_root(*library), err);
    if (rc == 0)
        rc = read_modules(c, json_root(modules), pooling, err);
    if (rc < 0)
        err_prefix(err, "%s", folder);
    json_free(modules);
    return rc;
}

static int read_folder(struct model_config *c, const char *folder,
                       const struct json_node *library, const char *pooling,
                       struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct json *doc = NULL;
    int rc = c->body[0] ? file_join(dir, folder, c->body, err)
                        : copy_string(dir, sizeof(dir), folder, "path", err);

    if (rc == 0)
        rc = load(&doc, dir, "config.json", err);
    if (rc < 0)
        return rc;
    rc = read_config(c, json_root(doc), err);
    if (c->kind == MODEL_PLAIN && is_classifier(json_root(doc)))
        c->kind = MODEL_CROSS;
    if (rc == 0 && c->kind == MODEL_CROSS)
        rc = read_activation(c, library, json_root(doc), err);
    if (rc < 0)
        err_prefix(err, "%s/config.json", dir);
    if (c->kind != MODEL_CROSS)
        c->labels = 0;
    if (rc == 0)
        rc = read_length(c, dir, err);
    if (rc == 0 && c->kind == MODEL_BI)
        rc = read_pooling(c, folder, pooling, err);
    json_free(doc);
    return rc;
}

int model_config_load(struct model_config *c, const char *folder,
                      struct err *err)
{
    char pooling[CONFIG_NAME] = "";
    struct json *library = NULL;
    int rc;

    *c = (struct model_config){ .kind = MODEL_PLAIN,
                                .pooling = { POOLING_MEAN },
                                .poolings = 1,
                                .similarity = "cosine" };
    rc = read_library_files(c, &library, pooling, folder, err);
    if (rc == 0)
        rc = read_folder(c, folder, json_root(library), pooling, err);
    json_free(library);
    return rc;
}
