/*
 * store.h - one file of texts and one kind of record over them, on the tables
 * of tables.h (LMDB).
 *
 * Every value on disk is  u64 xxHash64(key, payload; seed = table) | payload.
 * Keys of texts are u32 and of pairs, triplets, vectors u32/u64 big-endian
 * ordinals, so writes append. A writer collects a batch, commits it, and on
 * MDB_MAP_FULL grows the map and replays the batch: callers never see it.
 *
 * Life of a store: store_create(NAME.lmdb.part) -> puts, commits ->
 * store_finish() writes NAME.lmdb by one canonical pass (fixed table order,
 * fixed commit batch, map size computed from the contents) with the receipt
 * in the last transaction, syncs, renames, syncs the folder and removes the
 * .part. So the same records give the same bytes, whatever happened before.
 * A finished store never changes: it is read without locks. A 32-byte trailer
 * behind LMDB's last page holds the length and xxHash64 of all bytes before
 * it; every open checks it, so damaged bytes never reach LMDB, which would
 * crash on them.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum { STORE_SCHEMA_MAJOR = 1, STORE_SCHEMA_MINOR = 0 };

/* Tables in their canonical order; META is outside the digest. */
enum store_table {
    STORE_TEXTS,
    STORE_PAIRS,
    STORE_TRIPLETS,
    STORE_VECTORS,
    STORE_NOTES,
    STORE_META,
    STORE_TABLES
};

struct store; /* one open file; one owner, one thread; never across fork */

/*
 * Create or continue path (a name ending in .part). *resumed tells whether
 * records of an earlier, interrupted run are in it. kind is "texts", "pairs",
 * "triplets" or "vectors" (what the store is about); it is written to meta.
 * A .part of another kind or schema is ERR_USAGE.
 * Errors: ERR_IO, ERR_FULL, ERR_NOMEM, ERR_FORMAT (not a store), ERR_AGAIN
 * (another process writes it), ERR_CONFIG (network file system).
 */
int store_create(struct store **out, const char *path, const char *kind,
                 bool *resumed, struct err *err) MUST_CHECK;
/* Open a finished store for reading. ERR_NOTFOUND; ERR_FORMAT: not a store,
 * no receipt (unfinished), newer major schema (named). */
int store_open(struct store **out, const char *path,
               struct err *err) MUST_CHECK;
/* Free without committing. NULL is fine. */
void store_close(struct store *s);
const char *store_path(const struct store *s);
const char *store_kind(const struct store *s);

/* Records in a table. */
int store_count(struct store *s, enum store_table t, uint64_t *n,
                struct err *err) MUST_CHECK;
/* Append or overwrite. Commits by itself every few thousand puts. */
int store_put(struct store *s, enum store_table t, struct blob key,
              struct blob payload, struct err *err) MUST_CHECK;
/* Commit what was put so far: after success it survives kill -9. */
int store_commit(struct store *s, struct err *err) MUST_CHECK;
/* Payload lives until the next call on s that is not a get or a cursor step.
 * ERR_NOTFOUND; ERR_FORMAT when the checksum does not match. */
int store_get(struct store *s, enum store_table t, struct blob key,
              struct blob *payload, struct err *err) MUST_CHECK;
/* Named values of meta; JSON texts. */
int store_put_meta(struct store *s, const char *name, struct blob payload,
                   struct err *err) MUST_CHECK;
int store_get_meta(struct store *s, const char *name, struct blob *payload,
                   struct err *err) MUST_CHECK;

/* Walk a table in key order, from `from` (NULL ptr: the first). Not to be
 * mixed with puts on the same store. */
struct store_cursor;
int store_cursor_open(struct store_cursor **out, struct store *s,
                      enum store_table t, struct blob from,
                      struct err *err) MUST_CHECK;
/* 0: a record, valid until the next call; 1: the end; < 0: error. */
int store_cursor_next(struct store_cursor *c, struct blob *key,
                      struct blob *payload, struct err *err) MUST_CHECK;
void store_cursor_close(struct store_cursor *c); /* NULL is fine */

/* SHA-256 over (table u8, key length u32, payload length u32, key, payload)
 * of every record in canonical order, meta excluded: the store's identity.
 * Verifies every checksum on the way. */
int store_digest(struct store *s, char hex[65], struct err *err) MUST_CHECK;

/*
 * The canonical pass. receipt (an object) gets "digest" and "counts" added
 * and is written as meta "receipt". path is the final name. Frees s in any
 * case; on failure the .part file stays.
 */
int store_finish(struct store *s, const char *path, struct json_node *receipt,
                 struct err *err) MUST_CHECK;
/* The receipt of a finished store: parse it with json_parse's rules; the
 * caller frees *doc. ERR_NOTFOUND when path is absent. */
int store_receipt(struct json **doc, const char *path,
                  struct err *err) MUST_CHECK;

/*
 * Check everything: trailer, structure, each checksum, ordinals without holes,
 * references inside range, digest against the receipt. ERR_FORMAT says what is
 * wrong.
 */
int store_verify(const char *path, struct err *err) MUST_CHECK;

#endif
