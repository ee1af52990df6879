#include "dag/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"

enum { NAME_MAX_LEN = 128, WORDS_MAX = 256 };

/* " (near?)" among the keys of o, or "". */
static const char *key_hint(char out[OPT_HINT], const struct json_node *o,
                            const char *word)
{
    const char *words[WORDS_MAX];
    size_t n = 0;

    for (const struct json_node *c = json_first(o); c && n < WORDS_MAX;
         c = json_next(c))
        words[n++] = json_key(c);
    return opt_hint(out, word, words, n);
}

static const struct json_node *declared(const struct params *p)
{
    return json_get(json_root(p->doc), "params");
}

/* ---- values ---- */

static bool is_path(const struct json_node *v)
{
    return json_type(v) == JSON_OBJECT && json_get(v, "path");
}

static int keep_path(struct params *p, const char *name, const char *dir,
                     const char *text, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, text, err);

    if (rc == 0)
        json_set_str(p->value, name, path);
    return rc;
}

int params_declare(struct params *p, const struct json *doc, const char *dir,
                   struct err *err)
{
    const struct json_node *v = json_first(json_get(json_root(doc), "params"));
    int rc = 0;

    *p = (struct params){ .doc = doc, .value = json_new_object() };
    for (; rc == 0 && v; v = json_next(v)) {
        if (is_path(v))
            rc = keep_path(p, json_key(v), dir,
                           json_str(json_get(v, "path"), ""), err);
        else if (json_type(v) == JSON_OBJECT || json_type(v) == JSON_ARRAY)
            rc = JSON_ERR(err, doc, v,
                          "parameter \"%s\" is %s, expected a plain value or "
                          "{\"path\": ...}",
                          json_key(v), json_type_name(json_type(v)));
        else
            json_set_copy(p->value, json_key(v), v);
    }
    return rc;
}

/* ---- --set ---- */

static int set_number(struct params *p, const char *name, const char *value,
                      struct err *err)
{
    char *end;
    double v = strtod(value, &end);

    if (end == value || *end)
        return ERR_SET(err, ERR_USAGE, "--set %s=%s: expected a number", name,
                       value);
    json_set_num(p->value, name, v);
    return 0;
}

static int set_bool(struct params *p, const char *name, const char *value,
                    struct err *err)
{
    bool v = strcmp(value, "true") == 0;

    if (!v && strcmp(value, "false") != 0)
        return ERR_SET(err, ERR_USAGE, "--set %s=%s: expected true or false",
                       name, value);
    json_set_bool(p->value, name, v);
    return 0;
}

static int set_path(struct params *p, const char *name, const char *value,
                    struct err *err)
{
    char cwd[FILE_PATH_MAX];

    if (!getcwd(cwd, sizeof(cwd)))
        return ERR_SET(err, ERR_IO, "the working folder has no name");
    return keep_path(p, name, cwd, value, err);
}

int params_set(struct params *p, const char *text, struct err *err)
{
    const struct json_node *all = declared(p), *old;
    const char *eq = strchr(text, '=');
    char name[NAME_MAX_LEN], near[OPT_HINT];

    if (!eq || (size_t)(eq - text) >= sizeof(name))
        return ERR_SET(err, ERR_USAGE, "--set %s: expected name=value", text);
    snprintf(name, sizeof(name), "%.*s", (int)(eq - text), text);
    old = json_get(all, name);
    if (!old)
        return ERR_SET(err, ERR_USAGE,
                       "--set %s: the pipeline has no parameter '%s'%s", text,
                       name, key_hint(near, all, name));
    if (json_type(old) == JSON_NUMBER)
        return set_number(p, name, eq + 1, err);
    if (json_type(old) == JSON_BOOL)
        return set_bool(p, name, eq + 1, err);
    if (is_path(old))
        return set_path(p, name, eq + 1, err);
    json_set_str(p->value, name, eq + 1);
    return 0;
}

/* ---- use ---- */

static int mark_used(struct params *p, const char *name, struct err *err)
{
    const char **grown;

    for (size_t i = 0; i < p->useds; i++)
        if (strcmp(p->used[i], name) == 0)
            return 0;
    grown = realloc(p->used, (p->useds + 1) * sizeof(*grown));
    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot note a parameter");
    p->used = grown;
    p->used[p->useds++] = name;
    return 0;
}

static int put_value(struct buf *b, const struct json_node *v, struct err *err)
{
    if (json_type(v) == JSON_STRING)
        return buf_puts(b, json_str(v, ""), err);
    if (json_type(v) == JSON_BOOL)
        return buf_puts(b, json_bool(v, false) ? "true" : "false", err);
    return buf_printf(b, err, "%.15g", json_num(v, 0.0));
}

/* Replace the parameter whose name begins at *t; steps behind it. */
static int put_param(struct params *p, const struct json_node *v,
                     const char **t, struct buf *b, const char **name,
                     struct err *err)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strspn(*t, word);
    char want[NAME_MAX_LEN], near[OPT_HINT];
    const struct json_node *found;
    int rc;

    snprintf(want, sizeof(want), "%.*s", (int)len, *t);
    found = json_get(p->value, want);
    if (!found)
        return JSON_ERR(err, p->doc, v, "unknown parameter '$%s'%s", want,
                        key_hint(near, p->value, want));
    *t += len;
    *name = json_key(json_get(declared(p), want)); /* outlives a --set */
    rc = mark_used(p, *name, err);
    return rc < 0 ? rc : put_value(b, found, err);
}

int params_expand(struct params *p, const struct json_node *v, struct buf *b,
                  const char **name, struct err *err)
{
    const char *t = json_str(v, NULL);
    int rc = 0;

    if (!t)
        return put_value(b, v, err);
    while (rc == 0 && *t) {
        size_t plain = strcspn(t, "$");

        rc = buf_append(b, t, plain, err);
        t += plain;
        if (rc == 0 && *t) {
            t++;
            rc = put_param(p, v, &t, b, name, err);
        }
    }
    return rc;
}

void params_warn_unused(const struct params *p, const char *path)
{
    const struct json_node *v = json_first(p->value);

    for (; v; v = json_next(v)) {
        bool used = false;

        for (size_t i = 0; i < p->useds; i++)
            used |= strcmp(p->used[i], json_key(v)) == 0;
        if (!used)
            log_warn("%s: no step reads parameter '%s'", path, json_key(v));
    }
}

void params_release(struct params *p)
{
    free(p->used);
    json_node_free(p->value);
    *p = (struct params){ 0 };
}
