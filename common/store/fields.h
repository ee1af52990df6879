/*
 * fields.h - the bytes of a file of rows parted into fields, whatever they
 * mean: TSV, CSV, or whole lines (JSON lines and plain text are one field).
 * rows.h says what is dropped and what happens after a bad row.
 */
#ifndef STORE_FIELDS_H
#define STORE_FIELDS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum rows_format { ROWS_AUTO, ROWS_TSV, ROWS_CSV, ROWS_JSONL, ROWS_TEXT };
enum { FIELDS_MAX = 64, ROW_MAX = 8 << 20 /* bytes of one row */ };

struct fields {
    enum rows_format format; /* not ROWS_AUTO */
    const char *at, *end;    /* what is still to be read; the caller's */
    size_t line;             /* of `at`, from 1 */
    struct buf scratch;      /* fields that are not in the file as such */

    const char *from; /* the latest row: where it begins, */
    size_t from_line; /* on which line, */
    struct span field[FIELDS_MAX + 1];
    size_t n; /* and its fields: FIELDS_MAX + 1 for more than fit */
};

/* Read [begin, end), which must stay. ERR_NOMEM. */
int fields_init(struct fields *f, enum rows_format format, const char *begin,
                const char *end, struct err *err) MUST_CHECK;
void fields_release(struct fields *f);
/* 0: the next row, valid until the next call; 1: the end; ERR_FORMAT: a bad
 * row, from_line is set. */
int fields_next(struct fields *f, struct err *err) MUST_CHECK;
/* The bytes of the latest row, without the line end. */
struct span fields_raw(const struct fields *f);

#endif
