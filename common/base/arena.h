/*
 * arena.h - bump allocator: allocate many, free once.
 *
 * Lifetimes here are nested (process > step > record), so each level owns one
 * arena and nothing inside it is freed alone. One arena per thread.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"

#define ARENA_ALIGN 64 /* one cache line; enough for AVX-512 loads */

struct arena {
    char *base;
    size_t used, cap, peak; /* bytes */
};
#define ARENA_INIT \
    { \
        NULL, 0, 0, 0 \
    }

/* Reserve cap bytes. On failure: ERR_NOMEM, *a is left empty. */
int arena_init(struct arena *a, size_t cap, struct err *err) MUST_CHECK;
/* Give all memory back. Safe on an empty arena. */
void arena_release(struct arena *a);
/* Forget every allocation, keep the memory. Pointers handed out are dead. */
void arena_reset(struct arena *a);
/* Make room for cap bytes; may only be called when nothing is allocated. */
int arena_reserve(struct arena *a, size_t cap, struct err *err) MUST_CHECK;
/* count*size bytes, ARENA_ALIGN-aligned, owned by the arena; alloc leaves
 * them as they are, calloc zeroes them. NULL when full or on overflow. */
void *arena_alloc(struct arena *a, size_t count, size_t size) MUST_CHECK;
void *arena_calloc(struct arena *a, size_t count, size_t size) MUST_CHECK;

#endif
