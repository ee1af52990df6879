#include "net/redact.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_MAX = 4096,
    SHORT = 8, /* of a shorter key other forms would be found by accident */
};

static void blot(char *text, size_t len, const char *needle, size_t n)
{
    char *end = text + len, *p = text;

    while (n > 0 && (size_t)(end - p) >= n) {
        p = memmem(p, (size_t)(end - p), needle, n);
        if (!p)
            break;
        memset(p, '*', n);
        p += n;
    }
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

void redact(char *text, size_t len, const char *key)
{
    char form[3 * KEY_MAX];
    size_t n = key ? strlen(key) : 0;

    if (n == 0 || n >= KEY_MAX || len == 0)
        return;
    blot(text, len, key, n);
    if (n < SHORT)
        return;
    blot(text, len, form, escape_slashes(form, key));
    blot(text, len, form, percent(form, key, "0123456789ABCDEF"));
    blot(text, len, form, percent(form, key, "0123456789abcdef"));
    for (size_t skip = 0; skip < 3; skip++)
        blot(text, len, form, base64(form, key, skip));
    explicit_bzero(form, sizeof(form));
}
