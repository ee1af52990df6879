#include "net/provider.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/opt.h"
#include "net/http.h"
#include "net/price.h"
#include "net/reply.h"

enum { URL_MAX = 1000 }; /* bytes */

/* ---- the file ---- */

/* What a profile may have in it, and its objects. */
static const struct {
    const char *of, *name;
    enum json_type type;
} keys[] = {
    { "", "name", JSON_STRING },
    { "", "base_url", JSON_STRING },
    { "", "path", JSON_STRING },
    { "", "model", JSON_STRING },
    { "", "key_env", JSON_STRING },
    { "", "key_file", JSON_STRING },
    { "", "token_field", JSON_STRING },
    { "", "json_mode", JSON_STRING },
    { "", "replay", JSON_STRING },
    { "", "timeout_s", JSON_NUMBER },
    { "", "extra", JSON_OBJECT },
    { "", "errors", JSON_OBJECT },
    { "", "key_header", JSON_STRING },
    { "", "json", JSON_ARRAY },
    { "", "thinking", JSON_OBJECT },
    { "", "ignores", JSON_ARRAY },
    { "", "stream", JSON_BOOL },
    { "", "concurrency", JSON_OBJECT },
    { "", "rpm", JSON_NUMBER },
    { "", "tpm", JSON_NUMBER },
    { "", "prices", JSON_ARRAY },
    { "", "notes", JSON_STRING },
    { "", "batch", JSON_OBJECT },
    { "concurrency", "start", JSON_NUMBER },
    { "concurrency", "max", JSON_NUMBER },
    { "thinking", "off", JSON_OBJECT },
    { "thinking", "on", JSON_OBJECT },
    { "batch", "path", JSON_STRING },
    { "batch", "files", JSON_STRING },
    { "batch", "url", JSON_STRING },
    { "batch", "window", JSON_STRING },
    { "batch", "lines", JSON_NUMBER },
    { "batch", "bytes", JSON_NUMBER },
    { "batch", "tokens", JSON_NUMBER },
    { "batch", "poll_s", JSON_NUMBER },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int unknown_key(const struct provider *p, const struct json_node *c,
                       const char *of, struct err *err)
{
    const char *names[KEYS], *near;
    size_t n = 0;

    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].of, of) == 0)
            names[n++] = keys[i].name;
    near = opt_nearest(json_key(c), names, n);
    return JSON_ERR(err, p->doc, c, "unknown key \"%s\"%s%s%s%s%s%s",
                    json_key(c), of[0] ? " in \"" : "", of, of[0] ? "\"" : "",
                    near ? " (" : "", near ? near : "", near ? "?)" : "");
}

/* The members of the profile, or of an object in it. */
static int check_keys_of(const struct provider *p, const struct json_node *o,
                         const char *of, struct err *err)
{
    const struct json_node *c = json_first(o);

    for (; c; c = json_next(c)) {
        size_t i = 0;

        while (i < KEYS && (strcmp(keys[i].of, of) != 0 ||
                            strcmp(keys[i].name, json_key(c)) != 0))
            i++;
        if (i == KEYS)
            return unknown_key(p, c, of, err);
        if (json_type(c) != keys[i].type)
            return JSON_ERR(err, p->doc, c, "\"%s\" is %s, expected %s",
                            keys[i].name, json_type_name(json_type(c)),
                            json_type_name(keys[i].type));
    }
    return 0;
}

static int check_keys(const struct provider *p, struct err *err)
{
    static const char *const of[] = { "concurrency", "thinking", "batch" };
    const struct json_node *root = json_root(p->doc);
    int rc = check_keys_of(p, root, "", err);

    for (size_t i = 0; rc == 0 && i < sizeof(of) / sizeof(of[0]); i++)
        rc = check_keys_of(p, json_get(root, of[i]), of[i], err);
    return rc;
}

/* A key pasted in the place of a variable's name would end up in messages. */
static bool is_variable(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789_");

    return s[n] == '\0' && !isdigit((unsigned char)s[0]);
}

/* The node at fault, or the whole object when it is missing. */
static const struct json_node *at(const struct provider *p, const char *key)
{
    const struct json_node *root = json_root(p->doc);
    const struct json_node *n = json_get(root, key);

    return n ? n : root;
}

