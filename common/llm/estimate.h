/*
 * estimate.h - what is still to be bought, in requests, tokens and money,
 * before anything is sent. Prompt tokens are guessed from bytes, calibrated by
 * what was paid for before when there is any; an answer is taken for half as
 * long as it may be.
 */
#ifndef LLM_ESTIMATE_H
#define LLM_ESTIMATE_H

#include "llm/anchors.h"
#include "llm/inquiry.h"
#include "llm/ledger.h"

enum { ESTIMATE_SHOWN = 3 };

struct estimate {
    size_t anchors, answered, failed, requests;
    double in, out, out_most; /* tokens; likely, likely, at most */
    double money, money_most; /* NaN: a price is unknown */
    char currency[8];
    char unknown[160]; /* source whose price is unknown; "" */
};

/* inquiry->answers may be NULL: nothing is bought yet. shown gets
 * the first requests, ESTIMATE_SHOWN at most, a blank line after each. */
int estimate_run(struct estimate *e, const struct inquiry *q,
                 const struct anchors *a, struct ledger *l, bool retry,
                 struct buf *shown, struct err *err) MUST_CHECK;

#endif
