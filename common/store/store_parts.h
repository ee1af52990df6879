/*
 * store_parts.h - what store.c and store_meta.c lend each other, and finish.c:
 * a file of LMDB's that is not yet a finished store. Nobody else includes this
 * but their test.
 */
#ifndef STORE_STORE_PARTS_H
#define STORE_STORE_PARTS_H

#include "store/store.h"

enum { STORE_KIND = 32 /* bytes of a kind's name */ };
extern const char *const store_table_name[STORE_TABLES];

/* A new, empty file, written without locks and without a sync at each commit;
 * map is its size in bytes and is not expected to grow. */
int store_open_scratch(struct store **out, const char *path, size_t map,
                       struct err *err) MUST_CHECK;
/* meta: the kind of a store whose schema this program knows, else ERR_FORMAT;
 * both are written. */
int store_read_kind(struct store *s, char kind[STORE_KIND],
                    struct err *err) MUST_CHECK;
int store_write_kind(struct store *s, const char *kind,
                     struct err *err) MUST_CHECK;
/* Write kind and schema, and commit. */
int store_set_kind(struct store *s, const char *kind,
                   struct err *err) MUST_CHECK;
/* Force what was committed to the disk. */
int store_sync(struct store *s, struct err *err) MUST_CHECK;

#endif
