#include "text/shortcut.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_parts.h"

enum {
    WORD_MAX = 16, /* bytes of a word in the table */
    RUN_MAX = 64,  /* of a word that is split here */
    BMP = 0x10000,
};

/* In solo[]: no id, and not a character that stands alone. */
#define SOLO_NOT UINT32_MAX
#define SOLO_SPACE (UINT32_MAX - 1)

struct entry {
    uint64_t key[2]; /* the word, zeros behind it; both 0: empty */
    uint32_t id;
};

struct shortcut {
    struct entry *entry; /* whole words of the vocabulary */
    size_t slots;        /* a power of two, at most half in use */
    uint8_t letter[256]; /* what an ASCII letter or digit becomes; 0: other */
    uint32_t solo[BMP];  /* id of a character that is a word on its own */
};

/* ---- words ---- */

static size_t slot_of(const struct shortcut *s, const uint64_t key[2])
{
    uint64_t h = (key[0] ^ (key[1] * UINT64_C(0x9e3779b97f4a7c15))) *
                 UINT64_C(0xd6e8feb86659fd93);
    size_t i = (size_t)(h >> 32) & (s->slots - 1);

    while ((s->entry[i].key[0] | s->entry[i].key[1]) &&
           (s->entry[i].key[0] != key[0] || s->entry[i].key[1] != key[1]))
        i = (i + 1) & (s->slots - 1);
    return i;
}

static bool is_plain(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (normalise_class((unsigned char)s.ptr[i]) != NORMALISE_WORD ||
            (unsigned char)s.ptr[i] >= 0x80)
            return false;
    return s.len > 0 && s.len <= WORD_MAX;
}

static int fill_words(struct shortcut *s, const struct tokenizer *t,
                      struct err *err)
{
    s->slots = 1024;
    while (s->slots < 2 * t->n_tokens)
        s->slots *= 2;
    s->entry = calloc(s->slots, sizeof(*s->entry));
    if (!s->entry)
        return ERR_SET(err, ERR_NOMEM, "table of %zu words", s->slots);
    for (uint32_t i = 0; i < t->n_tokens; i++) {
        struct span word = tokenizer_token(t, i);
        int64_t id = is_plain(word) ? wordpiece_find(t->words, word) : -1;
        uint64_t key[2] = { 0, 0 };
        struct entry *e;

        if (id < 0)
            continue;
        memcpy(key, word.ptr, word.len);
        e = &s->entry[slot_of(s, key)];
        *e = (struct entry){ { key[0], key[1] }, (uint32_t)id };
    }
    return 0;
}

/* ---- characters ---- */

static uint32_t solo_of(const struct tokenizer *t, uint32_t cp)
{
    enum normalise_class c = normalise_class(cp);
    char bytes[4];
    uint32_t id;
    size_t len, n;

    if (cp == 0x85 || (cp >= 0xd800 && cp <= 0xdfff))
        return SOLO_NOT; /* a control that is white space; no character */
    if (c == NORMALISE_SPACE)
        return SOLO_SPACE;
    if (c != NORMALISE_PUNCT && !(t->norm.cjk && normalise_is_cjk(cp)))
        return SOLO_NOT;
    len = normalise_encode(bytes, cp);
    n = tokenizer_encode(t, (struct span){ bytes, len }, &id, 1);
    return n == 1 ? id : SOLO_NOT;
}

static void fill_characters(struct shortcut *s, const struct tokenizer *t)
{
    for (uint32_t cp = 0; cp < BMP; cp++)
        s->solo[cp] = solo_of(t, cp);
    for (uint32_t c = 0; c < 0x80; c++)
        if (normalise_class(c) == NORMALISE_WORD)
            s->letter[c] = (uint8_t)(t->norm.lower ? normalise_lower(c) : c);
}

int shortcut_new(struct shortcut **out, const struct tokenizer *t,
                 struct err *err)
{
    struct shortcut *s = calloc(1, sizeof(*s));
    int rc;

    *out = NULL;
    if (!s)
        return ERR_SET(err, ERR_NOMEM, "table of characters");
    rc = fill_words(s, t, err);
    if (rc < 0) {
        shortcut_free(s);
        return rc;
    }
    fill_characters(s, t);
    *out = s;
    return 0;
}

void shortcut_free(struct shortcut *s)
{
    if (s)
        free(s->entry);
    free(s);
}

/* ---- taking ---- */

/* The code point at p when it is of two or three bytes and well formed, else
 * 0. */
static uint32_t decode(const char *p, const char *end, size_t *len)
{
    const unsigned char *u = (const unsigned char *)p;
    uint32_t cp;

    if (u[0] < 0x80) {
        *len = 1;
        return u[0];
    }
    if ((u[0] & 0xf0) == 0xe0 && end - p >= 3 && (u[1] & 0xc0) == 0x80 &&
        (u[2] & 0xc0) == 0x80) {
        cp = (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
        *len = 3;
        return cp >= 0x800 ? cp : 0;
    }
    if ((u[0] & 0xe0) == 0xc0 && end - p >= 2 && (u[1] & 0xc0) == 0x80) {
        cp = (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU);
        *len = 2;
        return cp >= 0x80 ? cp : 0;
    }
    return 0;
}

/* Does a word that ends before p end there whatever p is part of? */
static bool is_border(const struct shortcut *s, const char *p, const char *end)
{
    size_t len;

    return p == end || s->solo[decode(p, end, &len)] != SOLO_NOT;
}

static void put_word(const struct shortcut *s, const struct tokenizer *t,
                     const char *word, size_t len, struct wordpiece_out *out)
{
    const uint32_t unk = t->special[TOKENIZER_UNK];
    uint64_t key[2];
    const struct entry *e;

    if (len > t->max_chars) {
        wordpiece_put(out, unk);
        return;
    }
    if (len <= WORD_MAX) {
        memcpy(key, word, sizeof(key));
        e = &s->entry[slot_of(s, key)];
        if (e->key[0]) {
            wordpiece_put(out, e->id);
            return;
        }
    }
    wordpiece_split(t->words, (struct span){ word, len }, unk, out);
}

/* A run of letters and digits; NULL when it needs the full way. */
static const char *take_run(const struct shortcut *s, const struct tokenizer *t,
                            const char *p, const char *end,
                            struct wordpiece_out *out)
{
    char word[RUN_MAX] __attribute__((aligned(8)));
    size_t n = 0;

    memset(word, 0, WORD_MAX);
    while (p < end && n < RUN_MAX) {
        uint8_t c = s->letter[(unsigned char)*p];

        if (!c)
            break;
        word[n++] = (char)c;
        p++;
    }
    if (n == RUN_MAX || !is_border(s, p, end))
        return NULL;
    put_word(s, t, word, n, out);
    return p;
}

const char *shortcut_take(const struct shortcut *s, const struct tokenizer *t,
                          const char *p, const char *end,
                          struct wordpiece_out *out)
{
    while (p < end) {
        if (s->letter[(unsigned char)*p]) {
            const char *after = take_run(s, t, p, end, out);

            if (!after)
                return p;
            p = after;
        } else {
            size_t len = 0;
            uint32_t id = s->solo[decode(p, end, &len)];

            if (id == SOLO_NOT)
                return p;
            if (id != SOLO_SPACE)
                wordpiece_put(out, id);
            p += len;
        }
    }
    return p;
}
