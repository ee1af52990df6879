#include "net/redact.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "net/events.h"

enum {
    KEY_MAX = 4096,
    PIECE = 8, /* bytes of a key that give it away */
    LONG = 16, /* of a shorter key only the whole is looked for */
    FORMS_MAX = 16 * KEY_MAX,
    BITS = 16,
};

/* The key in every form, one after the other with a NUL behind each, and which
 * pieces there are in them, by hash. */
struct forms {
    char text[FORMS_MAX];
    size_t len;
    uint64_t piece[(1 << BITS) / 64];
};

static bool blot(char *text, size_t len, const char *needle, size_t n)
{
    char *end = text + len, *p = text;
    bool any = false;

    while (n > 0 && (size_t)(end - p) >= n) {
        p = memmem(p, (size_t)(end - p), needle, n);
        if (!p)
            break;
        memset(p, '*', n);
        p += n;
        any = true;
    }
    return any;
}

static size_t backwards(char *out, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++)
        out[i] = key[n - 1 - i];
    return n;
}

static size_t escape_slashes(char *out, const char *key)
{
    size_t n = 0;

    for (; *key; key++) {
        if (*key == '/')
            out[n++] = '\\';
        out[n++] = *key;
    }
    return n;
}

static size_t percent(char *out, const char *key, const char *digits)
{
    size_t n = 0;

    for (; *key; key++) {
        unsigned char c = (unsigned char)*key;

        if (isalnum(c) || strchr("-._~", c)) {
            out[n++] = *key;
            continue;
        }
        out[n++] = '%';
        out[n++] = digits[c >> 4];
        out[n++] = digits[c & 15];
    }
    return n;
}

/* The key's bytes from `skip` on, in whole groups of three: what stands in any
 * base64 text that has the key at that offset. */
static size_t base64(char *out, const char *key, size_t skip)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(key), n = 0;

    for (size_t i = skip; i + 3 <= len; i += 3) {
        uint32_t v = (uint32_t)(unsigned char)key[i] << 16 |
                     (uint32_t)(unsigned char)key[i + 1] << 8 |
                     (uint32_t)(unsigned char)key[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            out[n++] = digits[v >> shift & 63];
    }
    return n;
}

static void make_forms(struct forms *f, const char *key)
{
    size_t n[8], at = 0;

    n[0] = strlen(key);
    memcpy(f->text, key, n[0]);
    for (int i = 1; i < 8; i++) {
        char *to;

        at += n[i - 1];
        f->text[at++] = '\0';
        to = f->text + at;
        n[i] = i == 1   ? backwards(to, key)
               : i == 2 ? escape_slashes(to, key)
               : i == 3 ? percent(to, key, "0123456789ABCDEF")
               : i == 4 ? percent(to, key, "0123456789abcdef")
                        : base64(to, key, (size_t)(i - 5));
    }
    f->len = at + n[7];
    f->text[f->len] = '\0';
}

static bool blot_forms(char *text, size_t len, const struct forms *f)
{
    bool any = false;

    for (const char *p = f->text; p < f->text + f->len; p += strlen(p) + 1)
        any |= blot(text, len, p, strlen(p));
    return any;
}

/* ---- pieces ---- */

/* Words have neither digits nor capitals amid small letters; there are keys
 * like sk-no-key-required. */
static bool is_random(const char *p)
{
    bool lower = false, upper = false, digit = false;

    for (int i = 0; i < PIECE; i++) {
        lower |= islower((unsigned char)p[i]) != 0;
        upper |= isupper((unsigned char)p[i]) != 0;
        digit |= isdigit((unsigned char)p[i]) != 0;
    }
    return digit || (lower && upper);
}

static uint64_t bit_of(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v * UINT64_C(0x9E3779B97F4A7C15) >> (64 - BITS);
}

static void mark_pieces(struct forms *f)
{
    memset(f->piece, 0, sizeof(f->piece));
    for (size_t i = 0; i + PIECE <= f->len; i++) {
        const char *p = f->text + i;

        if (memchr(p, '\0', PIECE) || !is_random(p))
            continue;
        f->piece[bit_of(p) / 64] |= UINT64_C(1) << bit_of(p) % 64;
    }
}

