#include "store/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

struct rows {
    struct file_map map;
    enum rows_format format;
    struct columns columns;
    const char *begin; /* of the records, behind mark and header */
    const char *from;  /* of the latest row */
    const char *at, *end;
    size_t line, begin_line; /* of `at` and `begin`, from 1 */
    struct buf scratch;      /* cells that are not in the file as such */
};

struct fields {
    struct span field[COLUMNS_MAX + 1];
    size_t n; /* may be one more than fits a row */
};

enum rows_format rows_format_of(const char *name)
{
    static const char *const names[] = { "auto", "tsv", "csv", "jsonl",
                                         "text" };
    int i = 0;

    while (strcmp(names[i], name) != 0)
        i++;
    return (enum rows_format)i;
}

enum rows_format rows_format_by_ending(const char *path)
{
    static const struct {
        const char *ending;
        enum rows_format format;
    } known[] = { { ".tsv", ROWS_TSV },
                  { ".csv", ROWS_CSV },
                  { ".jsonl", ROWS_JSONL },
                  { ".ndjson", ROWS_JSONL },
                  { ".txt", ROWS_TEXT } };
    const char *dot = strrchr(file_base(path), '.');

    for (size_t i = 0; dot && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(dot, known[i].ending) == 0)
            return known[i].format;
    return ROWS_AUTO;
}

static enum rows_format by_first_line(const char *p, size_t len)
{
    const char *nl = len ? memchr(p, '\n', len) : NULL;
    size_t n = nl ? (size_t)(nl - p) : len;

    if (n && p[0] == '{')
        return ROWS_JSONL;
    return n && memchr(p, '\t', n) ? ROWS_TSV : ROWS_TEXT;
}

/* ---- splitting ---- */

/* The rest of the line at r->at, without its end; steps behind it. */
static struct span take_line(struct rows *r)
{
    size_t left = (size_t)(r->end - r->at);
    const char *nl = memchr(r->at, '\n', left);
    struct span s = { r->at, nl ? (size_t)(nl - r->at) : left };

    r->at += s.len + (nl != NULL);
    r->line++;
    if (s.len && s.ptr[s.len - 1] == '\r')
        s.len--;
    return s;
}

static void add_field(struct fields *f, const char *p, size_t len)
{
    if (f->n <= COLUMNS_MAX)
        f->field[f->n++] = (struct span){ p, len };
}

static void split_tabs(struct fields *f, struct span s)
{
    const char *p = s.ptr, *end = s.ptr + s.len;

    for (;;) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));

        add_field(f, p, (size_t)((tab ? tab : end) - p));
        if (!tab)
            return;
        p = tab + 1;
    }
}

/* A quoted field from behind its quote; *p is left behind the closing one. */
static int take_quoted(struct rows *r, struct fields *f, const char **p,
                       struct err *err)
{
    size_t from = r->scratch.len;
    int rc = 0;

    while (rc == 0) {
        size_t left = (size_t)(r->end - *p);
        const char *q = memchr(*p, '"', left < ROW_MAX ? left : ROW_MAX);

        if (!q)
            return ERR_SET(err, ERR_FORMAT, "a quote is not closed");
        rc = buf_append(&r->scratch, *p, (size_t)(q - *p), err);
        *p = q + 1;
        if (*p == r->end || **p != '"')
            break;
        if (rc == 0)
            rc = buf_append(&r->scratch, "\"", 1, err);
        *p += 1;
    }
    /* an offset for now: the buffer may still move */
    add_field(f, NULL, r->scratch.len - from);
    return rc;
}

static size_t without_cr(const char *from, const char *to, bool ends_line)
{
    return (size_t)(to - from) - (ends_line && to > from && to[-1] == '\r');
}

/* Quoted fields were collected in the scratch buffer, which now stands. */
static void place_quoted(const struct rows *r, struct fields *f)
{
    size_t used = 0;

    for (size_t i = 0; i < f->n; i++)
        if (!f->field[i].ptr) {
            f->field[i].ptr = r->scratch.ptr + used;
            used += f->field[i].len;
        }
}

/* One record of CSV at r->at; on success r->at is behind it. */
static int split_csv(struct rows *r, struct fields *f, struct err *err)
{
    const char *p = r->at, *from;
    int rc = 0;

    for (;;) {
        if (p < r->end && *p == '"') {
            p++;
            rc = take_quoted(r, f, &p, err);
            if (rc == 0 && p < r->end && *p != ',' && *p != '\r' && *p != '\n')
                rc = ERR_SET(err, ERR_FORMAT, "text behind a closing quote");
        } else {
            from = p;
            while (p < r->end && *p != ',' && *p != '\n')
                p++;
            add_field(f, from, without_cr(from, p, p == r->end || *p == '\n'));
        }
        if (rc < 0)
            return rc;
        if (p == r->end || *p != ',')
            break;
        p++;
    }
    if (p < r->end && *p == '\r')
        p++;
    for (const char *c = r->at; c < p; c++)
        r->line += *c == '\n';
    r->line++;
    r->at = p < r->end ? p + 1 : p;
    place_quoted(r, f);
    return 0;
}

