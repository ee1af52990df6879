/*
 * waste.h - what became of the tokens that answers took, by source: into
 * sentences that were kept, into sentences that were not, into answers that
 * were cut off, refused or no JSON. An answer's share is split by its number of
 * sentences. What requests without an answer took is in the ledger.
 */
#ifndef LLM_WASTE_H
#define LLM_WASTE_H

#include "llm/dialogue.h"

enum { WASTE_ROWS = 32 };

struct waste_row {
    char source[160];
    struct dialogue_cost kept, dropped;         /* of usable answers */
    struct dialogue_cost other[CHAT_ERROR + 1]; /* of the rest, by status */
    double items_kept, items_dropped;
};

struct waste {
    struct waste_row row[WASTE_ROWS];
    size_t n;
};

/* A dialogue that ended; of the answer in use, so many sentences were kept. */
void waste_add(struct waste *w, const char *source, const struct dialogue *d,
               size_t kept, size_t items);
/* What a judge took for sentences that are written. */
void waste_add_judge(struct waste *w, const char *source,
                     const struct dialogue *d);
/* Sums over all sources. */
void waste_sum(const struct waste *w, struct dialogue_cost *all,
               double *items_kept);
struct json_node *waste_json(const struct waste *w);

#endif
