/*
 * translate_rows.h - rows of the word table for tokens of another language,
 * from sentences and their translations (see extend_vocab.h).
 */
#ifndef MODEL_TRANSLATE_ROWS_H
#define MODEL_TRANSLATE_ROWS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/tokenizer.h"

struct translate_rows {
    const struct tokenizer *tokenizer;    /* knows the new tokens */
    const struct span *own, *translation; /* [pairs] */
    size_t pairs;
    size_t first; /* id of the first new token; only rows below are read */
    float *table; /* [V,columns] */
    size_t columns;
    bool *made;                /* [V - first] out: new tokens that got a row */
    size_t translated, remade; /* out: rows of new tokens, of old ones */
};

/* Fills rows of tokens that occur in translations: of the new ones, and of
 * those whose characters never occur in own. ERR_NOMEM, ERR_FULL. */
int translate_rows(struct translate_rows *r, struct err *err) MUST_CHECK;

#endif
