#include "text/unigram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/trie.h"

#define UNKNOWN_PENALTY 10.0
#define NOWHERE UINT32_MAX

struct unigram {
    struct trie piece;
    double *score; /* [n] */
    double unk_score;
    uint32_t unk;
    bool bytes;
    uint32_t of_byte[256]; /* its piece's id, or TRIE_NONE */
};

/* The best way that ends before a byte. */
struct unigram_step {
    double score;
    uint32_t from; /* where its last piece begins; NOWHERE: none yet */
    uint32_t id;   /* of that piece */
};

/* ---- making ---- */

static void find_bytes(struct unigram *u)
{
    for (unsigned i = 0; i < 256; i++) {
        char name[8];

        snprintf(name, sizeof(name), "<0x%02X>", i);
        u->of_byte[i] = trie_find(&u->piece, span_of(name));
    }
}

int unigram_new(struct unigram **out, const struct span *piece,
                const double *score, size_t n, size_t unk, bool bytes,
                struct err *err)
{
    struct unigram *u;
    int rc;

    *out = NULL;
    if (unk >= n)
        return ERR_SET(err, ERR_FORMAT,
                       "unknown token's id is %zu, of %zu pieces", unk, n);
    u = calloc(1, sizeof(*u));
    if (u)
        u->score = malloc(n * sizeof(*u->score));
    if (!u || !u->score) {
        unigram_free(u);
        return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu pieces", n);
    }
    rc = trie_new(&u->piece, piece, n, err);
    if (rc < 0) {
        unigram_free(u);
        return rc;
    }
    memcpy(u->score, score, n * sizeof(*score));
    u->unk_score = INFINITY;
    for (size_t i = 0; i < n; i++)
        u->unk_score = fmin(u->unk_score, score[i]);
    u->unk_score -= UNKNOWN_PENALTY;
    u->unk = (uint32_t)unk;
    u->bytes = bytes;
    find_bytes(u);
    *out = u;
    return 0;
}

void unigram_free(struct unigram *u)
{
    if (!u)
        return;
    trie_release(&u->piece);
    free(u->score);
    free(u);
}

int64_t unigram_find(const struct unigram *u, struct span piece)
{
    uint32_t id = trie_find(&u->piece, piece);

    return id == TRIE_NONE ? -1 : (int64_t)id;
}

void unigram_room_release(struct unigram_room *room)
{
    free(room->step);
    *room = (struct unigram_room)UNIGRAM_ROOM_INIT;
}

/* ---- the best way ---- */

static int need_room(struct unigram_room *room, size_t n, struct err *err)
{
    size_t cap = room->cap ? room->cap : 256;

    if (n <= room->cap)
        return 0;
    if (n > INT32_MAX)
        return ERR_SET(err, ERR_FULL, "word of %zu bytes", n);
    while (cap < n)
        cap *= 2;
    free(room->step);
    room->cap = 0;
    room->step = malloc(cap * sizeof(*room->step));
    if (!room->step)
        return ERR_SET(err, ERR_NOMEM, "word of %zu bytes", n);
    room->cap = cap;
    return 0;
}

static void offer(struct unigram_step *to, double score, uint32_t from,
                  uint32_t id)
{
    if (to->from == NOWHERE || score > to->score)
        *to = (struct unigram_step){ score, from, id };
}

static size_t char_len(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* All pieces that begin at byte `at`; returns where its character ends. */
static size_t try_from(const struct unigram *u, struct unigram_step *step,
                       struct span word, size_t at)
{
    size_t after = at + char_len((unsigned char)word.ptr[at]);
    double score = step[at].score;
    bool single = false;
    uint32_t cell = 0;

    for (size_t i = at; i < word.len;) {
        uint32_t id;

        cell = trie_step(&u->piece, cell, (unsigned char)word.ptr[i++]);
        if (cell == TRIE_NONE)
            break;
        id = u->piece.cell[cell].id;
        if (id == TRIE_NONE)
            continue;
        offer(&step[i], u->score[id] + score, (uint32_t)at, id);
        single = single || i == after;
    }
    after = after < word.len ? after : word.len;
    if (!single)
        offer(&step[after], u->unk_score + score, (uint32_t)at, u->unk);
    return after;
}

/* ---- its ids ---- */

/* The ways back are turned: step[i].from is where the piece from i ends, and
 * step[i].id is its. */
static void turn(struct unigram_step *step, size_t len)
{
    uint32_t at = (uint32_t)len, behind = NOWHERE, id = 0;

    for (;;) {
        struct unigram_step here = step[at];

        step[at].from = behind;
        step[at].id = id;
        if (at == 0)
            return;
        behind = at;
        id = here.id;
        at = here.from;
    }
}

static void put_unknown(const struct unigram *u, struct span s,
                        struct wordpiece_out *out)
{
    uint32_t id = trie_find(&u->piece, s);
    size_t before = out->n;

    for (size_t i = 0; id == TRIE_NONE && u->bytes && i < s.len; i++) {
        uint32_t byte = u->of_byte[(unsigned char)s.ptr[i]];

        if (byte == TRIE_NONE) {
            out->n = before;
            break;
        }
        wordpiece_put(out, byte);
    }
    if (out->n == before)
        wordpiece_put(out, id == TRIE_NONE ? u->unk : id);
}

static void put_all(const struct unigram *u, const struct unigram_step *step,
                    struct span word, struct wordpiece_out *out)
{
    size_t at = 0;

    while (at < word.len) {
        size_t end = step[at].from;

        if (step[at].id != u->unk) {
            wordpiece_put(out, step[at].id);
            at = end;
            continue;
        }
        while (end < word.len && step[end].id == u->unk)
            end = step[end].from;
        put_unknown(u, (struct span){ word.ptr + at, end - at }, out);
        at = end;
    }
}

int unigram_split(const struct unigram *u, struct span word,
                  struct unigram_room *room, struct wordpiece_out *out,
                  struct err *err)
{
    int rc = need_room(room, word.len + 1, err);

    if (rc < 0 || word.len == 0)
        return rc;
    for (size_t i = 0; i <= word.len; i++)
        room->step[i].from = NOWHERE;
    room->step[0].score = 0.0;
    for (size_t at = 0; at < word.len;)
        at = try_from(u, room->step, word, at);
    turn(room->step, word.len);
    put_all(u, room->step, word, out);
    return 0;
}
