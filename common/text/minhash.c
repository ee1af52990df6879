#include "text/minhash.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "text/normalise.h"

enum {
    HASHES = MINHASH_BANDS * MINHASH_ROWS,
    BLOCK = 1 << 20, /* bytes of texts allocated at once */
    LOOKED_AT = 64,  /* texts compared for each band */
};

struct entry {
    const char *text;
    uint32_t len, group;
};

struct grams { /* distinct, ascending */
    uint64_t *hash;
    size_t n, cap;
};

struct minhash {
    double threshold;
    struct entry *entry;
    uint32_t n;
    size_t cap;
    char **block;
    size_t blocks, used;           /* of the last block */
    uint32_t *slot[MINHASH_BANDS]; /* number + 1; 0 = empty */
    size_t slots;                  /* of each; a power of two */
    struct grams mine, other;
};

/* ---- n-grams ---- */

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int add_gram(struct grams *g, uint64_t hash, struct err *err)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 256;
        uint64_t *p = realloc(g->hash, cap * sizeof(*p));

        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu n-grams", cap);
        g->hash = p;
        g->cap = cap;
    }
    g->hash[g->n++] = hash;
    return 0;
}

static int make_grams(struct grams *g, struct span s, struct err *err)
{
    const char *end = s.ptr + s.len, *from[MINHASH_GRAM], *p = s.ptr;
    size_t cps = 0, kept = 0;
    int rc = 0;

    g->n = 0;
    while (rc == 0 && p < end) {
        from[cps++ % MINHASH_GRAM] = p;
        normalise_decode(&p, end);
        if (cps >= MINHASH_GRAM) {
            const char *b = from[cps % MINHASH_GRAM];

            rc = add_gram(g, hash64(b, (size_t)(p - b), 0), err);
        }
    }
    if (rc == 0 && g->n == 0 && s.len)
        rc = add_gram(g, hash64(s.ptr, s.len, 0), err);
    if (rc < 0 || g->n == 0)
        return rc;
    qsort(g->hash, g->n, sizeof(g->hash[0]), by_value);
    for (size_t i = 0; i < g->n; i++)
        if (i == 0 || g->hash[i] != g->hash[kept - 1])
            g->hash[kept++] = g->hash[i];
    g->n = kept;
    return 0;
}

static double jaccard(const struct grams *a, const struct grams *b)
{
    size_t i = 0, k = 0, both = 0;

    while (i < a->n && k < b->n) {
        both += a->hash[i] == b->hash[k];
        if (a->hash[i] < b->hash[k])
            i++;
        else if (a->hash[i] > b->hash[k])
            k++;
        else
            i++, k++;
    }
    return a->n + b->n ? (double)both / (double)(a->n + b->n - both) : 1.0;
}

int minhash_jaccard(double *out, struct span a, struct span b, struct err *err)
{
    struct grams x = { NULL, 0, 0 }, y = { NULL, 0, 0 };
    int rc = make_grams(&x, a, err);

    if (rc == 0)
        rc = make_grams(&y, b, err);
    *out = rc == 0 ? jaccard(&x, &y) : 0.0;
    free(x.hash);
    free(y.hash);
    return rc;
}

/* ---- the table ---- */

int minhash_new(struct minhash **out, double threshold, struct err *err)
{
    struct minhash *m = calloc(1, sizeof(*m));

    *out = m;
    if (!m)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a MinHash table");
    m->threshold = threshold;
    m->used = BLOCK;
    return 0;
}

void minhash_free(struct minhash *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->blocks; i++)
        free(m->block[i]);
    for (size_t i = 0; i < MINHASH_BANDS; i++)
        free(m->slot[i]);
    free(m->block);
    free(m->entry);
    free(m->mine.hash);
    free(m->other.hash);
    free(m);
}

uint32_t minhash_count(const struct minhash *m)
{
    return m->n;
}

/* Smallest value of each hash function; then a hash of each band. */
static void sign(uint64_t band[MINHASH_BANDS], const struct grams *g)
{
    uint64_t least[HASHES];

    memset(least, 0xff, sizeof(least));
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < HASHES; k++) {
            uint64_t h = rng_at(g->hash[i], k);

            least[k] = h < least[k] ? h : least[k];
        }
    for (size_t b = 0; b < MINHASH_BANDS; b++)
        band[b] = hash64(least + b * MINHASH_ROWS,
                         MINHASH_ROWS * sizeof(least[0]), b);
}

/* A slot keeps no hash: an entry of another band value may be met, and is then
 * told apart by comparing the texts. */
