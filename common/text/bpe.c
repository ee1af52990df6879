#include "text/bpe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "text/normalise.h"

enum { LETTERS = 0x144 }; /* GPT-2's alphabet ends there */

#define NO_ID UINT32_MAX
#define NO_RANK UINT32_MAX

/* Two neighbours and what they become. */
struct merge {
    uint32_t left, right;
    uint32_t rank; /* NO_RANK: an empty slot */
    uint32_t id;
};

/* Strings with an id each. */
struct names {
    struct intern text;
    uint32_t *id; /* [text.n] */
    size_t cap;
};

struct bpe {
    struct names token; /* as they are written */
    struct names word;  /* bytes whose merges end in one token */
    struct merge *merge;
    size_t slots, merges; /* slots: a power of two, at most half in use */
    uint32_t byte[256];   /* id of a byte alone, or NO_ID: left out */
    uint16_t of_letter[LETTERS]; /* byte + 1 that a letter stands for, or 0 */
};

/* ---- GPT-2's alphabet ---- */

/* Printable bytes are themselves; the others follow from U+0100 on. */
static uint32_t letter_of(unsigned byte)
{
    uint32_t n = 0x100;

    if ((byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte != 0xad))
        return byte;
    for (unsigned b = 0; b < byte; b++)
        n += !((b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad));
    return n;
}

/* The bytes a token stands for; false when it has other letters. */
static bool bytes_of(char *out, size_t *len, const struct bpe *b,
                     struct span token)
{
    const char *p = token.ptr, *end = token.ptr + token.len;

    *len = 0;
    while (p < end) {
        uint32_t letter = normalise_decode(&p, end);
        unsigned byte = letter < LETTERS ? b->of_letter[letter] : 0;

        if (byte == 0 || *len == BPE_WORD)
            return false;
        out[(*len)++] = (char)(byte - 1);
    }
    return *len > 0;
}

/* ---- names ---- */

static int names_put(struct names *n, struct span text, uint32_t id,
                     struct err *err)
{
    uint32_t number;
    bool added;
    int rc = intern_add(&n->text, text, &number, &added, err);

    if (rc < 0)
        return rc;
    if (number >= n->cap) {
        size_t cap = n->cap ? 2 * n->cap : 1024;
        uint32_t *more = realloc(n->id, cap * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu tokens", cap);
        n->id = more;
        n->cap = cap;
    }
    n->id[number] = id;
    return 0;
}

static int64_t names_find(const struct names *n, struct span text)
{
    int64_t number = intern_find(&n->text, text);

    return number < 0 ? -1 : (int64_t)n->id[number];
}

static void names_release(struct names *n)
{
    intern_release(&n->text);
    free(n->id);
}

/* ---- making ---- */

int bpe_new(struct bpe **out, struct err *err)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return ERR_SET(err, ERR_NOMEM, "vocabulary");
    (*out)->token.text = (struct intern)INTERN_INIT;
    (*out)->word.text = (struct intern)INTERN_INIT;
    for (unsigned i = 0; i < 256; i++)
        (*out)->of_letter[letter_of(i)] = (uint16_t)(i + 1);
    return 0;
}

void bpe_free(struct bpe *b)
{
    if (!b)
        return;
    names_release(&b->token);
    names_release(&b->word);
    free(b->merge);
    free(b);
}

int bpe_add(struct bpe *b, struct span token, uint32_t id, struct err *err)
{
    return names_put(&b->token, token, id, err);
}

int64_t bpe_find(const struct bpe *b, struct span token)
{
    return names_find(&b->token, token);
}

/* The pair's slot, or the empty one where it would be. */
static struct merge *slot_of(struct merge *table, size_t slots, uint32_t left,
                             uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    for (;; i++) {
        struct merge *m = &table[i & (slots - 1)];

        if (m->rank == NO_RANK || (m->left == left && m->right == right))
            return m;
    }
}

static int grow(struct bpe *b, struct err *err)
{
    size_t slots = b->slots ? 2 * b->slots : 1024;
    struct merge *more = malloc(slots * sizeof(*more));

    if (!more)
        return ERR_SET(err, ERR_NOMEM, "%zu merges", slots / 2);
    for (size_t i = 0; i < slots; i++)
        more[i].rank = NO_RANK;
    for (size_t i = 0; i < b->slots; i++) {
        const struct merge *m = &b->merge[i];

        if (m->rank != NO_RANK)
            *slot_of(more, slots, m->left, m->right) = *m;
    }
    free(b->merge);
    b->merge = more;
    b->slots = slots;
    return 0;
}

static int need_token(uint32_t *id, const struct bpe *b, struct span token,
                      struct err *err)
{
    int64_t found = bpe_find(b, token);

