/*
 * minhash.h - near-duplicates among millions of sentences: MinHash over
 * character n-grams, with locality-sensitive hashing in bands. Any script;
 * Chinese needs no word splitting.
 *
 * Broder, "On the resemblance and containment of documents", 1997; bands and
 * rows as in Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4.
 *
 * With 12 bands of 4 rows a text of Jaccard similarity s is found with
 * probability 1 - (1 - s^4)^12: 0.998 at 0.8, 0.96 at 0.7. What the bands
 * bring up is compared exactly, so nothing is called near that is not.
 * Memory: the text, and about 100 bytes, for each one that is kept.
 */
#ifndef TEXT_MINHASH_H
#define TEXT_MINHASH_H

#include "base/buf.h"
#include "base/err.h"

enum { MINHASH_BANDS = 12, MINHASH_ROWS = 4, MINHASH_GRAM = 3 };

struct minhash;

/* threshold: Jaccard similarity from which two texts are near, in (0, 1]. */
int minhash_new(struct minhash **out, double threshold,
                struct err *err) MUST_CHECK;
void minhash_free(struct minhash *m); /* NULL is fine */
/*
 * The number of an earlier text near this one, with the same digits in the same
 * order, or -1; then the text is kept
 * under the next number, from 0, together with group (the caller's). Texts of
 * the same group as this one are not looked at. text should be folded
 * (text/fold.h). ERR_NOMEM, ERR_FULL: 2^32 texts.
 */
int minhash_add(struct minhash *m, struct span text, uint32_t group,
                int64_t *near, struct err *err) MUST_CHECK;
uint32_t minhash_count(const struct minhash *m);

/* Exact: shared distinct n-grams over all distinct n-grams, of code points. A
 * text shorter than an n-gram is one. Two empty texts: 1. */
int minhash_jaccard(double *out, struct span a, struct span b,
                    struct err *err) MUST_CHECK;

#endif