static void skip_blank_lines(struct rows *r)
{
    for (const char *p = r->at; p < r->end; p++)
        if (*p == '\n') {
            r->at = p + 1;
            r->line++;
        } else if (*p != '\r' && (r->format == ROWS_TSV || *p != ' ')) {
            return;
        }
    r->at = r->end;
}

/* The next row as bare fields; 1 at the end. *line is where it begins. */
static int next_fields(struct rows *r, struct fields *f, size_t *line,
                       struct err *err)
{
    int rc = 0;

    f->n = 0;
    buf_reset(&r->scratch);
    skip_blank_lines(r);
    *line = r->line;
    r->from = r->at;
    if (r->at == r->end)
        return 1;
    if (r->format == ROWS_CSV) {
        rc = split_csv(r, f, err);
        if (rc < 0)
            (void)take_line(r);
    } else if (r->format == ROWS_TSV) {
        split_tabs(f, take_line(r));
    } else {
        struct span s = take_line(r);

        add_field(f, s.ptr, s.len);
    }
    return rc;
}

/* ---- rows of roles ---- */

static int add_cell(struct row *row, enum column_role role, struct span text,
                    struct err *err)
{
    if (row->n == COLUMNS_MAX)
        return ERR_SET(err, ERR_FORMAT, "more than %d values", COLUMNS_MAX);
    row->cell[row->n++] = (struct cell){ role, text };
    return 0;
}

static int table_row(struct rows *r, const struct fields *f, struct row *row,
                     struct err *err)
{
    int rc = 0;

    if (f->n != r->columns.n)
        return ERR_SET(err, ERR_FORMAT, "%s%zu columns, expected %zu",
                       f->n > COLUMNS_MAX ? "more than " : "",
                       f->n > COLUMNS_MAX ? f->n - 1 : f->n, r->columns.n);
    for (size_t i = 0; rc == 0 && i < f->n; i++)
        if (r->columns.col[i].role != COLUMN_SKIP)
            rc = add_cell(row, r->columns.col[i].role, f->field[i], err);
    return rc;
}

/* A JSON value as the text of a cell, kept in the scratch buffer. */
static int json_cell(struct rows *r, struct row *row, enum column_role role,
                     const struct json_node *v, struct err *err)
{
    size_t from = r->scratch.len;
    int rc = 0;

    switch (json_type(v)) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        rc = buf_puts(&r->scratch, json_bool(v, false) ? "1" : "0", err);
        break;
    case JSON_NUMBER:
        rc = buf_printf(&r->scratch, err, "%.17g", json_num(v, 0.0));
        break;
    case JSON_STRING:
        rc = buf_puts(&r->scratch, json_str(v, ""), err);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return ERR_SET(err, ERR_FORMAT, "%s is %s, expected a string",
                       column_role_name(role), json_type_name(json_type(v)));
    }
    if (rc == 0) /* an offset for now: the buffer may still move */
        rc = add_cell(row, role, (struct span){ NULL, r->scratch.len - from },
                      err);
    return rc;
}

static int json_column(struct rows *r, struct row *row, const struct column *c,
                       const struct json_node *root, struct err *err)
{
    const char *key = c->name[0] ? c->name : column_role_name(c->role);
    const struct json_node *v = json_get(root, key);
    int rc = 0;

    if (!v)
        return ERR_SET(err, ERR_FORMAT, "key \"%s\" is missing", key);
    if (c->role != COLUMN_NEGATIVE || json_type(v) != JSON_ARRAY)
        return json_cell(r, row, c->role, v, err);
    for (v = json_first(v); rc == 0 && v; v = json_next(v))
        rc = json_cell(r, row, c->role, v, err);
    return rc;
}

static int json_row(struct rows *r, struct span line, struct row *row,
                    struct err *err)
{
    struct json *doc;
    size_t used = 0;
    int rc =
        line.len > ROW_MAX
            ? ERR_SET(err, ERR_FORMAT, "row of %zu bytes, at most %d", line.len,
                      ROW_MAX)
            : json_parse(&doc, "row", line.ptr, line.len, JSON_STRICT, err);

    if (rc < 0)
        return rc;
    if (json_type(json_root(doc)) != JSON_OBJECT)
        rc = ERR_SET(err, ERR_FORMAT, "%s, expected an object",
                     json_type_name(json_type(json_root(doc))));
    for (size_t i = 0; rc == 0 && i < r->columns.n; i++)
        if (r->columns.col[i].role != COLUMN_SKIP)
            rc = json_column(r, row, &r->columns.col[i], json_root(doc), err);
    json_free(doc);
    for (size_t i = 0; rc == 0 && i < row->n; i++) {
        row->cell[i].text.ptr = r->scratch.ptr + used;
        used += row->cell[i].text.len;
    }
    return rc;
}

