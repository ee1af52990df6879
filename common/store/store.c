#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

enum { BATCH = 4096, KEY_MAX = 64, TRAILER = 32, CHECKSUM = 8 };
static const size_t first_map = (size_t)16 << 20;
static const char trailer_magic[8] = { 'S', 'I', 'L', 'V', 'E', 'R', 'S', '1' };

static const char *const table_name[STORE_TABLES] = { "texts",    "pairs",
                                                      "triplets", "vectors",
                                                      "notes",    "meta" };

struct store {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi[STORE_TABLES];
    char *path;
    char kind[32];
    bool writable;
    int lock_fd; /* flock() on the file itself; -1 for readers */
    size_t map;
    struct buf batch; /* the puts since the last commit, for replay */
    size_t pending;
    struct {
        uint8_t key[KEY_MAX]; /* the last key, to know when to append */
        size_t len;
    } last[STORE_TABLES];
};

struct store_cursor {
    struct store *s;
    MDB_cursor *cursor;
    enum store_table table;
    uint8_t from[KEY_MAX];
    size_t from_len;
    bool begun;
};

/* ---- errors ---- */

/* The one place that translates LMDB codes. A full disk comes as EIO. */
static int lmdb_fail(struct err *err, const char *path, int rc,
                     const char *what)
{
    struct statvfs vfs;
    int code = ERR_IO;

    if (rc == MDB_NOTFOUND || rc == ENOENT)
        code = ERR_NOTFOUND;
    else if (rc == MDB_MAP_FULL || rc == MDB_TXN_FULL)
        code = ERR_FULL;
    else if (rc == ENOMEM)
        code = ERR_NOMEM;
    else if (rc == MDB_BAD_VALSIZE)
        code = ERR_USAGE;
    else if (rc == MDB_CORRUPTED || rc == MDB_INVALID ||
             rc == MDB_VERSION_MISMATCH || rc == MDB_PAGE_NOTFOUND)
        code = ERR_FORMAT;
    if ((rc == EIO || rc == ENOSPC || rc == EDQUOT) && statvfs(path, &vfs) == 0)
        return ERR_SET(err, ERR_FULL, "%s: %s: %s, %llu bytes free", path, what,
                       mdb_strerror(rc),
                       (unsigned long long)vfs.f_bavail * vfs.f_frsize);
    return ERR_SET(err, code, "%s: %s: %s", path, what, mdb_strerror(rc));
}

/* ---- opening ---- */

static int begin(struct store *s, struct err *err)
{
    int rc = mdb_txn_begin(s->env, NULL, s->writable ? 0 : MDB_RDONLY, &s->txn);

    if (rc) {
        s->txn = NULL;
        return lmdb_fail(err, s->path, rc, "begin");
    }
    return 0;
}

static int open_tables(struct store *s, struct err *err)
{
    for (int t = 0; t < STORE_TABLES; t++) {
        int rc = mdb_dbi_open(s->txn, table_name[t],
                              s->writable ? MDB_CREATE : 0, &s->dbi[t]);

        if (rc)
            return lmdb_fail(err, s->path, rc, table_name[t]);
    }
    return 0;
}

static int open_env(struct store *s, unsigned flags, struct err *err)
{
    int rc = mdb_env_create(&s->env);

    if (!rc)
        rc = mdb_env_set_maxdbs(s->env, STORE_TABLES);
    if (!rc)
        rc = mdb_env_set_mapsize(s->env, s->map);
    if (!rc)
        rc = mdb_env_open(s->env, s->path, flags | MDB_NOSUBDIR | MDB_NOLOCK,
                          0666);
    if (rc)
        return lmdb_fail(err, s->path, rc, "open");
    rc = begin(s, err);
    return rc < 0 ? rc : open_tables(s, err);
}

static struct store *store_new(const char *path)
{
    struct store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->lock_fd = -1;
    s->map = first_map;
    s->batch.max = (size_t)1 << 34;
    s->path = strdup(path);
    if (!s->path) {
        free(s);
        return NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->txn)
        mdb_txn_abort(s->txn);
    if (s->env)
        mdb_env_close(s->env);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    buf_release(&s->batch);
    free(s->path);
    free(s);
}

