#include "store/records.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_HEAD = 2, PAIR_BYTES = 24, TRIPLET_HEAD = 12, VECTOR_HEAD = 8 };

const char *origin_name(enum origin o)
{
    switch (o) {
    case ORIGIN_UNKNOWN:
        return "unknown";
    case ORIGIN_GOLD:
        return "gold";
    case ORIGIN_RANDOM:
        return "random";
    case ORIGIN_BM25:
        return "bm25";
    case ORIGIN_SEMANTIC:
        return "semantic";
    case ORIGIN_SILVER:
        return "silver";
    case ORIGIN_LLM:
        return "llm";
    }
    return "?";
}

float pair_target(const struct pair *p)
{
    return isnan(p->label) ? p->score : p->label;
}

/* ---- keys ---- */

struct blob key_u32(uint8_t out[4], uint32_t ordinal)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(ordinal >> (24 - 8 * i));
    return (struct blob){ out, 4 };
}

struct blob key_u64(uint8_t out[8], uint64_t ordinal)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(ordinal >> (56 - 8 * i));
    return (struct blob){ out, 8 };
}

uint64_t key_ordinal(struct blob key)
{
    const uint8_t *p = key.ptr;
    uint64_t v = 0;

    for (size_t i = 0; i < key.len; i++)
        v = v << 8 | p[i];
    return v;
}

/* ---- codecs ---- */

void pair_encode(uint8_t out[24], const struct pair *p)
{
    store_u32(out, p->a);
    store_u32(out + 4, p->b);
    store_f32(out + 8, p->label);
    store_f32(out + 12, p->score);
    store_f32(out + 16, p->reverse);
    store_u16(out + 20, p->origin);
    store_u16(out + 22, p->flags);
}

static bool is_share(float x)
{
    return isnan(x) || (x >= 0.0f && x <= 1.0f);
}

int pair_decode(struct pair *p, struct blob payload, uint32_t n_texts,
                struct err *err)
{
    const uint8_t *d = payload.ptr;

    if (payload.len != PAIR_BYTES)
        return ERR_SET(err, ERR_FORMAT, "pair of %zu bytes, expected %d",
                       payload.len, PAIR_BYTES);
    *p = (struct pair){ load_u32(d),      load_u32(d + 4),  load_f32(d + 8),
                        load_f32(d + 12), load_f32(d + 16), load_u16(d + 20),
                        load_u16(d + 22) };
    if (p->a >= n_texts || p->b >= n_texts)
        return ERR_SET(err, ERR_FORMAT,
                       "pair of texts %u and %u, the store has %u", p->a, p->b,
                       n_texts);
    if (!is_share(p->label) || !is_share(p->score) || !is_share(p->reverse))
        return ERR_SET(err, ERR_FORMAT,
                       "pair with label %g, score %g, reverse %g: expected "
                       "[0, 1]",
                       (double)p->label, (double)p->score, (double)p->reverse);
    return 0;
}

int text_decode(struct span *text, struct span *attr, struct blob payload,
                struct err *err)
{
    const char *d = payload.ptr;
    size_t n;

    if (payload.len < TEXT_HEAD)
        return ERR_SET(err, ERR_FORMAT, "text record of %zu bytes",
                       payload.len);
    n = load_u16(d);
    if (n > payload.len - TEXT_HEAD)
        return ERR_SET(err, ERR_FORMAT,
                       "text record: attributes of %zu bytes in %zu", n,
                       payload.len);
    *attr = (struct span){ d + TEXT_HEAD, n };
    *text = (struct span){ d + TEXT_HEAD + n, payload.len - TEXT_HEAD - n };
    return 0;
}

int triplet_decode(struct triplet *t, uint32_t *negative, size_t cap,
                   struct blob payload, uint32_t n_texts, struct err *err)
{
    const uint8_t *d = payload.ptr;

