#include "net/prompt.h"

#include <stdio.h>
#include <string.h>

static struct span trim(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (struct span){ from, (size_t)(to - from) };
}

static struct span until(struct span s, char c)
{
    const char *at = memchr(s.ptr, c, s.len);

    return trim(s.ptr, at ? at : s.ptr + s.len);
}

/* Name of what "kind NAME" declares; empty when key is something else. */
static struct span named(struct span key, const char *word)
{
    size_t n = strlen(word);

    if (key.len <= n || memcmp(key.ptr, word, n) != 0 || key.ptr[n] != ' ')
        return (struct span){ NULL, 0 };
    return trim(key.ptr + n, key.ptr + key.len);
}

static int add_kind(struct prompt *p, struct span name, struct span text,
                    const char *where, struct err *err)
{
    for (size_t i = 0; i < p->kinds; i++)
        if (p->kind[i].name.len == name.len &&
            memcmp(p->kind[i].name.ptr, name.ptr, name.len) == 0)
            return ERR_SET(err, ERR_FORMAT, "%s: kind %.*s is there twice",
                           where, (int)name.len, name.ptr);
    if (p->kinds == PROMPT_KINDS)
        return ERR_SET(err, ERR_FORMAT, "%s: more than %d kinds", where,
                       PROMPT_KINDS);
    p->kind[p->kinds++] = (struct prompt_kind){ name, text };
    return 0;
}

static int add_axis(struct prompt *p, struct span name, struct span text,
                    const char *where, struct err *err)
{
    struct prompt_axis *a = &p->axis[p->axes];

    if (p->axes == PROMPT_AXES)
        return ERR_SET(err, ERR_FORMAT, "%s: more than %d axes", where,
                       PROMPT_AXES);
    *a = (struct prompt_axis){ .name = name };
    while (text.len) {
        struct span v = until(text, '|');
        const char *bar = memchr(text.ptr, '|', text.len);
        const char *end = text.ptr + text.len;

        if (v.len == 0 || a->n == PROMPT_VALUES)
            return ERR_SET(err, ERR_FORMAT,
                           "%s: axis %.*s: expected 1 to %d values with | "
                           "between them",
                           where, (int)name.len, name.ptr, PROMPT_VALUES);
        a->value[a->n++] = v;
        text = bar ? (struct span){ bar + 1, (size_t)(end - bar - 1) }
                   : (struct span){ end, 0 };
    }
    p->axes += a->n > 0;
    return 0;
}

/* A declared variable must be known; *declared collects them. */
static int declare(bool *declared, struct span list, const char *where,
                   struct err *err)
{
    const char *s = list.ptr, *end = s + list.len;

    while (s < end) {
        size_t n = 0;
        int v;

        while (s + n < end && s[n] != ' ' && s[n] != ',' && s[n] != '\t')
            n++;
        for (v = 0; n && v < PROMPT_VARIABLES; v++)
            if (strlen(prompt_variable(v)) == n + 2 &&
                memcmp(prompt_variable(v) + 1, s, n) == 0)
                break;
        if (v == PROMPT_VARIABLES)
            return ERR_SET(err, ERR_FORMAT, "%s: unknown variable %.*s", where,
                           (int)n, s);
        if (n)
            declared[v] = true;
        s += n + (s + n < end);
    }
    return 0;
}

static struct span *plain_member(struct prompt *p, struct span key)
{
    return span_is(key, "language") ? &p->language
           : span_is(key, "same")   ? &p->same
           : span_is(key, "differ") ? &p->differ
           : span_is(key, "graded") ? &p->graded
           : span_is(key, "more")   ? &p->more
                                    : NULL;
}

