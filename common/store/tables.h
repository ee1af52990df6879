/*
 * tables.h - named tables of ordered records in one LMDB file: the only user
 * of lmdb.h, of which no type and no code leaves it. Knows neither kinds of
 * records nor checksums; those are store.h's.
 *
 * One writer or any number of readers, without LMDB's locks: the caller sees
 * to that. Writes collect in a transaction and, for replay, in memory; when
 * the map is full it is doubled and the batch put again, and callers never
 * see it. Keys that come in order are appended.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { TABLES_MAX = 8, TABLES_KEY_MAX = 64 /* bytes */ };
enum tables_mode {
    TABLES_READ,
    TABLES_WRITE,
    TABLES_SCRATCH, /* write, but to disk at tables_sync() only */
};

struct tables; /* one open file; one owner, one thread; never across fork */

/*
 * Open the n tables named; writers make what is missing. map: bytes the file
 * may have before it is grown. names must outlive *out.
 * Errors: ERR_NOTFOUND, ERR_FORMAT (not LMDB's, cut short), ERR_FULL, ERR_IO,
 * ERR_NOMEM.
 */
int tables_open(struct tables **out, const char *path, const char *const *names,
                size_t n, enum tables_mode mode, size_t map,
                struct err *err) MUST_CHECK;
/* Free without committing. NULL is fine. */
void tables_close(struct tables *m);

/* Append or overwrite: the value is head and body in a row. Commits by itself
 * every few thousand puts. */
int tables_put(struct tables *m, size_t table, struct blob key,
               struct blob head, struct blob body, struct err *err) MUST_CHECK;
/* What was put so far survives kill -9 (TABLES_SCRATCH: once synced). */
int tables_commit(struct tables *m, struct err *err) MUST_CHECK;
int tables_sync(struct tables *m, struct err *err) MUST_CHECK;

/* *value lives until the next put or commit. ERR_NOTFOUND. */
int tables_get(struct tables *m, size_t table, struct blob key,
               struct blob *value, struct err *err) MUST_CHECK;
int tables_count(struct tables *m, size_t table, uint64_t *n,
                 struct err *err) MUST_CHECK;

/* Walk a table in key order from `from` (empty: the first). Not to be mixed
 * with puts. */
struct tables_cursor;
int tables_cursor_open(struct tables_cursor **out, struct tables *m,
                       size_t table, struct blob from,
                       struct err *err) MUST_CHECK;
/* 0: a record, valid until the next call; 1: the end; < 0: error. */
int tables_cursor_next(struct tables_cursor *c, struct blob *key,
                       struct blob *value, struct err *err) MUST_CHECK;
void tables_cursor_close(struct tables_cursor *c); /* NULL is fine */

#endif
