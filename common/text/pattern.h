/*
 * pattern.h - regular expressions over UTF-8 text. The only user of PCRE2.
 *
 * Compiled with Unicode properties, so \w and \p{L} mean letters of every
 * script; \X is a grapheme. A match gives up after a fixed number of steps,
 * so a bad pattern costs an error, not a night. One pattern, one thread.
 */
#ifndef TEXT_PATTERN_H
#define TEXT_PATTERN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum pattern_flags {
    PATTERN_PLAIN = 0,
    PATTERN_CASELESS = 1,
    PATTERN_LITERAL = 2, /* no character is special */
    /* Compiled a second time for texts of ASCII, which are searched in half the
     * time. The expression must not have other characters with ?, * or {}
     * behind them, but for classes. */
    PATTERN_ASCII = 4,
};

struct pattern;

/* ERR_FORMAT names the offset in the expression. *out is the caller's. */
int pattern_new(struct pattern **out, const char *expression, unsigned flags,
                struct err *err) MUST_CHECK;
void pattern_free(struct pattern *p); /* NULL is fine */

/*
 * The first match at or after byte `from`: 0 and *found (part of text), or 1
 * and none. An empty match is found too. text is valid UTF-8 (ERR_FORMAT
 * otherwise), from lies between characters. ERR_FULL: too many steps.
 */
int pattern_find(struct pattern *p, struct span text, size_t from,
                 struct span *found, struct err *err) MUST_CHECK;
/* Capture group n of the last match; an empty span at NULL when it took no
 * part. */
struct span pattern_group(const struct pattern *p, unsigned n);

/*
 * Walk over all matches that are not empty: *at is where to search, 0 at
 * first; text stays the same. 0: *found is one; 1: no more.
 */
int pattern_each(struct pattern *p, struct span text, size_t *at,
                 struct span *found, struct err *err) MUST_CHECK;

#endif
