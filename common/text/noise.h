/*
 * noise.h - damaged sentences for denoising objectives: words deleted, masked
 * or put in another order. A word is a match of a pattern, so that any language
 * can say what its words are.
 *
 * Each word is chosen with probability ratio, independently; when all are, one
 * stays as it is, so of n words ratio - ratio^n / n are chosen on average.
 */
#ifndef TEXT_NOISE_H
#define TEXT_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "text/pattern.h"

/* Runs of letters and digits; a Chinese character or another ideograph is a
 * word of its own; so is a mark. */
#define NOISE_WORDS \
    "[\\p{Han}\\p{Hiragana}\\p{Katakana}]|" \
    "(?:(?![\\p{Han}\\p{Hiragana}\\p{Katakana}])[\\p{L}\\p{M}\\p{N}_])+|" \
    "[^\\s\\p{L}\\p{M}\\p{N}_]"

enum noise_kind { NOISE_DELETE, NOISE_MASK, NOISE_SHUFFLE };

struct noise_word {
    struct span span;
    bool chosen;
};

struct noise {
    enum noise_kind kind;
    double ratio; /* [0, 1] */
    struct pattern *words;
    /* of the last text */
    struct buf text;
    size_t *mask; /* [masks] bytes of text where a mask belongs */
    size_t masks;
    /* of all texts */
    uint64_t seen, chosen;   /* words */
    double expected;         /* words that chance should have chosen */
    struct noise_word *word; /* private, as what follows */
    size_t n, cap;
};

/* words: an expression; errors as pattern_new(). */
int noise_init(struct noise *x, enum noise_kind kind, double ratio,
               const char *words, struct err *err) MUST_CHECK;
void noise_release(struct noise *x);
/* x->text and x->mask from text, which is valid UTF-8. A text without words
 * stays as it is. */
int noise_make(struct noise *x, struct span text, struct rng *rng,
               struct err *err) MUST_CHECK;

#endif
