/* writer.c - the writing half of records.h: interned texts, records in order.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/utf8.h"
#include "store/records.h"

struct writer {
    struct store *s;
    struct intern texts;
    uint64_t pairs, triplets;
};

static int load_texts(struct writer *w, struct err *err)
{
    struct store_cursor *c;
    int rc =
        store_cursor_open(&c, w->s, STORE_TEXTS, (struct blob){ NULL, 0 }, err);

    while (rc == 0) {
        struct blob key, payload;
        struct span text, attr;
        uint32_t number;
        bool added;

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0)
            rc = text_decode(&text, &attr, payload, err);
        if (rc == 0)
            rc = intern_add(&w->texts, text, &number, &added, err);
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
    intern_release(&w->texts);
    free(w);
}

static int put_text(struct writer *w, uint32_t ordinal, struct span text,
                    struct span attr, struct err *err)
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
        rc = store_put(w->s, STORE_TEXTS, key_u32(key, ordinal),
                       (struct blob){ b.ptr, b.len }, err);
    buf_release(&b);
    return rc;
}

int writer_text(struct writer *w, struct span text, struct span attr,
                uint32_t *ordinal, struct err *err)
{
    int64_t found = intern_find(&w->texts, text);
    size_t good;
    bool added;
    int rc;

    if (found >= 0) {
        *ordinal = (uint32_t)found;
        return 0;
    }
    if (text.len == 0 || text.len > TEXT_MAX || attr.len > UINT16_MAX)
        return ERR_SET(err, ERR_FORMAT, "text of %zu bytes, expected 1 to %d",
                       text.len, TEXT_MAX);
    good = utf8_valid(text.ptr, text.len);
    if (good < text.len)
        return ERR_SET(err, ERR_FORMAT, "invalid UTF-8 at byte %zu", good);
    if (memchr(text.ptr, '\0', text.len))
        return ERR_SET(err, ERR_FORMAT, "text with a NUL byte");
    rc = intern_add(&w->texts, text, ordinal, &added, err);
    return rc < 0 ? rc : put_text(w, *ordinal, text, attr, err);
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

    assert(p->a < w->texts.n && p->b < w->texts.n);
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

    assert(t->anchor < w->texts.n && t->positive < w->texts.n);
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
    return w->texts.n;
}

struct span writer_get(const struct writer *w, uint32_t ordinal)
{
    assert(ordinal < w->texts.n);
    return w->texts.text[ordinal];
}

uint64_t writer_pairs(const struct writer *w)
{
    return w->pairs;
}

uint64_t writer_triplets(const struct writer *w)
{
    return w->triplets;
}
