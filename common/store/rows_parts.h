/*
 * rows_parts.h - what rows.c and rows_json.c share. Nobody else includes this.
 */
#ifndef STORE_ROWS_PARTS_H
#define STORE_ROWS_PARTS_H

#include "base/file.h"
#include "store/rows.h"

struct rows {
    struct file_map map;
    struct columns columns;
    struct fields fields;
    const char *begin; /* of the records, behind mark and header */
    size_t begin_line; /* from 1 */
    struct buf cells;  /* texts of JSON's cells */
};

/* ERR_FORMAT: the row is full. */
int rows_add_cell(struct row *row, enum column_role role, struct span text,
                  struct err *err) MUST_CHECK;
/* The line as a row; the texts live in r->cells. ERR_FORMAT. */
int rows_json(struct rows *r, struct span line, struct row *row,
              struct err *err) MUST_CHECK;
/* Without --columns: those that the first object's keys name. */
int rows_json_columns(struct rows *r, struct span line,
                      struct err *err) MUST_CHECK;

#endif
