/*
 * import.h - a row of a user's file becomes a record of a store.
 *
 * A pair's label comes from column "label"; from "score" when there is no
 * label and people made it (origin gold). Else the score is a model's and
 * stays a score. Empty numbers are absent. Scores are scaled from lo..hi to
 * 0..1.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "store/records.h"
#include "store/rows.h"

struct import_rules {
    double lo, hi;      /* range of the score and reverse columns, lo < hi */
    enum origin origin; /* of pairs without an origin column */
};
/* "0:5" to lo and hi; ERR_USAGE unless lo < hi, both finite. */
int import_range(struct import_rules *r, const char *text,
                 struct err *err) MUST_CHECK;

enum { IMPORT_TEXTS = COLUMNS_MAX };
struct imported {
    struct span text[IMPORT_TEXTS]; /* text; a, b; anchor, positive, ... */
    size_t n;
    struct buf attr;  /* JSON object of a text, or empty; owned */
    struct pair pair; /* a and b unset */
};
/*
 * Check and convert. ERR_FORMAT, with the column's name: a text that is
 * missing, empty, too long, not UTF-8 or holds a NUL; a number that is none or
 * out of range. The texts live as long as the row's.
 */
int import_row(struct imported *out, const struct row *row,
               const struct import_rules *rules, struct err *err) MUST_CHECK;
void imported_release(struct imported *i);
/* Write it as the kind of record that the store holds. *added is false for a
 * text that was already there. */
int import_write(struct writer *w, const char *kind, const struct imported *i,
                 bool *added, struct err *err) MUST_CHECK;

#endif
