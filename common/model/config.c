#include "model/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config_parts.h"
#include "model/family.h"
#include "nn/relative.h"

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

size_t model_config_table(const struct model_config *c)
{
    return c->E ? c->E : c->C;
}

/* ---- files ---- */

int config_file(struct json **doc, const char *folder, const char *name,
                struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    *doc = NULL;
    return rc < 0 ? rc : json_load(doc, path, JSON_STRICT, err);
}

/* An absent file is an empty document. */
int config_file_if_there(struct json **doc, const char *folder,
                         const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, folder, name, err);

    *doc = NULL;
    if (rc < 0 || !file_exists(path))
        return rc;
    return json_load(doc, path, JSON_STRICT, err);
}

int config_string(char *to, size_t size, const char *s, const char *key,
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

static int read_sizes(struct model_config *c, const struct family *f,
                      const struct json_node *n, struct err *err)
{
    size_t *const to[FAMILY_SIZES] = { &c->V, &c->P, &c->S, &c->C,
                                       &c->H, &c->F, &c->L };

    c->S = 2; /* of those without segments: all 0 */
    for (size_t i = 0; i < FAMILY_SIZES; i++) {
        int rc = f->size[i] ? need_size(to[i], n, f->size[i], err) : 0;

        if (rc < 0)
            return rc;
    }
    if (f->table && json_get(n, f->table)) {
        int rc = need_size(&c->E, n, f->table, err);

        if (rc < 0)
            return rc;
    } else if (f->table) {
        c->E = f->table_width;
    }
    if (c->E == c->C)
        c->E = 0;
    if (c->C % c->H != 0)
        return ERR_SET(err, ERR_FORMAT, "%s %zu is not a multiple of %s %zu",
                       f->size[3], c->C, f->size[4], c->H);
    if (c->S > 256)
        return ERR_SET(err, ERR_FORMAT,
                       "type_vocab_size is %zu, expected at most 256", c->S);
    return 0;
}

static int read_rates(struct model_config *c, const struct family *f,
                      const struct json_node *n, struct err *err)
{
    double eps = json_num(json_get(n, "layer_norm_eps"), (double)f->eps);
    double range = json_num(json_get(n, "initializer_range"), 0.02);
    double pad =
        json_num(json_get(n, "pad_token_id"), f->positions_padded ? 1.0 : 0.0);
    int rc = rate(&c->drop_hidden, n, f->rate[0], 0.1f, err);

    if (rc == 0)
        rc = rate(&c->drop_attention, n, f->rate[1], 0.1f, err);
    if (rc == 0)
        rc = rate(&c->drop_classifier, n, f->rate[2],
                  f->classifier_rate < 0.0f ? c->drop_hidden
                                            : f->classifier_rate,
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
    c->first = f->positions_padded ? c->pad_id + 1 : 0;
    if (c->first >= c->P)
        return ERR_SET(err, ERR_FORMAT,
                       "pad_token_id %g leaves none of %zu positions", pad,
                       c->P);
    return 0;
}

/* The library computes with 32 buckets whatever the config says, and with
 * positions behind row 1. */
static int check_relative(struct model_config *c, const struct family *f,
                          const struct json_node *n, struct err *err)
{
    const double buckets =
        json_num(json_get(n, f->buckets), (double)RELATIVE_BUCKETS);

    c->relative = true;
    if (buckets != (double)RELATIVE_BUCKETS)
        return ERR_SET(err, ERR_FORMAT, "%s is %g, expected %d", f->buckets,
                       buckets, RELATIVE_BUCKETS);
    if (c->pad_id != 1)
        return ERR_SET(err, ERR_FORMAT, "pad_token_id is %u, %s has 1",
                       (unsigned)c->pad_id, f->type);
    return 0;
}

/* What this engine computes, and nothing that looks like it. */
static int check_family(const struct family **f, const struct json_node *n,
                        struct err *err)
{
    const char *type = json_str(json_get(n, "model_type"), "");
    char known[200];
    struct {
        const char *key, *want;
    } rows[] = {
        { "", "gelu" },
        { "position_embedding_type", "absolute" },
    };

    *f = family_find(type);
    family_known(known, sizeof(known));
    if (!*f)
        return ERR_SET(err, ERR_FORMAT,
                       "model_type \"%s\" is not known (known: %s)", type,
                       known);
    rows[0].key = (*f)->activation;
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
    const struct family *f;
    int rc = check_family(&f, n, err);

    if (rc == 0)
        rc = read_sizes(c, f, n, err);
    if (rc == 0)
        rc = read_rates(c, f, n, err);
    if (rc == 0 && f->buckets)
        rc = check_relative(c, f, n, err);
    if (rc < 0)
        return rc;
    c->layout = f->layout;
    c->labels = count_labels(n);
    return 0;
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
        rc = config_file_if_there(doc, dir, names[i], err);
        if (rc < 0 || *doc)
            break;
    }
    return rc;
}

/* max_seq_length, else model_max_length (1e30 means none), never over the
 * positions there are. */
static int read_length(struct model_config *c, const char *dir, struct err *err)
{
    const double most = (double)(c->P - c->first);
    struct json *sentence = NULL, *tokenizer = NULL;
    const struct json_node *n;
    double len;
    int rc = load_sentence_config(&sentence, dir, err);

    if (rc == 0)
        rc =
            config_file_if_there(&tokenizer, dir, "tokenizer_config.json", err);
    if (rc < 0)
        goto out;
    n = json_root(sentence);
    len = json_num(json_get(json_root(tokenizer), "model_max_length"), most);
    len = fmin(json_num(json_get(n, "max_seq_length"), len), most);
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

static int read_folder(struct model_config *c, const char *folder,
                       const struct json_node *library, const char *pooling,
                       struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct json *doc = NULL;
    int rc = c->body[0] ? file_join(dir, folder, c->body, err)
                        : config_string(dir, sizeof(dir), folder, "path", err);

    if (rc == 0)
        rc = config_file(&doc, dir, "config.json", err);
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
        rc = config_pooling(c, folder, pooling, err);
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
    rc = config_modules(c, &library, pooling, folder, err);
    if (rc == 0)
        rc = read_folder(c, folder, json_root(library), pooling, err);
    json_free(library);
    return rc;
}
