#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json_parts.h"

static void line_col(const char *text, size_t at, int *line, int *col)
{
    *line = 1;
    *col = 1;
    for (size_t i = 0; i < at; i++) {
        *col += 1;
        if (text[i] == '\n') {
            *line += 1;
            *col = 1;
        }
    }
}

int json_fail_at(struct err *err, const struct json *d, size_t at,
                 const char *what)
{
    int line, col;

    line_col(d->text, at < d->len ? at : d->len, &line, &col);
    return ERR_SET(err, ERR_FORMAT, "%s:%d:%d: %s", d->name, line, col, what);
}

/* cJSON keeps no positions: walk the checked text along the tree. */

/* To cJSON every control character is a blank. */
static bool is_blank(char c)
{
    return c && (unsigned char)c <= ' ';
}

static const char *blanks(const char *s)
{
    while (is_blank(*s) || *s == ',' || *s == ':')
        s++;
    return s;
}

static const char *skip_string(const char *s)
{
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\')
            s++;
    return *s ? s + 1 : s;
}

/* Walk the value at s, which is node n; *hit is set to where `want` begins
 * (its key, if it has one). Returns the end of the value. */
static const char *walk(const char *s, const struct json_node *n,
                        const struct json_node *want, const char **hit)
{
    if (n == want && !*hit)
        *hit = s;
    if (*s == '"')
        return skip_string(s);
    if (*s != '{' && *s != '[') {
        while (*s && !is_blank(*s) && !strchr(",]}", *s))
            s++;
        return s;
    }
    s = blanks(s + 1);
    for (const struct json_node *c = json_first(n); c; c = json_next(c)) {
        if (c == want)
            *hit = s;
        if (json_type(n) == JSON_OBJECT)
            s = blanks(skip_string(s));
        s = blanks(walk(s, c, want, hit));
    }
    return *s ? s + 1 : s;
}

void json_where(const struct json *d, const struct json_node *n, int *line,
                int *col)
{
    const char *hit = NULL;

    *line = *col = 0;
    if (!d || !d->root || !n)
        return;
    walk(blanks(d->text), d->root, n, &hit);
    if (hit)
        line_col(d->text, (size_t)(hit - d->text), line, col);
}

int json_err_(struct err *err, const struct json *d, const struct json_node *n,
              const char *file, int line, const char *fmt, ...)
{
    char msg[384];
    int l, c;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    json_where(d, n, &l, &c);
    return err_set_(err, ERR_FORMAT, file, line, "%s:%d:%d: %s", d->name, l, c,
                    msg);
}
