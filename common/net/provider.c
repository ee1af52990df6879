#include "net/provider.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "net/http.h"
#include "net/reply.h"

enum { KEY_MAX = 4096, URL_MAX = 1000 }; /* bytes */

/* ---- the file ---- */

static const struct {
    const char *name;
    enum json_type type;
} keys[] = {
    { "name", JSON_STRING },      { "base_url", JSON_STRING },
    { "path", JSON_STRING },      { "model", JSON_STRING },
    { "key_env", JSON_STRING },   { "key_file", JSON_STRING },
    { "json_mode", JSON_STRING }, { "token_field", JSON_STRING },
    { "replay", JSON_STRING },    { "timeout_s", JSON_NUMBER },
    { "extra", JSON_OBJECT },     { "errors", JSON_OBJECT },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int unknown_key(const struct provider *p, const struct json_node *c,
                       struct err *err)
{
    const char *names[KEYS], *near;

    for (size_t i = 0; i < KEYS; i++)
        names[i] = keys[i].name;
    near = opt_nearest(json_key(c), names, KEYS);
    return JSON_ERR(err, p->doc, c, "unknown key \"%s\"%s%s%s", json_key(c),
                    near ? " (" : "", near ? near : "", near ? "?)" : "");
}

static int check_keys(const struct provider *p, struct err *err)
{
    const struct json_node *c = json_first(json_root(p->doc));

    for (; c; c = json_next(c)) {
        size_t i = 0;

        while (i < KEYS && strcmp(keys[i].name, json_key(c)) != 0)
            i++;
        if (i == KEYS)
            return unknown_key(p, c, err);
        if (json_type(c) != keys[i].type)
            return JSON_ERR(err, p->doc, c, "\"%s\" is %s, expected %s",
                            keys[i].name, json_type_name(json_type(c)),
                            json_type_name(keys[i].type));
    }
    return 0;
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
                            "transient, billing, auth, config, bad-input or "
                            "filtered",
                            json_key(c), json_str(c, "no string"));
    return 0;
}

static int check_values(const struct provider *p, double timeout,
                        const char *json_mode, struct err *err)
{
    if (!p->name[0])
        return JSON_ERR(err, p->doc, at(p, "name"), "\"name\" is needed");
    if (!p->model[0])
        return JSON_ERR(err, p->doc, at(p, "model"), "\"model\" is needed");
    if (!p->token_field[0])
        return JSON_ERR(err, p->doc, at(p, "token_field"),
                        "\"token_field\" is empty");
    if (strcmp(json_mode, "json_object") != 0 && strcmp(json_mode, "none") != 0)
        return JSON_ERR(err, p->doc, at(p, "json_mode"),
                        "\"json_mode\" is '%.60s', expected json_object or "
                        "none",
                        json_mode);
    if (!(timeout >= 1.0 && timeout <= 86400.0))
        return JSON_ERR(err, p->doc, at(p, "timeout_s"),
                        "\"timeout_s\" is %g, expected 1 to 86400", timeout);
    if (!is_variable(p->key_env))
        return JSON_ERR(err, p->doc, at(p, "key_env"),
                        "\"key_env\" is not the name of a variable; the key "
                        "itself must not be in this file");
    return check_errors(p, err);
}

static int fill(struct provider *p, const char *path, struct err *err)
{
    const struct json_node *r = json_root(p->doc);
    const char *replay = json_str(json_get(r, "replay"), "");
    const char *mode = json_str(json_get(r, "json_mode"), "json_object");
    double timeout = json_num(json_get(r, "timeout_s"), 180.0);
    char dir[FILE_PATH_MAX];
    char *slash;
    int rc = 0;

    p->name = json_str(json_get(r, "name"), "");
    p->base_url = json_str(json_get(r, "base_url"), "");
    p->path = json_str(json_get(r, "path"), "/chat/completions");
    p->model = json_str(json_get(r, "model"), "");
    p->key_env = json_str(json_get(r, "key_env"), "LLM_API_KEY");
    p->key_file = json_str(json_get(r, "key_file"), "");
    p->token_field = json_str(json_get(r, "token_field"), "max_tokens");
    p->json_mode = strcmp(mode, "none") != 0;
    p->extra = json_get(r, "extra");
    p->errors = json_get(r, "errors");
    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0'; /* "/" stays */
    if (replay[0])
        rc = file_join(p->replay, slash ? dir : "", replay, err);
    if (rc == 0)
        rc = check_values(p, timeout, mode, err);
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

/* ---- the key ---- */

/* read(), not stdio, whose buffer would keep a copy. */
static int read_key(char *key, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return ERR_SET(err, ERR_AUTH, "key file %s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0) {
        close(fd);
        return ERR_SET(err, ERR_CONFIG,
                       "key file %s can be read by others: chmod 600 it", path);
    }
    n = read(fd, key, KEY_MAX - 1);
    close(fd);
    if (n < 0)
        return ERR_SET(err, ERR_IO, "key file %s: %s", path, strerror(errno));
    if (n == KEY_MAX - 1)
        return ERR_SET(err, ERR_AUTH, "key file %s is too long for a key",
                       path);
    key[n] = '\0';
    return 0;
}

/* Out of the environment, where child processes and /proc would show it. */
static int take_variable(char *key, const char *name, struct err *err)
{
    char *env = getenv(name);
    size_t n = env ? strlen(env) : 0;

    if (n >= KEY_MAX)
        return ERR_SET(err, ERR_AUTH, "%s is too long for a key", name);
    if (!env)
        return 0;
    memcpy(key, env, n + 1);
    explicit_bzero(env, n);
    unsetenv(name);
    return 0;
}

/* One word: a line end in it would add headers to the request. */
static bool is_key(char *key)
{
    size_t n = strlen(key);

    while (n && isspace((unsigned char)key[n - 1]))
        key[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (!isgraph((unsigned char)key[i]))
            return false;
    return true;
}

int provider_take_key(const struct provider *p, const char **key,
                      struct err *err)
{
    static char *page;
    bool loopback = false;
    int rc;

    *key = NULL;
    (void)prctl(PR_SET_DUMPABLE, 0); /* before the key is in memory */
    if (p->replay[0] || (!p->key_env[0] && !p->key_file[0]))
        return 0;
    if (!page)
        page = aligned_alloc(KEY_MAX, KEY_MAX);
    if (!page)
        return ERR_SET(err, ERR_NOMEM, "cannot hold a key");
    (void)mlock(page, KEY_MAX);
    (void)madvise(page, KEY_MAX, MADV_DONTDUMP);
    page[0] = '\0';
    rc = p->key_file[0] ? read_key(page, p->key_file, err)
                        : take_variable(page, p->key_env, err);
    if (rc < 0)
        return rc;
    if (!is_key(page))
        return ERR_SET(err, ERR_AUTH,
                       "the key from %s has blanks or control characters in it",
                       p->key_file[0] ? p->key_file : p->key_env);
    (void)http_may_call(p->base_url, &loopback);
    if (!page[0] && !loopback)
        return ERR_SET(err, ERR_AUTH,
                       "%s needs an API key: set %s, or \"key_file\" in the "
                       "profile",
                       p->name, p->key_env);
    if (page[0]) {
        log_redact(page, strlen(page));
        *key = page;
    }
    return 0;
}
