#include "llm/anchors.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void anchors_close(struct anchors *a)
{
    store_close(a->in);
    free(a->ordinal);
    memset(a, 0, sizeof(*a));
}

static int read_text(const struct anchors *a, uint32_t ordinal,
                     struct span *text, struct err *err)
{
    uint8_t key[4] = { (uint8_t)(ordinal >> 24), (uint8_t)(ordinal >> 16),
                       (uint8_t)(ordinal >> 8), (uint8_t)ordinal };
    struct span attr;
    struct blob b;
    int rc = store_get(a->in, STORE_TEXTS, (struct blob){ key, 4 }, &b, err);

    return rc == 0 ? text_decode(text, &attr, b, err) : rc;
}

int anchors_get(const struct anchors *a, uint32_t i, struct span *text,
                struct err *err)
{
    return read_text(a, a->ordinal[i], text, err);
}

int anchors_open(struct anchors *a, const char *path, uint64_t limit,
                 anchors_fits *fits, const void *ctx, struct err *err)
{
    uint64_t all = 0;
    int rc;

    memset(a, 0, sizeof(*a));
    rc = store_open(&a->in, path, err);
    if (rc == 0)
        rc = store_count(a->in, STORE_TEXTS, &all, err);
    if (rc < 0)
        return rc;
    a->ordinal = calloc(all ? all : 1, sizeof(*a->ordinal));
    if (!a->ordinal)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %llu anchors",
                       (unsigned long long)all);
    for (uint32_t i = 0; rc == 0 && i < all; i++) {
        struct span text;

        if (limit && a->n == limit)
            break;
        rc = fits ? read_text(a, i, &text, err) : 0;
        if (rc == 0 && fits && !fits(ctx, text))
            a->skipped++;
        else if (rc == 0)
            a->ordinal[a->n++] = i;
    }
    return rc;
}

struct drawn {
    uint64_t hash;
    uint32_t ordinal;
};

static int by_hash(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

static int by_ordinal(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int anchors_sample(struct anchors *a, uint32_t n, uint64_t seed,
                   struct err *err)
{
    struct drawn *d;
    int rc = 0;

    if (n >= a->n)
        return 0;
    d = calloc(a->n, sizeof(*d));
    if (!d)
        return ERR_SET(err, ERR_NOMEM, "cannot draw from %u anchors", a->n);
    for (uint32_t i = 0; rc == 0 && i < a->n; i++) {
        struct span text = { NULL, 0 };

        rc = anchors_get(a, i, &text, err);
        if (rc == 0)
            d[i] = (struct drawn){ hash64(text.ptr, text.len, seed),
                                   a->ordinal[i] };
    }
    if (rc == 0) {
        qsort(d, a->n, sizeof(*d), by_hash);
        for (uint32_t i = 0; i < n; i++)
            a->ordinal[i] = d[i].ordinal;
        a->n = n;
        qsort(a->ordinal, n, sizeof(*a->ordinal), by_ordinal);
    }
    free(d);
    return rc;
}
