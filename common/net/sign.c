#include "net/sign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *from, *to;
} full_width[] = {
    { "\xEF\xBC\x8C", "," },  /* ， */
    { "\xE3\x80\x81", "," },  /* 、 */
    { "\xEF\xBC\x9A", ":" },  /* ： */
    { "\xEF\xBD\x9B", "{" },  /* ｛ */
    { "\xEF\xBD\x9D", "}" },  /* ｝ */
    { "\xEF\xBC\xBB", "[" },  /* ［ */
    { "\xEF\xBC\xBD", "]" },  /* ］ */
    { "\xE3\x80\x90", "[" },  /* 【 */
    { "\xE3\x80\x91", "]" },  /* 】 */
    { "\xE2\x80\x9C", "\"" }, /* “ */
    { "\xE2\x80\x9D", "\"" }, /* ” */
    { "\xEF\xBC\x82", "\"" }, /* ＂ */
    { "\xE2\x80\x98", "'" },  /* ‘ */
    { "\xE2\x80\x99", "'" },  /* ’ */
    { "\xC2\xA0", " " },      /* no-break space */
    { "\xE3\x80\x80", " " },  /* ideographic space */
};

char sign_at(const char *p, const char *end, size_t *len)
{
    *len = p < end;
    if (p == end || (unsigned char)*p < 0x80)
        return p == end ? '\0' : *p;
    for (size_t i = 0; i < sizeof(full_width) / sizeof(full_width[0]); i++) {
        size_t n = strlen(full_width[i].from);

        if ((size_t)(end - p) >= n && memcmp(p, full_width[i].from, n) == 0) {
            *len = n;
            return full_width[i].to[0];
        }
    }
    return *p;
}

bool sign_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

const char *sign_skip_blanks(const char *p, const char *end)
{
    size_t len;

    while (sign_in(sign_at(p, end, &len), " \n"))
        p += len;
    return p;
}

size_t sign_word(const char *p, const char *end)
{
    const char *q = p;
    size_t len;

    while (q < end && !sign_in(sign_at(q, end, &len), " \n,:{}[]\"'/#"))
        q += len;
    return (size_t)(q - p);
}

const char *sign_literal(const char *p, size_t n)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        { "true", "true" },      { "True", "true" },   { "TRUE", "true" },
        { "false", "false" },    { "False", "false" }, { "FALSE", "false" },
        { "null", "null" },      { "None", "null" },   { "NULL", "null" },
        { "NaN", "null" },       { "nan", "null" },    { "Infinity", "null" },
        { "-Infinity", "null" }, { "inf", "null" },    { "undefined", "null" },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].from) == n && memcmp(words[i].from, p, n) == 0)
            return words[i].to;
    return NULL;
}

bool sign_number(const char *p, size_t n, bool *fine)
{
    char copy[64];
    size_t sign = n && p[0] == '-', digits;

    *fine = false;
    if (n == 0 || n >= sizeof(copy) || !strchr("+-.0123456789", p[0]))
        return false;
    memcpy(copy, p, n);
    copy[n] = '\0';
    if (strspn(copy, "+-.0123456789eE") != n || !strpbrk(copy, "0123456789"))
        return false;
    digits = strspn(copy + sign, "0123456789");
    *fine = digits > 0 && (digits == 1 || copy[sign] != '0') &&
            copy[n - 1] != '.' && !strstr(copy, ".e") && !strstr(copy, ".E");
    if (*fine) {
        char *stop;
        double x = strtod(copy, &stop);

        *fine = !*stop && isfinite(x);
    }
    return true;
}

bool sign_ellipsis(const char *p, size_t n)
{
    return strspn(p, ".") == n || (n == 3 && memcmp(p, "\xE2\x80\xA6", 3) == 0);
}
