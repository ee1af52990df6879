#include "store/columns.h"

#include <stdio.h>
#include <string.h>

#include "base/opt.h"

static const char *const role_name[COLUMN_ROLES] = {
    "-",     "text",  "id",      "group",  "source", "a",        "b",
    "label", "score", "reverse", "origin", "anchor", "positive", "negative"
};

static const struct {
    const char *name;
    enum column_role role;
} alias[] = {
    { "sentence", COLUMN_TEXT },
    { "sentence1", COLUMN_A },
    { "sentence2", COLUMN_B },
    { "sentence_a", COLUMN_A },
    { "sentence_b", COLUMN_B },
    { "sentence_A", COLUMN_A },
    { "sentence_B", COLUMN_B },
    { "text1", COLUMN_A },
    { "text2", COLUMN_B },
    { "question1", COLUMN_A },
    { "question2", COLUMN_B },
    { "is_duplicate", COLUMN_LABEL },
    { "similarity_score", COLUMN_SCORE },
    { "query", COLUMN_ANCHOR },
    { "pos", COLUMN_POSITIVE },
    { "neg", COLUMN_NEGATIVE },
    { "negatives", COLUMN_NEGATIVE },
};

const char *column_role_name(enum column_role r)
{
    return role_name[r];
}

enum column_role column_role_of(struct span name)
{
    for (int i = COLUMN_SKIP + 1; i < COLUMN_ROLES; i++)
        if (span_is(name, role_name[i]))
            return (enum column_role)i;
    for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
        if (span_is(name, alias[i].name))
            return alias[i].role;
    if (name.len > 9 && memcmp(name.ptr, "negative_", 9) == 0)
        return COLUMN_NEGATIVE;
    return COLUMN_SKIP;
}

static size_t count(const struct columns *c, enum column_role r)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += c->col[i].role == r;
    return n;
}

const char *columns_kind(const struct columns *c)
{
    bool text = count(c, COLUMN_TEXT) == 1;
    bool pair = count(c, COLUMN_A) == 1 && count(c, COLUMN_B) == 1;
    bool triplet = count(c, COLUMN_ANCHOR) == 1 &&
                   count(c, COLUMN_POSITIVE) == 1 &&
                   count(c, COLUMN_NEGATIVE) >= 1;

    if (text + pair + triplet != 1)
        return NULL;
    return text ? "texts" : pair ? "pairs" : "triplets";
}

static int check(const struct columns *c, const char *text, struct err *err)
{
    for (int r = COLUMN_SKIP + 1; r < COLUMN_NEGATIVE; r++)
        if (count(c, (enum column_role)r) > 1)
            return ERR_SET(err, ERR_USAGE, "columns '%s': '%s' is there twice",
                           text, role_name[r]);
    if (!columns_kind(c))
        return ERR_SET(err, ERR_USAGE,
                       "columns '%s' make no record, expected text; or a and "
                       "b; or anchor, positive and negative",
                       text);
    return 0;
}

static int parse_one(struct column *c, struct span item, struct err *err)
{
    const char *eq = memchr(item.ptr, '=', item.len);
    struct span role = { item.ptr, eq ? (size_t)(eq - item.ptr) : item.len };
    struct span name = { eq ? eq + 1 : item.ptr,
                         eq ? item.len - role.len - 1 : 0 };
    char word[COLUMN_NAME], near[OPT_HINT];

    for (int r = 0; r < COLUMN_ROLES; r++)
        if (span_is(role, role_name[r])) {
            if (name.len >= sizeof(c->name))
                return ERR_SET(err, ERR_USAGE,
                               "column name '%.*s' is longer than %d bytes",
                               (int)name.len, name.ptr, COLUMN_NAME - 1);
            c->role = (enum column_role)r;
            snprintf(c->name, sizeof(c->name), "%.*s", (int)name.len,
                     name.len ? name.ptr : "");
            return 0;
        }
    snprintf(word, sizeof(word), "%.*s", (int)role.len, role.ptr);
    return ERR_SET(err, ERR_USAGE, "unknown column '%s'%s", word,
                   opt_hint(near, word, role_name, COLUMN_ROLES));
}

int columns_parse(struct columns *c, const char *text, struct err *err)
{
    const char *p = text;

    memset(c, 0, sizeof(*c));
    while (*p) {
        size_t len = strcspn(p, ",");
        int rc;

        if (c->n == COLUMNS_MAX)
            return ERR_SET(err, ERR_USAGE, "more than %d columns", COLUMNS_MAX);
        rc = parse_one(&c->col[c->n], (struct span){ p, len }, err);
        if (rc < 0)
            return rc;
        c->named = c->named || c->col[c->n].name[0];
        c->n++;
        p += len;
        p += *p == ',';
    }
    return c->n ? check(c, text, err) : 0;
}

static const struct column *wanted(const struct columns *want, struct span name)
{
    for (size_t i = 0; i < want->n; i++) {
        const struct column *c = &want->col[i];

        if (span_is(name, c->name[0] ? c->name : role_name[c->role]))
            return c;
    }
    return NULL;
}

int columns_from_header(struct columns *c, const struct columns *want,
                        const struct span *field, size_t n, struct err *err)
{
    size_t found = 0, asked = want->n - count(want, COLUMN_SKIP);

    memset(c, 0, sizeof(*c));
    if (n > COLUMNS_MAX)
        return ERR_SET(err, ERR_USAGE, "header of %zu columns, at most %d", n,
                       COLUMNS_MAX);
    for (; c->n < n; c->n++) {
        const struct column *w = wanted(want, field[c->n]);

        if (w)
            c->col[c->n] = *w;
        else if (want->n == 0)
            c->col[c->n].role = column_role_of(field[c->n]);
        found += c->col[c->n].role != COLUMN_SKIP;
    }
    if (want->n && found != asked)
        return ERR_SET(err, ERR_USAGE,
                       "the header has %zu of the %zu columns that --columns "
                       "names",
                       found, asked);
    return check(c, "of the header", err);
}

int columns_guess(struct columns *c, size_t n, struct err *err)
{
    static const char *const by_number[] = { "text", "a,b", "a,b,label" };

    if (n == 0 || n > 3)
        return ERR_SET(err, ERR_USAGE,
                       "%zu columns without known names: say what they are "
                       "with --columns",
                       n);
    return columns_parse(c, by_number[n - 1], err);
}

bool columns_is_header(const struct span *field, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        known += column_role_of(field[i]) != COLUMN_SKIP;
    return n > 0 && known == n;
}