    if (payload.len < TRIPLET_HEAD)
        return ERR_SET(err, ERR_FORMAT, "triplet of %zu bytes", payload.len);
    t->anchor = load_u32(d);
    t->positive = load_u32(d + 4);
    t->n = load_u32(d + 8);
    t->negative = negative;
    if (t->n > cap || payload.len - TRIPLET_HEAD != 4 * (size_t)t->n)
        return ERR_SET(err, ERR_FORMAT,
                       "triplet with %u negatives in %zu "
                       "bytes",
                       t->n, payload.len);
    if (t->anchor >= n_texts || t->positive >= n_texts)
        return ERR_SET(err, ERR_FORMAT,
                       "triplet of texts %u and %u, the store has %u",
                       t->anchor, t->positive, n_texts);
    for (uint32_t i = 0; i < t->n; i++) {
        negative[i] = load_u32(d + TRIPLET_HEAD + 4 * (size_t)i);
        if (negative[i] >= n_texts)
            return ERR_SET(err, ERR_FORMAT,
                           "triplet with text %u, the store has %u",
                           negative[i], n_texts);
    }
    return 0;
}

int vector_decode(float *out, size_t cap, size_t *dim, struct blob payload,
                  struct err *err)
{
    const uint8_t *d = payload.ptr;

    if (payload.len < VECTOR_HEAD || d[0] != 0 ||
        (payload.len - VECTOR_HEAD) / 4 != load_u32(d + 4) ||
        (payload.len - VECTOR_HEAD) % 4)
        return ERR_SET(err, ERR_FORMAT,
                       "vector record of %zu bytes is malformed", payload.len);
    *dim = load_u32(d + 4);
    if (*dim > cap)
        return ERR_SET(err, ERR_FORMAT, "vector of %zu numbers, at most %zu",
                       *dim, cap);
    memcpy(out, d + VECTOR_HEAD, *dim * sizeof(*out));
    return 0;
}

int note_get(struct store *s, enum store_table t, uint64_t ordinal,
             struct blob *json, struct err *err)
{
    uint8_t key[9];
    int rc;

    key[0] = (uint8_t)t;
    (void)key_u64(key + 1, ordinal);
    rc = store_get(s, STORE_NOTES, (struct blob){ key, 9 }, json, err);
    if (rc == ERR_NOTFOUND) {
        *json = (struct blob){ NULL, 0 };
        return 0;
    }
    return rc;
}

/* ---- reading ---- */

static int count_u32(struct store *s, enum store_table t, uint32_t *n,
                     struct err *err)
{
    uint64_t count = 0;
    int rc = store_count(s, t, &count, err);

    if (rc == 0 && count >= UINT32_MAX)
        return ERR_SET(err, ERR_FULL, "%s: %llu texts, at most 2^32 - 2",
                       store_path(s), (unsigned long long)count);
    *n = (uint32_t)count;
    return rc;
}

static int bad_ordinal(struct store *s, uint64_t found, uint64_t expected,
                       struct err *err)
{
    return ERR_SET(err, ERR_FORMAT, "%s: record %llu where %llu is expected",
                   store_path(s), (unsigned long long)found,
                   (unsigned long long)expected);
}

typedef int load_fn(void *ctx, uint64_t ordinal, struct blob payload,
                    struct err *err);

static int load_all(struct store *s, enum store_table t, load_fn *fn, void *ctx,
                    struct err *err)
{
    struct store_cursor *c;
    uint64_t n = 0;
    int rc = store_cursor_open(&c, s, t, (struct blob){ NULL, 0 }, err);

    while (rc == 0) {
        struct blob key = { NULL, 0 }, payload = { NULL, 0 };

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0 && key_ordinal(key) != n)
            rc = bad_ordinal(s, key_ordinal(key), n, err);
        if (rc == 0)
            rc = fn(ctx, n++, payload, err);
        if (rc < 0)
            rc = err_prefix(err, "%s", store_path(s));
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

static int load_text(void *ctx, uint64_t i, struct blob payload,
                     struct err *err)
{
    struct texts *t = ctx;

    return text_decode(&t->text[i], &t->attr[i], payload, err);
}

int texts_load(struct texts *t, struct store *s, struct err *err)
{
    int rc = count_u32(s, STORE_TEXTS, &t->n, err);

    t->text = NULL;
    t->attr = NULL;
    if (rc < 0)
        return rc;
    t->text = calloc((size_t)t->n + 1, sizeof(*t->text));
    t->attr = calloc((size_t)t->n + 1, sizeof(*t->attr));
    rc = t->text && t->attr
             ? load_all(s, STORE_TEXTS, load_text, t, err)
             : ERR_SET(err, ERR_NOMEM, "cannot load %u texts", t->n);
    if (rc < 0)
        texts_release(t);
    return rc;
}

void texts_release(struct texts *t)
{
    free(t->text);
    free(t->attr);
    *t = (struct texts){ NULL, NULL, 0 };
}

struct pairs_ctx {
    struct pairs *p;
    uint32_t n_texts;
};

static int load_pair(void *ctx, uint64_t i, struct blob payload,
                     struct err *err)
{
    struct pairs_ctx *x = ctx;

