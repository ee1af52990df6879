/*
 * top_up.h - an answer has fewer usable items than were asked for: what is
 * missing is asked for once more, by a request that shows what is kept, and
 * the new items join the old. Judged by what an anchor and its answers tell
 * (llm/items.h without the corpus and without models), so it is a function of
 * the stored answers. What checks put aside for people is not missing.
 */
#ifndef LLM_TOP_UP_H
#define LLM_TOP_UP_H

#include "llm/dialogue.h"

struct top_up {
    int positives, negatives; /* missing */
    struct buf kept;          /* JSON on the prompt's pattern */
};
#define TOP_UP_INIT \
    { \
        0, 0, BUF_INIT(4 << 20) \
    }

/* Does the plan ask for what is missing at all? */
bool top_up_may(const struct dialogue_plan *p);
/* What is missing of an answer? With t->kept's buffer released by the caller;
 * kept is made only if something is. */
int top_up_look(struct top_up *t, const struct dialogue_plan *p,
                struct span anchor, const struct chat_answer *a,
                struct err *err) MUST_CHECK;
/* Move the items of *from behind those of *to, and what they live in to *doc.
 * False: it has none. */
bool top_up_join(struct chat_answer *to, struct chat_answer *from,
                 struct json **doc);

#endif
