/*
 * items.h - which sentences of the answers about an anchor are worth keeping.
 *
 * Two sentences are the same when they differ in case, width, spaces or
 * punctuation only (text/fold.h). All positives are looked at before any
 * negative, also those that are not kept: a negative that repeats a positive
 * would teach the opposite of what is true. What is new is checked
 * (llm/checks.h).
 */
#ifndef LLM_ITEMS_H
#define LLM_ITEMS_H

#include "llm/opinion.h"

enum { ITEMS_REJECTED = 2 * CHAT_ITEMS_MAX };

struct items {
    const struct chat_item *positive[CHAT_ITEMS_MAX]; /* into the answers */
    const struct chat_item *negative[CHAT_ITEMS_MAX];
    size_t positives, negatives;
    /* of the same places */
    struct checks_result positive_is[CHAT_ITEMS_MAX];
    struct checks_result negative_is[CHAT_ITEMS_MAX];
    /* put aside for people; the first are positives */
    const struct chat_item *aside[CHAT_ITEMS_MAX];
    struct checks_result aside_is[CHAT_ITEMS_MAX];
    size_t asides, aside_positives;
    /* what is not kept, with the reason; the first are positives */
    const struct chat_item *rejected[ITEMS_REJECTED];
    enum checks_fn because[ITEMS_REJECTED];
    size_t rejects, rejected_positives;
};

struct items_tally {
    size_t positives, negatives; /* kept */
    size_t as_anchor, twice, both_sides, too_long, extra;
};

struct items_from {
    const struct chat_answer *const *answer; /* in the order they came */
    size_t answers;
    struct span anchor;
    size_t positives, negatives; /* at most */
    /* of each answer's positives, then its negatives; NULL: none */
    const struct opinion *opinion;
    /* Does another anchor have it? It is taken for kept if not. NULL: no */
    int (*repeated)(void *ctx, bool *is, const struct facets *text,
                    struct err *err);
    void *ctx;
    const struct checks *checks;  /* NULL: equality only */
    struct checks_counts *counts; /* added to; or NULL */
};
int items_pick(struct items *out, struct items_tally *tally,
               const struct items_from *from, struct err *err) MUST_CHECK;

/* Of one answer, by equality only. */
int items_choose(struct items *out, struct items_tally *tally,
                 const struct chat_answer *a, struct span anchor,
                 size_t positives, size_t negatives,
                 struct err *err) MUST_CHECK;

#endif
