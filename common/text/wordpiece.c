#include "text/wordpiece.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT_BEGIN, ROOT_CONTINUE, FIRST_NODE };

#define NO_ID UINT32_MAX
#define MAX_NODES (UINT32_C(1) << 24)

/* next is never a root, so 0 marks an empty slot. */
struct edge {
    uint32_t key; /* node << 8 | byte */
    uint32_t next;
};

struct wordpiece {
    struct edge *edge;
    size_t slots; /* a power of two, at most half in use */
    unsigned shift;
    uint32_t *id; /* of each node, NO_ID: no piece ends there */
    size_t nodes, cap;
    char *prefix;
    size_t prefix_len;
};

static int make_tables(struct wordpiece *w, unsigned bits, struct err *err)
{
    w->slots = (size_t)1 << bits;
    w->shift = 32 - bits;
    w->cap = w->slots / 2;
    w->edge = calloc(w->slots, sizeof(*w->edge));
    w->id = malloc(w->cap * sizeof(*w->id));
    if (!w->edge || !w->id)
        return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu nodes", w->cap);
    return 0;
}

int wordpiece_new(struct wordpiece **out, const char *prefix, struct err *err)
{
    struct wordpiece *w = calloc(1, sizeof(*w));
    int rc;

    *out = NULL;
    if (!w)
        return ERR_SET(err, ERR_NOMEM, "vocabulary");
    rc = make_tables(w, 12, err);
    w->prefix = strdup(prefix);
    if (rc == 0 && !w->prefix)
        rc = ERR_SET(err, ERR_NOMEM, "vocabulary");
    if (rc < 0) {
        wordpiece_free(w);
        return rc;
    }
    w->prefix_len = strlen(prefix);
    w->id[ROOT_BEGIN] = w->id[ROOT_CONTINUE] = NO_ID;
    w->nodes = FIRST_NODE;
    *out = w;
    return 0;
}

void wordpiece_free(struct wordpiece *w)
{
    if (!w)
        return;
    free(w->edge);
    free(w->id);
    free(w->prefix);
    free(w);
}

/* The slot that holds key, or the empty one where it belongs. */
static struct edge *slot_of(const struct wordpiece *w, uint32_t key)
{
    size_t i = (key * UINT32_C(0x9e3779b1)) >> w->shift;

    while (w->edge[i].next != 0 && w->edge[i].key != key)
        i = (i + 1) & (w->slots - 1);
    return &w->edge[i];
}

static uint32_t child(const struct wordpiece *w, uint32_t node, char byte)
{
    return slot_of(w, node << 8 | (unsigned char)byte)->next;
}

static int grow(struct wordpiece *w, struct err *err)
{
    struct wordpiece old = *w;
    int rc;

    if (w->nodes >= MAX_NODES)
        return ERR_SET(err, ERR_FULL, "vocabulary larger than %u nodes",
                       (unsigned)MAX_NODES);
    rc = make_tables(w, 32 - old.shift + 1, err);
    if (rc < 0) {
        free(w->edge);
        free(w->id);
        *w = old;
        return rc;
    }
    memcpy(w->id, old.id, old.nodes * sizeof(*old.id));
    for (size_t i = 0; i < old.slots; i++)
        if (old.edge[i].next != 0)
            *slot_of(w, old.edge[i].key) = old.edge[i];
    free(old.edge);
    free(old.id);
    return 0;
}

static int insert(struct wordpiece *w, uint32_t node, struct span s,
                  uint32_t id, struct err *err)
{
    for (size_t i = 0; i < s.len; i++) {
        uint32_t key = node << 8 | (unsigned char)s.ptr[i];
        struct edge *e;

        if (w->nodes == w->cap) {
            int rc = grow(w, err);

            if (rc < 0)
                return rc;
        }
        e = slot_of(w, key);
        if (e->next == 0) {
            *e = (struct edge){ key, (uint32_t)w->nodes };
            w->id[w->nodes++] = NO_ID;
        }
        node = e->next;
    }
    w->id[node] = id;
    return 0;
}

int wordpiece_add(struct wordpiece *w, struct span piece, uint32_t id,
                  struct err *err)
{
    size_t n = w->prefix_len;
    int rc;

    if (piece.len == 0)
        return 0;
    rc = insert(w, ROOT_BEGIN, piece, id, err);
    if (rc == 0 && n > 0 && piece.len > n &&
        memcmp(piece.ptr, w->prefix, n) == 0)
        rc = insert(w, ROOT_CONTINUE,
                    (struct span){ piece.ptr + n, piece.len - n }, id, err);
    if (rc == 0 && n == 0)
        rc = insert(w, ROOT_CONTINUE, piece, id, err);
    return rc;
}

struct span wordpiece_prefix(const struct wordpiece *w)
{
    return (struct span){ w->prefix, w->prefix_len };
}

/* Bytes of the longest piece that s begins with; 0: none. */
static size_t longest(const struct wordpiece *w, uint32_t node, const char *s,
                      size_t len, uint32_t *id)
{
    size_t best = 0;

    for (size_t i = 0; i < len; i++) {
        node = child(w, node, s[i]);
        if (node == 0)
            break;
        if (w->id[node] != NO_ID) {
            best = i + 1;
            *id = w->id[node];
        }
    }
    return best;
}

int64_t wordpiece_find(const struct wordpiece *w, struct span piece)
{
    uint32_t id = 0;
    size_t n = longest(w, ROOT_BEGIN, piece.ptr, piece.len, &id);

    return n > 0 && n == piece.len ? (int64_t)id : -1;
}

void wordpiece_put(struct wordpiece_out *out, uint32_t id)
{
    if (out->n < out->cap)
        out->ids[out->n] = id;
    out->n++;
}

void wordpiece_split(const struct wordpiece *w, struct span word, uint32_t unk,
                     struct wordpiece_out *out)
{
    size_t before = out->n, at = 0;
    uint32_t node = ROOT_BEGIN, id = unk;

    while (at < word.len) {
        size_t n = longest(w, node, word.ptr + at, word.len - at, &id);

        if (n == 0) {
            out->n = before;
            wordpiece_put(out, unk);
            return;
        }
        wordpiece_put(out, id);
        at += n;
        node = ROOT_CONTINUE;
    }
}
