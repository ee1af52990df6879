#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { BLOCK = 1 << 20 };

struct intern_block {
    struct intern_block *next;
    size_t used, cap;
    char bytes[];
};

static char *keep_bytes(struct intern *t, struct span s)
{
    struct intern_block *b = t->block;
    char *p;

    if (!b || b->cap - b->used < s.len) {
        size_t cap = s.len > BLOCK ? s.len : BLOCK;

        b = malloc(sizeof(*b) + cap);
        if (!b)
            return NULL;
        *b = (struct intern_block){ t->block, 0, cap };
        t->block = b;
    }
    p = b->bytes + b->used;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    b->used += s.len;
    return p;
}

/* The slot of s, or the empty one where it belongs. */
static size_t find_slot(const struct intern *t, struct span s, uint64_t h)
{
    size_t i = h & (t->slots - 1);

    while (t->slot[i]) {
        uint32_t o = t->slot[i] - 1;

        if (t->hash[o] == h && t->text[o].len == s.len &&
            memcmp(t->text[o].ptr, s.ptr, s.len) == 0)
            break;
        i = (i + 1) & (t->slots - 1);
    }
    return i;
}

static int make_room(struct intern *t, struct err *err)
{
    size_t cap = t->cap ? 2 * t->cap : 1024;
    uint32_t *slot;
    void *text, *hash;

    if (t->n < t->cap)
        return 0;
    slot = calloc(2 * cap, sizeof(*slot));
    text = realloc(t->text, cap * sizeof(*t->text));
    if (text)
        t->text = text;
    hash = realloc(t->hash, cap * sizeof(*t->hash));
    if (hash)
        t->hash = hash;
    if (!slot || !text || !hash) {
        free(slot);
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu texts", cap);
    }
    free(t->slot);
    t->slot = slot;
    t->slots = 2 * cap;
    t->cap = cap;
    for (uint32_t o = 0; o < t->n; o++) {
        size_t i = t->hash[o] & (t->slots - 1);

        while (t->slot[i])
            i = (i + 1) & (t->slots - 1);
        t->slot[i] = o + 1;
    }
    return 0;
}

int intern_add(struct intern *t, struct span s, uint32_t *number, bool *added,
               struct err *err)
{
    uint64_t h = hash64(s.ptr, s.len, 0);
    int rc = make_room(t, err);
    size_t i;
    char *p;

    if (rc < 0)
        return rc;
    i = find_slot(t, s, h);
    *added = t->slot[i] == 0;
    if (*added) {
        p = keep_bytes(t, s);
        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %u texts", t->n);
        t->text[t->n] = (struct span){ p, s.len };
        t->hash[t->n] = h;
        t->slot[i] = ++t->n;
    }
    *number = t->slot[i] - 1;
    return 0;
}

int64_t intern_find(const struct intern *t, struct span s)
{
    size_t i;

    if (t->n == 0)
        return -1;
    i = find_slot(t, s, hash64(s.ptr, s.len, 0));
    return (int64_t)t->slot[i] - 1;
}

void intern_release(struct intern *t)
{
    while (t->block) {
        struct intern_block *next = t->block->next;

        free(t->block);
        t->block = next;
    }
    free(t->text);
    free(t->hash);
    free(t->slot);
    *t = (struct intern)INTERN_INIT;
}
