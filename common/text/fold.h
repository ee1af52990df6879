/*
 * fold.h - what two sentences must not share to count as different: their
 * letters and digits, with width and case folded, without spaces and
 * punctuation.
 */
#ifndef TEXT_FOLD_H
#define TEXT_FOLD_H

#include "base/buf.h"
#include "base/err.h"

/* Replace b's contents by the folded text. ERR_FORMAT: not UTF-8. */
int fold_text(struct buf *b, struct span text, struct err *err) MUST_CHECK;

#endif