static int read_line(struct prompt *p, struct span line, bool *declared,
                     bool *declares, const char *where, struct err *err)
{
    struct span key = until(line, ':'), value, name;
    const char *colon = memchr(line.ptr, ':', line.len);

    if (!colon)
        return ERR_SET(err, ERR_FORMAT,
                       "%s: expected \"name: text\" in the head, found '%.*s'",
                       where, (int)line.len, line.ptr);
    value = trim(colon + 1, line.ptr + line.len);
    if (value.len == 0)
        return ERR_SET(err, ERR_FORMAT, "%s: nothing after the colon", where);
    if (plain_member(p, key)) {
        *plain_member(p, key) = value;
        return 0;
    }
    if (span_is(key, "domain")) {
        if (value.len >= PROMPT_DOMAIN_MAX)
            return ERR_SET(err, ERR_FORMAT,
                           "%s: a domain of %zu bytes, expected less than %d",
                           where, value.len, PROMPT_DOMAIN_MAX);
        snprintf(p->domain, sizeof(p->domain), "%.*s", (int)value.len,
                 value.ptr);
        return 0;
    }
    if (span_is(key, "variables")) {
        *declares = true;
        return declare(declared, value, where, err);
    }
    name = named(key, "kind");
    if (name.len)
        return add_kind(p, name, value, where, err);
    name = named(key, "axis");
    if (name.len)
        return add_axis(p, name, value, where, err);
    return ERR_SET(err, ERR_FORMAT,
                   "%s: unknown '%.*s': expected language, variables, domain, "
                   "kind "
                   "NAME, axis NAME, same, differ, graded or more",
                   where, (int)key.len, key.ptr);
}

/* Where the line "===" begins, or NULL. */
static const char *head_end(const char *text)
{
    const char *s =
        strncmp(text, "===\n", 4) == 0 ? text : strstr(text, "\n===\n");

    return s && s != text ? s + 1 : s;
}

/* Mark the variables that s uses. */
static void mark_used(struct prompt *p, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int v = prompt_variable_at(s + i, len - i);

        if (v >= 0)
            p->uses[v] = true;
    }
}

static int compare(const struct prompt *p, const bool *declared,
                   const char *name, struct err *err)
{
    for (int v = 0; v < PROMPT_VARIABLES; v++) {
        if (p->uses[v] && !declared[v])
            return ERR_SET(err, ERR_FORMAT,
                           "template %s: %s is not among its variables", name,
                           prompt_variable(v));
        if (!p->uses[v] && declared[v])
            return ERR_SET(err, ERR_FORMAT,
                           "template %s: declares %s and does not use it", name,
                           prompt_variable(v));
    }
    return 0;
}

int prompt_read_head(struct prompt *p, const char *name, size_t *body,
                     struct err *err)
{
    bool declared[PROMPT_VARIABLES] = { false }, declares = false;
    const char *s = buf_str(&p->text), *end = head_end(s);
    char where[400];
    int line = 1;

    for (; end && s < end; line++) {
        const char *nl = memchr(s, '\n', (size_t)(end - s) + 1);
        struct span l = trim(s, nl ? nl : end);
        int rc = 0;

        snprintf(where, sizeof(where), "template %.300s:%d", name, line);
        if (l.len && l.ptr[0] != '#')
            rc = read_line(p, l, declared, &declares, where, err);
        if (rc < 0)
            return rc;
        s = nl ? nl + 1 : end;
    }
    *body = end ? (size_t)(end - p->text.ptr) + 4 : 0;
    mark_used(p, p->text.ptr + *body, p->text.len - *body);
    return declares ? compare(p, declared, name, err) : 0;
}

int prompt_domain(const struct prompt *p, const char *given, const char **out,
                  struct err *err)
{
    *out = given[0] ? given : p->domain;
    if (given[0] && !p->uses[PROMPT_DOMAIN])
        return ERR_SET(err, ERR_USAGE,
                       "--domain is given, but the template has no {domain}");
    if (!(*out)[0] && p->uses[PROMPT_DOMAIN])
        return ERR_SET(err, ERR_USAGE,
                       "the template has {domain}: say it with --domain, or "
                       "with \"domain: TEXT\" in the template's head");
    return 0;
}
