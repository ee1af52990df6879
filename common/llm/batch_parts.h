/* batch_parts.h - private to batch*.c. */
#ifndef LLM_BATCH_PARTS_H
#define LLM_BATCH_PARTS_H

#include "llm/batch.h"
#include "llm/shard.h"
#include "net/exchange.h"

enum { BATCH_OPEN = 32 }; /* batches under way */

/* Ids of requests, by their hash. */
struct batch_mark {
    uint64_t hash; /* 0: free */
    unsigned tries;
    bool pending; /* in a batch under way */
};

struct batch_limits {
    const char *path, *files, *url, *window;
    double lines, bytes, tokens, poll_s;
};

struct batch {
    const struct purchase *job;
    struct purchase_counts *n;
    struct source *source;
    struct exchange net;
    struct batch_limits limit;
    struct shard open[BATCH_OPEN];
    size_t opens;
    unsigned shards; /* in the store */
    struct batch_mark *mark;
    size_t marks, room;
    uint32_t at;  /* anchors looked at in this round */
    bool first;   /* round: what failed before may be asked again */
    size_t asked; /* in this round */
    struct budget budget;
    double began;
    struct err why; /* to end with, when all that is under way is in */
};

struct store *batch_store(const struct batch *b);
int batch_mark(struct batch_mark **m, struct batch *b, const char *id,
               struct err *err) MUST_CHECK;
/* Save and commit. */
int batch_keep(struct batch *b, const struct shard *s,
               struct err *err) MUST_CHECK;
int batch_wait(struct batch *b, double seconds, struct err *err) MUST_CHECK;

/* ---- batch_send.c ---- */

/* Fill s with new requests and lines with their file; s->asks 0: none. */
int batch_gather(struct batch *b, struct shard *s, struct buf *lines,
                 struct err *err) MUST_CHECK;
/* Upload, create, and remember. */
int batch_submit(struct batch *b, struct shard *s, const struct buf *lines,
                 struct err *err) MUST_CHECK;
/* An intent of a run that ended: is it known to the endpoint? 0: yes, and it
 * is submitted now; 1: no, forget it. */
int batch_recover(struct batch *b, struct shard *s, struct err *err) MUST_CHECK;

/* Never submitted: its requests are free again, its file goes. */
int batch_abandon(struct batch *b, struct shard *s, struct err *err) MUST_CHECK;

/* ---- batch_merge.c ---- */

/* Its answers into the store, its files away. */
int batch_merge(struct batch *b, struct shard *s, struct err *err) MUST_CHECK;

#endif
