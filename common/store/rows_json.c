/* rows_json.c - JSON lines: an object is a row, its keys are the columns. */
#include <stdio.h>

#include "base/json.h"
#include "store/rows_parts.h"

/* A JSON value as the text of a cell, kept in the scratch buffer. */
static int json_cell(struct rows *r, struct row *row, enum column_role role,
                     const struct json_node *v, struct err *err)
{
    size_t from = r->cells.len;
    int rc = 0;

    switch (json_type(v)) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        rc = buf_puts(&r->cells, json_bool(v, false) ? "1" : "0", err);
        break;
    case JSON_NUMBER:
        rc = buf_printf(&r->cells, err, "%.17g", json_num(v, 0.0));
        break;
    case JSON_STRING:
        rc = buf_puts(&r->cells, json_str(v, ""), err);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return ERR_SET(err, ERR_FORMAT, "%s is %s, expected a string",
                       column_role_name(role), json_type_name(json_type(v)));
    }
    if (rc == 0) /* an offset for now: the buffer may still move */
        rc = rows_add_cell(row, role,
                           (struct span){ NULL, r->cells.len - from }, err);
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

int rows_json(struct rows *r, struct span line, struct row *row,
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
    buf_reset(&r->cells);
    if (json_type(json_root(doc)) != JSON_OBJECT)
        rc = ERR_SET(err, ERR_FORMAT, "%s, expected an object",
                     json_type_name(json_type(json_root(doc))));
    for (size_t i = 0; rc == 0 && i < r->columns.n; i++)
        if (r->columns.col[i].role != COLUMN_SKIP)
            rc = json_column(r, row, &r->columns.col[i], json_root(doc), err);
    json_free(doc);
    for (size_t i = 0; rc == 0 && i < row->n; i++) {
        row->cell[i].text.ptr = r->cells.ptr + used;
        used += row->cell[i].text.len;
    }
    return rc;
}

int rows_json_columns(struct rows *r, struct span line, struct err *err)
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
