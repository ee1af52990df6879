#include "text/charsmap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/normalise.h"

enum {
    GRAPHEME = 6,   /* bytes from which a grapheme is taken apart */
    PLAIN = 0x10000 /* code points below may be known to stay as they are */
};

struct charsmap {
    uint32_t *unit;
    size_t units;
    char *text; /* replacements; a NUL behind the last */
    size_t text_len;
    size_t longest;
    uint8_t plain[PLAIN / 8]; /* stays, and joins with no plain neighbour */
};

/* ---- units of darts-clone ---- */

static bool is_leaf(uint32_t unit)
{
    return unit >> 31 != 0;
}

static bool has_leaf(uint32_t unit)
{
    return (unit >> 8 & 1) != 0;
}

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* ---- looking up ---- */

/* What the shortest prefix of s stands for; false: no prefix is there. */
static bool find(const struct charsmap *m, struct span s, struct span *found)
{
    size_t at = offset_of(m->unit[0]);

    for (size_t i = 0; i < s.len && s.ptr[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)s.ptr[i];
        uint32_t unit;

        at ^= byte;
        if (at >= m->units)
            return false;
        unit = m->unit[at];
        if (is_leaf(unit) || (unit & 0xff) != byte)
            return false;
        at ^= offset_of(unit);
        if (has_leaf(unit)) { /* checked when it was made */
            found->ptr = m->text + (m->unit[at] & INT32_MAX);
            found->len = strlen(found->ptr);
            return true;
        }
    }
    return false;
}

/* ---- making ---- */

/* Is text[at] in the text, and the beginning of a character? */
static bool is_start(const struct charsmap *m, size_t at)
{
    return at < m->text_len && ((unsigned char)m->text[at] & 0xc0) != 0x80;
}

static int check_units(const struct charsmap *m, struct err *err)
{
    for (size_t i = 0; i < m->units; i++) {
        size_t leaf = i ^ offset_of(m->unit[i]);

        if (is_leaf(m->unit[i]) || !has_leaf(m->unit[i]))
            continue;
        if (leaf >= m->units || !is_leaf(m->unit[leaf]))
            return ERR_SET(err, ERR_FORMAT,
                           "damaged charsmap: unit %zu has no leaf", i);
        if (!is_start(m, m->unit[leaf] & INT32_MAX))
            return ERR_SET(err, ERR_FORMAT,
                           "damaged charsmap: unit %zu leads to byte %u of "
                           "%zu, or into a character",
                           i, (unsigned)(m->unit[leaf] & INT32_MAX),
                           m->text_len);
    }
    return 0;
}

static void find_longest(struct charsmap *m)
{
    for (size_t at = 0; at < m->text_len;) {
        size_t n = strlen(m->text + at);

        m->longest = n > m->longest ? n : m->longest;
        at += n + 1;
    }
}

/* Nearly all of English and Chinese text is plain: no grapheme need be
 * found. */
static void find_plain(struct charsmap *m)
{
    for (uint32_t cp = ' '; cp < PLAIN; cp++) {
        bool simple = cp < 0x7f || (cp < 0xf900 && normalise_is_cjk(cp));
        char bytes[4];
        struct span s = { bytes, 0 }, found;

        if (!simple)
            continue;
        s.len = normalise_encode(bytes, cp);
        if (!find(m, s, &found))
            m->plain[cp / 8] |= (uint8_t)(1 << cp % 8);
    }
}

static int take(struct charsmap *m, struct blob b, struct err *err)
{
    const char *p = b.ptr;
    size_t trie = b.len >= 4 ? load_u32(p) : 0, good;

    if (b.len < 4 || trie > b.len - 4 || trie % 4 != 0 || trie == 0)
        return ERR_SET(err, ERR_FORMAT,
                       "damaged charsmap: a trie of %zu bytes, in %zu bytes",
                       trie, b.len);
    m->units = trie / 4;
    m->text_len = b.len - 4 - trie;
    m->unit = malloc(trie);
    m->text = malloc(m->text_len + 1);
    if (!m->unit || !m->text)
        return ERR_SET(err, ERR_NOMEM, "charsmap of %zu bytes", b.len);
    for (size_t i = 0; i < m->units; i++)
        m->unit[i] = load_u32(p + 4 + 4 * i);
    memcpy(m->text, p + 4 + trie, m->text_len);
    m->text[m->text_len] = '\0';
    good = utf8_valid(m->text, m->text_len);
    if (good != m->text_len)
        return ERR_SET(err, ERR_FORMAT,
                       "damaged charsmap: byte %zu of its text is not UTF-8",
                       good);
    return check_units(m, err);
}

