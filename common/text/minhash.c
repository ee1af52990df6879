#include "text/minhash.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "text/normalise.h"

enum {
    HASHES = MINHASH_BANDS * MINHASH_ROWS,
    BLOCK = 1 << 20, /* bytes of texts allocated at once */
    LOOKED_AT = 64,  /* slots looked at in each band */
};

struct entry {
    const char *text;
    uint64_t sketch; /* of its n-grams: struct grams */
    uint32_t len, group;
    uint32_t asked;       /* the last question it was compared for */
    uint16_t grams, more; /* distinct ones; and how often one came again */
    uint8_t tag[MINHASH_BANDS];
};

struct grams { /* distinct ones, as they came, and a table of them */
    uint64_t *gram, *slot; /* slot: 0 = empty */
    size_t n, room;        /* of gram; slot has twice that, a power of two */
    size_t more;           /* times that one came again */
    uint64_t sketch;       /* bits that they fall on: a Bloom filter */
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
    uint32_t asked;                /* questions so far */
    struct grams mine, other;
    uint32_t flip[HASHES], factor[HASHES]; /* of the hash functions */
};

/* ---- n-grams ---- */

static void release_grams(struct grams *g)
{
    free(g->gram);
    free(g->slot);
}

/* Empty, with room for n. */
static int clear_grams(struct grams *g, size_t n, struct err *err)
{
    size_t room = g->room ? g->room : 256;

    g->n = g->more = 0;
    g->sketch = 0;
    while (room < n)
        room *= 2;
    if (room > g->room) {
        release_grams(g);
        *g = (struct grams){ .gram = malloc(room * sizeof(*g->gram)),
                             .slot = malloc(2 * room * sizeof(*g->slot)),
                             .room = room };
    }
    if (!g->gram || !g->slot) {
        g->room = 0;
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu n-grams", room);
    }
    memset(g->slot, 0, 2 * room * sizeof(*g->slot));
    return 0;
}

static uint64_t *slot_of(const struct grams *g, uint64_t gram)
{
    size_t mask = 2 * g->room - 1;
    size_t at = (gram * 0x9e3779b97f4a7c15u) >> 32 & mask;

    while (g->slot[at] && g->slot[at] != gram)
        at = (at + 1) & mask;
    return &g->slot[at];
}

static void add_gram(struct grams *g, uint64_t gram)
{
    uint64_t *slot = slot_of(g, gram);

    g->more += *slot != 0;
    if (*slot)
        return;
    *slot = gram;
    g->gram[g->n++] = gram;
    g->sketch |= (uint64_t)1 << (gram * 0xd6e8feb86659fd93u >> 58);
}

/* The n-grams of a text one by one: three code points of 21 bits each, or
 * those of a shorter text. The upper bit tells one from an empty slot. */
struct walk {
    const char *p, *end;
    uint64_t last;
    size_t cps;
};

static bool step(struct walk *w, uint64_t *gram)
{
    const uint64_t some = (uint64_t)1 << 63;

    while (w->p < w->end) {
        w->last =
            (w->last << 21 | normalise_decode(&w->p, w->end)) & (some - 1);
        *gram = w->last | some;
        w->cps++;
        if (w->cps >= MINHASH_GRAM || w->p == w->end)
            return true;
    }
    return false;
}

static int make_grams(struct grams *g, struct span s, struct err *err)
{
    struct walk w = { .p = s.ptr, .end = s.ptr + s.len };
    uint64_t gram;
    int rc = clear_grams(g, s.len, err);

    while (rc == 0 && step(&w, &gram))
        add_gram(g, gram);
    return rc;
}

static double jaccard(const struct grams *a, const struct grams *b)
{
    size_t both = 0;

    for (size_t i = 0; i < b->n; i++)
        both += *slot_of(a, b->gram[i]) != 0;
    return a->n + b->n ? (double)both / (double)(a->n + b->n - both) : 1.0;
}

int minhash_jaccard(double *out, struct span a, struct span b, struct err *err)
{
    struct grams x = { .n = 0 }, y = { .n = 0 };
    int rc = make_grams(&x, a, err);

    if (rc == 0)
        rc = make_grams(&y, b, err);
    *out = rc == 0 ? jaccard(&x, &y) : 0.0;
    release_grams(&x);
    release_grams(&y);
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
    for (size_t k = 0; k < HASHES; k++) {
        m->flip[k] = (uint32_t)rng_at(1, k);
        m->factor[k] = (uint32_t)rng_at(2, k) | 1;
    }
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
    release_grams(&m->mine);
    release_grams(&m->other);
    free(m);
}

uint32_t minhash_count(const struct minhash *m)
{
    return m->n;
}

/* Smallest value of each hash function; then a hash of each band. 32 bits are
 * multiplied several at once, and texts that they mix up are told apart. */
static void sign(uint64_t band[MINHASH_BANDS], const struct minhash *m,
                 const struct grams *g)
{
    uint32_t least[HASHES];

    memset(least, 0xff, sizeof(least));
    for (size_t i = 0; i < g->n; i++) {
        uint32_t mixed = (uint32_t)rng_at(g->gram[i], 0);

        for (size_t k = 0; k < HASHES; k++) {
            uint32_t h = (mixed ^ m->flip[k]) * m->factor[k];

            least[k] = h < least[k] ? h : least[k];
        }
    }
    for (size_t b = 0; b < MINHASH_BANDS; b++)
        band[b] = hash64(least + b * MINHASH_ROWS,
                         MINHASH_ROWS * sizeof(least[0]), b);
}