static int look(struct minhash *m, const uint64_t *band, uint32_t group,
                int64_t *near, struct err *err)
{
    *near = -1;
    for (size_t b = 0; m->slots && b < MINHASH_BANDS; b++) {
        size_t at = band[b] & (m->slots - 1);

        for (size_t k = 0; k < LOOKED_AT && m->slot[b][at]; k++) {
            const struct entry *e = &m->entry[m->slot[b][at] - 1];
            int rc = 0;

            if (e->group != group)
                rc = make_grams(&m->other, (struct span){ e->text, e->len },
                                err);
            if (rc < 0)
                return rc;
            if (e->group != group &&
                jaccard(&m->mine, &m->other) >= m->threshold) {
                *near = m->slot[b][at] - 1;
                return 0;
            }
            at = (at + 1) & (m->slots - 1);
        }
    }
    return 0;
}

static void put(struct minhash *m, const uint64_t *band, uint32_t number)
{
    for (size_t b = 0; b < MINHASH_BANDS; b++) {
        size_t at = band[b] & (m->slots - 1);

        while (m->slot[b][at])
            at = (at + 1) & (m->slots - 1);
        m->slot[b][at] = number + 1;
    }
}

/* Twice the slots; every text is signed anew, which costs as much again over
 * the life of the table and saves 96 bytes a text. */
static int grow(struct minhash *m, struct err *err)
{
    size_t slots = m->slots ? 2 * m->slots : 1024;
    uint32_t *fresh[MINHASH_BANDS] = { NULL };
    uint64_t band[MINHASH_BANDS];
    int rc = 0;

    for (size_t b = 0; b < MINHASH_BANDS; b++) {
        fresh[b] = calloc(slots, sizeof(*fresh[b]));
        if (!fresh[b])
            rc = ERR_SET(err, ERR_NOMEM, "cannot index %u texts", m->n);
    }
    if (rc < 0) {
        for (size_t b = 0; b < MINHASH_BANDS; b++)
            free(fresh[b]);
        return rc;
    }
    for (size_t b = 0; b < MINHASH_BANDS; b++) {
        free(m->slot[b]);
        m->slot[b] = fresh[b];
    }
    m->slots = slots;
    for (uint32_t i = 0; rc == 0 && i < m->n; i++) {
        rc = make_grams(
            &m->other, (struct span){ m->entry[i].text, m->entry[i].len }, err);
        sign(band, &m->other);
        put(m, band, i);
    }
    return rc;
}

static int new_block(struct minhash *m, struct err *err)
{
    char **list = realloc(m->block, (m->blocks + 1) * sizeof(*list));

    if (!list)
        return ERR_SET(err, ERR_NOMEM, "cannot keep more texts");
    m->block = list;
    list[m->blocks] = malloc(BLOCK);
    if (!list[m->blocks])
        return ERR_SET(err, ERR_NOMEM, "cannot keep more texts");
    m->blocks++;
    m->used = 0;
    return 0;
}

static int keep(struct minhash *m, struct span text, uint32_t group,
                struct err *err)
{
    int rc = 0;

    if (m->n == UINT32_MAX - 1 || text.len > BLOCK)
        return ERR_SET(err, ERR_FULL, "too many texts, or one too long");
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 1024;
        struct entry *e = realloc(m->entry, cap * sizeof(*e));

        if (!e)
            return ERR_SET(err, ERR_NOMEM, "cannot keep %zu texts", cap);
        m->entry = e;
        m->cap = cap;
    }
    if (m->used + text.len > BLOCK)
        rc = new_block(m, err);
    if (rc < 0)
        return rc;
    memcpy(m->block[m->blocks - 1] + m->used, text.ptr, text.len);
    m->entry[m->n++] = (struct entry){ m->block[m->blocks - 1] + m->used,
                                       (uint32_t)text.len, group };
    m->used += text.len;
    return 0;
}

int minhash_add(struct minhash *m, struct span text, uint32_t group,
                int64_t *near, struct err *err)
{
    uint64_t band[MINHASH_BANDS];
    int rc = make_grams(&m->mine, text, err);

    *near = -1;
    if (rc < 0 || m->mine.n == 0)
        return rc;
    sign(band, &m->mine);
    rc = look(m, band, group, near, err);
    if (rc < 0 || *near >= 0)
        return rc;
    if (2 * ((size_t)m->n + 1) > m->slots)
        rc = grow(m, err);
    if (rc == 0)
        rc = keep(m, text, group, err);
    if (rc == 0)
        put(m, band, m->n - 1);
    return rc;
}
