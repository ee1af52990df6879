/*
 * shard.h - one file of requests for a batch API, as the store of answers
 * remembers it: what is in it, and how far it got. The record is the proof:
 * it says "submitted" in the same transaction that holds the batch's id.
 */
#ifndef LLM_SHARD_H
#define LLM_SHARD_H

#include "store/store.h"

enum shard_state {
    SHARD_INTENT,    /* about to be uploaded; the endpoint may know it or not */
    SHARD_SUBMITTED, /* the endpoint has it, under the id in batch */
    SHARD_OVER,      /* its answers are in the store */
};

enum { SHARD_ID = 128 };

struct shard_ask {
    char id[96];          /* custom_id: "<hash>-<attempt>" */
    double bytes;         /* of the request */
    double money, tokens; /* reserved; money 0 when the price is unknown */
    bool done;            /* an answer of this batch was taken (not stored) */
};

struct shard {
    unsigned number;
    enum shard_state state;
    char token[40];                          /* metadata, file name */
    char file[SHARD_ID], batch[SHARD_ID];    /* ids; "" */
    char output[SHARD_ID], errors[SHARD_ID]; /* files; "": none */
    double merged;                           /* lines taken */
    bool tidy;                               /* files are deleted */
    struct shard_ask *ask;
    size_t asks;
};

/* How many there are. */
int shard_count(unsigned *n, struct store *answers, struct err *err) MUST_CHECK;
int shard_load(struct shard *s, struct store *answers, unsigned number,
               struct err *err) MUST_CHECK;
/* Put it; the caller commits. number == count makes it a new one. */
int shard_save(const struct shard *s, struct store *answers,
               struct err *err) MUST_CHECK;
int shard_add(struct shard *s, const struct shard_ask *a,
              struct err *err) MUST_CHECK;
/* Before shard_find(), after the last shard_add() and after shard_load(). */
void shard_sort(struct shard *s);
/* NULL: not in it. */
struct shard_ask *shard_find(const struct shard *s, const char *id);
void shard_release(struct shard *s); /* {0} is fine */

#endif
