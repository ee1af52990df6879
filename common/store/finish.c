/* finish.c - the digest and the canonical pass: an unfinished store becomes a
 * finished one, whose bytes depend on its records and receipt only. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "store/store_parts.h"
#include "store/trailer.h"

enum { RECORD_OVERHEAD = 8 }; /* bytes of the checksum */

struct totals {
    uint64_t n[STORE_TABLES];
    uint64_t bytes;
};

typedef int record_fn(void *ctx, enum store_table t, struct blob key,
                      struct blob payload, struct err *err);

/* Every record but meta, in canonical order. */
static int walk(struct store *s, record_fn *fn, void *ctx, struct err *err)
{
    int rc = 0;

    for (int t = 0; rc == 0 && t < STORE_META; t++) {
        struct store_cursor *c;

        rc = store_cursor_open(&c, s, (enum store_table)t,
                               (struct blob){ NULL, 0 }, err);
        while (rc == 0) {
            struct blob key = { NULL, 0 }, payload = { NULL, 0 };

            rc = store_cursor_next(c, &key, &payload, err);
            if (rc == 0)
                rc = fn(ctx, (enum store_table)t, key, payload, err);
        }
        store_cursor_close(c);
        rc = rc == 1 ? 0 : rc;
    }
    return rc;
}

struct digest_ctx {
    struct sha256 *sha;
    struct totals *totals;
};

static int digest_record(void *ctx, enum store_table t, struct blob key,
                         struct blob payload, struct err *err)
{
    struct digest_ctx *d = ctx;
    uint8_t head[9];

    (void)err;
    head[0] = (uint8_t)t;
    store_u32(head + 1, (uint32_t)key.len);
    store_u32(head + 5, (uint32_t)payload.len);
    sha256_add(d->sha, head, sizeof(head));
    sha256_add(d->sha, key.ptr, key.len);
    sha256_add(d->sha, payload.ptr, payload.len);
    d->totals->n[t]++;
    d->totals->bytes += key.len + payload.len + RECORD_OVERHEAD;
    return 0;
}

static int digest_of(struct store *s, char hex[65], struct totals *totals,
                     struct err *err)
{
    struct digest_ctx d = { NULL, totals };
    int rc = sha256_new(&d.sha, err);

    memset(totals, 0, sizeof(*totals));
    if (rc < 0)
        return rc;
    sha256_add(d.sha, store_kind(s), strlen(store_kind(s)) + 1);
    rc = walk(s, digest_record, &d, err);
    if (rc == 0)
        sha256_finish(d.sha, hex);
    else
        sha256_free(d.sha);
    return rc;
}

int store_digest(struct store *s, char hex[65], struct err *err)
{
    struct totals t;

    return digest_of(s, hex, &t, err);
}

static int copy_record(void *ctx, enum store_table t, struct blob key,
                       struct blob payload, struct err *err)
{
    return store_put(ctx, t, key, payload, err);
}

/* A map no run ever has to grow: twice the bytes, a power of two. */
static size_t map_for(const struct totals *t)
{
    uint64_t records = 0, need;
    size_t map = (size_t)1 << 20;

    for (int i = 0; i < STORE_META; i++)
        records += t->n[i];
    need = 2 * (t->bytes + 32 * records) + ((uint64_t)1 << 19);
    while (map < need)
        map *= 2;
    return map;
}

static int write_final(struct store *src, const char *path,
                       const struct totals *t, const struct buf *receipt,
                       struct err *err)
{
    struct store *s;
    int rc = store_open_scratch(&s, path, map_for(t), err);

    if (rc == 0)
        rc = walk(src, copy_record, s, err);
    if (rc == 0)
        rc = store_set_kind(s, store_kind(src), err);
    if (rc == 0)
        rc = store_put_meta(s, "receipt",
                            (struct blob){ receipt->ptr, receipt->len }, err);
    if (rc == 0)
        rc = store_commit(s, err);
    if (rc == 0)
        rc = store_sync(s, err);
    store_close(s);
    return rc < 0 ? rc : trailer_add(path, err);
}

static int fill_receipt(struct json_node *receipt, const char *hex,
                        const struct totals *t, struct buf *b, struct err *err)
{
    struct json_node *counts = json_new_object();
    const struct json_node *old = json_get(receipt, "counts");

    for (const struct json_node *c = json_first(old); c; c = json_next(c))
        json_set_copy(counts, json_key(c), c);
    for (int i = 0; i < STORE_META; i++)
        if (t->n[i])
            json_set_num(counts, store_table_name[i], (double)t->n[i]);
    json_set(receipt, "counts", counts);
    json_set_str(receipt, "digest", hex);
    return json_print(b, receipt, false, err);
}

int store_finish(struct store *s, const char *path, struct json_node *receipt,
                 struct err *err)
{
    struct buf text = BUF_INIT(64 << 20);
    struct totals t;
    char hex[65], part[FILE_PATH_MAX], tmp[FILE_PATH_MAX];
    int rc = store_commit(s, err);

    snprintf(part, sizeof(part), "%s", store_path(s));
    if (snprintf(tmp, sizeof(tmp), "%s.final", part) >= FILE_PATH_MAX &&
        rc == 0)
        rc = ERR_SET(err, ERR_USAGE, "%s: path is too long", part);
    if (rc == 0)
        rc = digest_of(s, hex, &t, err);
    if (rc == 0)
        rc = fill_receipt(receipt, hex, &t, &text, err);
    if (rc == 0)
        rc = file_remove(tmp, err);
    if (rc == 0)
        rc = write_final(s, tmp, &t, &text, err);
    if (rc == 0)
        rc = file_rename(tmp, path, err);
    if (rc == 0)
        rc = file_remove(part, err);
    buf_release(&text);
    store_close(s);
    return rc;
}

int store_receipt(struct json **doc, const char *path, struct err *err)
{
    struct store *s;
    struct blob b;
    int rc = store_open(&s, path, err);

    *doc = NULL;
    if (rc < 0)
        return rc;
    rc = store_get_meta(s, "receipt", &b, err);
    if (rc == 0)
        rc = json_parse(doc, path, b.ptr, b.len, JSON_STRICT, err);
    store_close(s);
    return rc;
}
