/*
 * rewrite_read.c - normalisers as tokenizer.json writes them.
 */
#include <stdlib.h>
#include <string.h>

#include "text/rewrite.h"

enum { TEXT_MAX = 256 }; /* bytes of a replacement */

static int add(struct rewrite *r, struct rewrite_step step, struct err *err)
{
    if (r->n == REWRITE_STEPS)
        return ERR_SET(err, ERR_FORMAT, "more than %d normalizers",
                       REWRITE_STEPS);
    r->step[r->n++] = step;
    return 0;
}

static char *copy(const char *s)
{
    return s && strlen(s) <= TEXT_MAX ? strdup(s) : NULL;
}

/* ---- Replace ---- */

/* A run of spaces: " +", " {2,}", "\s+", "\s{2,}". least and what (" ", or
 * NULL: any white space); false: another expression. */
static bool read_runs(const char *regex, const char **what, size_t *least)
{
    size_t n = regex[0] == ' ' ? 1 : strncmp(regex, "\\s", 2) == 0 ? 2 : 0;
    char *rest;

    if (n == 0)
        return false;
    *what = n == 1 ? " " : NULL;
    *least = 1;
    if (strcmp(regex + n, "+") == 0)
        return true;
    if (regex[n] != '{' || regex[n + 1] < '1' || regex[n + 1] > '9')
        return false;
    *least = strtoul(regex + n + 1, &rest, 10);
    return strcmp(rest, ",}") == 0;
}

static int read_replace(struct rewrite *r, const struct json *doc,
                        const struct json_node *n, struct err *err)
{
    const struct json_node *pattern = json_get(n, "pattern");
    const char *text = json_str(json_get(pattern, "String"), NULL);
    const char *regex = json_str(json_get(pattern, "Regex"), NULL);
    const char *with = json_str(json_get(n, "content"), NULL), *what = text;
    struct rewrite_step s = { .kind = text ? REWRITE_TEXT : REWRITE_RUNS };

    if (!with || (!text && !regex) || (text && !text[0]))
        return JSON_ERR(err, doc, n,
                        "damaged Replace: expected pattern and content");
    if (regex && !read_runs(regex, &what, &s.least))
        return JSON_ERR(err, doc, n,
                        "Replace of the expression \"%.40s\" is not known here "
                        "(runs of spaces are: \" {2,}\", \"\\s+\")",
                        regex);
    s.with = copy(with);
    s.what = copy(what);
    if (!s.with || (what && !s.what) || add(r, s, err) < 0) {
        free(s.with);
        free(s.what);
        return JSON_ERR(err, doc, n, "Replace with a text of %zu bytes",
                        strlen(with));
    }
    return 0;
}

/* ---- the others ---- */

static int read_charsmap(struct rewrite *r, const struct json *doc,
                         const struct json_node *n, struct err *err)
{
    const char *text = json_str(json_get(n, "precompiled_charsmap"), NULL);
    struct charsmap *map;
    struct err why = ERR_INIT;

    if (!text)
        return JSON_ERR(err, doc, n, "Precompiled without its charsmap");
    if (charsmap_of_base64(&map, span_of(text), &why) < 0)
        return JSON_ERR(err, doc, n, "%s", why.msg);
    return rewrite_add_charsmap(r, map, err);
}

int rewrite_add_charsmap(struct rewrite *r, struct charsmap *map,
                         struct err *err)
{
    struct rewrite_step s = { .kind = REWRITE_CHARSMAP, .map = map };
    int rc = add(r, s, err);

    if (rc < 0)
        charsmap_free(map);
    return rc;
}

static int read_prepend(struct rewrite *r, const struct json *doc,
                        const struct json_node *n, struct err *err)
{
    struct rewrite_step s = { .kind = REWRITE_PREPEND };
    int rc;

    s.with = copy(json_str(json_get(n, "prepend"), NULL));
    if (!s.with)
        return JSON_ERR(err, doc, n, "damaged Prepend");
    rc = add(r, s, err);
    if (rc < 0)
        free(s.with);
    return rc;
}

/* Those that are said by their type. */
static const struct {
    const char *type;
    struct rewrite_step step;
} simple[] = {
    { "NFC", { .kind = REWRITE_FORM, .form = NORMALISE_NFC } },
    { "NFD", { .kind = REWRITE_FORM, .form = NORMALISE_NFD } },
    { "NFKC", { .kind = REWRITE_FORM, .form = NORMALISE_NFKC } },
    { "NFKD", { .kind = REWRITE_FORM, .form = NORMALISE_NFKD } },
    { "Nmt", { .kind = REWRITE_NMT } },
    { "Lowercase", { .kind = REWRITE_LOWER } },
    { "StripAccents", { .kind = REWRITE_NO_MARKS } },
};

static int read_one(struct rewrite *r, const struct json *doc,
                    const struct json_node *n, const char *type,
                    struct err *err)
{
    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
        if (strcmp(type, simple[i].type) == 0)
            return add(r, simple[i].step, err);
    if (strcmp(type, "Precompiled") == 0)
        return read_charsmap(r, doc, n, err);
    if (strcmp(type, "Replace") == 0)
        return read_replace(r, doc, n, err);
    if (strcmp(type, "Prepend") == 0)
        return read_prepend(r, doc, n, err);
    if (strcmp(type, "Strip") == 0) {
        struct rewrite_step s = { .kind = REWRITE_STRIP };

        s.left = json_bool(json_get(n, "strip_left"), true);
        s.right = json_bool(json_get(n, "strip_right"), true);
        return add(r, s, err);
    }
    return JSON_ERR(err, doc, n, "normalizer %.40s is not known here", type);
}

int rewrite_read(struct rewrite *r, const struct json *doc,
                 const struct json_node *n, const char *only, struct err *err)
{
    const char *type = json_str(json_get(n, "type"), "?");
    const struct json_node *parts = json_get(n, "normalizers");
    int rc = 0;

    if (!n || json_type(n) == JSON_NULL)
        return 0;
    if (strcmp(type, "Sequence") != 0)
        return only && strcmp(type, only) != 0 ? 0
                                               : read_one(r, doc, n, type, err);
    for (n = json_first(parts); rc == 0 && n; n = json_next(n))
        rc = rewrite_read(r, doc, n, only, err);
    return rc;
}

void rewrite_release(struct rewrite *r)
{
    for (size_t i = 0; i < r->n; i++) {
        charsmap_free(r->step[i].map);
        free(r->step[i].what);
        free(r->step[i].with);
    }
    memset(r, 0, sizeof(*r));
}
