/*
 * trailer.h - 32 bytes behind the last page of a finished store: magic, length
 * and xxHash64 of all bytes before it, xxHash64 of the trailer itself. LMDB
 * crashes on damaged bytes, so none may reach it.
 */
#ifndef STORE_TRAILER_H
#define STORE_TRAILER_H

#include "base/err.h"

enum { TRAILER_BYTES = 32 };

/* Append it and make the file durable. ERR_IO, ERR_FULL. */
int trailer_add(const char *path, struct err *err) MUST_CHECK;
/* Reads the whole file. ERR_NOTFOUND; ERR_FORMAT: no trailer, or bytes that
 * it does not describe. */
int trailer_check(const char *path, struct err *err) MUST_CHECK;

#endif
