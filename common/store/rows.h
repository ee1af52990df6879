/*
 * rows.h - read a user's file of records, row by row: TSV (no quoting, a TAB
 * parts), CSV (RFC 4180: quotes, doubled quotes, line breaks inside), JSON
 * lines, plain text (a line is a text). A byte-order mark and CRs at line ends
 * are dropped, blank lines skipped; nothing else is changed. What the bytes
 * of a cell are (UTF-8, a number) is the caller's to check.
 *
 * A bad row is reported and stepped over: the next call goes on behind it,
 * after an unclosed quote on the next line.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/columns.h"
#include "store/fields.h"

/* "auto|tsv|csv|jsonl|text" to its value; the name must be one of them. */
enum rows_format rows_format_of(const char *name);
/* By the ending of a file's name; ROWS_AUTO when it says nothing. */
enum rows_format rows_format_by_ending(const char *path);

struct cell {
    enum column_role role;
    struct span text; /* empty = absent */
};
struct row {
    size_t line;     /* where it begins, from 1 */
    struct span raw; /* its bytes in the file, without the line end */
    struct cell cell[COLUMNS_MAX];
    size_t n;
};

struct rows;
/*
 * ROWS_AUTO: by the name's ending, else by the first line. columns as in
 * columns.h; header: the first row of a table holds names (also when columns
 * names some, or is empty and the first row holds only known names).
 * Errors: ERR_NOTFOUND, ERR_IO, ERR_USAGE (columns).
 */
int rows_open(struct rows **out, const char *path, enum rows_format format,
              const char *columns, bool header, struct err *err) MUST_CHECK;
/* 0: *row, its texts valid until the next call; 1: the end; ERR_FORMAT: a bad
 * row, row->line is set; others as from memory. */
int rows_next(struct rows *r, struct row *row, struct err *err) MUST_CHECK;
void rows_rewind(struct rows *r);
void rows_close(struct rows *r); /* NULL is fine */
/* What the columns make: "texts", "pairs" or "triplets". */
const char *rows_kind(const struct rows *r);

#endif
