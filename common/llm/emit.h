/*
 * emit.h - the records that the kept sentences of an anchor become: a pair
 * each (1: same meaning; 0, or the similarity that was asked for: look-alike)
 * with a note on where it comes from, and a triplet for every positive with all
 * the negatives.
 */
#ifndef LLM_EMIT_H
#define LLM_EMIT_H

#include "llm/brief.h"
#include "llm/items.h"
#include "store/records.h"

/* What the notes say; strings are borrowed. */
struct emit_source {
    const char *provider, *model;
    const char *template; /* hash */
    enum repair_how repair;
    const struct brief *brief; /* what was asked for; NULL: not known */
    int negatives;             /* ... so many of them */
};

int emit_items(struct writer *w, struct span anchor, const struct items *it,
               const struct emit_source *from, struct err *err) MUST_CHECK;

#endif