const char *store_path(const struct store *s)
{
    return s->path;
}

const char *store_kind(const struct store *s)
{
    return s->kind;
}

/* LMDB on a network file system breaks: locks and maps do not work there. */
static int check_file_system(const char *path, int fd, struct err *err)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } bad[] = {
        { 0x6969, "NFS" },        { 0x517B, "SMB" },
        { 0xFF534D42, "CIFS" },   { 0xFE534D42, "SMB2" },
        { 0x0BD00BD0, "Lustre" }, { 0x47504653, "GPFS" },
        { 0x00C36400, "Ceph" },
    };
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0)
        return 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if ((unsigned long)fs.f_type == bad[i].magic)
            return ERR_SET(err, ERR_CONFIG,
                           "%s: on a network file system (%s), where a store "
                           "cannot be written; use a local disk",
                           path, bad[i].name);
    return 0;
}

static int take_lock(struct store *s, bool *empty, struct err *err)
{
    struct stat st;

    s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_fd < 0 || fstat(s->lock_fd, &st) < 0)
        return ERR_SET(err, ERR_IO, "%s: cannot create: %s", s->path,
                       strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return ERR_SET(err, ERR_AGAIN, "%s: another process is writing it",
                       s->path);
    *empty = st.st_size == 0;
    if ((size_t)st.st_size > s->map / 2)
        s->map = 2 * (size_t)st.st_size;
    return check_file_system(s->path, s->lock_fd, err);
}

static int load_last_keys(struct store *s, struct err *err)
{
    for (int t = 0; t < STORE_TABLES; t++) {
        MDB_cursor *c;
        MDB_val k, v;
        int rc = mdb_cursor_open(s->txn, s->dbi[t], &c);

        if (rc)
            return lmdb_fail(err, s->path, rc, "cursor");
        if (mdb_cursor_get(c, &k, &v, MDB_LAST) == 0 && k.mv_size <= KEY_MAX) {
            memcpy(s->last[t].key, k.mv_data, k.mv_size);
            s->last[t].len = k.mv_size;
        }
        mdb_cursor_close(c);
    }
    return 0;
}

static int read_kind(struct store *s, struct err *err)
{
    struct blob b;
    unsigned major = 0;
    int rc = store_get_meta(s, "schema", &b, err);

    if (rc == 0) {
        for (size_t i = 0; i < b.len && i < 6; i++) {
            char c = ((const char *)b.ptr)[i];

            if (c < '0' || c > '9')
                break;
            major = major * 10 + (unsigned)(c - '0');
        }
        if (major != STORE_SCHEMA_MAJOR)
            return ERR_SET(err, ERR_FORMAT,
                           "%s: schema %.*s, this program knows %d.x", s->path,
                           (int)b.len, (const char *)b.ptr, STORE_SCHEMA_MAJOR);
        rc = store_get_meta(s, "kind", &b, err);
    }
    if (rc == 0)
        snprintf(s->kind, sizeof(s->kind), "%.*s", (int)b.len,
                 (const char *)b.ptr);
    return rc;
}

static int set_kind(struct store *s, const char *kind, struct err *err)
{
    char schema[32];
    int n = snprintf(schema, sizeof(schema), "%d.%d", STORE_SCHEMA_MAJOR,
                     STORE_SCHEMA_MINOR);
    int rc =
        store_put_meta(s, "schema", (struct blob){ schema, (size_t)n }, err);

    snprintf(s->kind, sizeof(s->kind), "%s", kind);
    if (rc == 0)
        rc =
            store_put_meta(s, "kind", (struct blob){ kind, strlen(kind) }, err);
    return rc < 0 ? rc : store_commit(s, err);
}

