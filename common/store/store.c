#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "store/guard.h"
#include "store/store_parts.h"
#include "store/trailer.h"

enum { BATCH = 4096, KEY_MAX = 64, CHECKSUM = 8 };
static const size_t first_map = (size_t)16 << 20;

const char *const store_table_name[STORE_TABLES] = { "texts",    "pairs",
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

static bool is_full(int rc)
{
    return rc == EIO || rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

/* Bytes that the file may still grow by: room on the disk, or less by the
 * limit on a file's size. */
static uint64_t room_left(const struct store *s)
{
    uint64_t left = 0, size = 0;
    struct err none = ERR_INIT;
    struct statvfs vfs;
    struct rlimit lim;

    if (statvfs(s->path, &vfs) == 0)
        left = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY &&
        file_size(s->path, &size, &none) == 0 && lim.rlim_cur - size < left)
        left = lim.rlim_cur - size;
    return left;
}

/* LMDB says EIO where there is no room: only the system knows. */
static int full_or_broken(const struct store *s, int rc, const char *what,
                          struct err *err)
{
    uint64_t need = 2 * s->batch.len + ((uint64_t)1 << 20);
    uint64_t left = room_left(s);

    if (rc == EIO && left >= need)
        return ERR_SET(err, ERR_IO, "%s: %s: %s", s->path, what,
                       mdb_strerror(rc));
    return ERR_SET(
        err, ERR_FULL, "%s: %s: no room: about %llu bytes needed, %llu free",
        s->path, what, (unsigned long long)need, (unsigned long long)left);
}

/* The one place that translates LMDB codes. */
static int lmdb_fail(const struct store *s, int rc, const char *what,
                     struct err *err)
{
    int code = ERR_IO;

    if (is_full(rc))
        return full_or_broken(s, rc, what, err);
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
    return ERR_SET(err, code, "%s: %s: %s", s->path, what, mdb_strerror(rc));
}

/* ---- opening ---- */

static int begin(struct store *s, struct err *err)
{
    int rc = mdb_txn_begin(s->env, NULL, s->writable ? 0 : MDB_RDONLY, &s->txn);

    if (rc) {
        s->txn = NULL;
        return lmdb_fail(s, rc, "begin", err);
    }
    return 0;
}

static int open_tables(struct store *s, struct err *err)
{
    for (int t = 0; t < STORE_TABLES; t++) {
        int rc = mdb_dbi_open(s->txn, store_table_name[t],
                              s->writable ? MDB_CREATE : 0, &s->dbi[t]);

        if (rc)
            return lmdb_fail(s, rc, store_table_name[t], err);
    }
    return 0;
}

/* A file cut short would kill its reader with SIGBUS. Nothing is deleted from
 * a store, so the last page in use was written. */
static int check_size(const struct store *s, struct err *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t size = 0, want;
    int rc = file_size(s->path, &size, err);

    if (rc < 0 || mdb_env_info(s->env, &info) || mdb_env_stat(s->env, &stat))
        return rc;
    want = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    return size < want
               ? ERR_SET(err, ERR_FORMAT,
                         "%s: cut short: %llu bytes, expected %llu", s->path,
                         (unsigned long long)size, (unsigned long long)want)
               : 0;
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
        return lmdb_fail(s, rc, "open", err);
    rc = check_size(s, err);
    if (rc == 0)
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
    return guard_local(s->lock_fd, s->path, err);
}

static int load_last_keys(struct store *s, struct err *err)
{
    for (int t = 0; t < STORE_TABLES; t++) {
        MDB_cursor *c;
        MDB_val k, v;
        int rc = mdb_cursor_open(s->txn, s->dbi[t], &c);

        if (rc)
            return lmdb_fail(s, rc, "cursor", err);
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

int store_set_kind(struct store *s, const char *kind, struct err *err)
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
        rc = store_set_kind(s, kind, err);
    }
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *resumed = !empty;
    *out = s;
    return 0;
}

int store_open_scratch(struct store **out, const char *path, size_t map,
                       struct err *err)
{
    struct store *s = store_new(path);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
    s->writable = true;
    s->map = map;
    rc = open_env(s, MDB_NOSYNC, err);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int store_sync(struct store *s, struct err *err)
{
    int rc = mdb_env_sync(s->env, 1);

    return rc ? lmdb_fail(s, rc, "sync", err) : 0;
}

/* ---- finished stores ---- */

int store_open(struct store **out, const char *path, struct err *err)
{
    struct store *s;
    struct blob receipt;
    int rc = trailer_check(path, err);

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
            return lmdb_fail(s, rc, "grow the map", err);
        rc = begin(s, err);
        if (rc < 0)
            return rc;
        rc = replay(s);
    } while (rc == MDB_MAP_FULL);
    if (rc)
        return lmdb_fail(s, rc, "put again", err);
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
        rc = lmdb_fail(s, rc, "put", err);
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
        return lmdb_fail(s, rc, "commit", err);
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
        return lmdb_fail(s, rc, "count", err);
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
                       store_table_name[t]);
    *payload = (struct blob){ p + CHECKSUM, v->mv_size - CHECKSUM };
    return 0;
}

int store_get(struct store *s, enum store_table t, struct blob key,
              struct blob *payload, struct err *err)
{
    MDB_val k = val(key), v;
    int rc = mdb_get(s->txn, s->dbi[t], &k, &v);

    if (rc)
        return lmdb_fail(s, rc, store_table_name[t], err);
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
        return lmdb_fail(s, rc, "cursor", err);
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
        return lmdb_fail(c->s, rc, "next", err);
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
