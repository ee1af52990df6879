#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config.h"
#include "model/config_parts.h"

/* ---- pooling ---- */

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

int config_pooling(struct model_config *c, const char *folder, const char *sub,
                   struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct json *doc = NULL;
    const struct json_node *root;
    double dim;
    int rc = file_join(dir, folder, sub, err);

    if (rc == 0)
        rc = config_file(&doc, dir, "config.json", err);
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

/* ---- modules ---- */

/* The path inside the folder; it may not lead out of it. */
static int module_path(char out[CONFIG_NAME], const struct json_node *module,
                       struct err *err)
{
    const char *path = json_str(json_get(module, "path"), "");

    if (path[0] == '/' || strstr(path, ".."))
        return ERR_SET(err, ERR_FORMAT, "module path \"%s\" leads out", path);
    return config_string(out, CONFIG_NAME, path, "path", err);
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
    int rc = config_string(c->similarity, sizeof(c->similarity), similarity,
                           "similarity_fn_name", err);

    if (rc == 0 && name)
        rc = config_string(c->prompt, sizeof(c->prompt),
                           json_str(json_get(json_get(n, "prompts"), name), ""),
                           name, err);
    return rc;
}

/* modules.json and config_sentence_transformers.json, when there. */
int config_modules(struct model_config *c, struct json **library,
                   char pooling[CONFIG_NAME], const char *folder,
                   struct err *err)
{
    struct json *modules = NULL;
    int rc = config_file_if_there(&modules, folder, "modules.json", err);

    if (rc < 0 || !modules)
        return rc;
    rc = config_file_if_there(library, folder,
                              "config_sentence_transformers.json", err);
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