static struct span raw_of(const struct rows *r)
{
    size_t len = (size_t)(r->at - r->from);

    while (len && (r->from[len - 1] == '\n' || r->from[len - 1] == '\r'))
        len--;
    return (struct span){ r->from, len };
}

int rows_next(struct rows *r, struct row *row, struct err *err)
{
    struct fields f;
    int rc = next_fields(r, &f, &row->line, err);

    row->n = 0;
    row->raw = raw_of(r);
    if (rc != 0)
        return rc;
    return r->format == ROWS_JSONL ? json_row(r, f.field[0], row, err)
                                   : table_row(r, &f, row, err);
}

/* ---- opening ---- */

/* Columns of JSON lines without --columns: the first object's known keys. */
static int columns_from_keys(struct rows *r, struct span line, struct err *err)
{
    struct columns none = { .n = 0 };
    struct span key[COLUMNS_MAX + 1];
    const struct json_node *v;
    struct json *doc;
    size_t n = 0;
    int rc =
        json_parse(&doc, "first row", line.ptr, line.len, JSON_STRICT, err);

    if (rc < 0)
        return rc;
    v = json_first(json_root(doc));
    for (; v && json_key(v) && n <= COLUMNS_MAX; v = json_next(v))
        key[n++] = span_of(json_key(v));
    rc = columns_from_header(&r->columns, &none, key, n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (key[i].len >= COLUMN_NAME)
            r->columns.col[i].role = COLUMN_SKIP;
        else
            snprintf(r->columns.col[i].name, COLUMN_NAME, "%s", key[i].ptr);
    json_free(doc);
    return rc;
}

/* Settle the columns and whether the first row is a header. */
static int settle(struct rows *r, const struct columns *want, bool header,
                  struct err *err)
{
    struct fields f;
    size_t line;
    int rc;

    r->columns = *want;
    if (r->format == ROWS_TEXT)
        return want->n ? ERR_SET(err, ERR_USAGE,
                                 "--columns goes with a table or JSON lines, "
                                 "not with plain text")
                       : columns_guess(&r->columns, 1, err);
    if (want->n && (r->format == ROWS_JSONL || (!want->named && !header)))
        return 0; /* nothing to learn from the first row */
    rc = next_fields(r, &f, &line, err);
    if (rc == 1) /* an empty file: any record kind will do */
        return want->n ? 0 : columns_guess(&r->columns, 1, err);
    if (rc < 0)
        return rc;
    if (r->format == ROWS_JSONL) {
        rc = columns_from_keys(r, f.field[0], err);
    } else if (want->named || (want->n == 0 && header) ||
               (want->n == 0 && columns_is_header(f.field, f.n))) {
        rc = columns_from_header(&r->columns, want, f.field, f.n, err);
        header = true;
    } else if (want->n == 0) {
        rc = columns_guess(&r->columns, f.n, err);
    }
    if (rc == 0 && header && r->format != ROWS_JSONL) {
        r->begin = r->at;
        r->begin_line = r->line;
    }
    return rc;
}

int rows_open(struct rows **out, const char *path, enum rows_format format,
              const char *columns, bool header, struct err *err)
{
    struct rows *r = calloc(1, sizeof(*r));
    struct columns want;
    int rc;

    *out = NULL;
    if (!r)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a reader");
    r->scratch.max = 2 * ROW_MAX;
    rc = buf_reserve(&r->scratch, 64, err); /* never NULL from here on */
    if (rc == 0)
        rc = columns_parse(&want, columns, err);
    if (rc == 0)
        rc = file_map(&r->map, path, err);
    if (rc < 0)
        goto out;
    r->begin = r->map.len ? r->map.ptr : "";
    r->end = r->begin + r->map.len;
    if (r->map.len >= 3 && memcmp(r->begin, "\xEF\xBB\xBF", 3) == 0)
        r->begin += 3;
    r->begin_line = 1;
    r->format = format == ROWS_AUTO ? rows_format_by_ending(path) : format;
    if (r->format == ROWS_AUTO)
        r->format = by_first_line(r->begin, (size_t)(r->end - r->begin));
    rows_rewind(r);
    rc = settle(r, &want, header, err);
    if (rc < 0)
        err_prefix(err, "%s", path);
    rows_rewind(r);
out:
    if (rc < 0) {
        rows_close(r);
        r = NULL;
    }
    *out = r;
    return rc;
}

void rows_rewind(struct rows *r)
{
    r->at = r->begin;
    r->line = r->begin_line;
}

void rows_close(struct rows *r)
{
    if (!r)
        return;
    file_unmap(&r->map);
    buf_release(&r->scratch);
    free(r);
}

const char *rows_kind(const struct rows *r)
{
    return columns_kind(&r->columns);
}
