#include "store/tables.h"

#include <assert.h>
#include <errno.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/batch.h"
#include "store/guard.h"

enum { COMMIT_PUTS = 4096 };

struct tables {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi[TABLES_MAX];
    const char *const *name; /* the caller's */
    size_t n;
    char *path;
    bool writable;
    size_t map;
    struct batch batch; /* the puts since the last commit, for replay */
    struct {
        uint8_t key[TABLES_KEY_MAX]; /* the last key: whether to append */
        size_t len;
    } last[TABLES_MAX];
};

struct tables_cursor {
    struct tables *m;
    MDB_cursor *cursor;
    uint8_t from[TABLES_KEY_MAX];
    size_t from_len;
    bool begun;
};

/* ---- errors ---- */

static bool is_full(int rc)
{
    return rc == EIO || rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

/* LMDB says EIO where there is no room: only the system knows. */
static int full_or_broken(const struct tables *m, int rc, const char *what,
                          struct err *err)
{
    uint64_t need = 2 * m->batch.bytes.len + ((uint64_t)1 << 20);
    uint64_t left = guard_room(m->path);

    if (rc == EIO && left >= need)
        return ERR_SET(err, ERR_IO, "%s: %s: %s", m->path, what,
                       mdb_strerror(rc));
    return ERR_SET(
        err, ERR_FULL, "%s: %s: no room: about %llu bytes needed, %llu free",
        m->path, what, (unsigned long long)need, (unsigned long long)left);
}

/* The one place that translates LMDB codes. */
static int lmdb_fail(const struct tables *m, int rc, const char *what,
                     struct err *err)
{
    int code = ERR_IO;

    if (is_full(rc))
        return full_or_broken(m, rc, what, err);
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
    return ERR_SET(err, code, "%s: %s: %s", m->path, what, mdb_strerror(rc));
}

/* ---- opening ---- */

static int begin(struct tables *m, struct err *err)
{
    int rc = mdb_txn_begin(m->env, NULL, m->writable ? 0 : MDB_RDONLY, &m->txn);

    if (rc) {
        m->txn = NULL;
        return lmdb_fail(m, rc, "begin", err);
    }
    return 0;
}

static int open_tables(struct tables *m, struct err *err)
{
    for (size_t t = 0; t < m->n; t++) {
        int rc = mdb_dbi_open(m->txn, m->name[t], m->writable ? MDB_CREATE : 0,
                              &m->dbi[t]);

        if (rc)
            return lmdb_fail(m, rc, m->name[t], err);
    }
    return 0;
}

/* A file cut short would kill its reader with SIGBUS. Nothing is deleted from
 * a store, so the last page in use was written. */
static int check_size(const struct tables *m, struct err *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t size = 0, want;
    int rc = file_size(m->path, &size, err);

    if (rc < 0 || mdb_env_info(m->env, &info) || mdb_env_stat(m->env, &stat))
        return rc;
    want = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    return size < want
               ? ERR_SET(err, ERR_FORMAT,
                         "%s: cut short: %llu bytes, expected %llu", m->path,
                         (unsigned long long)size, (unsigned long long)want)
               : 0;
}

static int open_env(struct tables *m, enum tables_mode mode, struct err *err)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK;
    int rc = mdb_env_create(&m->env);

    if (mode == TABLES_READ)
        flags |= MDB_RDONLY;
    if (mode == TABLES_SCRATCH)
        flags |= MDB_NOSYNC;
    if (!rc)
        rc = mdb_env_set_maxdbs(m->env, (unsigned)m->n);
    if (!rc)
        rc = mdb_env_set_mapsize(m->env, m->map);
    if (!rc)
        rc = mdb_env_open(m->env, m->path, flags, 0666);
    if (rc)
        return lmdb_fail(m, rc, "open", err);
    rc = check_size(m, err);
    if (rc == 0)
        rc = begin(m, err);
    return rc < 0 ? rc : open_tables(m, err);
}

static int load_last_keys(struct tables *m, struct err *err)
{
    for (size_t t = 0; t < m->n; t++) {
        MDB_cursor *c;
        MDB_val k, v;
        int rc = mdb_cursor_open(m->txn, m->dbi[t], &c);

        if (rc)
            return lmdb_fail(m, rc, "cursor", err);
        if (mdb_cursor_get(c, &k, &v, MDB_LAST) == 0 &&
            k.mv_size <= TABLES_KEY_MAX) {
            memcpy(m->last[t].key, k.mv_data, k.mv_size);
            m->last[t].len = k.mv_size;
        }
        mdb_cursor_close(c);
    }
    return 0;
}

int tables_open(struct tables **out, const char *path, const char *const *names,
                size_t n, enum tables_mode mode, size_t map, struct err *err)
{
    struct tables *m = calloc(1, sizeof(*m));
    int rc;

    assert(n <= TABLES_MAX);
    *out = NULL;
    if (m)
        m->path = strdup(path);
    if (!m || !m->path) {
        free(m);
        return ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
    }
    m->name = names;
    m->n = n;
    m->writable = mode != TABLES_READ;
    m->map = map;
    batch_init(&m->batch);
    rc = open_env(m, mode, err);
    if (rc == 0 && m->writable)
        rc = load_last_keys(m, err);
    if (rc < 0) {
        tables_close(m);
        return rc;
    }
    *out = m;
    return 0;
}

