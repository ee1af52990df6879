/*
 * inquiry.h - what is known about an anchor, from all sources and samples, and
 * what to ask next. A function of the stored answers alone, like a dialogue.
 *
 * An answer that any source gave is used; only without one is a source asked.
 * What failed (refused, no JSON, no answer four times) stays failed until a
 * retry is asked for: then the next sample is, another question that leaves the
 * failed one stored. An answer with something missing goes on, unless its
 * source takes nothing or gave no answer to that.
 */
#ifndef LLM_INQUIRY_H
#define LLM_INQUIRY_H

#include "llm/dialogue.h"
#include "llm/source.h"

struct inquiry {
    struct sources *sources;
    const struct dialogue_plan *plan; /* what is the same for all sources */
    struct store *answers;
    unsigned sample; /* the first one that counts */
    bool settled;    /* what is there is used, complete or not */
};

enum inquiry_state {
    INQUIRY_CLOSED,  /* to ask, but its source takes nothing */
    INQUIRY_FRESH,   /* nothing is stored: dialogue is the request */
    INQUIRY_FAILED,  /* reason says why */
    INQUIRY_GOES_ON, /* some answers are there: dialogue is the next request */
    INQUIRY_USE,     /* dialogue has the items */
};

struct finding {
    enum inquiry_state state;
    size_t source;
    unsigned sample;
    struct dialogue dialogue;
    char reason[600];
};

/* The plan with what the source adds. */
void inquiry_plan(struct dialogue_plan *out, const struct inquiry *q,
                  size_t source, unsigned sample);
/* open[source]: takes requests; NULL: all do. retry: what failed is asked
 * again. */
int inquiry_find(struct finding *f, const struct inquiry *q, struct span anchor,
                 const bool *open, bool retry, struct err *err) MUST_CHECK;
void finding_release(struct finding *f);

#endif