static int check_url(const struct provider *p, struct err *err)
{
    size_t n = strlen(p->base_url);
    const char *host = strstr(p->base_url, "//");

    /* a password must not be in this file, nor in a message */
    if (host && memchr(host + 2, '@', strcspn(host + 2, "/")))
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" has a user name or password in it");
    if (!p->replay[0] && !http_may_call(p->base_url, NULL))
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" is '%.100s', expected https:// (http:// "
                        "for loopback only)",
                        p->base_url);
    if (n && p->base_url[n - 1] == '/')
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" ends in /, expected none: \"path\" "
                        "begins with it");
    if (strpbrk(p->base_url, "?#"))
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" has a ? or #, expected an address only");
    /* "https://good" and "@evil" would make another host */
    if (p->path[0] != '/')
        return JSON_ERR(err, p->doc, at(p, "path"),
                        "\"path\" is '%.100s', expected / first", p->path);
    if (n >= strlen(p->path) &&
        strcmp(p->base_url + n - strlen(p->path), p->path) == 0)
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" ends in %.100s, which \"path\" adds",
                        p->path);
    if (n + strlen(p->path) > URL_MAX)
        return JSON_ERR(err, p->doc, at(p, "base_url"),
                        "\"base_url\" and \"path\" have %zu bytes, expected at "
                        "most %d",
                        n + strlen(p->path), URL_MAX);
    return 0;
}

static int check_errors(const struct provider *p, struct err *err)
{
    enum reply_class class;

    for (const struct json_node *c = json_first(p->errors); c; c = json_next(c))
        if (!reply_class_of(&class, json_str(c, "")))
            return JSON_ERR(err, p->doc, c,
                            "\"%.60s\" is '%.60s', expected throttled, "
                            "paused, transient, billing, auth, config, "
                            "bad-input or filtered",
                            json_key(c), json_str(c, "no string"));
    return 0;
}

static int check_number(const struct provider *p, const char *key, double v,
                        double min, double max, struct err *err)
{
    if (v >= min && v <= max)
        return 0;
    return JSON_ERR(err, p->doc, at(p, key), "\"%s\" is %g, expected %g to %g",
                    key, v, min, max);
}

static int check_concurrency(const struct provider *p, struct err *err)
{
    if (at(p, "concurrency") == json_root(p->doc))
        return 0;
    if (!(p->max >= 1.0 && p->max <= PROVIDER_MAX))
        return JSON_ERR(err, p->doc, at(p, "concurrency"),
                        "\"max\" of \"concurrency\" is %g, expected 1 to %d",
                        p->max, PROVIDER_MAX);
    if (!(p->start >= 1.0 && p->start <= p->max))
        return JSON_ERR(err, p->doc, at(p, "concurrency"),
                        "\"start\" of \"concurrency\" is %g, expected 1 to "
                        "its \"max\", %g",
                        p->start, p->max);
    return 0;
}

static int check_numbers(const struct provider *p, double timeout,
                         struct err *err)
{
    int rc = check_number(p, "timeout_s", timeout, 1.0, 86400.0, err);

    if (rc == 0)
        rc = check_number(p, "rpm", p->rpm, 0.0, 1e9, err);
    if (rc == 0)
        rc = check_number(p, "tpm", p->tpm, 0.0, 1e12, err);
    return rc == 0 ? check_concurrency(p, err) : rc;
}

/* Names of header lines and of members go out as they are. */
static int check_names(const struct provider *p, struct err *err)
{
    const char *h = p->key_header;

    if (h && (!h[0] ||
              strspn(h, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "abcdefghijklmnopqrstuvwxyz0123456789-") < strlen(h)))
        return JSON_ERR(err, p->doc, at(p, "key_header"),
                        "\"key_header\" is '%.60s', expected the name of a "
                        "header",
                        h);
    for (const struct json_node *c = json_first(p->ignores); c;
         c = json_next(c))
        if (json_type(c) != JSON_STRING)
            return JSON_ERR(err, p->doc, c,
                            "\"ignores\" has %s, expected names",
                            json_type_name(json_type(c)));
    return 0;
}

static int check_values(const struct provider *p, double timeout,
                        struct err *err)
{
    int rc;

    if (!p->name[0])
        return JSON_ERR(err, p->doc, at(p, "name"), "\"name\" is needed");
    if (!p->model[0])
        return JSON_ERR(err, p->doc, at(p, "model"), "\"model\" is needed");
    if (!p->token_field[0])
        return JSON_ERR(err, p->doc, at(p, "token_field"),
                        "\"token_field\" is empty");
    if (!is_variable(p->key_env))
        return JSON_ERR(err, p->doc, at(p, "key_env"),
                        "\"key_env\" is not the name of a variable; the key "
                        "itself must not be in this file");
    rc = check_numbers(p, timeout, err);
    if (rc == 0)
        rc = check_names(p, err);
    if (rc == 0)
        rc = check_errors(p, err);
    return rc == 0 ? price_check(p->doc, p->prices, err) : rc;
}

/* ---- ways of asking for JSON ---- */

