/*
 * trie.h - a set of byte strings with an id each, for finding all of them that
 * a text goes on with in one walk. A double array (Aoe, "An efficient digital
 * search algorithm by using a double-array structure", 1989) whose children
 * are found by XOR, so that those of one node share a block of 256 cells.
 */
#ifndef TEXT_TRIE_H
#define TEXT_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TRIE_NONE UINT32_MAX

struct trie_cell {
    uint32_t base;   /* the child of byte b is base ^ b, if it says so too: */
    uint32_t parent; /* the cell it belongs to; TRIE_NONE: empty */
    uint32_t id;     /* of the string that ends here, or TRIE_NONE */
};

struct trie {
    struct trie_cell *cell;
    size_t n;     /* a multiple of 256 */
    size_t empty; /* while making: no cell before it is empty */
};

/* string[i] gets id i; of equal ones the last counts, empty ones are left out.
 * ERR_NOMEM, ERR_FULL: more than 2^28 cells. */
int trie_new(struct trie *t, const struct span *string, size_t n,
             struct err *err) MUST_CHECK;
void trie_release(struct trie *t);

/* The cell reached from `cell` by a byte, or TRIE_NONE; cell 0 is the root. */
static inline uint32_t trie_step(const struct trie *t, uint32_t cell,
                                 unsigned char byte)
{
    uint32_t next = t->cell[cell].base ^ byte;

    return t->cell[next].parent == cell ? next : TRIE_NONE;
}
/* The id of a whole string, or TRIE_NONE. */
uint32_t trie_find(const struct trie *t, struct span string);

#endif
