#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_parts.h"

void json_blank_comments(char *s, size_t len)
{
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && s[i] == '\\') {
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
            while (i < len && s[i] != '\n')
                s[i++] = ' ';
        }
    }
}

int json_check_text(const struct json *d, struct err *err)
{
    bool quoted = false;
    int depth = 0;

    for (size_t i = 0; i < d->len; i++) {
        unsigned char c = (unsigned char)d->text[i];

        if (quoted && c < 0x20)
            return json_fail_at(err, d, i, "control character in a string");
        if (quoted && c == '\\') {
            if (d->len - i > 5 && memcmp(d->text + i + 1, "u0000", 5) == 0)
                return json_fail_at(err, d, i, "\\u0000 in a string");
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '\0') {
            return json_fail_at(err, d, i, "NUL byte");
        } else if (!quoted && (c == '{' || c == '[') && ++depth > JSON_DEPTH) {
            return json_fail_at(err, d, i, "nested too deep");
        } else if (!quoted && (c == '}' || c == ']')) {
            depth--;
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_keys(const struct json *d, const struct json_node *o,
                      struct err *err)
{
    size_t n = json_size(o), i = 0;
    const char **key = malloc((n + 1) * sizeof(*key));
    int rc = 0;

    if (!key)
        return ERR_SET(err, ERR_NOMEM, "%s: %zu keys", d->name, n);
    for (const struct json_node *c = json_first(o); c; c = json_next(c))
        key[i++] = json_key(c);
    qsort(key, n, sizeof(*key), by_name);
    for (i = 1; rc == 0 && i < n; i++)
        if (strcmp(key[i - 1], key[i]) == 0)
            rc = JSON_ERR(err, d, o, "duplicate key \"%.80s\"", key[i]);
    free(key);
    return rc;
}

/* Depth is bounded by json_check_text(). */
int json_check_tree(const struct json *d, const struct json_node *n,
                    struct err *err)
{
    int rc = 0;

    if (json_type(n) == JSON_NUMBER && !isfinite(json_num(n, 0.0)))
        return JSON_ERR(err, d, n, "number out of range");
    if (json_type(n) == JSON_OBJECT)
        rc = check_keys(d, n, err);
    for (const struct json_node *c = json_first(n); rc == 0 && c;
         c = json_next(c))
        rc = json_check_tree(d, c, err);
    return rc;
}
