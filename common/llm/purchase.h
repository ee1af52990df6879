/*
 * purchase.h - buy every answer that a list of anchors still needs.
 *
 * An answer is committed to the store before anything is made of it; anchors
 * whose answers are all there cost nothing.
 */
#ifndef LLM_PURCHASE_H
#define LLM_PURCHASE_H

#include "llm/dialogue.h"
#include "net/buyer.h"

struct purchase {
    const struct dialogue_plan *plan;
    const struct span *anchor; /* [n] distinct texts */
    uint32_t n;
    struct store *answers;
    const char *url, *key; /* key: NULL = none */
    size_t concurrency;
    bool (*stopped)(void); /* a signal came */
};

struct purchase_counts {
    struct buyer_counts net;
    size_t cached; /* anchors that needed nothing */
};

/* Errors: as buyer_run(). What came in before is kept. */
int purchase_run(const struct purchase *p, struct purchase_counts *n,
                 struct err *err) MUST_CHECK;

#endif
