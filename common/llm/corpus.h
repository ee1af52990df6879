/*
 * corpus.h - the sentences that are kept of all anchors, in the order of the
 * anchors, whatever order their answers came in: which new one is nearly one
 * of them (text/minhash.h, over folded text), and how diverse they are.
 */
#ifndef LLM_CORPUS_H
#define LLM_CORPUS_H

#include "base/opt.h"
#include "llm/items.h"
#include "text/diversity.h"
#include "text/minhash.h"

struct corpus {
    struct minhash *near; /* NULL: repetitions may be */
    struct diversity *diversity;
    uint32_t group; /* of the anchor at hand; 0: earlier stores */
};

/* Texts of the stores in against count as kept before. likeness: Jaccard
 * similarity of character 3-grams from which a sentence repeats another; 0:
 * none does. */
int corpus_open(struct corpus *c, double likeness,
                const struct opt_list *against, struct err *err) MUST_CHECK;
void corpus_close(struct corpus *c); /* {0} is fine */
/* From here on another anchor's sentences come. */
void corpus_next(struct corpus *c);
/* Is it nearly one of another anchor? If not, it is one of the corpus. folded:
 * its form of text/fold.h; "" is never repeated. */
int corpus_look(struct corpus *c, bool *repeated, struct span folded,
                struct err *err) MUST_CHECK;
/* What is kept of an anchor: count it for the report. */
int corpus_count(struct corpus *c, const struct items *it,
                 struct err *err) MUST_CHECK;

/* The same of a store: of pairs and triplets the sentences written for each
 * anchor, else all texts; each distinct one once. (corpus_store.c) */
int corpus_measure(struct diversity_figures *f, const char *path,
                   struct err *err) MUST_CHECK;

#endif
