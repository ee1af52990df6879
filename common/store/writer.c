/* writer.c - the writing half of records.h: interned texts, records in order.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "store/records.h"

enum { BLOCK = 1 << 20 };

/* Texts are kept in blocks that never move. */
struct block {
    struct block *next;
    size_t used, cap;
    char bytes[];
};

struct writer {
    struct store *s;
    struct block *block;
    struct span *text; /* [texts] */
    uint64_t *hash;    /* [texts] */
    uint32_t *slot;    /* open addressing: ordinal + 1, 0 = empty */
    size_t slots, cap;
    uint32_t texts;
    uint64_t pairs, triplets;
};

static char *keep_bytes(struct writer *w, struct span s)
{
    struct block *b = w->block;
    char *p;

    if (!b || b->cap - b->used < s.len) {
        size_t cap = s.len > BLOCK ? s.len : BLOCK;

        b = malloc(sizeof(*b) + cap);
        if (!b)
            return NULL;
        *b = (struct block){ w->block, 0, cap };
        w->block = b;
    }
    p = b->bytes + b->used;
    memcpy(p, s.ptr, s.len);
    b->used += s.len;
    return p;
}

static size_t find_slot(const struct writer *w, struct span s, uint64_t h)
{
    size_t i = h & (w->slots - 1);

    while (w->slot[i]) {
        uint32_t o = w->slot[i] - 1;

        if (w->hash[o] == h && w->text[o].len == s.len &&
            memcmp(w->text[o].ptr, s.ptr, s.len) == 0)
            break;
        i = (i + 1) & (w->slots - 1);
    }
    return i;
}

static int make_room(struct writer *w, struct err *err)
{
    size_t cap = w->cap ? 2 * w->cap : 1024;
    uint32_t *slot;
    void *text, *hash;

    if (w->texts < w->cap)
        return 0;
    slot = calloc(2 * cap, sizeof(*slot));
    text = realloc(w->text, cap * sizeof(*w->text));
    if (text)
        w->text = text;
    hash = realloc(w->hash, cap * sizeof(*w->hash));
    if (hash)
        w->hash = hash;
    if (!slot || !text || !hash) {
        free(slot);
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu texts", cap);
    }
    free(w->slot);
    w->slot = slot;
    w->slots = 2 * cap;
    w->cap = cap;
    for (uint32_t o = 0; o < w->texts; o++) {
        size_t i = w->hash[o] & (w->slots - 1);

        while (w->slot[i])
            i = (i + 1) & (w->slots - 1);
        w->slot[i] = o + 1;
    }
    return 0;
}

/* Enter a text that is not there yet; *ordinal is its place. */
static int intern(struct writer *w, struct span s, uint64_t h, struct err *err)
{
    char *p = keep_bytes(w, s);

    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %u texts", w->texts);
    w->text[w->texts] = (struct span){ p, s.len };
    w->hash[w->texts] = h;
    w->slot[find_slot(w, s, h)] = w->texts + 1;
    w->texts++;
    return 0;
}