void tables_close(struct tables *m)
{
    if (!m)
        return;
    if (m->txn)
        mdb_txn_abort(m->txn);
    if (m->env)
        mdb_env_close(m->env);
    batch_release(&m->batch);
    free(m->path);
    free(m);
}

/* ---- writing ---- */

static MDB_val val(struct blob b)
{
    return (MDB_val){ b.len, (void *)(uintptr_t)b.ptr };
}

static int put_raw(struct tables *m, size_t t, struct blob key,
                   struct blob value)
{
    size_t common_len = key.len < m->last[t].len ? key.len : m->last[t].len;
    int order = memcmp(key.ptr, m->last[t].key, common_len);
    bool append = order > 0 || (order == 0 && key.len > m->last[t].len);
    MDB_val k = val(key), v = val(value);
    int rc = mdb_put(m->txn, m->dbi[t], &k, &v, append ? MDB_APPEND : 0);

    if (rc == 0 && append) {
        memcpy(m->last[t].key, key.ptr, key.len);
        m->last[t].len = key.len;
    }
    return rc;
}

/* The batch was lost with its transaction: put it again. */
static int replay(struct tables *m)
{
    struct batch_put put;
    size_t at = 0;
    int rc = 0;

    memset(m->last, 0, sizeof(m->last)); /* plain puts: order is unknown */
    while (rc == 0 && batch_next(&m->batch, &at, &put)) {
        MDB_val k = val(put.key), v = val(put.value);

        rc = mdb_put(m->txn, m->dbi[put.table], &k, &v, 0);
    }
    return rc;
}

static int grow(struct tables *m, struct err *err)
{
    int rc;

    do {
        mdb_txn_abort(m->txn);
        m->txn = NULL;
        m->map *= 2;
        rc = mdb_env_set_mapsize(m->env, m->map);
        if (rc)
            return lmdb_fail(m, rc, "grow the map", err);
        rc = begin(m, err);
        if (rc < 0)
            return rc;
        rc = replay(m);
    } while (rc == MDB_MAP_FULL);
    if (rc)
        return lmdb_fail(m, rc, "put again", err);
    return load_last_keys(m, err);
}

int tables_put(struct tables *m, size_t table, struct blob key,
               struct blob head, struct blob body, struct err *err)
{
    struct blob value;
    int rc;

    assert(m->writable && key.len > 0 && key.len <= TABLES_KEY_MAX);
    rc = batch_add(&m->batch, table, key, head, body, &value, err);
    if (rc < 0)
        return rc;
    rc = put_raw(m, table, key, value);
    if (rc == MDB_MAP_FULL)
        rc = grow(m, err);
    else if (rc)
        rc = lmdb_fail(m, rc, "put", err);
    if (rc < 0)
        return rc;
    return m->batch.n >= COMMIT_PUTS ? tables_commit(m, err) : 0;
}

int tables_commit(struct tables *m, struct err *err)
{
    int rc = mdb_txn_commit(m->txn);

    m->txn = NULL; /* LMDB frees it on success and on failure */
    if (rc == MDB_MAP_FULL) {
        rc = begin(m, err);
        if (rc == 0)
            rc = grow(m, err);
        return rc < 0 ? rc : tables_commit(m, err);
    }
    if (rc)
        return lmdb_fail(m, rc, "commit", err);
    batch_reset(&m->batch);
    return begin(m, err);
}

int tables_sync(struct tables *m, struct err *err)
{
    int rc = mdb_env_sync(m->env, 1);

    return rc ? lmdb_fail(m, rc, "sync", err) : 0;
}

/* ---- reading ---- */

int tables_get(struct tables *m, size_t table, struct blob key,
               struct blob *value, struct err *err)
{
    MDB_val k = val(key), v;
    int rc = mdb_get(m->txn, m->dbi[table], &k, &v);

    if (rc)
        return lmdb_fail(m, rc, m->name[table], err);
    *value = (struct blob){ v.mv_data, v.mv_size };
    return 0;
}

int tables_count(struct tables *m, size_t table, uint64_t *n, struct err *err)
{
    MDB_stat stat;
    int rc = mdb_stat(m->txn, m->dbi[table], &stat);

    if (rc)
        return lmdb_fail(m, rc, "count", err);
    *n = stat.ms_entries;
    return 0;
}

int tables_cursor_open(struct tables_cursor **out, struct tables *m,
                       size_t table, struct blob from, struct err *err)
{
    struct tables_cursor *c = calloc(1, sizeof(*c));
    int rc;

    *out = NULL;
    if (!c)
        return ERR_SET(err, ERR_NOMEM, "cannot allocate a cursor");
    assert(from.len <= TABLES_KEY_MAX);
    c->m = m;
    c->from_len = from.len;
    if (from.len)
        memcpy(c->from, from.ptr, from.len);
    rc = mdb_cursor_open(m->txn, m->dbi[table], &c->cursor);
    if (rc) {
        free(c);
        return lmdb_fail(m, rc, "cursor", err);
    }
    *out = c;
    return 0;
}

int tables_cursor_next(struct tables_cursor *c, struct blob *key,
                       struct blob *value, struct err *err)
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
        return lmdb_fail(c->m, rc, "next", err);
    *key = (struct blob){ k.mv_data, k.mv_size };
    *value = (struct blob){ v.mv_data, v.mv_size };
    return 0;
}

void tables_cursor_close(struct tables_cursor *c)
{
    if (!c)
        return;
    mdb_cursor_close(c->cursor);
    free(c);
}
