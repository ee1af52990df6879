#include "store/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static int parse_number(double *out, struct span s)
{
    char text[64], *end;

    if (s.len == 0 || s.len >= sizeof(text))
        return -1;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *out = strtod(text, &end);
    while (*end == ' ')
        end++;
    return *end || end == text || !isfinite(*out) ? -1 : 0;
}

int import_range(struct import_rules *r, const char *text, struct err *err)
{
    const char *colon = strchr(text, ':');

    if (!colon ||
        parse_number(&r->lo, (struct span){ text, (size_t)(colon - text) }) ||
        parse_number(&r->hi, span_of(colon + 1)) || r->lo >= r->hi)
        return ERR_SET(err, ERR_USAGE,
                       "score range '%s', expected LO:HI with LO < HI", text);
    return 0;
}

static int check_text(const struct cell *c, struct err *err)
{
    const char *name = column_role_name(c->role);
    struct span s = c->text;
    size_t good, blank = 0;

    if (s.len > TEXT_MAX)
        return ERR_SET(err, ERR_FORMAT, "%s has %zu bytes, at most %d", name,
                       s.len, TEXT_MAX);
    good = utf8_valid(s.ptr, s.len);
    if (good < s.len)
        return ERR_SET(err, ERR_FORMAT, "%s is not UTF-8 at byte %zu", name,
                       good);
    if (s.len && memchr(s.ptr, '\0', s.len))
        return ERR_SET(err, ERR_FORMAT, "%s holds a NUL byte", name);
    while (blank < s.len && strchr(" \t\r\n", s.ptr[blank]))
        blank++;
    if (blank == s.len)
        return ERR_SET(err, ERR_FORMAT, "%s is empty", name);
    return 0;
}

static int take_share(float *out, const struct cell *c, double lo, double hi,
                      struct err *err)
{
    double x;

    if (c->text.len == 0)
        return 0;
    if (parse_number(&x, c->text) < 0)
        return ERR_SET(err, ERR_FORMAT,
                       "%s '%.*s' is not a number (a header line? --header)",
                       column_role_name(c->role),
                       (int)(c->text.len < 40 ? c->text.len : 40), c->text.ptr);
    if (x < lo || x > hi)
        return ERR_SET(err, ERR_FORMAT, "%s %.15g is outside %.15g:%.15g%s",
                       column_role_name(c->role), x, lo, hi,
                       c->role == COLUMN_LABEL
                           ? " (graded? call the column score, and give "
                             "--score-range)"
                           : "");
    *out = (float)((x - lo) / (hi - lo));
    return 0;
}

static int take_origin(uint16_t *out, struct span s, struct err *err)
{
    for (int o = ORIGIN_UNKNOWN; o <= ORIGIN_LLM; o++)
        if (span_is(s, origin_name((enum origin)o))) {
            *out = (uint16_t)o;
            return 0;
        }
    return s.len == 0 ? 0
                      : ERR_SET(err, ERR_FORMAT, "unknown origin '%.*s'",
                                (int)(s.len < 40 ? s.len : 40), s.ptr);
}

static int take_text(struct imported *out, const struct cell *c,
                     struct err *err)
{
    int rc = check_text(c, err);

    if (rc < 0)
        return rc;
    if (out->n == IMPORT_TEXTS)
        return ERR_SET(err, ERR_FORMAT, "more than %d texts", IMPORT_TEXTS);
    out->text[out->n++] = c->text;
    return 0;
}

static int take_attr(struct json_node *attr, const struct cell *c,
                     struct err *err)
{
    char *text;
    int rc;

    if (c->text.len == 0)
        return 0;
    rc = check_text(c, err);
    if (rc < 0)
        return rc;
    text = strndup(c->text.ptr, c->text.len);
    if (!text)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu bytes", c->text.len);
    json_set_str(attr, column_role_name(c->role), text);
    free(text);
    return 0;
}

