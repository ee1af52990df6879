#include "mine/pairset.h"

#include <assert.h>
#include <stdlib.h>

#include "base/rng.h"

/* Never 0, since a < b makes the low half at least 1. */
static uint64_t key_of(uint32_t a, uint32_t b)
{
    return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

static size_t place(const struct pairset *s, uint64_t key)
{
    size_t i = rng_at(0, key) & (s->cap - 1);

    while (s->slot[i] != 0 && s->slot[i] != key)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static int grow(struct pairset *s, struct err *err)
{
    struct pairset big = { NULL, s->n, s->cap ? 2 * s->cap : 1024 };

    big.slot = calloc(big.cap, sizeof(*big.slot));
    if (!big.slot)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu pairs", big.cap);
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i])
            big.slot[place(&big, s->slot[i])] = s->slot[i];
    free(s->slot);
    *s = big;
    return 0;
}

void pairset_release(struct pairset *s)
{
    free(s->slot);
    *s = (struct pairset)PAIRSET_INIT;
}

int pairset_add(struct pairset *s, uint32_t a, uint32_t b, bool *added,
                struct err *err)
{
    size_t i;
    int rc = 0;

    assert(a != b);
    if (s->n >= s->cap / 2)
        rc = grow(s, err);
    if (rc < 0)
        return rc;
    i = place(s, key_of(a, b));
    *added = s->slot[i] == 0;
    if (*added) {
        s->slot[i] = key_of(a, b);
        s->n++;
    }
    return 0;
}

bool pairset_has(const struct pairset *s, uint32_t a, uint32_t b)
{
    return s->cap && s->slot[place(s, key_of(a, b))] != 0;
}