/* A byte of a band's hash that its slot does not depend on. */
static uint8_t tag_of(uint64_t band)
{
    return (uint8_t)(band >> 56);
}

static double count_bits(uint64_t x)
{
    return (double)__builtin_popcountll(x);
}

/* It cannot be near: too short or long, or too many n-grams of one are not
 * among the other's, by their sketches or really. */
static bool is_far(const struct minhash *m, const struct entry *e)
{
    const double a = (double)m->mine.n, b = (double)e->grams;
    const double both = m->threshold * (a + b) / (1.0 + m->threshold);
    struct walk w = { .p = e->text, .end = e->text + e->len };
    uint64_t gram;
    double spare = b - both + 1e-6;

    if (a < both - 1e-6 || spare < 0.0)
        return true;
    if (e->grams == UINT16_MAX || e->more == UINT16_MAX)
        return false;
    if (count_bits(e->sketch & ~m->mine.sketch) > spare ||
        count_bits(m->mine.sketch & ~e->sketch) > a - both + 1e-6)
        return true;
    spare += (double)e->more;
    while (spare >= 0.0 && step(&w, &gram))
        spare -= *slot_of(&m->mine, gram) == 0;
    return spare < 0.0;
}

static bool next_digit(struct span *s, char *digit)
{
    while (s->len && (s->ptr[0] < '0' || s->ptr[0] > '9'))
        *s = (struct span){ s->ptr + 1, s->len - 1 };
    if (!s->len)
        return false;
    *digit = s->ptr[0];
    *s = (struct span){ s->ptr + 1, s->len - 1 };
    return true;
}

/* In 14 days, and in 41: few n-grams differ, and the meaning does. */
static bool same_digits(struct span a, struct span b)
{
    char x = 0, y = 0;
    bool more, as_much;

    do {
        more = next_digit(&a, &x);
        as_much = next_digit(&b, &y) == more;
    } while (as_much && more && x == y);
    return as_much && !more;
}

static int compare(bool *near, struct minhash *m, struct entry *e,
                   struct span text, struct err *err)
{
    const struct span other = { e->text, e->len };
    int rc;

    e->asked = m->asked;
    *near = false;
    if (is_far(m, e))
        return 0;
    rc = make_grams(&m->other, other, err);
    *near = rc == 0 && jaccard(&m->mine, &m->other) >= m->threshold &&
            same_digits(text, other);
    return rc;
}

/* What look() will read lies anywhere in memory: fetch it all at once. */
static void fetch(const struct minhash *m, const uint64_t *band)
{
    for (size_t b = 0; m->slots && b < MINHASH_BANDS; b++)
        __builtin_prefetch(&m->slot[b][band[b] & (m->slots - 1)]);
    for (size_t b = 0; m->slots && b < MINHASH_BANDS; b++) {
        uint32_t number = m->slot[b][band[b] & (m->slots - 1)];

        if (number)
            __builtin_prefetch(&m->entry[number - 1]);
    }
}

/* Slots near the one where it belongs may hold others, which their tags tell;
 * what still comes up is told apart by comparing the texts, once. */
static int look(struct minhash *m, const uint64_t *band, struct span text,
                uint32_t group, int64_t *near, struct err *err)
{
    *near = -1;
    m->asked++;
    fetch(m, band);
    for (size_t b = 0; m->slots && b < MINHASH_BANDS; b++) {
        size_t at = band[b] & (m->slots - 1);

        for (size_t k = 0; k < LOOKED_AT && m->slot[b][at]; k++) {
            uint32_t number = m->slot[b][at] - 1;
            struct entry *e = &m->entry[number];
            bool is = false;
            int rc = 0;

            if (e->group != group && e->asked != m->asked &&
                e->tag[b] == tag_of(band[b]))
                rc = compare(&is, m, e, text, err);
            if (is)
                *near = number;
            if (rc < 0 || is)
                return rc;
            at = (at + 1) & (m->slots - 1);
        }
    }
    return 0;
}

/* What would lie farther than look() goes is left out. */
static void put(struct minhash *m, const uint64_t *band, uint32_t number)
{
    for (size_t b = 0; b < MINHASH_BANDS; b++) {
        size_t at = band[b] & (m->slots - 1), k = 0;

        m->entry[number].tag[b] = tag_of(band[b]);
        while (k < LOOKED_AT && m->slot[b][at]) {
            at = (at + 1) & (m->slots - 1);
            k++;
        }
        if (k < LOOKED_AT)
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
        sign(band, m, &m->other);
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

static uint16_t cut(size_t n)
{
    return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
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
    m->entry[m->n++] =
        (struct entry){ .text = m->block[m->blocks - 1] + m->used,
                        .sketch = m->mine.sketch,
                        .len = (uint32_t)text.len,
                        .group = group,
                        .grams = cut(m->mine.n),
                        .more = cut(m->mine.more) };
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
    sign(band, m, &m->mine);
    rc = look(m, band, text, group, near, err);
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
