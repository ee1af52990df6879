#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int arena_init(struct arena *a, size_t cap, struct err *err)
{
    *a = (struct arena)ARENA_INIT;
    if (cap > SIZE_MAX - ARENA_ALIGN)
        return ERR_SET(err, ERR_NOMEM, "arena of %zu bytes is too large", cap);
    cap = (cap + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    a->base = aligned_alloc(ARENA_ALIGN, cap ? cap : ARENA_ALIGN);
    if (!a->base)
        return ERR_SET(err, ERR_NOMEM, "cannot reserve %zu bytes", cap);
    a->cap = cap;
    return 0;
}

void arena_release(struct arena *a)
{
    free(a->base);
    *a = (struct arena)ARENA_INIT;
}

void arena_reset(struct arena *a)
{
    a->used = 0;
}

int arena_reserve(struct arena *a, size_t cap, struct err *err)
{
    assert(a->used == 0);
    if (cap <= a->cap)
        return 0;
    arena_release(a);
    return arena_init(a, cap, err);
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(count, size, &bytes) ||
        bytes > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (bytes > a->cap - a->used)
        return NULL;
    p = a->base + a->used;
    a->used += bytes;
    if (a->used > a->peak)
        a->peak = a->used;
    return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    void *p = arena_alloc(a, count, size);

    return p ? memset(p, 0, count * size) : NULL;
}
