/*
 * columns.h - which column of a table, or key of a JSON line, is what.
 *
 *   "a,b,label"                      by place (TSV, CSV) or key (JSON lines)
 *   "a=sentence1,b=sentence2,score"  by header name or JSON key
 *   "-"                              skips a column
 *   ""                               known names, else by number: text; a,b;
 *                                    a,b,label
 *
 * Three sets make records: text (with id, group, source); a and b (with
 * label, score, reverse, origin); anchor, positive and negatives.
 */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum column_role {
    COLUMN_SKIP,
    COLUMN_TEXT,
    COLUMN_ID, /* the next two too: attributes of the text */
    COLUMN_GROUP,
    COLUMN_SOURCE,
    COLUMN_A,
    COLUMN_B,
    COLUMN_LABEL,   /* 0..1 */
    COLUMN_SCORE,   /* --score-range */
    COLUMN_REVERSE, /* the score of (b, a) */
    COLUMN_ORIGIN,  /* a name of records.h */
    COLUMN_ANCHOR,
    COLUMN_POSITIVE,
    COLUMN_NEGATIVE, /* may be repeated */
    COLUMN_ROLES
};
const char *column_role_name(enum column_role r);
/* The role that a header's or key's name commonly has ("sentence1" is a,
 * "negative_2" negative); COLUMN_SKIP when unknown. */
enum column_role column_role_of(struct span name);

enum { COLUMNS_MAX = 64, COLUMN_NAME = 64 };
struct column {
    enum column_role role;
    char name[COLUMN_NAME]; /* header or key; "" = by place */
};
struct columns {
    struct column col[COLUMNS_MAX];
    size_t n;
    bool named; /* some column has a name: tables then need a header */
};

/* ERR_USAGE: an unknown role (with the nearest), one given twice, or no
 * record made of them. An empty text gives n = 0. */
int columns_parse(struct columns *c, const char *text,
                  struct err *err) MUST_CHECK;
/* The roles of a table's columns, in the table's order, from its header:
 * those that want names, or, when want is empty, every known name.
 * ERR_USAGE: a wanted name is not there. */
int columns_from_header(struct columns *c, const struct columns *want,
                        const struct span *field, size_t n,
                        struct err *err) MUST_CHECK;
/* Roles by the number of columns alone. ERR_USAGE when it says nothing. */
int columns_guess(struct columns *c, size_t n, struct err *err) MUST_CHECK;
/* Are these the names of known columns, not data? */
bool columns_is_header(const struct span *field, size_t n);
/* "texts", "pairs" or "triplets"; NULL when no record can be made. */
const char *columns_kind(const struct columns *c);

#endif
