/*
 * words.h - the terms of a text for word-based search, any language: runs of
 * letters and digits, lower-cased, accents dropped; each CJK ideograph and
 * each pair of adjacent ones is a term of its own.
 */
#ifndef TEXT_WORDS_H
#define TEXT_WORDS_H

#include "base/buf.h"
#include "base/err.h"

/* Called with each term; a return below 0 stops the walk and is passed on. */
typedef int words_fn(void *ctx, struct span term, struct err *err);

/* Terms of more than 200 bytes are cut there. */
int words_each(struct span text, words_fn *fn, void *ctx,
               struct err *err) MUST_CHECK;

#endif
