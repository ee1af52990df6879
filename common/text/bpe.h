/*
 * bpe.h - byte-level byte-pair encoding: a word's bytes, merged pair by pair
 * in the order of a list of merges. Sennrich et al., 2016, arXiv:1508.07909;
 * over bytes as GPT-2 (Radford et al., 2019) and RoBERTa have it.
 *
 * Tokens are written in GPT-2's alphabet, which has a printable character for
 * every byte ("Ġ" for a space). Words are given as plain bytes.
 */
#ifndef TEXT_BPE_H
#define TEXT_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/wordpiece.h"

/* Bytes of a word; what is longer is cut there into several. */
enum { BPE_WORD = 8192 };

struct bpe; /* read-only after bpe_finish() */

int bpe_new(struct bpe **out, struct err *err) MUST_CHECK;
void bpe_free(struct bpe *b); /* NULL is fine */
/* A token of the vocabulary; of equal ones the last counts. ERR_NOMEM. */
int bpe_add(struct bpe *b, struct span token, uint32_t id,
            struct err *err) MUST_CHECK;
/* The next merge, after all tokens. ERR_FORMAT: left, right or both together
 * are no token. */
int bpe_merge(struct bpe *b, struct span left, struct span right,
              struct err *err) MUST_CHECK;
/* After the last merge. unk: id of a byte without token, or -1: dropped.
 * whole: a word that is a token is never taken apart ("ignore_merges"). */
int bpe_finish(struct bpe *b, int64_t unk, bool whole,
               struct err *err) MUST_CHECK;
/* The id of a token as it was added, or -1. */
int64_t bpe_find(const struct bpe *b, struct span token);

/* Append the ids of a word of at most BPE_WORD bytes. */
void bpe_split(const struct bpe *b, struct span word,
               struct wordpiece_out *out);

#endif
