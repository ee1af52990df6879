/*
 * mend.h - one pass over almost-JSON that writes JSON.
 *
 * It knows whether it is inside a string, and there the text stays as it is;
 * outside it mends quotes (single, full-width), full-width punctuation, missing
 * and surplus commas, comments, unquoted keys, None/True/NaN, forgotten and
 * surplus brackets, and drops what is none of these. Inside strings: bad
 * escapes, halves of surrogate pairs, line ends, and quotes that nobody
 * escaped: such a quote ends the string only if what follows is how JSON goes
 * on. Linear time; no recursion.
 */
#ifndef NET_MEND_H
#define NET_MEND_H

#include "base/buf.h"

enum { MEND_DEPTH = 16 };

/* Append text with U+FFFD for bad bytes, blanks for control characters. */
int mend_clean(struct buf *b, const char *text, size_t len,
               struct err *err) MUST_CHECK;

/* Does { or [, also full-width, begin at p? */
bool mend_opens(const char *p, const char *end);

/*
 * Append to out the value that begins s (mend_opens()). s is clean
 * (mend_clean()) and followed by a NUL. *used is
 * how many bytes were read. *cut: the text ended too early, and out has what
 * was whole, which may be nothing. ERR_FORMAT: nested deeper than MEND_DEPTH.
 */
int mend_json(struct buf *out, struct span s, size_t *used, bool *cut,
              struct err *err) MUST_CHECK;

#endif