static const char *const rungs[] = { "json_schema", "llama_schema",
                                     "json_object", "plain" };
enum { RUNGS = sizeof(rungs) / sizeof(rungs[0]) };

const char *provider_rung_name(enum provider_rung r)
{
    return rungs[r];
}

static int add_rung(struct provider *p, const struct json_node *n,
                    const char *name, struct err *err)
{
    size_t i = 0;

    while (i < RUNGS && strcmp(rungs[i], name) != 0)
        i++;
    if (i == RUNGS || p->rungs == RUNGS)
        return JSON_ERR(err, p->doc, n,
                        "\"json\" has '%.60s', expected json_schema, "
                        "llama_schema, json_object or plain, each once",
                        name);
    p->rung[p->rungs++] = (enum provider_rung)i;
    return 0;
}

/* "json", or "json_mode", which says the same in short. */
static int fill_rungs(struct provider *p, struct err *err)
{
    const struct json_node *r = json_root(p->doc), *list = json_get(r, "json");
    const char *mode = json_str(json_get(r, "json_mode"), "json_object");
    int rc = 0;

    for (const struct json_node *c = json_first(list); rc == 0 && c;
         c = json_next(c))
        rc = add_rung(p, c, json_str(c, ""), err);
    if (rc < 0 || p->rungs > 0)
        return rc;
    if (strcmp(mode, "json_object") != 0 && strcmp(mode, "none") != 0)
        return JSON_ERR(err, p->doc, at(p, "json_mode"),
                        "\"json_mode\" is '%.60s', expected json_object or "
                        "none",
                        mode);
    if (strcmp(mode, "none") != 0)
        p->rung[p->rungs++] = PROVIDER_OBJECT;
    p->rung[p->rungs++] = PROVIDER_PLAIN;
    return 0;
}

/* ---- all of it ---- */

static void fill_names(struct provider *p, const struct json_node *r)
{
    p->name = json_str(json_get(r, "name"), "");
    p->base_url = json_str(json_get(r, "base_url"), "");
    p->path = json_str(json_get(r, "path"), "/chat/completions");
    p->model = json_str(json_get(r, "model"), "");
    p->key_env = json_str(json_get(r, "key_env"), "LLM_API_KEY");
    p->key_file = json_str(json_get(r, "key_file"), "");
    p->key_header = json_str(json_get(r, "key_header"), NULL);
    p->token_field = json_str(json_get(r, "token_field"), "max_tokens");
    p->notes = json_str(json_get(r, "notes"), "");
}

static void fill_values(struct provider *p, const struct json_node *r)
{
    const struct json_node *c = json_get(r, "concurrency");

    p->extra = json_get(r, "extra");
    p->errors = json_get(r, "errors");
    p->thinking = json_get(r, "thinking");
    p->ignores = json_get(r, "ignores");
    p->prices = json_get(r, "prices");
    p->batch = json_get(r, "batch");
    p->stream = json_bool(json_get(r, "stream"), false);
    p->start = json_num(json_get(c, "start"), 8.0);
    p->max = json_num(json_get(c, "max"), 64.0);
    p->rpm = json_num(json_get(r, "rpm"), 0.0);
    p->tpm = json_num(json_get(r, "tpm"), 0.0);
}

static int fill(struct provider *p, const char *path, struct err *err)
{
    const struct json_node *r = json_root(p->doc);
    const char *replay = json_str(json_get(r, "replay"), "");
    double timeout = json_num(json_get(r, "timeout_s"), 180.0);
    char dir[FILE_PATH_MAX];
    char *slash;
    int rc = 0;

    fill_names(p, r);
    fill_values(p, r);
    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0'; /* "/" stays */
    if (replay[0])
        rc = file_join(p->replay, slash ? dir : "", replay, err);
    if (rc == 0)
        rc = check_values(p, timeout, err);
    if (rc == 0)
        rc = fill_rungs(p, err);
    if (rc == 0)
        rc = check_url(p, err);
    p->timeout_s = rc == 0 ? (int)timeout : 0;
    return rc;
}

int provider_load(struct provider *p, const char *path, struct err *err)
{
    int rc;

    memset(p, 0, sizeof(*p));
    rc = json_load(&p->doc, path, JSON_COMMENTS, err);
    if (rc == 0 && json_type(json_root(p->doc)) != JSON_OBJECT)
        rc = JSON_ERR(err, p->doc, json_root(p->doc), "expected an object");
    if (rc == 0)
        rc = check_keys(p, err);
    if (rc == 0)
        rc = fill(p, path, err);
    if (rc < 0)
        provider_release(p);
    return rc;
}

void provider_release(struct provider *p)
{
    json_free(p->doc);
    memset(p, 0, sizeof(*p));
}
