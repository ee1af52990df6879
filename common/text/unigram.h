/*
 * unigram.h - the most probable way to cut a word into pieces of a vocabulary,
 * each of which has a log probability. Kudo, "Subword regularization", 2018,
 * arXiv:1804.10959; as SentencePiece and the reference tokenizers do it.
 *
 * One walk from left to right keeps the best way to each character's end; of
 * equal ones the first found. A character that is no piece is unknown, at 10
 * below the worst score; unknowns in a row are one.
 */
#ifndef TEXT_UNIGRAM_H
#define TEXT_UNIGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/wordpiece.h"

struct unigram; /* read-only */

/*
 * piece[i] has id i and score[i] (copied; the pieces' bytes need not stay). Of
 * equal pieces the last counts. bytes: what is unknown becomes a piece a byte,
 * "<0x0A>", where there are such pieces. ERR_NOMEM, ERR_FULL; ERR_FORMAT: unk
 * is no piece.
 */
int unigram_new(struct unigram **out, const struct span *piece,
                const double *score, size_t n, size_t unk, bool bytes,
                struct err *err) MUST_CHECK;
void unigram_free(struct unigram *u); /* NULL is fine */
/* The id of a piece, or -1. */
int64_t unigram_find(const struct unigram *u, struct span piece);

/* Working memory of one thread, kept from word to word. */
struct unigram_room {
    struct unigram_step *step;
    size_t cap;
};
#define UNIGRAM_ROOM_INIT \
    { \
        NULL, 0 \
    }
void unigram_room_release(struct unigram_room *room);

/* Append the ids of a word, which is valid UTF-8. ERR_NOMEM; ERR_FULL: 2^31
 * bytes or more. */
int unigram_split(const struct unigram *u, struct span word,
                  struct unigram_room *room, struct wordpiece_out *out,
                  struct err *err) MUST_CHECK;

#endif
