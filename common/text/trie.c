#include "text/trie.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 256,
    TRIES = 64 /* places looked at for a node's children before a new block */
};
#define ROOT_PARENT (UINT32_MAX - 1)
#define MAX_CELLS ((size_t)1 << 28)

struct key {
    struct span s;
    uint32_t id;
};

/* Strings key[begin..end), equal in their first depth bytes, which lead to
 * cell. */
struct node {
    size_t begin, end, depth;
    uint32_t cell;
};

struct children {
    unsigned char byte[BLOCK];
    size_t n;
};

/* ---- cells ---- */

static int add_block(struct trie *t, struct err *err)
{
    struct trie_cell *more;

    if (t->n + BLOCK > MAX_CELLS)
        return ERR_SET(err, ERR_FULL, "vocabulary larger than %zu cells",
                       MAX_CELLS);
    if ((t->n & (t->n - 1)) == 0) { /* grown to the next power of two */
        size_t cap = t->n ? 2 * t->n : BLOCK;

        more = realloc(t->cell, cap * sizeof(*more));
        if (!more)
            return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu cells", cap);
        t->cell = more;
    }
    for (size_t i = 0; i < BLOCK; i++)
        t->cell[t->n++] = (struct trie_cell){ 0, TRIE_NONE, TRIE_NONE };
    return 0;
}

static bool is_empty(const struct trie *t, size_t i)
{
    return t->cell[i].parent == TRIE_NONE;
}

static bool has_room(const struct trie *t, uint32_t base,
                     const struct children *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!is_empty(t, base ^ c->byte[i]))
            return false;
    return true;
}

/* A base for the children. Nodes of one child, which are most, fill the holes
 * that the others leave. */
static int find_base(uint32_t *base, struct trie *t, const struct children *c,
                     struct err *err)
{
    int tries = c->n == 1 ? 1 : TRIES;

    while (t->empty < t->n && !is_empty(t, t->empty))
        t->empty++;
    for (size_t i = t->empty; i < t->n && tries > 0; i++) {
        if (!is_empty(t, i))
            continue;
        *base = (uint32_t)i ^ c->byte[0];
        if (has_room(t, *base, c))
            return 0;
        tries--;
    }
    *base = (uint32_t)t->n;
    return add_block(t, err);
}

/* ---- making ---- */

static int by_bytes(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    size_t n = x->s.len < y->s.len ? x->s.len : y->s.len;
    int c = n ? memcmp(x->s.ptr, y->s.ptr, n) : 0;

    if (c == 0 && x->s.len != y->s.len)
        c = x->s.len < y->s.len ? -1 : 1;
    return c ? c : (x->id > y->id) - (x->id < y->id);
}

static unsigned char byte_at(const struct key *k, size_t depth)
{
    return (unsigned char)k->s.ptr[depth];
}

/* Strings that end here come first. */
static void take_ends(struct trie *t, const struct key *key, struct node *n)
{
    for (; n->begin < n->end && key[n->begin].s.len == n->depth; n->begin++)
        if (n->depth > 0)
            t->cell[n->cell].id = key[n->begin].id;
}

static void list_children(struct children *c, const struct key *key,
                          const struct node *n)
{
    c->n = 0;
    for (size_t i = n->begin; i < n->end; i++) {
        unsigned char byte = byte_at(&key[i], n->depth);

        if (c->n == 0 || c->byte[c->n - 1] != byte)
            c->byte[c->n++] = byte;
    }
}

/* Nodes still to be placed; of each at most 255 siblings wait. */
struct stack {
    struct node *node;
    size_t n, cap;
};

static int push(struct stack *s, struct node node, struct err *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        struct node *more = realloc(s->node, cap * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "vocabulary");
        s->node = more;
        s->cap = cap;
    }
    s->node[s->n++] = node;
    return 0;
}

static int push_children(struct stack *s, struct trie *t, const struct key *key,
                         const struct node *n, uint32_t base, struct err *err)
{
    int rc = 0;

    for (size_t i = n->begin, end; rc == 0 && i < n->end; i = end) {
        unsigned char byte = byte_at(&key[i], n->depth);
        struct node child = { i, i, n->depth + 1, base ^ byte };

        for (end = i; end < n->end && byte_at(&key[end], n->depth) == byte;)
            end++;
        child.end = end;
        t->cell[child.cell].parent = n->cell;
        rc = push(s, child, err);
    }
    return rc;
}

static int place_all(struct trie *t, const struct key *key, size_t n,
                     struct err *err)
{
    struct stack s = { NULL, 0, 0 };
    struct children c;
    int rc = add_block(t, err);

    if (rc == 0) {
        t->cell[0].parent = ROOT_PARENT;
        rc = push(&s, (struct node){ 0, n, 0, 0 }, err);
    }
    while (rc == 0 && s.n > 0) {
        struct node at = s.node[--s.n];
        uint32_t base;

        take_ends(t, key, &at);
        if (at.begin == at.end)
            continue;
        list_children(&c, key, &at);
        rc = find_base(&base, t, &c, err);
        if (rc < 0)
            break;
        t->cell[at.cell].base = base;
        rc = push_children(&s, t, key, &at, base, err);
    }
    free(s.node);
    return rc;
}

int trie_new(struct trie *t, const struct span *string, size_t n,
             struct err *err)
{
    struct key *key = malloc((n + 1) * sizeof(*key));
    int rc;

    memset(t, 0, sizeof(*t));
    if (!key)
        return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu pieces", n);
    for (size_t i = 0; i < n; i++)
        key[i] = (struct key){ string[i], (uint32_t)i };
    qsort(key, n, sizeof(*key), by_bytes);
    rc = place_all(t, key, n, err);
    free(key);
    if (rc < 0)
        trie_release(t);
    return rc;
}

void trie_release(struct trie *t)
{
    free(t->cell);
    memset(t, 0, sizeof(*t));
}

uint32_t trie_find(const struct trie *t, struct span string)
{
    uint32_t cell = 0;

    for (size_t i = 0; i < string.len; i++) {
        cell = trie_step(t, cell, (unsigned char)string.ptr[i]);
        if (cell == TRIE_NONE)
            return TRIE_NONE;
    }
    return string.len ? t->cell[cell].id : TRIE_NONE;
}