static bool is_piece(const struct forms *f, const char *p)
{
    uint64_t bit = bit_of(p);

    return f->piece[bit / 64] >> bit % 64 & 1 && is_random(p) &&
           memmem(f->text, f->len, p, PIECE);
}

/* Some endpoints say the key's first half when it is wrong. */
static bool blot_pieces(char *text, size_t len, const struct forms *f)
{
    size_t from = 0, to = 0; /* of pieces that touch; to 0: none */
    bool any = false;

    for (size_t i = 0; i + PIECE <= len; i++) {
        if (!is_piece(f, text + i))
            continue;
        if (i > to || !any) {
            memset(text + from, '*', to - from);
            from = i;
        }
        to = i + PIECE;
        any = true;
    }
    memset(text + from, '*', to - from);
    return any;
}

bool redact_is_secret(const char *key)
{
    size_t n = key ? strlen(key) : 0;

    return n >= PIECE && n < KEY_MAX;
}

bool redact(char *text, size_t len, const char *key)
{
    struct forms f;
    bool any;

    if (!redact_is_secret(key) || len == 0)
        return false;
    make_forms(&f, key);
    any = blot_forms(text, len, &f);
    if (strlen(key) >= LONG) {
        mark_pieces(&f);
        any |= blot_pieces(text, len, &f);
    }
    explicit_bzero(f.text, f.len);
    return any;
}

/* ---- what reading the body would put together ---- */

/* The character of four hex digits if JSON needs no escape for it; 0. */
static char plain_char(const char *hex)
{
    char digits[5] = { 0 }, *end;
    unsigned long v;

    memcpy(digits, hex, 4);
    v = strtoul(digits, &end, 16);
    return *end == '\0' && v > 0x20 && v < 0x7F && v != '"' && v != '\\'
               ? (char)v
               : '\0';
}

/* Resolve escapes that were not needed, also those in JSON that is a string of
 * JSON. The new length. */
static size_t unescape(char *text, size_t len)
{
    size_t n = 0, i = 0;

    while (i < len) {
        size_t k = 0; /* backslashes */
        char c = '\0';

        while (i + k < len && text[i + k] == '\\')
            k++;
        if ((k == 1 || k == 2) && i + k + 5 <= len && text[i + k] == 'u')
            c = plain_char(text + i + k + 1);
        else if ((k == 1 || k == 2) && i + k < len && text[i + k] == '/')
            c = '/';
        if (c) {
            i += k + (text[i + k] == 'u' ? 5 : 1);
            text[n++] = c;
            continue;
        }
        k += k == 0;
        memmove(text + n, text + i, k);
        n += k;
        i += k;
    }
    return n;
}

static int read_as(struct buf *plain, const struct buf *body, bool events,
                   struct err *err)
{
    struct json_node *whole;
    int rc;

    if (!events)
        return buf_append(plain, body->ptr, body->len, err);
    rc = events_join(&whole, body->ptr, body->len, err);
    if (rc == 0)
        rc = json_print(plain, whole, false, err);
    json_node_free(whole);
    return rc;
}

int redact_body(struct buf *body, const char *key, struct err *err)
{
    struct buf plain = BUF_INIT(6 * body->len + 4096);
    bool events;
    int rc;

    if (body->len == 0 || !redact_is_secret(key))
        return 0;
    (void)redact(body->ptr, body->len, key);
    events = events_begin(body->ptr, body->len);
    if (!events && !memmem(body->ptr, body->len, "\\u00", 4))
        return 0;
    rc = read_as(&plain, body, events, err);
    if (rc == 0 && plain.len) {
        plain.len = unescape(plain.ptr, plain.len);
        plain.ptr[plain.len] = '\0';
    }
    if (rc == 0 && redact(plain.ptr, plain.len, key)) {
        struct buf was = *body;

        *body = plain;
        plain = was;
    }
    buf_release(&plain);
    return rc;
}
