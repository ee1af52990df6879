#include "model/checkpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

#define MAGIC "SMCHECK1"
enum { HEAD = 8 + CHECKPOINT_OWNER, PIECE = 16 };

/* Tag and length of a piece; 16 bytes, so that data stays aligned. */
struct piece {
    uint32_t tag, zero;
    uint64_t len;
};

static size_t padded(size_t n)
{
    return (n + 7) / 8 * 8;
}

/* ---- writing ---- */

struct checkpoint_writer {
    FILE *f;
    char path[FILE_PATH_MAX], tmp[FILE_PATH_MAX + 4];
    uint64_t hash;
};

/* The hash runs over the blocks as they are written: a reader takes the same
 * blocks. */
static int put_block(struct checkpoint_writer *w, const void *ptr, size_t len,
                     struct err *err)
{
    if (len > 0 && fwrite(ptr, 1, len, w->f) != len)
        return ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s",
                       w->tmp, strerror(errno));
    w->hash = hash64(ptr, len, w->hash);
    return 0;
}

int checkpoint_create(struct checkpoint_writer **out, const char *path,
                      const char *owner, struct err *err)
{
    struct checkpoint_writer *w = calloc(1, sizeof(*w));
    char head[HEAD];

    *out = NULL;
    if (!w)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    snprintf(w->path, sizeof(w->path), "%s", path);
    snprintf(w->tmp, sizeof(w->tmp), "%s.tmp", w->path);
    w->f = fopen(w->tmp, "wbe");
    if (!w->f) {
        int rc = ERR_SET(err, ERR_IO, "%s: %s", w->tmp, strerror(errno));

        free(w);
        return rc;
    }
    memcpy(head, MAGIC, 8);
    memcpy(head + 8, owner, CHECKPOINT_OWNER);
    *out = w;
    return put_block(w, head, HEAD, err);
}

int checkpoint_put(struct checkpoint_writer *w, uint32_t tag, const void *ptr,
                   size_t len, struct err *err)
{
    const struct piece p = { tag, 0, len };
    const char zeros[8] = { 0 };
    int rc = put_block(w, &p, PIECE, err);

    if (rc == 0)
        rc = put_block(w, ptr, len, err);
    return rc < 0 ? rc : put_block(w, zeros, padded(len) - len, err);
}

int checkpoint_commit(struct checkpoint_writer *w, struct err *err)
{
    const uint64_t hash = w->hash;
    int rc = checkpoint_put(w, 0, &hash, sizeof(hash), err);

    if (rc == 0 && (fflush(w->f) != 0 || fsync(fileno(w->f)) != 0))
        rc = ERR_SET(err, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s", w->tmp,
                     strerror(errno));
    if (rc < 0) {
        checkpoint_abandon(w);
        return rc;
    }
    fclose(w->f);
    rc = file_rename(w->tmp, w->path, err);
    free(w);
    return rc;
}

void checkpoint_abandon(struct checkpoint_writer *w)
{
    if (!w)
        return;
    fclose(w->f);
    unlink(w->tmp);
    free(w);
}

/* ---- reading ---- */

struct checkpoint {
    struct file_map map;
    char path[FILE_PATH_MAX];
    size_t at;
};

static int damaged(const struct checkpoint *c, struct err *err)
{
    return ERR_SET(err, ERR_FORMAT, "%s is damaged at byte %zu", c->path,
                   c->at);
}

/* The piece at c->at, or false. */
static bool look(const struct checkpoint *c, struct piece *p)
{
    size_t left = c->map.len - c->at;

    if (left < PIECE)
        return false;
    memcpy(p, (const char *)c->map.ptr + c->at, PIECE);
    return p->zero == 0 && p->len <= left - PIECE &&
           padded(p->len) <= left - PIECE;
}

/* As the writer hashed: head, then each piece in its three blocks. */
static int check_pieces(struct checkpoint *c, struct err *err)
{
    const char *base = c->map.ptr;
    uint64_t hash = hash64(base, HEAD, 0);
    struct piece p;

    for (c->at = HEAD; look(c, &p) && p.tag != 0;) {
        const char *at = base + c->at;

        hash = hash64(at, PIECE, hash);
        hash = hash64(at + PIECE, p.len, hash);
        hash = hash64(at + PIECE + p.len, padded(p.len) - p.len, hash);
        c->at += PIECE + padded(p.len);
    }
    if (!look(c, &p) || p.tag != 0 || p.len != sizeof(hash) ||
        c->at + PIECE + sizeof(hash) != c->map.len ||
        memcmp(base + c->at + PIECE, &hash, sizeof(hash)) != 0)
        return damaged(c, err);
    c->at = HEAD;
    return 0;
}

static int check(struct checkpoint *c, const char *owner, struct err *err)
{
    const char *base = c->map.ptr;

    if (c->map.len < HEAD || memcmp(base, MAGIC, 8) != 0)
        return damaged(c, err);
    if (memcmp(base + 8, owner, CHECKPOINT_OWNER) != 0)
        return ERR_SET(err, ERR_USAGE, "%s is of other inputs or options",
                       c->path);
    return check_pieces(c, err);
}

int checkpoint_open(struct checkpoint **out, const char *path,
                    const char *owner, struct err *err)
{
    struct checkpoint *c = calloc(1, sizeof(*c));
    int rc;

    *out = NULL;
    if (!c)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    snprintf(c->path, sizeof(c->path), "%s", path);
    rc = file_map(&c->map, path, err);
    if (rc == 0)
        rc = check(c, owner, err);
    if (rc < 0) {
        checkpoint_close(c);
        return rc;
    }
    *out = c;
    return 0;
}

void checkpoint_close(struct checkpoint *c)
{
    if (!c)
        return;
    file_unmap(&c->map);
    free(c);
}

uint32_t checkpoint_next(const struct checkpoint *c)
{
    struct piece p;

    return look(c, &p) ? p.tag : 0;
}

int checkpoint_get(struct checkpoint *c, uint32_t tag, const void **ptr,
                   size_t *got, size_t len, struct err *err)
{
    struct piece p;

    if (!look(c, &p) || p.tag != tag || (len > 0 && p.len != len))
        return damaged(c, err);
    *ptr = (const char *)c->map.ptr + c->at + PIECE;
    *got = p.len;
    c->at += PIECE + padded(p.len);
    return 0;
}

int checkpoint_copy(struct checkpoint *c, uint32_t tag, void *to, size_t len,
                    struct err *err)
{
    const void *from = NULL;
    size_t got;
    struct piece p;
    int rc;

    if (!look(c, &p) || p.len != len)
        return damaged(c, err);
    rc = checkpoint_get(c, tag, &from, &got, len, err);
    if (rc == 0 && len > 0)
        memcpy(to, from, len);
    return rc;
}
