#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

#include "store/rows_parts.h"

_Static_assert((int)FIELDS_MAX == (int)COLUMNS_MAX,
               "a row that fits has as many fields as columns");

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

/* ---- rows of roles ---- */

int rows_add_cell(struct row *row, enum column_role role, struct span text,
                  struct err *err)
{
    if (row->n == COLUMNS_MAX)
        return ERR_SET(err, ERR_FORMAT, "more than %d values", COLUMNS_MAX);
    row->cell[row->n++] = (struct cell){ role, text };
    return 0;
}

static int table_row(const struct rows *r, struct row *row, struct err *err)
{
    const struct fields *f = &r->fields;
    int rc = 0;

    if (f->n != r->columns.n)
        return ERR_SET(err, ERR_FORMAT, "%s%zu columns, expected %zu",
                       f->n > COLUMNS_MAX ? "more than " : "",
                       f->n > COLUMNS_MAX ? f->n - 1 : f->n, r->columns.n);
    for (size_t i = 0; rc == 0 && i < f->n; i++)
        if (r->columns.col[i].role != COLUMN_SKIP)
            rc = rows_add_cell(row, r->columns.col[i].role, f->field[i], err);
    return rc;
}

int rows_next(struct rows *r, struct row *row, struct err *err)
{
    struct fields *f = &r->fields;
    int rc = fields_next(f, err);

    row->n = 0;
    row->line = f->from_line;
    row->raw = fields_raw(f);
    if (rc != 0)
        return rc;
    return f->format == ROWS_JSONL ? rows_json(r, f->field[0], row, err)
                                   : table_row(r, row, err);
}

/* ---- opening ---- */

/* Settle the columns and whether the first row is a header. */
static int settle(struct rows *r, const struct columns *want, bool header,
                  struct err *err)
{
    struct fields *f = &r->fields;
    int rc;

    r->columns = *want;
    if (f->format == ROWS_TEXT)
        return want->n ? ERR_SET(err, ERR_USAGE,
                                 "--columns goes with a table or JSON lines, "
                                 "not with plain text")
                       : columns_guess(&r->columns, 1, err);
    if (want->n && (f->format == ROWS_JSONL || (!want->named && !header)))
        return 0; /* nothing to learn from the first row */
    rc = fields_next(f, err);
    if (rc == 1) /* an empty file: any record kind will do */
        return want->n ? 0 : columns_guess(&r->columns, 1, err);
    if (rc < 0)
        return rc;
    if (f->format == ROWS_JSONL) {
        rc = rows_json_columns(r, f->field[0], err);
    } else if (want->named || (want->n == 0 && header) ||
               (want->n == 0 && columns_is_header(f->field, f->n))) {
        rc = columns_from_header(&r->columns, want, f->field, f->n, err);
        header = true;
    } else if (want->n == 0) {
        rc = columns_guess(&r->columns, f->n, err);
    }
    if (rc == 0 && header && f->format != ROWS_JSONL) {
        r->begin = f->at;
        r->begin_line = f->line;
    }
    return rc;
}

/* The file in memory, its mark skipped and its format known. */
static int open_file(struct rows *r, const char *path, enum rows_format format,
                     struct err *err)
{
    const char *end;
    int rc = file_map(&r->map, path, err);

    if (rc < 0)
        return rc;
    r->begin = r->map.len ? r->map.ptr : "";
    r->begin_line = 1;
    end = r->begin + r->map.len;
    if (r->map.len >= 3 && memcmp(r->begin, "\xEF\xBB\xBF", 3) == 0)
        r->begin += 3;
    if (format == ROWS_AUTO)
        format = rows_format_by_ending(path);
    if (format == ROWS_AUTO)
        format = by_first_line(r->begin, (size_t)(end - r->begin));
    return fields_init(&r->fields, format, r->begin, end, err);
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
    r->cells.max = 2 * ROW_MAX;
    rc = buf_reserve(&r->cells, 64, err); /* never NULL from here on */
    if (rc == 0)
        rc = columns_parse(&want, columns, err);
    if (rc == 0)
        rc = open_file(r, path, format, err);
    if (rc == 0) {
        rc = settle(r, &want, header, err);
        if (rc < 0)
            err_prefix(err, "%s", path);
    }
    if (rc < 0) {
        rows_close(r);
        return rc;
    }
    rows_rewind(r);
    *out = r;
    return 0;
}

void rows_rewind(struct rows *r)
{
    r->fields.at = r->begin;
    r->fields.line = r->begin_line;
}

void rows_close(struct rows *r)
{
    if (!r)
        return;
    fields_release(&r->fields);
    file_unmap(&r->map);
    buf_release(&r->cells);
    free(r);
}

const char *rows_kind(const struct rows *r)
{
    return columns_kind(&r->columns);
}
