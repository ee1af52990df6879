/*
 * items.h - which sentences of an answer are worth keeping.
 *
 * Two sentences are the same when they differ in case, width, spaces or
 * punctuation only (text/fold.h). Positives are taken first: a negative that
 * repeats one of them would teach the opposite of what is true.
 */
#ifndef LLM_ITEMS_H
#define LLM_ITEMS_H

#include "net/chat.h"

struct items {
    const struct chat_item *positive[CHAT_ITEMS_MAX]; /* into the answer */
    const struct chat_item *negative[CHAT_ITEMS_MAX];
    size_t positives, negatives;
};

struct items_tally {
    size_t positives, negatives; /* kept */
    size_t as_anchor, twice, both_sides, too_long, extra;
};

/* At most `positives` and `negatives` of an answer about an anchor. */
int items_choose(struct items *out, struct items_tally *tally,
                 const struct chat_answer *a, struct span anchor,
                 size_t positives, size_t negatives,
                 struct err *err) MUST_CHECK;

#endif