    if (found < 0)
        return ERR_SET(err, ERR_FORMAT,
                       "merge with \"%.*s\", which is not in the vocabulary",
                       (int)(token.len > 40 ? 40 : token.len), token.ptr);
    *id = (uint32_t)found;
    return 0;
}

int bpe_merge(struct bpe *b, struct span left, struct span right,
              struct err *err)
{
    struct merge m = { .rank = (uint32_t)b->merges };
    struct buf both = BUF_INIT(1 << 20);
    int rc = buf_append(&both, left.ptr, left.len, err);

    if (rc == 0)
        rc = buf_append(&both, right.ptr, right.len, err);
    if (rc == 0)
        rc = need_token(&m.left, b, left, err);
    if (rc == 0)
        rc = need_token(&m.right, b, right, err);
    if (rc == 0)
        rc = need_token(&m.id, b, (struct span){ buf_str(&both), both.len },
                        err);
    if (rc == 0 && 2 * (b->merges + 1) > b->slots)
        rc = grow(b, err);
    if (rc == 0) {
        *slot_of(b->merge, b->slots, m.left, m.right) = m;
        b->merges++;
    }
    buf_release(&both);
    return rc;
}

static void find_bytes(struct bpe *b, int64_t unk)
{
    for (unsigned i = 0; i < 256; i++) {
        char letter[4];
        size_t n = normalise_encode(letter, letter_of(i));
        int64_t id = bpe_find(b, (struct span){ letter, n });

        id = id < 0 ? unk : id;
        b->byte[i] = id < 0 ? NO_ID : (uint32_t)id;
    }
}

/* Most words of a text are one token; for those no merge need be tried. */
int bpe_finish(struct bpe *b, int64_t unk, bool whole, struct err *err)
{
    char bytes[BPE_WORD];
    size_t len;
    int rc = b->merge ? 0 : grow(b, err);

    find_bytes(b, unk);
    for (uint32_t i = 0; rc == 0 && i < b->token.text.n; i++) {
        uint32_t id = NO_ID;
        struct wordpiece_out out = { &id, 1, 0, NULL, NULL };

        if (!bytes_of(bytes, &len, b, b->token.text.text[i]))
            continue;
        if (!whole)
            bpe_split(b, (struct span){ bytes, len }, &out);
        if (whole || (out.n == 1 && id == b->token.id[i]))
            rc = names_put(&b->word, (struct span){ bytes, len },
                           b->token.id[i], err);
    }
    return rc;
}

/* ---- splitting ---- */

/* A word on its way: symbols, and the rank of each with the one behind. */
struct symbols {
    uint32_t id[BPE_WORD], rank[BPE_WORD];
    size_t n;
};

static const struct merge *find_merge(const struct bpe *b, uint32_t left,
                                      uint32_t right)
{
    return slot_of(b->merge, b->slots, left, right);
}

static void rank_at(struct symbols *s, const struct bpe *b, size_t i)
{
    if (i + 1 < s->n)
        s->rank[i] = find_merge(b, s->id[i], s->id[i + 1])->rank;
}

/* The leftmost of those that were learnt first, or n - 1 when none is left. */
static size_t next_merge(const struct symbols *s)
{
    uint32_t best = NO_RANK;
    size_t at = s->n - 1;

    for (size_t i = 0; i + 1 < s->n; i++) {
        if (s->rank[i] < best) {
            best = s->rank[i];
            at = i;
        }
    }
    return at;
}

static void merge_all(struct symbols *s, const struct bpe *b)
{
    size_t at;

    for (size_t i = 0; i + 1 < s->n; i++)
        rank_at(s, b, i);
    while (s->n > 1 && (at = next_merge(s)) + 1 < s->n) {
        s->id[at] = find_merge(b, s->id[at], s->id[at + 1])->id;
        s->n--;
        memmove(s->id + at + 1, s->id + at + 2,
                (s->n - at - 1) * sizeof(*s->id));
        memmove(s->rank + at + 1, s->rank + at + 2,
                (s->n - at - 1) * sizeof(*s->rank));
        rank_at(s, b, at);
        if (at > 0)
            rank_at(s, b, at - 1);
    }
}

void bpe_split(const struct bpe *b, struct span word, struct wordpiece_out *out)
{
    int64_t known = names_find(&b->word, word);
    struct symbols s;

    assert(word.len <= BPE_WORD);
    if (known >= 0) {
        wordpiece_put(out, (uint32_t)known);
        return;
    }
    s.n = 0;
    for (size_t i = 0; i < word.len; i++) {
        uint32_t id = b->byte[(unsigned char)word.ptr[i]];

        if (id != NO_ID)
            s.id[s.n++] = id;
    }
    merge_all(&s, b);
    for (size_t i = 0; i < s.n; i++)
        wordpiece_put(out, s.id[i]);
}
