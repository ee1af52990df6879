/*
 * opinion.h - what models say of the sentences of some answers, for checks.h:
 * a sentence encoder's cosine and a cross-encoder's score, each towards the
 * anchor. The models are the caller's; this layer knows none. They are asked
 * about a window of anchors at a time, not sentence by sentence.
 */
#ifndef LLM_OPINION_H
#define LLM_OPINION_H

#include "llm/checks.h"

struct opinion {
    float cosine, cross; /* NaN: no such model */
    enum checks_vote judge;
};

/* Of the pairs text[a[i]], text[b[i]]: cosine[i] in [-1, 1], cross[i] in
 * [0, 1]; both come as NaN and may stay so. */
typedef int opinion_fn(void *ctx, float *cosine, float *cross,
                       const struct span *text, size_t texts, const uint32_t *a,
                       const uint32_t *b, size_t n, struct err *err);

struct opinions {
    opinion_fn *ask; /* NULL: nobody is asked */
    void *ctx;
    struct opinion *of; /* [n], by the numbers of opinions_add() */
    size_t n;
    /* private */
    struct span *text;
    uint32_t *a, *b;
    float *cosine, *cross;
    size_t texts, room;
    float *kept; /* cosine and cross of every sentence so far */
    size_t keeps, keep_room, next;
    bool keep, again;
};

/* Forget all sentences. */
void opinions_reset(struct opinions *o);
/* The positives, then the negatives of an answer, numbered from *first. Anchor
 * and answer must stay until opinions_ask(). ERR_NOMEM. */
int opinions_add(struct opinions *o, struct span anchor,
                 const struct chat_answer *a, size_t *first,
                 struct err *err) MUST_CHECK;
/* Keep what is said from here on (8 bytes a sentence)... */
void opinions_keep(struct opinions *o);
/* ... and from here on say it again, for the same sentences in the same order,
 * without asking. */
void opinions_again(struct opinions *o);
/* Fill of. Errors: those of ask. */
int opinions_ask(struct opinions *o, struct err *err) MUST_CHECK;
void opinions_release(struct opinions *o); /* {0} is fine */

#endif
