/*
 * purchase.h - buy every answer that a list of anchors still needs.
 *
 * An answer is committed to the store, with its share of the ledger, before
 * anything is made of it; anchors whose answers are all there cost nothing.
 */
#ifndef LLM_PURCHASE_H
#define LLM_PURCHASE_H

#include "llm/anchors.h"
#include "llm/inquiry.h"
#include "llm/ledger.h"

struct purchase {
    struct inquiry *inquiry; /* its sources are open */
    const struct anchors *anchors;
    struct ledger *ledger;         /* as it is in the store of answers */
    struct budget_sum cap;         /* on all runs together; 0: none */
    double max_time_s, max_wait_s; /* as in net/buyer.h */
    bool retry_failed;
    bool offpeak;          /* wait for the cheaper hours */
    bool (*stopped)(void); /* a signal came */
};

struct purchase_counts {
    struct buyer_counts net;
    size_t cached; /* anchors that needed nothing */
    size_t failed; /* ... because they failed before */
    double seconds;
};

/* Errors: as buyer_run(). What came in before is kept. */
int purchase_run(const struct purchase *p, struct purchase_counts *n,
                 struct err *err) MUST_CHECK;

/* Most money (NaN: unknown price) and tokens that a request may take. One byte
 * of it is one token at most. */
void purchase_reserve(double *money, double *tokens, const struct price *p,
                      size_t bytes, double cap);

#endif
