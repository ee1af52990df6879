#include "net/provider.h"

#include <stdio.h>
#include <string.h>

#include "base/opt.h"

static const char *const keys[] = { "name",      "base_url",  "path",
                                    "model",     "key_env",   "token_field",
                                    "json_mode", "timeout_s", "extra",
                                    "replay",    "about" };
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int check_keys(const struct provider *p, struct err *err)
{
    const struct json_node *c = json_first(json_root(p->doc));

    for (; c; c = json_next(c)) {
        const char *near;
        size_t i = 0;

        while (i < KEYS && strcmp(keys[i], json_key(c)) != 0)
            i++;
        if (i < KEYS)
            continue;
        near = opt_nearest(json_key(c), keys, KEYS);
        return JSON_ERR(err, p->doc, c, "unknown key \"%s\"%s%s%s", json_key(c),
                        near ? " (" : "", near ? near : "", near ? "?)" : "");
    }
    return 0;
}

/* Plain http would show the key to the network. */
static bool is_safe(const char *url)
{
    return strncmp(url, "https://", 8) == 0 ||
           strncmp(url, "http://127.0.0.1", 16) == 0 ||
           strncmp(url, "http://localhost", 16) == 0 ||
           strncmp(url, "http://[::1]", 12) == 0;
}

static int fill(struct provider *p, const char *path, struct err *err)
{
    const struct json_node *r = json_root(p->doc);
    const char *replay = json_str(json_get(r, "replay"), "");
    char dir[FILE_PATH_MAX];
    char *slash;

    p->name = json_str(json_get(r, "name"), "");
    p->base_url = json_str(json_get(r, "base_url"), "");
    p->path = json_str(json_get(r, "path"), "/chat/completions");
    p->model = json_str(json_get(r, "model"), "");
    p->key_env = json_str(json_get(r, "key_env"), "LLM_API_KEY");
    p->token_field = json_str(json_get(r, "token_field"), "max_tokens");
    p->json_mode =
        strcmp(json_str(json_get(r, "json_mode"), "json_object"), "none") != 0;
    p->timeout_s = (int)json_num(json_get(r, "timeout_s"), 180.0);
    p->extra = json_get(r, "extra");
    if (!p->name[0] || !p->model[0])
        return JSON_ERR(err, p->doc, r, "\"name\" and \"model\" are needed");
    if (!replay[0] && !is_safe(p->base_url))
        return JSON_ERR(err, p->doc, r,
                        "\"base_url\" is '%s', expected https:// (http:// for "
                        "loopback only)",
                        p->base_url);
    if (!replay[0])
        return 0;
    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    return file_join(p->replay, slash ? dir : "", replay, err);
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