    return pair_decode(&x->p->pair[i], payload, x->n_texts, err);
}

int pairs_need(struct store *s, uint64_t *n, struct err *err)
{
    int rc = store_count(s, STORE_PAIRS, n, err);

    if (rc == 0 && *n == 0 && strcmp(store_kind(s), "pairs") != 0)
        rc = ERR_SET(err, ERR_USAGE, "%s holds %s, expected pairs",
                     store_path(s), store_kind(s));
    return rc;
}

int pairs_load(struct pairs *p, struct store *s, struct err *err)
{
    struct pairs_ctx x = { p, 0 };
    uint64_t n = 0;
    int rc = count_u32(s, STORE_TEXTS, &x.n_texts, err);

    *p = (struct pairs){ NULL, 0 };
    if (rc == 0)
        rc = store_count(s, STORE_PAIRS, &n, err);
    if (rc < 0)
        return rc;
    p->n = n;
    p->pair = calloc(n + 1, sizeof(*p->pair));
    rc = p->pair ? load_all(s, STORE_PAIRS, load_pair, &x, err)
                 : ERR_SET(err, ERR_NOMEM, "cannot load %llu pairs",
                           (unsigned long long)n);
    if (rc < 0)
        pairs_release(p);
    return rc;
}

void pairs_release(struct pairs *p)
{
    free(p->pair);
    *p = (struct pairs){ NULL, 0 };
}

struct triplets_ctx {
    struct triplets *t;
    uint32_t n_texts;
    size_t used, cap;
};

static int grow_pool(struct triplets_ctx *x, size_t need, struct err *err)
{
    size_t cap = x->cap ? x->cap : 1024;
    uint32_t *pool;

    while (cap < x->used + need)
        cap *= 2;
    if (cap == x->cap)
        return 0;
    pool = realloc(x->t->pool, cap * sizeof(*pool));
    if (!pool)
        return ERR_SET(err, ERR_NOMEM, "cannot load %zu negatives", cap);
    x->t->pool = pool;
    x->cap = cap;
    return 0;
}

static int load_triplet(void *ctx, uint64_t i, struct blob payload,
                        struct err *err)
{
    struct triplets_ctx *x = ctx;
    size_t need = payload.len / 4;
    int rc = grow_pool(x, need, err);

    if (rc == 0)
        rc = triplet_decode(&x->t->triplet[i], x->t->pool + x->used, need,
                            payload, x->n_texts, err);
    x->used += rc == 0 ? x->t->triplet[i].n : 0;
    return rc;
}

int triplets_load(struct triplets *t, struct store *s, struct err *err)
{
    struct triplets_ctx x = { t, 0, 0, 0 };
    uint64_t n = 0;
    size_t at = 0;
    int rc = count_u32(s, STORE_TEXTS, &x.n_texts, err);

    *t = (struct triplets){ NULL, 0, NULL };
    if (rc == 0)
        rc = store_count(s, STORE_TRIPLETS, &n, err);
    if (rc < 0)
        return rc;
    t->n = n;
    t->triplet = calloc(n + 1, sizeof(*t->triplet));
    rc = t->triplet ? load_all(s, STORE_TRIPLETS, load_triplet, &x, err)
                    : ERR_SET(err, ERR_NOMEM, "cannot load triplets");
    /* the pool may have moved while it grew */
    for (size_t i = 0; rc == 0 && i < t->n; i++) {
        t->triplet[i].negative = t->pool + at;
        at += t->triplet[i].n;
    }
    if (rc < 0)
        triplets_release(t);
    return rc;
}

void triplets_release(struct triplets *t)
{
    free(t->triplet);
    free(t->pool);
    *t = (struct triplets){ NULL, 0, NULL };
}
