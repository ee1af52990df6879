/*
 * word_align.h - which tokens of a sentence its translation's tokens come
 * from, learnt from nothing but pairs: model 1 of Brown, Della Pietra, Della
 * Pietra, Mercer, "The Mathematics of Statistical Machine Translation",
 * Computational Linguistics 19, 1993. Every target token comes from one source
 * token of its pair, or from none of them (the empty word).
 */
#ifndef MINE_WORD_ALIGN_H
#define MINE_WORD_ALIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WORD_ALIGN_NONE UINT32_MAX /* the empty word, as a source */

struct word_link {
    uint32_t target, source;
    float count; /* expected, over all pairs */
};

struct word_align {
    struct word_link *link; /* [n] by target, then source */
    size_t n;
    /* private: of the pairs so far */
    uint64_t *cell;   /* [cells] target << 32 | source */
    uint32_t *height; /* [columns] cells of a target occurrence */
    size_t cells, columns, cap_cells, cap_columns;
};
#define WORD_ALIGN_INIT \
    { \
        NULL, 0, NULL, NULL, 0, 0, 0, 0 \
    }

/* Add a pair of token ids. Sources that repeat count once. ERR_NOMEM; ERR_FULL
 * beyond 2^27 combinations of a target and a source occurrence (1 GiB). */
int word_align_add(struct word_align *a, const uint32_t *source, size_t ns,
                   const uint32_t *target, size_t nt,
                   struct err *err) MUST_CHECK;
/* `rounds` of expectation and maximisation over all pairs; fills link. 5 are
 * usual. ERR_NOMEM. */
int word_align_learn(struct word_align *a, int rounds,
                     struct err *err) MUST_CHECK;
void word_align_release(struct word_align *a);
/* The links of one target: *n of them from the one returned on. */
const struct word_link *word_align_of(const struct word_align *a,
                                      uint32_t target, size_t *n);

#endif
