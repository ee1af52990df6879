/*
 * export.h - write a store as a file that others load: sentence-transformers,
 * datasets, a spreadsheet, records import.
 *
 *   texts     text
 *   pairs     sentence1, sentence2 and one target: "label" when people's or
 *             thresholds' labels are all 0 or 1, "score" for graded labels or,
 *             without labels, a model's scores; nothing when there is neither
 *   triplets  anchor, positive, negative, or negative_1 ... negative_n. Every
 *             row has as many negatives. By default as many as the triplets
 *             have, or, where their number differs, one: a row for each. With
 *             negatives = n a triplet's are dealt out n a row, and the last row
 *             is filled up from its first ones again: none is lost. A triplet
 *             without a negative is rejected.
 *
 * all: also the attributes of texts, and of pairs label, score, reverse and
 * origin apart, so that an import gives the same records again, and in JSON
 * lines the notes of a store that has some. Absent numbers are empty cells, in
 * JSON null.
 */
#ifndef STORE_EXPORT_H
#define STORE_EXPORT_H

#include "store/rows.h"
#include "store/stage.h"

struct export_rules {
    enum rows_format format; /* not ROWS_AUTO; ROWS_TEXT: the texts alone */
    bool header;             /* TSV and CSV: names in the first row */
    bool all;
    const char *records; /* "texts", "pairs", "triplets"; "auto": the store's
                            kind, though it may hold others too */
    uint32_t negatives;  /* of a row; 0: see above */
};
/*
 * Write st->part, counting in st->n. A text with a TAB or line break in a
 * format that cannot hold it is a bad record. ERR_USAGE for kind vectors.
 */
int export_store(struct stage *st, struct store *in,
                 const struct export_rules *rules, struct err *err) MUST_CHECK;
/* The shortest decimal that reads back as x; "" for NaN. */
void export_number(char out[32], float x);

#endif