int store_create(struct store **out, const char *path, const char *kind,
                 bool *resumed, struct err *err)
{
    struct store *s = store_new(path);
    bool empty = true;
    int rc;

    *out = NULL;
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
    s->writable = true;
    rc = take_lock(s, &empty, err);
    if (rc == 0)
        rc = open_env(s, 0, err);
    if (rc == 0)
        rc = load_last_keys(s, err);
    if (rc == 0 && s->last[STORE_META].len > 0) {
        rc = read_kind(s, err);
        if (rc == 0 && strcmp(s->kind, kind) != 0)
            rc = ERR_SET(err, ERR_USAGE, "%s: holds unfinished %s, expected %s",
                         path, s->kind, kind);
    } else if (rc == 0) {
        empty = true;
        rc = set_kind(s, kind, err);
    }
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *resumed = !empty;
    *out = s;
    return 0;
}

/* ---- the trailer: no damaged byte reaches LMDB, which would crash ---- */

static int check_trailer(const char *path, struct err *err)
{
    struct file_map m;
    const char *t;
    int rc = file_map(&m, path, err);

    if (rc < 0)
        return rc;
    t = (const char *)m.ptr + (m.len < TRAILER ? 0 : m.len - TRAILER);
    if (m.len < TRAILER || memcmp(t, trailer_magic, 8) != 0)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: not a finished store (no trailer; %zu bytes)", path,
                     m.len);
    else if (load_u64(t + 8) != m.len - TRAILER)
        rc =
            ERR_SET(err, ERR_FORMAT, "%s: damaged: %zu bytes, expected %llu",
                    path, m.len, (unsigned long long)load_u64(t + 8) + TRAILER);
    else if (load_u64(t + 16) != hash64(m.ptr, m.len - TRAILER, 0) ||
             load_u64(t + 24) != hash64(t, 24, 1))
        rc =
            ERR_SET(err, ERR_FORMAT,
                    "%s: damaged: the bytes do not match their checksum", path);
    file_unmap(&m);
    return rc;
}

static int add_trailer(const char *path, struct err *err)
{
    struct file_map m;
    uint8_t t[TRAILER];
    int rc = file_map(&m, path, err), fd;

    if (rc < 0)
        return rc;
    memcpy(t, trailer_magic, 8);
    store_u64(t + 8, m.len);
    store_u64(t + 16, hash64(m.ptr, m.len, 0));
    store_u64(t + 24, hash64(t, 24, 1));
    file_unmap(&m);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, t, TRAILER) != TRAILER || fsync(fd) < 0)
        rc = lmdb_fail(err, path, errno, "write the trailer");
    if (fd >= 0)
        close(fd);
    return rc;
}

