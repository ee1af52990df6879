/*
 * shortcut.h - the words that need no Unicode work: runs of ASCII letters and
 * digits, and characters that are a word on their own (punctuation, CJK
 * ideographs). That is nearly all of English and Chinese text. Each gets its
 * ids by one table look-up; whatever else occurs is left to the full way,
 * which the tables are filled from, so both give the same ids.
 */
#ifndef TEXT_SHORTCUT_H
#define TEXT_SHORTCUT_H

#include "base/err.h"
#include "text/tokenizer.h"
#include "text/wordpiece.h"

struct shortcut; /* read-only once made */

/* For a tokenizer that is loaded, has no shortcut yet, and no added tokens
 * that are found in the normal form (they may hold spaces). ERR_NOMEM. */
int shortcut_new(struct shortcut **out, const struct tokenizer *t,
                 struct err *err) MUST_CHECK;
void shortcut_free(struct shortcut *s); /* NULL is fine */

/* Take words from p on, p at the beginning of one. Returns where the first one
 * begins that needs the full way, or end. */
const char *shortcut_take(const struct shortcut *s, const struct tokenizer *t,
                          const char *p, const char *end,
                          struct wordpiece_out *out);

#endif
