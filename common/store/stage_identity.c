/* stage_identity.c - what decides an output's content, and where models lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/stage_parts.h"

/* ---- models ---- */

/* The folder of cached models. */
static int cache_dir(char out[FILE_PATH_MAX], struct err *err)
{
    const char *dir = getenv("SILVERSMITH_CACHE"), *home = getenv("HOME");

    if (dir && dir[0])
        return file_join(out, dir, "models", err);
    if (!home || !home[0])
        return ERR_SET(err, ERR_CONFIG,
                       "no model cache: neither SILVERSMITH_CACHE nor HOME is "
                       "set");
    return file_join(out, home, ".cache/silversmith/models", err);
}

int stage_model_cache(char out[4096], const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX], flat[512];
    size_t n = 0;
    int rc = cache_dir(dir, err);

    for (const char *p = name; *p && n + 3 < sizeof(flat); p++) {
        flat[n++] = *p == '/' ? '-' : *p;
        if (*p == '/')
            flat[n++] = '-';
    }
    flat[n] = '\0';
    if (rc < 0)
        return rc;
    return file_join(out, n ? dir : "", n ? flat : dir, err);
}

int stage_model_path(char out[4096], const char *name, struct err *err)
{
    int rc;

    if (file_is_dir(name))
        return file_join(out, "", name, err);
    rc = stage_model_cache(out, name, err);
    if (rc == 0 && !file_is_dir(out))
        rc = ERR_SET(err, ERR_NOTFOUND,
                     "model '%s' is neither a folder nor in the cache; fetch "
                     "it with: model fetch %s",
                     name, name);
    return rc;
}

/* ---- fingerprint ---- */

static void add_part(struct json_node *parts, const char *kind,
                     const char *name, const char *value)
{
    struct json_node *o = json_new_object();
    char text[256];

    snprintf(text, sizeof(text), "%s%s%s", kind, kind[0] ? "." : "", name);
    json_set_str(o, "name", text);
    json_set_str(o, "value", value);
    json_push(parts, o);
}

bool stage_is_store(const char *path)
{
    size_t n = strlen(path);

    return n >= 5 && strcmp(path + n - 5, ".lmdb") == 0;
}

/* The content of one input, whatever its path is. */
static int input_digest(char hex[65], const struct opt *o, const char *path,
                        struct err *err)
{
    bool file = (o->flags & OPT_OR_FILE) && !stage_is_store(path);
    enum opt_role role = file ? OPT_IN_FILE : o->role;
    char dir[FILE_PATH_MAX];
    struct json *doc;
    int rc;

    if (role == OPT_IN_STORE) {
        rc = store_receipt(&doc, path, err);
        if (rc < 0)
            return rc;
        snprintf(hex, 65, "%s",
                 json_str(json_get(json_root(doc), "digest"), ""));
        json_free(doc);
        return 0;
    }
    if (role == OPT_IN_MODEL) {
        rc = stage_model_path(dir, path, err);
        return rc < 0 ? rc : file_tree_digest(hex, dir, "receipt.json", err);
    }
    return file_is_dir(path) ? file_tree_digest(hex, path, "receipt.json", err)
                             : file_digest(hex, path, err);
}

static int add_input(struct json_node *parts, const struct opt *o,
                     const void *field, struct err *err)
{
    const char *name = o->port ? o->port : o->long_name;
    const struct opt_list *list = field;
    const char *one = o->type == OPT_STR ? *(const char *const *)field : "";
    char hex[65], indexed[128];
    int rc = 0;

    if (o->type == OPT_STR) {
        if (!one[0])
            return 0;
        rc = input_digest(hex, o, one, err);
        if (rc == 0)
            add_part(parts, "input", name, hex);
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        snprintf(indexed, sizeof(indexed), "%s[%zu]", name, i);
        rc = input_digest(hex, o, list->item[i], err);
        if (rc == 0)
            add_part(parts, "input", indexed, hex);
    }
    return rc;
}

static int add_option(struct json_node *parts, const struct opt *o,
                      const void *args, struct err *err)
{
    struct buf b = BUF_INIT(1 << 20);
    int rc = opt_value(&b, o, args, err);

    if (rc == 0)
        add_part(parts, "option", o->long_name, buf_str(&b));
    buf_release(&b);
    return rc;
}

void stage_add_identity(struct stage *st, const char *name, const char *value)
{
    add_part(st->state->parts, "content", name, value);
}

int stage_fingerprint(struct stage *st, struct err *err)
{
    struct json_node *parts = json_new_array();
    char text[128];
    int rc = 0;

    st->state->parts = parts;
    snprintf(text, sizeof(text), "%s%s%s", st->opts->program,
             st->opts->command ? " " : "",
             st->opts->command ? st->opts->command : "");
    add_part(parts, "", "stage", text);
    snprintf(text, sizeof(text), "%d", st->opts->version);
    add_part(parts, "", "version", text);
    snprintf(text, sizeof(text), "%d.%d", STORE_SCHEMA_MAJOR,
             STORE_SCHEMA_MINOR);
    add_part(parts, "", "schema", text);
    for (const struct opt *o = st->opts->opts; rc == 0 && o->long_name; o++) {
        const void *field = (const char *)st->args + o->offset;

        if (o->flags & OPT_NO_RESULT)
            continue;
        if (o->role == OPT_PLAIN)
            rc = add_option(parts, o, st->args, err);
        else if (o->role == OPT_IN_STORE || o->role == OPT_IN_FILE ||
                 o->role == OPT_IN_MODEL)
            rc = add_input(parts, o, field, err);
    }
    if (rc == 0 && st->state->spec->identity)
        rc = st->state->spec->identity(st, err);
    return rc;
}

bool stage_same_fingerprint(const struct json_node *a,
                            const struct json_node *b)
{
    struct buf x = BUF_INIT(16 << 20), y = BUF_INIT(16 << 20);
    struct err none = ERR_INIT;
    bool same = a && b && json_print(&x, a, false, &none) == 0 &&
                json_print(&y, b, false, &none) == 0 &&
                strcmp(buf_str(&x), buf_str(&y)) == 0;

    buf_release(&x);
    buf_release(&y);
    return same;
}
