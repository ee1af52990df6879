#include "store/tupleset.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static size_t find(const struct tupleset *s, const uint32_t *v, size_t n)
{
    size_t i = hash64(v, n * sizeof(*v), 0) & (s->slots - 1);

    for (; s->slot[i]; i = (i + 1) & (s->slots - 1)) {
        size_t k = s->slot[i] - 1, len = s->begin[k + 1] - s->begin[k];

        if (len == n && memcmp(s->pool + s->begin[k], v, n * sizeof(*v)) == 0)
            break;
    }
    return i;
}

static int grow_table(struct tupleset *s, struct err *err)
{
    size_t cap = s->cap ? 2 * s->cap : 1024;
    size_t *begin = realloc(s->begin, (cap + 1) * sizeof(*begin));
    size_t *slot = calloc(2 * cap, sizeof(*slot));

    if (begin)
        s->begin = begin;
    if (!begin || !slot) {
        free(slot);
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu tuples", cap);
    }
    free(s->slot);
    s->slot = slot;
    s->slots = 2 * cap;
    s->cap = cap;
    s->begin[s->n] = s->used;
    for (size_t k = 0; k < s->n; k++)
        s->slot[find(s, s->pool + s->begin[k], s->begin[k + 1] - s->begin[k])] =
            k + 1;
    return 0;
}

static int grow_pool(struct tupleset *s, size_t n, struct err *err)
{
    size_t room = 2 * (s->used + n) + 1024;
    uint32_t *pool;

    if (s->room - s->used >= n)
        return 0;
    pool = realloc(s->pool, room * sizeof(*pool));
    if (!pool)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu numbers", room);
    s->pool = pool;
    s->room = room;
    return 0;
}

int tupleset_add(struct tupleset *s, const uint32_t *v, size_t n, size_t *index,
                 bool *added, struct err *err)
{
    int rc = s->n == s->cap ? grow_table(s, err) : 0;
    size_t i;

    if (rc == 0)
        rc = grow_pool(s, n, err);
    if (rc < 0)
        return rc;
    i = find(s, v, n);
    *added = s->slot[i] == 0;
    if (*added) {
        memcpy(s->pool + s->used, v, n * sizeof(*v));
        s->used += n;
        s->n++;
        s->begin[s->n] = s->used;
        s->slot[i] = s->n;
    }
    *index = s->slot[i] - 1;
    return 0;
}

void tupleset_release(struct tupleset *s)
{
    free(s->pool);
    free(s->begin);
    free(s->slot);
    memset(s, 0, sizeof(*s));
}