static int load_texts(struct writer *w, struct err *err)
{
    struct store_cursor *c;
    int rc =
        store_cursor_open(&c, w->s, STORE_TEXTS, (struct blob){ NULL, 0 }, err);

    while (rc == 0) {
        struct blob key, payload;
        struct span text, attr;

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0)
            rc = text_decode(&text, &attr, payload, err);
        if (rc == 0)
            rc = make_room(w, err);
        if (rc == 0)
            rc = intern(w, text, hash64(text.ptr, text.len, 0), err);
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

int writer_new(struct writer **out, struct store *s, struct err *err)
{
    struct writer *w = calloc(1, sizeof(*w));
    int rc;

    *out = NULL;
    if (!w)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a writer");
    w->s = s;
    rc = load_texts(w, err);
    if (rc == 0)
        rc = store_count(s, STORE_PAIRS, &w->pairs, err);
    if (rc == 0)
        rc = store_count(s, STORE_TRIPLETS, &w->triplets, err);
    if (rc < 0) {
        writer_free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    while (w->block) {
        struct block *next = w->block->next;

        free(w->block);
        w->block = next;
    }
    free(w->text);
    free(w->hash);
    free(w->slot);
    free(w);
}

static int put_text(struct writer *w, struct span text, struct span attr,
                    struct err *err)
{
    struct buf b = BUF_INIT(TEXT_MAX + 65536 + 2);
    uint8_t key[4], head[2];
    int rc;

    store_u16(head, (uint16_t)attr.len);
    rc = buf_append(&b, head, 2, err);
    if (rc == 0)
        rc = buf_append(&b, attr.ptr, attr.len, err);
    if (rc == 0)
        rc = buf_append(&b, text.ptr, text.len, err);
    if (rc == 0)
        rc = store_put(w->s, STORE_TEXTS, key_u32(key, w->texts),
                       (struct blob){ b.ptr, b.len }, err);
    buf_release(&b);
    return rc;
}

int writer_text(struct writer *w, struct span text, struct span attr,
                uint32_t *ordinal, struct err *err)
{
    uint64_t h = hash64(text.ptr, text.len, 0);
    size_t i, good;
    int rc;

    if (text.len == 0 || text.len > TEXT_MAX || attr.len > UINT16_MAX)
        return ERR_SET(err, ERR_FORMAT, "text of %zu bytes, expected 1 to %d",
                       text.len, TEXT_MAX);
    rc = make_room(w, err);
    if (rc < 0)
        return rc;
    i = find_slot(w, text, h);
    if (w->slot[i]) {
        *ordinal = w->slot[i] - 1;
        return 0;
    }
    good = utf8_valid(text.ptr, text.len);
    if (good < text.len)
        return ERR_SET(err, ERR_FORMAT, "invalid UTF-8 at byte %zu", good);
    *ordinal = w->texts;
    rc = put_text(w, text, attr, err);
    return rc < 0 ? rc : intern(w, text, h, err);
}

static bool is_share(float x)
{
    return isnan(x) || (x >= 0.0f && x <= 1.0f);
}

int writer_pair(struct writer *w, const struct pair *p, uint64_t *ordinal,
                struct err *err)
{
    uint8_t key[8], bytes[24];
    int rc;

    assert(p->a < w->texts && p->b < w->texts);
    assert(is_share(p->label) && is_share(p->score) && is_share(p->reverse));
    pair_encode(bytes, p);
    rc = store_put(w->s, STORE_PAIRS, key_u64(key, w->pairs),
                   (struct blob){ bytes, sizeof(bytes) }, err);
    if (rc == 0 && ordinal)
        *ordinal = w->pairs;
    w->pairs += rc == 0;
    return rc;
}

int writer_triplet(struct writer *w, const struct triplet *t, uint64_t *ordinal,
                   struct err *err)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    uint8_t key[8], word[4];
    uint32_t head[3] = { t->anchor, t->positive, t->n };
    int rc = 0;

    assert(t->anchor < w->texts && t->positive < w->texts);
    for (size_t i = 0; rc == 0 && i < 3 + (size_t)t->n; i++) {
        store_u32(word, i < 3 ? head[i] : t->negative[i - 3]);
        rc = buf_append(&b, word, 4, err);
    }
    if (rc == 0)
        rc = store_put(w->s, STORE_TRIPLETS, key_u64(key, w->triplets),
                       (struct blob){ b.ptr, b.len }, err);
    if (rc == 0 && ordinal)
        *ordinal = w->triplets;
    w->triplets += rc == 0;
    buf_release(&b);
    return rc;
}

int writer_vector(struct writer *w, uint32_t ordinal, const float *v,
                  size_t dim, struct err *err)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    uint8_t key[4], head[8] = { 0 };
    int rc;

    store_u32(head + 4, (uint32_t)dim);
    rc = buf_append(&b, head, sizeof(head), err);
    if (rc == 0)
        rc = buf_append(&b, v, dim * sizeof(*v), err);
    if (rc == 0)
        rc = store_put(w->s, STORE_VECTORS, key_u32(key, ordinal),
                       (struct blob){ b.ptr, b.len }, err);
    buf_release(&b);
    return rc;
}

int writer_note(struct writer *w, enum store_table t, uint64_t ordinal,
                struct span json, struct err *err)
{
    uint8_t key[9];

    key[0] = (uint8_t)t;
    (void)key_u64(key + 1, ordinal);
    return store_put(w->s, STORE_NOTES, (struct blob){ key, 9 },
                     (struct blob){ json.ptr, json.len }, err);
}

uint32_t writer_texts(const struct writer *w)
{
    return w->texts;
}

struct span writer_get(const struct writer *w, uint32_t ordinal)
{
    assert(ordinal < w->texts);
    return w->text[ordinal];
}

uint64_t writer_pairs(const struct writer *w)
{
    return w->pairs;
}

uint64_t writer_triplets(const struct writer *w)
{
    return w->triplets;
}