int store_open(struct store **out, const char *path, struct err *err)
{
    struct store *s;
    struct blob receipt;
    int rc = check_trailer(path, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    s = store_new(path);
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
    rc = open_env(s, MDB_RDONLY, err);
    if (rc == 0)
        rc = read_kind(s, err);
    if (rc == 0)
        rc = store_get_meta(s, "receipt", &receipt, err);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* ---- records ---- */

static MDB_val val(struct blob b)
{
    return (MDB_val){ b.len, (void *)(uintptr_t)b.ptr };
}

static uint64_t checksum(enum store_table t, struct blob key,
                         const void *payload, size_t len)
{
    return hash64(payload, len, hash64(key.ptr, key.len, (uint64_t)t + 1));
}

static int put_raw(struct store *s, enum store_table t, struct blob key,
                   struct blob value)
{
    size_t common_len = key.len < s->last[t].len ? key.len : s->last[t].len;
    int order = memcmp(key.ptr, s->last[t].key, common_len);
    bool append = order > 0 || (order == 0 && key.len > s->last[t].len);
    MDB_val k = val(key), v = val(value);
    int rc = mdb_put(s->txn, s->dbi[t], &k, &v, append ? MDB_APPEND : 0);

    if (rc == 0 && append) {
        memcpy(s->last[t].key, key.ptr, key.len);
        s->last[t].len = key.len;
    }
    return rc;
}

/* The batch was lost with its transaction: put it again. */
static int replay(struct store *s)
{
    const char *p = s->batch.ptr, *end = p + s->batch.len;

    memset(s->last, 0, sizeof(s->last)); /* plain puts: order is unknown */
    while (p < end) {
        enum store_table t = (enum store_table)load_u32(p);
        size_t klen = load_u32(p + 4), vlen = load_u32(p + 8);
        MDB_val k = { klen, (void *)(uintptr_t)(p + 12) };
        MDB_val v = { vlen, (void *)(uintptr_t)(p + 12 + klen) };
        int rc = mdb_put(s->txn, s->dbi[t], &k, &v, 0);

        if (rc)
            return rc;
        p += 12 + klen + vlen;
    }
    return 0;
}

static int grow(struct store *s, struct err *err)
{
    int rc;

    do {
        mdb_txn_abort(s->txn);
        s->txn = NULL;
        s->map *= 2;
        rc = mdb_env_set_mapsize(s->env, s->map);
        if (rc)
            return lmdb_fail(err, s->path, rc, "grow the map");
        rc = begin(s, err);
        if (rc < 0)
            return rc;
        rc = replay(s);
    } while (rc == MDB_MAP_FULL);
    if (rc)
        return lmdb_fail(err, s->path, rc, "put again");
    return load_last_keys(s, err);
}

int store_put(struct store *s, enum store_table t, struct blob key,
              struct blob payload, struct err *err)
{
    uint8_t head[12], sum[CHECKSUM];
    struct blob value;
    int rc;

    assert(s->writable && key.len > 0 && key.len <= KEY_MAX);
    store_u32(head, (uint32_t)t);
    store_u32(head + 4, (uint32_t)key.len);
    store_u32(head + 8, (uint32_t)(payload.len + CHECKSUM));
    store_u64(sum, checksum(t, key, payload.ptr, payload.len));
    rc = buf_append(&s->batch, head, sizeof(head), err);
    if (rc == 0)
        rc = buf_append(&s->batch, key.ptr, key.len, err);
    if (rc == 0)
        rc = buf_append(&s->batch, sum, CHECKSUM, err);
    if (rc == 0)
        rc = buf_append(&s->batch, payload.ptr, payload.len, err);
    if (rc < 0)
        return rc;
    value = (struct blob){ s->batch.ptr + s->batch.len - payload.len - CHECKSUM,
                           payload.len + CHECKSUM };
    rc = put_raw(s, t, key, value);
    if (rc == MDB_MAP_FULL)
        rc = grow(s, err);
    else if (rc)
        rc = lmdb_fail(err, s->path, rc, "put");
    if (rc < 0)
        return rc;
    return ++s->pending >= BATCH ? store_commit(s, err) : 0;
}

int store_commit(struct store *s, struct err *err)
{
    int rc = mdb_txn_commit(s->txn);

    s->txn = NULL; /* LMDB frees it on success and on failure */
    if (rc == MDB_MAP_FULL) {
        rc = begin(s, err);
        if (rc == 0)
            rc = grow(s, err);
        return rc < 0 ? rc : store_commit(s, err);
    }
    if (rc)
        return lmdb_fail(err, s->path, rc, "commit");
    buf_reset(&s->batch);
    s->pending = 0;
    return begin(s, err);
}

int store_count(struct store *s, enum store_table t, uint64_t *n,
                struct err *err)
{
    MDB_stat stat;
    int rc = mdb_stat(s->txn, s->dbi[t], &stat);

    if (rc)
        return lmdb_fail(err, s->path, rc, "count");
    *n = stat.ms_entries;
    return 0;
}

static int check_value(struct store *s, enum store_table t, struct blob key,
                       const MDB_val *v, struct blob *payload, struct err *err)
{
    const uint8_t *p = v->mv_data;

    if (v->mv_size < CHECKSUM ||
        load_u64(p) != checksum(t, key, p + CHECKSUM, v->mv_size - CHECKSUM))
        return ERR_SET(err, ERR_FORMAT,
                       "%s: damaged record in table %s: checksum", s->path,
                       table_name[t]);
    *payload = (struct blob){ p + CHECKSUM, v->mv_size - CHECKSUM };
    return 0;
}

int store_get(struct store *s, enum store_table t, struct blob key,
              struct blob *payload, struct err *err)
{
    MDB_val k = val(key), v;
    int rc = mdb_get(s->txn, s->dbi[t], &k, &v);

    if (rc)
        return lmdb_fail(err, s->path, rc, table_name[t]);
    return check_value(s, t, key, &v, payload, err);
}

int store_put_meta(struct store *s, const char *name, struct blob payload,
                   struct err *err)
{
    return store_put(s, STORE_META, (struct blob){ name, strlen(name) },
                     payload, err);
}

int store_get_meta(struct store *s, const char *name, struct blob *payload,
                   struct err *err)
{
    int rc = store_get(s, STORE_META, (struct blob){ name, strlen(name) },
                       payload, err);

    return rc == ERR_NOTFOUND
               ? ERR_SET(err, ERR_NOTFOUND, "%s: has no '%s' in its meta",
                         s->path, name)
               : rc;
}

/* ---- cursors ---- */

int store_cursor_open(struct store_cursor **out, struct store *s,
                      enum store_table t, struct blob from, struct err *err)
{
    struct store_cursor *c = calloc(1, sizeof(*c));
    int rc;

    *out = NULL;
    if (!c)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a cursor");
    assert(from.len <= KEY_MAX);
    c->s = s;
    c->table = t;
    c->from_len = from.len;
    if (from.len)
        memcpy(c->from, from.ptr, from.len);
    rc = mdb_cursor_open(s->txn, s->dbi[t], &c->cursor);
    if (rc) {
        free(c);
        return lmdb_fail(err, s->path, rc, "cursor");
    }
    *out = c;
    return 0;
}

int store_cursor_next(struct store_cursor *c, struct blob *key,
                      struct blob *payload, struct err *err)
{
    MDB_val k = { c->from_len, c->from }, v;
    MDB_cursor_op op = c->begun      ? MDB_NEXT
                       : c->from_len ? MDB_SET_RANGE
                                     : MDB_FIRST;
    int rc = mdb_cursor_get(c->cursor, &k, &v, op);

    c->begun = true;
    if (rc == MDB_NOTFOUND)
        return 1;
    if (rc)
        return lmdb_fail(err, c->s->path, rc, "next");
    *key = (struct blob){ k.mv_data, k.mv_size };
    return check_value(c->s, c->table, *key, &v, payload, err);
}

void store_cursor_close(struct store_cursor *c)
{
    if (!c)
        return;
    mdb_cursor_close(c->cursor);
    free(c);
}

/* ---- digest and the canonical pass ---- */

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
    d->totals->bytes += key.len + payload.len + CHECKSUM;
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
    sha256_add(d.sha, s->kind, strlen(s->kind) + 1);
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
    struct store *s = store_new(path);
    int rc;

    if (!s)
        return ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
    s->writable = true;
    s->map = map_for(t);
    rc = open_env(s, MDB_NOSYNC, err); /* one sync at the end is enough */
    if (rc == 0)
        rc = walk(src, copy_record, s, err);
    if (rc == 0)
        rc = set_kind(s, src->kind, err);
    if (rc == 0)
        rc = store_put_meta(s, "receipt",
                            (struct blob){ receipt->ptr, receipt->len }, err);
    if (rc == 0)
        rc = store_commit(s, err);
    if (rc == 0) {
        int sync = mdb_env_sync(s->env, 1);

        if (sync)
            rc = lmdb_fail(err, path, sync, "sync");
    }
    store_close(s);
    return rc < 0 ? rc : add_trailer(path, err);
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
            json_set_num(counts, table_name[i], (double)t->n[i]);
    json_set(receipt, "counts", counts);
    json_set_str(receipt, "digest", hex);
    return json_print(b, receipt, false, err);
}

int store_finish(struct store *s, const char *path, struct json_node *receipt,
                 struct err *err)
{
    struct buf text = BUF_INIT(64 << 20);
    struct totals t;
    char hex[65], tmp[FILE_PATH_MAX];
    int rc = store_commit(s, err);

    snprintf(tmp, sizeof(tmp), "%s.final", s->path);
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
        rc = file_remove(s->path, err);
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
