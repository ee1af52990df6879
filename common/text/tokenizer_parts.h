/*
 * tokenizer_parts.h - what tokenizer.c (using), tokenizer_load.c and
 * tokenizer_vocab.c (making) share. Not for others.
 */
#ifndef TEXT_TOKENIZER_PARTS_H
#define TEXT_TOKENIZER_PARTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "text/added.h"
#include "text/normalise.h"
#include "text/shortcut.h"
#include "text/tokenizer.h"
#include "text/wordpiece.h"

enum { TOKENIZER_IDS = 1 << 21 }; /* twice the largest published vocabulary */

struct tokenizer {
    struct wordpiece *words;
    struct normalise_bert norm;
    size_t max_chars;   /* of a word; longer ones are unknown */
    struct span *token; /* by id; ptr is owned, NULL: nobody has the id */
    size_t n_tokens, cap_tokens;
    uint32_t special[TOKENIZER_SPECIALS];
    bool double_sep;           /* MPNet's pairs */
    struct added raw;          /* found in the text as it is */
    struct added normal;       /* found in its normal form */
    struct shortcut *shortcut; /* NULL: every word goes the full way */
};

/* Give a copy of text to an id that has none, or an empty one. ERR_FORMAT: id
 * too large. */
int tokenizer_set(struct tokenizer *t, struct span text, uint32_t id,
                  struct err *err) MUST_CHECK;
/* Fill token and words: from the "vocab" object of tokenizer.json, whose
 * prefix words has already; or from vocab.txt, a token a line. ERR_FORMAT
 * names the place. */
int tokenizer_take_vocab(struct tokenizer *t, const struct json *doc,
                         const struct json_node *vocab,
                         struct err *err) MUST_CHECK;
int tokenizer_take_lines(struct tokenizer *t, const char *path,
                         struct err *err) MUST_CHECK;

#endif