int charsmap_new(struct charsmap **out, struct blob bytes, struct err *err)
{
    struct charsmap *m = calloc(1, sizeof(*m));
    int rc;

    *out = NULL;
    if (!m)
        return ERR_SET(err, ERR_NOMEM, "charsmap");
    rc = take(m, bytes, err);
    if (rc < 0) {
        charsmap_free(m);
        return rc;
    }
    find_longest(m);
    find_plain(m);
    *out = m;
    return 0;
}

/* Of a letter of base64, or -1. */
static int six_bits(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, with padding; out has room for 3 bytes of every 4 letters. */
static int decode_base64(unsigned char *out, size_t *len, struct span s,
                         struct err *err)
{
    size_t pad = 0, n = 0;
    uint32_t bits = 0;

    while (pad < 2 && pad < s.len && s.ptr[s.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < s.len - pad; i++) {
        int six = six_bits(s.ptr[i]);

        if (six < 0)
            return ERR_SET(err, ERR_FORMAT,
                           "damaged charsmap: letter %zu is not base64", i);
        bits = bits << 6 | (uint32_t)six;
        if (i % 4 != 0)
            out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    if (s.len % 4 != 0)
        return ERR_SET(err, ERR_FORMAT,
                       "damaged charsmap: %zu letters of base64", s.len);
    *len = n;
    return 0;
}

int charsmap_of_base64(struct charsmap **out, struct span text, struct err *err)
{
    unsigned char *bytes = malloc(text.len + 1);
    size_t len = 0;
    int rc;

    *out = NULL;
    if (!bytes)
        return ERR_SET(err, ERR_NOMEM, "charsmap of %zu letters", text.len);
    rc = decode_base64(bytes, &len, text, err);
    if (rc == 0)
        rc = charsmap_new(out, (struct blob){ bytes, len }, err);
    free(bytes);
    return rc;
}

void charsmap_free(struct charsmap *m)
{
    if (!m)
        return;
    free(m->unit);
    free(m->text);
    free(m);
}

size_t charsmap_longest(const struct charsmap *m)
{
    return m->longest;
}

/* ---- a text ---- */

static bool is_plain(const struct charsmap *m, uint32_t cp)
{
    return cp < PLAIN && (m->plain[cp / 8] >> cp % 8 & 1) != 0;
}

/* The end of the run of plain characters from p on; the last of them only
 * when no other character follows, as that may join it. */
static const char *skip_plain(const struct charsmap *m, const char *p,
                              const char *end)
{
    const char *last = p;

    while (p < end) {
        const char *q = p;

        if (!is_plain(m, normalise_decode(&q, end)))
            return last;
        last = p;
        p = q;
    }
    return end;
}

static int put_chars(const struct charsmap *m, struct buf *out, struct span s,
                     struct err *err)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    int rc = 0;

    while (rc == 0 && p < end) {
        const char *q = p;
        struct span one, made;

        (void)normalise_decode(&q, end);
        one = (struct span){ p, (size_t)(q - p) };
        if (!find(m, one, &made))
            made = one;
        rc = buf_append(out, made.ptr, made.len, err);
        p = q;
    }
    return rc;
}

static int put_grapheme(const struct charsmap *m, struct buf *out,
                        struct span s, struct err *err)
{
    struct span made;

    if (s.len < GRAPHEME && find(m, s, &made))
        return buf_append(out, made.ptr, made.len, err);
    return put_chars(m, out, s, err);
}

int charsmap_apply(const struct charsmap *m, struct buf *out, struct span text,
                   struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    int rc = 0;

    while (rc == 0 && p < end) {
        const char *q = skip_plain(m, p, end);

        rc = buf_append(out, p, (size_t)(q - p), err);
        p = q;
        if (rc == 0 && p < end) {
            q = normalise_grapheme(p, end);
            rc = put_grapheme(m, out, (struct span){ p, (size_t)(q - p) }, err);
            p = q;
        }
    }
    return rc;
}
