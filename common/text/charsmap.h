/*
 * charsmap.h - SentencePiece's "precompiled charsmap": characters and what
 * becomes of each, as its normaliser has them. NFKC with some white space and
 * control characters folded, in the published models.
 *
 * Format: bytes of a trie (u32, little endian), the trie, then all
 * replacements, each ended by a NUL. The trie is a double array of darts-clone
 * (units of 32 bits); a leaf's value is the offset of its replacement.
 *
 * Applied as the reference tokenizers 0.23 do, not as SentencePiece does: a
 * grapheme of less than 6 bytes is replaced as a whole by what its shortest
 * prefix in the trie stands for; if there is none, and in longer ones, each
 * character is looked up by itself.
 */
#ifndef TEXT_CHARSMAP_H
#define TEXT_CHARSMAP_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct charsmap; /* read-only */

/* From its bytes (copied), or from base64 of them. ERR_FORMAT: damaged, with
 * what is wrong; ERR_NOMEM. */
int charsmap_new(struct charsmap **out, struct blob bytes,
                 struct err *err) MUST_CHECK;
int charsmap_of_base64(struct charsmap **out, struct span text,
                       struct err *err) MUST_CHECK;
void charsmap_free(struct charsmap *m); /* NULL is fine */
/* Bytes of the longest replacement. */
size_t charsmap_longest(const struct charsmap *m);

/* Append the mapped text, which is valid UTF-8. ERR_NOMEM, ERR_FULL. */
int charsmap_apply(const struct charsmap *m, struct buf *out, struct span text,
                   struct err *err) MUST_CHECK;

#endif
