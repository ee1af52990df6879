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
#include "text/bpe.h"
#include "text/metaspace.h"
#include "text/normalise.h"
#include "text/rewrite.h"
#include "text/shortcut.h"
#include "text/tokenizer.h"
#include "text/unigram.h"
#include "text/wordpiece.h"

enum { TOKENIZER_IDS = 1 << 21 }; /* twice the largest published vocabulary */

struct unigram_parts {
    struct unigram *model;
    size_t pieces;
    struct rewrite rewrite;
    struct metaspace space;
    struct added added; /* found in the normal form */
    struct span *form;  /* their normal forms; ptr is owned */
    size_t forms;
};

struct tokenizer {
    struct wordpiece *words;       /* or */
    struct bpe *bpe;               /* or */
    struct unigram_parts *unigram; /* the others are NULL */
    bool space_first;              /* BPE: a text begins with a space */
    struct normalise_bert norm;
    size_t max_chars;   /* of a word; longer ones are unknown */
    struct span *token; /* by id; ptr is owned, NULL: nobody has the id */
    size_t n_tokens, cap_tokens;
    uint32_t special[TOKENIZER_SPECIALS];
    bool double_sep;           /* pairs of RoBERTa and MPNet */
    bool one_segment;          /* the second text's is 0 as well */
    struct added raw;          /* found in the text as it is */
    struct added normal;       /* found in its normal form */
    struct shortcut *shortcut; /* NULL: every word goes the full way */
};

/* The folder's files while loading; documents may be NULL. */
struct tokenizer_source {
    const char *folder;
    struct json *tokenizer; /* tokenizer.json */
    struct json *config;    /* tokenizer_config.json */
    struct json *map;       /* special_tokens_map.json */
    struct json *added;     /* added_tokens.json */
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
/* The id of a token of the vocabulary, or -1. */
int64_t tokenizer_find_piece(const struct tokenizer *t, struct span token);

/* Fill token and bpe: from a tokenizer.json whose model is BPE; or from
 * vocab.json and merges.txt in folder. ERR_FORMAT names the place. */
int tokenizer_take_bpe(struct tokenizer *t, const struct json *doc,
                       struct err *err) MUST_CHECK;
int tokenizer_take_merges(struct tokenizer *t, const char *folder,
                          struct err *err) MUST_CHECK;
/* A text without added tokens, by BPE. */
void tokenizer_encode_bpe(const struct tokenizer *t, struct span text,
                          struct wordpiece_out *out);
/* Fill token and unigram from a tokenizer.json whose model is Unigram; config
 * is tokenizer_config.json, or NULL. ERR_FORMAT names the place. */
int tokenizer_take_unigram(struct tokenizer *t, const struct json *doc,
                           const struct json *config,
                           struct err *err) MUST_CHECK;
/* A token that has its text already is to be found in normal forms. */
int tokenizer_add_normal(struct tokenizer *t, uint32_t id, bool single_word,
                         struct err *err) MUST_CHECK;
void tokenizer_free_unigram(struct unigram_parts *u); /* NULL is fine */
/* A text without raw added tokens, by Unigram; first: it begins the whole. */
void tokenizer_encode_unigram(const struct tokenizer *t, struct span text,
                              bool first, struct wordpiece_out *out);
/* Call fn with each part of text between added tokens, and put their ids
 * between. A return below 0 stops it and is passed on. */
typedef int tokenizer_part_fn(void *ctx, struct span part, struct err *err);
int tokenizer_each_part(const struct added *added, struct span text,
                        tokenizer_part_fn *fn, void *ctx,
                        struct wordpiece_out *out, struct err *err) MUST_CHECK;
/* A token that has its text already is to be found in texts: in their normal
 * form, or in the texts as they are. */
int tokenizer_put_added(struct tokenizer *t, uint32_t id, bool normalized,
                        bool single_word, struct err *err) MUST_CHECK;
/* The rows of tokenizer.json; or those of tokenizer_config.json; then those of
 * added_tokens.json, the older form: text -> id. */
int tokenizer_take_added(struct tokenizer *t,
                         const struct tokenizer_source *src,
                         struct err *err) MUST_CHECK;
/* A part of doc must be of that type; ERR_FORMAT names what it is. */
int tokenizer_need_type(const struct json *doc, const char *part,
                        const char *type, struct err *err) MUST_CHECK;
/* A token id of a vocabulary; ERR_FORMAT: out of range, or taken. */
int tokenizer_need_id(uint32_t *id, const struct tokenizer *t,
                      const struct json *doc, const struct json_node *n,
                      struct err *err) MUST_CHECK;

#endif