static int take(struct imported *out, struct json_node *attr,
                const struct cell *c, const struct import_rules *rules,
                struct err *err)
{
    struct pair *p = &out->pair;

    switch (c->role) {
    case COLUMN_TEXT:
    case COLUMN_A:
    case COLUMN_B:
    case COLUMN_ANCHOR:
    case COLUMN_POSITIVE:
    case COLUMN_NEGATIVE:
        return take_text(out, c, err);
    case COLUMN_LABEL:
        return take_share(&p->label, c, 0.0, 1.0, err);
    case COLUMN_SCORE:
        return take_share(&p->score, c, rules->lo, rules->hi, err);
    case COLUMN_REVERSE:
        return take_share(&p->reverse, c, rules->lo, rules->hi, err);
    case COLUMN_ORIGIN:
        return take_origin(&p->origin, c->text, err);
    case COLUMN_ID:
    case COLUMN_GROUP:
    case COLUMN_SOURCE:
        return take_attr(attr, c, err);
    case COLUMN_SKIP:
    case COLUMN_ROLES:
        break;
    }
    return 0;
}

static int finish_attr(struct imported *out, const struct json_node *attr,
                       struct err *err)
{
    int rc = json_size(attr) ? json_print(&out->attr, attr, false, err) : 0;

    if (rc == 0 && out->attr.len > UINT16_MAX)
        rc = ERR_SET(err, ERR_FORMAT, "attributes of %zu bytes, at most %d",
                     out->attr.len, UINT16_MAX);
    return rc;
}

int import_row(struct imported *out, const struct row *row,
               const struct import_rules *rules, struct err *err)
{
    struct json_node *attr = json_new_object();
    bool labelled = false, is_triplet = false;
    int rc = 0;

    out->n = 0;
    buf_reset(&out->attr);
    out->attr.max = 4 * TEXT_MAX;
    out->pair =
        (struct pair){ 0, 0, NAN, NAN, NAN, (uint16_t)rules->origin, 0 };
    /* by role, not by place: a file may have b before a */
    for (int role = COLUMN_SKIP + 1; rc == 0 && role < COLUMN_ROLES; role++)
        for (size_t i = 0; rc == 0 && i < row->n; i++)
            if ((int)row->cell[i].role == role) {
                rc = take(out, attr, &row->cell[i], rules, err);
                labelled = labelled || role == COLUMN_LABEL;
                is_triplet = is_triplet || role == COLUMN_ANCHOR;
            }
    if (rc == 0 && is_triplet && out->n < 3)
        rc = ERR_SET(err, ERR_FORMAT, "negative is missing");
    if (rc == 0 && !labelled && out->pair.origin == ORIGIN_GOLD) {
        out->pair.label = out->pair.score;
        out->pair.score = NAN;
    }
    if (rc == 0)
        rc = finish_attr(out, attr, err);
    json_node_free(attr);
    return rc;
}

void imported_release(struct imported *i)
{
    buf_release(&i->attr);
}

static int write_record(struct writer *w, const struct imported *i,
                        const uint32_t *ordinal, struct err *err)
{
    struct pair p = i->pair;
    struct triplet t = { ordinal[0], ordinal[1], (uint32_t)i->n - 2,
                         ordinal + 2 };

    if (i->n > 2)
        return writer_triplet(w, &t, NULL, err);
    p.a = ordinal[0];
    p.b = ordinal[1];
    return writer_pair(w, &p, NULL, err);
}

int import_write(struct writer *w, const char *kind, const struct imported *i,
                 bool *added, struct err *err)
{
    struct span attr = { buf_str(&i->attr), i->attr.len };
    uint32_t ordinal[IMPORT_TEXTS], before = writer_texts(w);
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < i->n; k++)
        rc = writer_text(w, i->text[k], attr, &ordinal[k], err);
    *added = true;
    if (rc == 0 && strcmp(kind, "texts") == 0)
        *added = writer_texts(w) > before;
    else if (rc == 0)
        rc = write_record(w, i, ordinal, err);
    return rc;
}
