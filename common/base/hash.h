/*
 * hash.h - xxHash64 for record checksums and table keys, SHA-256 for identity.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HASH_HEX = 65 }; /* 64 hex digits and NUL */

uint64_t hash64(const void *ptr, size_t len, uint64_t seed);

struct sha256; /* opaque */
int sha256_new(struct sha256 **out, struct err *err) MUST_CHECK;
void sha256_add(struct sha256 *h, const void *ptr, size_t len);
/* Finish and free; hex gets 64 lower-case digits and NUL. */
void sha256_finish(struct sha256 *h, char hex[HASH_HEX]);
void sha256_free(struct sha256 *h); /* abandon; NULL is fine */
/* One call for short data. */
int sha256_hex(char hex[HASH_HEX], const void *ptr, size_t len,
               struct err *err) MUST_CHECK;

#endif
