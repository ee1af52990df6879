#include "model/inspect.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "model/config.h"
#include "model/safetensors.h"
#include "text/tokenizer.h"

static const char *pooling_name(enum pooling p)
{
    switch (p) {
    case POOLING_CLS:
        return "cls";
    case POOLING_MAX:
        return "max";
    case POOLING_MEAN:
        return "mean";
    case POOLING_MEAN_SQRT_LEN:
        return "mean_sqrt_len";
    case POOLING_WEIGHTED_MEAN:
        return "weighted_mean";
    case POOLING_LAST:
        return "last";
    }
    return "?";
}

static void put_config(struct json_node *o, const struct model_config *c)
{
    struct json_node *pooling = json_new_array();

    json_set_str(o, "kind", model_kind_name(c->kind));
    json_set_num(o, "layers", (double)c->L);
    json_set_num(o, "hidden", (double)c->C);
    json_set_num(o, "heads", (double)c->H);
    json_set_num(o, "feed_forward", (double)c->F);
    json_set_num(o, "vocabulary", (double)c->V);
    json_set_num(o, "positions", (double)c->P);
    json_set_num(o, "max_length", (double)c->max_len);
    for (size_t i = 0; i < c->poolings && c->kind != MODEL_CROSS; i++)
        json_push_str(pooling, pooling_name(c->pooling[i]));
    json_set(o, "pooling", pooling);
    json_set_bool(o, "normalise", c->normalise);
    if (c->kind == MODEL_CROSS) {
        json_set_num(o, "labels", (double)c->labels);
        json_set_str(o, "activation",
                     c->activation == ACTIVATION_SIGMOID ? "sigmoid"
                                                         : "identity");
    } else {
        json_set_num(o, "dimensions", (double)model_config_dim(c));
        json_set_str(o, "similarity", c->similarity);
    }
    if (c->prompt[0])
        json_set_str(o, "prompt", c->prompt);
}

/* The class that config.json names. */
static int put_architecture(struct json_node *o, const char *body,
                            struct err *err)
{
    const struct json_node *root, *name;
    struct json *doc = NULL;
    char path[FILE_PATH_MAX];
    int rc = file_join(path, body, "config.json", err);

    if (rc == 0)
        rc = json_load(&doc, path, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    root = json_root(doc);
    name = json_first(json_get(root, "architectures"));
    json_set_str(o, "architecture",
                 json_str(name, json_str(json_get(root, "model_type"), "?")));
    json_free(doc);
    return 0;
}

/* Sharded weights are counted by their loader only. */
static int put_weights(struct json_node *o, const char *body, struct err *err)
{
    struct safetensors *s = NULL;
    char path[FILE_PATH_MAX];
    uint64_t count = 0;
    const char *dtype = "";
    int rc = file_join(path, body, "model.safetensors", err);

    if (rc < 0 || !file_exists(path))
        return rc;
    rc = safetensors_open(&s, path, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensor *t = safetensors_at(s, i);

        if (strcmp(t->dtype, "I64") == 0) /* position_ids: no parameter */
            continue;
        count += t->count;
        dtype = dtype[0] && strcmp(dtype, t->dtype) != 0 ? "mixed" : t->dtype;
    }
    json_set_num(o, "parameters", (double)count);
    json_set_str(o, "dtype", dtype);
    safetensors_close(s);
    return 0;
}

static int put_tokenizer(struct json_node *o, const char *body, struct err *err)
{
    struct tokenizer *t;
    struct json_node *n;
    int rc = tokenizer_load(&t, body, err);

    if (rc < 0)
        return rc;
    n = json_new_object();
    json_set_str(n, "type", tokenizer_kind(t));
    json_set_num(n, "tokens", (double)tokenizer_vocab_size(t));
    json_set(o, "tokenizer", n);
    tokenizer_free(t);
    return 0;
}

/* All regular files below dir, by name. */
static int put_files(struct json_node *a, const char *dir, const char *prefix,
                     struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, dir, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char path[FILE_PATH_MAX], name[FILE_PATH_MAX], hex[65];
        struct json_node *o;
        uint64_t bytes = 0;

        rc = file_join(path, dir, list.name[i], err);
        if (rc == 0)
            rc = file_join(name, prefix, list.name[i], err);
        if (rc == 0 && file_is_dir(path)) {
            rc = put_files(a, path, name, err);
            continue;
        }
        if (rc == 0)
            rc = file_size(path, &bytes, err);
        if (rc == 0)
            rc = file_digest(hex, path, err);
        if (rc < 0)
            break;
        o = json_new_object();
        json_set_str(o, "name", name);
        json_set_num(o, "bytes", (double)bytes);
        json_set_str(o, "sha256", hex);
        json_push(a, o);
    }
    file_list_release(&list);
    return rc;
}

static int put_all(struct json_node *o, const char *folder, struct err *err)
{
    struct json_node *files = json_new_array();
    struct model_config c;
    char body[FILE_PATH_MAX], hex[65];
    int rc = file_tree_digest(hex, folder, "receipt.json", err);

    json_set_str(o, "path", folder);
    if (rc == 0)
        rc = model_config_load(&c, folder, err);
    if (rc == 0)
        rc = file_join(body, c.body[0] ? folder : "",
                       c.body[0] ? c.body : folder, err);
    if (rc == 0)
        rc = put_architecture(o, body, err);
    if (rc == 0) {
        put_config(o, &c);
        rc = put_weights(o, body, err);
    }
    if (rc == 0)
        rc = put_tokenizer(o, body, err);
    if (rc == 0)
        rc = put_files(files, folder, "", err);
    if (rc == 0)
        json_set_str(o, "digest", hex);
    json_set(o, "files", files);
    return rc;
}

int inspect_model(struct json_node **out, const char *folder, struct err *err)
{
    struct json_node *o = json_new_object();
    int rc = put_all(o, folder, err);

    *out = NULL;
    if (rc < 0) {
        json_node_free(o);
        return rc;
    }
    *out = o;
    return 0;
}

/* ---- for people ---- */

static int print_value(const struct json_node *n, struct err *err)
{
    struct buf b = BUF_INIT(1 << 20);
    int rc;

    if (json_type(n) == JSON_STRING) {
        printf("%-14s %s\n", json_key(n), json_str(n, ""));
        return 0;
    }
    rc = json_print(&b, n, false, err);
    if (rc == 0)
        printf("%-14s %s\n", json_key(n), buf_str(&b));
    buf_release(&b);
    return rc;
}

/* ["mean"] is a value, the files are rows, the tokenizer's facts one line. */
int inspect_print(const struct json_node *model, struct err *err)
{
    const struct json_node *files = json_get(model, "files");
    const struct json_node *tokens = json_get(model, "tokenizer");
    int rc = 0;

    for (const struct json_node *n = json_first(model); rc == 0 && n;
         n = json_next(n)) {
        if (n == files)
            continue;
        if (n == tokens)
            printf("%-14s %s, %.0f tokens\n", "tokenizer",
                   json_str(json_get(n, "type"), ""),
                   json_num(json_get(n, "tokens"), 0.0));
        else
            rc = print_value(n, err);
    }
    printf("\n%12s  %-64s  %s\n", "bytes", "sha256", "file");
    for (const struct json_node *n = json_first(files); n; n = json_next(n))
        printf("%12.0f  %s  %s\n", json_num(json_get(n, "bytes"), 0.0),
               json_str(json_get(n, "sha256"), ""),
               json_str(json_get(n, "name"), ""));
    return rc;
}
