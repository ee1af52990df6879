/*
 * checkpoint.h - a file of named pieces of memory that is there whole or not at
 * all, for work that goes on where it stopped.
 *
 *   "SMCHECK1"                     8 bytes
 *   owner [64]                     what made it: a digest of inputs and options
 *   pieces: u32 tag, u64 length, bytes (padded to 8)
 *   tag 0, u64 8, xxHash64 of everything before this piece
 *
 * In the machine's own byte order: it never leaves the machine.
 */
#ifndef MODEL_CHECKPOINT_H
#define MODEL_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CHECKPOINT_OWNER = 64 };

/* ---- writing ---- */

struct checkpoint_writer; /* opaque */

/* Writes path.tmp. owner: 64 hex digits. ERR_IO, ERR_FULL, ERR_NOMEM. */
int checkpoint_create(struct checkpoint_writer **out, const char *path,
                      const char *owner, struct err *err) MUST_CHECK;
/* tag > 0; the same tag may come again, and is read in the same order. */
int checkpoint_put(struct checkpoint_writer *w, uint32_t tag, const void *ptr,
                   size_t len, struct err *err) MUST_CHECK;
/* fsync, and rename over path. Frees w in any case. */
int checkpoint_commit(struct checkpoint_writer *w, struct err *err) MUST_CHECK;
/* Remove path.tmp; NULL is fine. */
void checkpoint_abandon(struct checkpoint_writer *w);

/* ---- reading ---- */

struct checkpoint; /* opaque */

/*
 * The whole file is checked first. ERR_NOTFOUND: none; ERR_USAGE: of another
 * owner; ERR_FORMAT: damaged.
 */
int checkpoint_open(struct checkpoint **out, const char *path,
                    const char *owner, struct err *err) MUST_CHECK;
void checkpoint_close(struct checkpoint *c); /* NULL is fine */
/*
 * The next piece, which must have this tag: *ptr lives as long as c. With
 * len > 0 it must have that length. ERR_FORMAT.
 */
int checkpoint_get(struct checkpoint *c, uint32_t tag, const void **ptr,
                   size_t *got, size_t len, struct err *err) MUST_CHECK;
/* checkpoint_get() of len bytes, copied to `to`. */
int checkpoint_copy(struct checkpoint *c, uint32_t tag, void *to, size_t len,
                    struct err *err) MUST_CHECK;
/* The tag of the next piece; 0 at the end. */
uint32_t checkpoint_next(const struct checkpoint *c);

#endif
