/* verify.c - is every record of a store what it should be? */
#include <string.h>

#include "base/utf8.h"
#include "store/records.h"

static int check_texts(struct store *s, uint32_t *n, struct err *err)
{
    struct texts t;
    int rc = texts_load(&t, s, err); /* ordinals and layouts */

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; rc == 0 && i < t.n; i++)
        if (t.text[i].len == 0 ||
            utf8_valid(t.text[i].ptr, t.text[i].len) < t.text[i].len)
            rc = ERR_SET(err, ERR_FORMAT, "%s: text %u is empty or not UTF-8",
                         store_path(s), i);
    *n = t.n;
    texts_release(&t);
    return rc;
}

static int check_vectors(struct store *s, uint32_t n_texts, struct err *err)
{
    enum { DIM_MAX = 65536 };
    static float v[DIM_MAX];
    struct store_cursor *c;
    size_t dim = 0, first = 0;
    int rc =
        store_cursor_open(&c, s, STORE_VECTORS, (struct blob){ NULL, 0 }, err);

    while (rc == 0) {
        struct blob key = { NULL, 0 }, payload = { NULL, 0 };

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0)
            rc = vector_decode(v, DIM_MAX, &dim, payload, err);
        if (rc == 0 &&
            (key_ordinal(key) >= n_texts || (first != 0 && dim != first)))
            rc = ERR_SET(err, ERR_FORMAT,
                         "%s: vector %llu has %zu numbers, the others %zu, "
                         "or has no text",
                         store_path(s), (unsigned long long)key_ordinal(key),
                         dim, first);
        first = dim;
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

static int check_digest(struct store *s, struct err *err)
{
    struct json *doc;
    struct blob b;
    const char *want;
    char hex[65];
    int rc = store_get_meta(s, "receipt", &b, err);

    if (rc == 0)
        rc = json_parse(&doc, store_path(s), b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    want = json_str(json_get(json_root(doc), "digest"), "");
    rc = store_digest(s, hex, err);
    if (rc == 0 && strcmp(hex, want) != 0)
        rc =
            ERR_SET(err, ERR_FORMAT, "%s: digest %.12s, its receipt says %.12s",
                    store_path(s), hex, want);
    json_free(doc);
    return rc;
}

int store_verify(const char *path, struct err *err)
{
    struct store *s;
    struct pairs pairs = { NULL, 0 };
    struct triplets triplets = { NULL, 0, NULL };
    uint32_t n_texts = 0;
    int rc = store_open(&s, path, err);

    if (rc < 0)
        return rc;
    rc = check_texts(s, &n_texts, err);
    if (rc == 0)
        rc = pairs_load(&pairs, s, err);
    if (rc == 0)
        rc = triplets_load(&triplets, s, err);
    if (rc == 0)
        rc = check_vectors(s, n_texts, err);
    if (rc == 0)
        rc = check_digest(s, err);
    pairs_release(&pairs);
    triplets_release(&triplets);
    store_close(s);
    return rc;
}
