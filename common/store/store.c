#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/guard.h"
#include "store/store_parts.h"
#include "store/tables.h"
#include "store/trailer.h"

enum { CHECKSUM = 8 /* bytes */ };
static const size_t first_map = (size_t)16 << 20; /* bytes */

const char *const store_table_name[STORE_TABLES] = { "texts",    "pairs",
                                                     "triplets", "vectors",
                                                     "notes",    "meta" };

struct store {
    struct tables *tables;
    char *path;
    char kind[STORE_KIND];
    int lock_fd; /* flock() on the file itself; -1 for readers */
};

struct store_cursor {
    struct store *s;
    struct tables_cursor *cursor;
    enum store_table table;
};

/* ---- opening ---- */

static struct store *new_store(const char *path, struct err *err)
{
    struct store *s = calloc(1, sizeof(*s));

    if (s) {
        s->lock_fd = -1;
        s->path = strdup(path);
    }
    if (!s || !s->path) {
        free(s);
        (void)ERR_SET(err, ERR_NOMEM, "%s: cannot allocate a store", path);
        return NULL;
    }
    return s;
}

static int open_tables(struct store *s, enum tables_mode mode, size_t map,
                       struct err *err)
{
    return tables_open(&s->tables, s->path, store_table_name, STORE_TABLES,
                       mode, map, err);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    tables_close(s->tables);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
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

static int take_lock(struct store *s, size_t *map, struct err *err)
{
    struct stat st;

    s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_fd < 0 || fstat(s->lock_fd, &st) < 0)
        return ERR_SET(err, ERR_IO, "%s: cannot create: %s", s->path,
                       strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return ERR_SET(err, ERR_AGAIN, "%s: another process is writing it",
                       s->path);
    *map =
        2 * (size_t)st.st_size > first_map ? 2 * (size_t)st.st_size : first_map;
    return guard_local(s->lock_fd, s->path, err);
}

int store_set_kind(struct store *s, const char *kind, struct err *err)
{
    int rc = store_write_kind(s, kind, err);

    snprintf(s->kind, sizeof(s->kind), "%s", kind);
    return rc < 0 ? rc : store_commit(s, err);
}

/* Go on with the records of an interrupted run, or begin. */
static int settle_kind(struct store *s, const char *kind, bool *resumed,
                       struct err *err)
{
    uint64_t n;
    int rc = store_count(s, STORE_META, &n, err);

    *resumed = rc == 0 && n > 0;
    if (rc < 0)
        return rc;
    if (n == 0)
        return store_set_kind(s, kind, err);
    rc = store_read_kind(s, s->kind, err);
    if (rc == 0 && strcmp(s->kind, kind) != 0)
        rc = ERR_SET(err, ERR_USAGE, "%s: holds unfinished %s, expected %s",
                     s->path, s->kind, kind);
    return rc;
}

int store_create(struct store **out, const char *path, const char *kind,
                 bool *resumed, struct err *err)
{
    struct store *s = new_store(path, err);
    size_t map = 0;
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    rc = take_lock(s, &map, err);
    if (rc == 0)
        rc = open_tables(s, TABLES_WRITE, map, err);
    if (rc == 0)
        rc = settle_kind(s, kind, resumed, err);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int store_open_scratch(struct store **out, const char *path, size_t map,
                       struct err *err)
{
    struct store *s = new_store(path, err);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    rc = open_tables(s, TABLES_SCRATCH, map, err);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int store_open(struct store **out, const char *path, struct err *err)
{
    struct store *s;
    struct blob receipt;
    int rc = trailer_check(path, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    s = new_store(path, err);
    if (!s)
        return ERR_NOMEM;
    rc = open_tables(s, TABLES_READ, first_map, err);
    if (rc == 0)
        rc = store_read_kind(s, s->kind, err);
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

static uint64_t checksum(enum store_table t, struct blob key,
                         const void *payload, size_t len)
{
    return hash64(payload, len, hash64(key.ptr, key.len, (uint64_t)t + 1));
}

int store_put(struct store *s, enum store_table t, struct blob key,
              struct blob payload, struct err *err)
{
    uint8_t sum[CHECKSUM];

    store_u64(sum, checksum(t, key, payload.ptr, payload.len));
    return tables_put(s->tables, t, key, (struct blob){ sum, CHECKSUM },
                      payload, err);
}

int store_commit(struct store *s, struct err *err)
{
    return tables_commit(s->tables, err);
}

int store_sync(struct store *s, struct err *err)
{
    return tables_sync(s->tables, err);
}

int store_count(struct store *s, enum store_table t, uint64_t *n,
                struct err *err)
{
    return tables_count(s->tables, t, n, err);
}

/* The payload of a value as it lies on disk. */
static int check_value(const struct store *s, enum store_table t,
                       struct blob key, struct blob value, struct blob *payload,
                       struct err *err)
{
    const uint8_t *p = value.ptr;

    if (value.len < CHECKSUM ||
        load_u64(p) != checksum(t, key, p + CHECKSUM, value.len - CHECKSUM))
        return ERR_SET(err, ERR_FORMAT,
                       "%s: damaged record in table %s: checksum", s->path,
                       store_table_name[t]);
    *payload = (struct blob){ p + CHECKSUM, value.len - CHECKSUM };
    return 0;
}

int store_get(struct store *s, enum store_table t, struct blob key,
              struct blob *payload, struct err *err)
{
    struct blob value;
    int rc = tables_get(s->tables, t, key, &value, err);

    return rc < 0 ? rc : check_value(s, t, key, value, payload, err);
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
    c->s = s;
    c->table = t;
    rc = tables_cursor_open(&c->cursor, s->tables, t, from, err);
    if (rc < 0) {
        free(c);
        return rc;
    }
    *out = c;
    return 0;
}

int store_cursor_next(struct store_cursor *c, struct blob *key,
                      struct blob *payload, struct err *err)
{
    struct blob value;
    int rc = tables_cursor_next(c->cursor, key, &value, err);

    return rc != 0 ? rc
                   : check_value(c->s, c->table, *key, value, payload, err);
}

void store_cursor_close(struct store_cursor *c)
{
    if (!c)
        return;
    tables_cursor_close(c->cursor);
    free(c);
}
