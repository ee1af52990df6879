/*
 * wordpiece.h - split a word into the longest pieces a vocabulary has, from
 * left to right. Wu et al., "Google's Neural Machine Translation System",
 * 2016, arXiv:1609.08144; as BERT uses it, 2018, arXiv:1810.04805.
 *
 * The vocabulary is a trie over bytes with two roots, one for the beginning
 * of a word and one for its continuation ("##" cut off), so the longest
 * match is one walk. Its edges are in a hash table: 8 bytes each.
 */
#ifndef TEXT_WORDPIECE_H
#define TEXT_WORDPIECE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { WORDPIECE_CHARS = 100, WORDPIECE_CHARS_MAX = 1000 };

struct wordpiece; /* read-only once all pieces are in */

/* Where ids go: the first cap are written, all are counted. */
struct wordpiece_out {
    uint32_t *ids;
    size_t cap, n;
    void (*see)(void *ctx, struct span word); /* tokenizer_each_word(); NULL */
    void *ctx;
};

/* prefix marks a piece that continues a word ("##"); copied. */
int wordpiece_new(struct wordpiece **out, const char *prefix,
                  struct err *err) MUST_CHECK;
void wordpiece_free(struct wordpiece *w); /* NULL is fine */
/* Add a piece with its prefix, if any; of equal ones the last counts. An
 * empty piece is never found. ERR_NOMEM; ERR_FULL beyond 2^24 trie nodes. */
int wordpiece_add(struct wordpiece *w, struct span piece, uint32_t id,
                  struct err *err) MUST_CHECK;
struct span wordpiece_prefix(const struct wordpiece *w);
/* The id of a whole piece as it was added, or -1. */
int64_t wordpiece_find(const struct wordpiece *w, struct span piece);
/* Append the word's ids; unk alone when some part of it has no piece. */
void wordpiece_split(const struct wordpiece *w, struct span word, uint32_t unk,
                     struct wordpiece_out *out);
/* Append one id. */
void wordpiece_put(struct wordpiece_out *out, uint32_t id);

#endif
