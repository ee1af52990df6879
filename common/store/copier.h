/*
 * copier.h - carry texts with their attributes, and notes, from a finished
 * store into another that is being written.
 */
#ifndef STORE_COPIER_H
#define STORE_COPIER_H

#include "store/records.h"

struct copier {
    struct store *from; /* borrowed */
    struct writer *to;  /* borrowed */
    struct texts texts; /* of from */
    uint32_t *map;      /* [texts.n] place in `to`; UINT32_MAX: not yet */
    bool notes;         /* from has some */
};
/* On failure *c is empty. */
int copier_open(struct copier *c, struct store *from, struct writer *to,
                struct err *err) MUST_CHECK;
void copier_release(struct copier *c); /* safe on an empty one */
/* *place is the text's ordinal in `to`. */
int copier_text(struct copier *c, uint32_t ordinal, uint32_t *place,
                struct err *err) MUST_CHECK;
/* The note of record `ordinal` becomes that of record `place`. */
int copier_note(struct copier *c, enum store_table t, uint64_t ordinal,
                uint64_t place, struct err *err) MUST_CHECK;

#endif
