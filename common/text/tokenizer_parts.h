/*
 * tokenizer_parts.h - what tokenizer.c (use) and tokenizer_load.c (making)
 * share. Not for others.
 */
#ifndef TEXT_TOKENIZER_PARTS_H
#define TEXT_TOKENIZER_PARTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "text/normalise.h"
#include "text/tokenizer.h"
#include "text/wordpiece.h"

/* A token that is found in the text before it is split into words. */
struct tokenizer_added {
    struct span text; /* in the tokenizer's token list */
    uint32_t *form;   /* its normal form; NULL: found in the raw text */
    size_t form_len;  /* code points */
    uint32_t id;
    bool single_word; /* not inside a word */
};

struct tokenizer_added_list {
    struct tokenizer_added *item; /* longest first */
    size_t n, cap;
    bool first[256]; /* the low byte of some item's first unit */
};

struct tokenizer {
    struct wordpiece *words;
    struct normalise_bert norm;
    size_t max_chars;   /* of a word; longer ones are unknown */
    struct span *token; /* by id; ptr is owned */
    size_t n_tokens;
    uint32_t special[TOKENIZER_SPECIALS];
    bool double_sep;                    /* MPNet's pairs */
    struct tokenizer_added_list raw;    /* found in the text as it is */
    struct tokenizer_added_list normal; /* found in its normal form */
};

/* Give text to id; replaces what the id had. ERR_NOMEM, ERR_FORMAT (id too
 * large). */
int tokenizer_set_token(struct tokenizer *t, struct span text, uint32_t id,
                        struct err *err) MUST_CHECK;
/* Make an added token known to the search. The token's text is set already.
 * An empty one is left out. */
int tokenizer_add(struct tokenizer *t, uint32_t id, bool normalized,
                  bool single_word, struct err *err) MUST_CHECK;
/* Put the two lists in order: after the last tokenizer_add(). */
void tokenizer_sort_added(struct tokenizer *t);

#endif
