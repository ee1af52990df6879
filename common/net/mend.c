#include "net/mend.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mender {
    const char *s, *end; /* what is left to read */
    struct buf *out;
    size_t begin;           /* of this value in out */
    char stack[MEND_DEPTH]; /* '{' or '[' */
    bool want_key[MEND_DEPTH];
    size_t depth;
    size_t safe, safe_depth; /* length and depth after a complete value */
    char safe_stack[MEND_DEPTH];
};

/* ---- signs ---- */

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

/* The ASCII meaning of what is at p outside strings; *len its bytes. '\0' at
 * the end. */
static char meaning(const char *p, const char *end, size_t *len)
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

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static const char *skip_blanks(const char *p, const char *end)
{
    size_t len;

    while (is_one_of(meaning(p, end, &len), " \n"))
        p += len;
    return p;
}

/* Bytes of the word at p: up to a blank or a sign. */
static size_t word_at(const char *p, const char *end)
{
    const char *q = p;
    size_t len;

    while (q < end && !is_one_of(meaning(q, end, &len), " \n,:{}[]\"'/#"))
        q += len;
    return (size_t)(q - p);
}

bool mend_opens(const char *p, const char *end)
{
    size_t len;

    return is_one_of(meaning(p, end, &len), "{[");
}

static const char *literal(const char *p, size_t n)
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

/* Only digits and what belongs to numbers? *fine: as JSON writes them. */
static bool is_number(const char *p, size_t n, bool *fine)
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

/* ---- writing ---- */

static char last(const struct mender *m)
{
    return m->out->len > m->begin ? m->out->ptr[m->out->len - 1] : '\0';
}

static int put(struct mender *m, const char *s, size_t n, struct err *err)
{
    return buf_append(m->out, s, n, err);
}

static bool in_object(const struct mender *m)
{
    return m->depth && m->stack[m->depth - 1] == '{';
}

static bool wants_key(const struct mender *m)
{
    return in_object(m) && m->want_key[m->depth - 1];
}

/* A value has ended: in an object the next thing is a key. Up to here
 * everything is whole. */
static void value_done(struct mender *m)
{
    if (in_object(m))
        m->want_key[m->depth - 1] = true;
    m->safe = m->out->len;
    m->safe_depth = m->depth;
    memcpy(m->safe_stack, m->stack, sizeof(m->stack));
}

/* The comma or colon that was forgotten before a key or a value. */
static int separate(struct mender *m, struct err *err)
{
    if (m->depth == 0 || strchr("{[,:", last(m)))
        return 0;
    return put(m, in_object(m) && !wants_key(m) ? ":" : ",", 1, err);
}

/* A key whose value is missing gets null. */
static int complete(struct mender *m, struct err *err)
{
    int rc = 0;

    if (!in_object(m) || wants_key(m))
        return 0;
    if (last(m) != ':')
        rc = put(m, ":", 1, err);
    if (rc == 0)
        rc = put(m, "null", 4, err);
    if (rc == 0)
        value_done(m);
    return rc;
}

/* ---- strings ---- */

/* "and so on", also as one character */
static bool is_ellipsis(const char *p, size_t n)
{
    return strspn(p, ".") == n || (n == 3 && memcmp(p, "\xE2\x80\xA6", 3) == 0);
}

/* May what stands at p come after a comma: a value, a key, a bracket? */
static bool goes_on(const struct mender *m, const char *p)
{
    const char *q;
    size_t len, n;
    bool fine;
    char c;

    p = skip_blanks(p, m->end);
    c = meaning(p, m->end, &len);
    if (c == '\0' || strchr("\"'{}[],/#", c))
        return true;
    n = word_at(p, m->end);
    q = skip_blanks(p + n, m->end);
    c = meaning(q, m->end, &len);
    if (c == ':')
        return in_object(m);
    if (c != '\0' && !strchr(",}]", c))
        return false;
    return literal(p, n) || is_number(p, n, &fine) || is_ellipsis(p, n);
}

/* Is a quote before p the end of its string? */
static bool closes(const struct mender *m, const char *p)
{
    const char *q = skip_blanks(p, m->end);
    size_t len;
    char c = meaning(q, m->end, &len);

    if (c == '\0' || strchr("}]#", c))
        return true;
    if (is_one_of(c, ":{[") && wants_key(m))
        return true;
    if (c == ',')
        return goes_on(m, q + len);
    if (c == '/')
        return m->end - q > 1 && is_one_of(q[1], "/*");
    /* a comma was forgotten at the end of a line */
    return is_one_of(c, "\"'{[") && memchr(p, '\n', (size_t)(q - p));
}

/* Four hex digits at p, not 0000; -1: none. */
static long hex4(const char *p, const char *end)
{
    char digits[5] = "";

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++)
        if (!isxdigit((unsigned char)p[i]))
            return -1;
    memcpy(digits, p, 4);
    return strtol(digits, NULL, 16);
}

/* m->s is at \u. */
static int put_unicode(struct mender *m, struct err *err)
{
    long a = hex4(m->s + 2, m->end), b = -1;
    const char *from = m->s;

    if (a < 0) {
        m->s += 2;
        return put(m, "\xEF\xBF\xBD", 3, err);
    }
    m->s += 6;
    if (m->end - m->s >= 6 && m->s[0] == '\\' && m->s[1] == 'u')
        b = hex4(m->s + 2, m->end);
    if (a == 0 || (a >= 0xDC00 && a < 0xE000) ||
        (a >= 0xD800 && a < 0xDC00 && (b < 0xDC00 || b >= 0xE000)))
        return put(m, "\xEF\xBF\xBD", 3, err); /* NUL, or half of a pair */
    if (a >= 0xD800 && a < 0xDC00)
        m->s += 6;
    return put(m, from, (size_t)(m->s - from), err);
}

static int put_escape(struct mender *m, struct err *err)
{
    char c = m->s + 1 < m->end ? m->s[1] : '\0';

    if (c == 'u')
        return put_unicode(m, err);
    m->s++;
    if (c == '\0' || c == '\n') /* the line end comes next */
        return 0;
    m->s++;
    if (strchr("\"\\/bfnrt", c))
        return put(m, m->s - 2, 2, err);
    return put(m, m->s - 1, 1, err); /* \' and the like: no escape */
}

/* A quote of the string's kind at m->s, n bytes: is it the end? Full-width
 * quotes come in pairs, of which *inner are open. */
static bool is_end(const struct mender *m, size_t n, size_t *inner)
{
    bool opening = n == 3 && strchr("\x98\x9C", m->s[2]);
    bool closing = n == 3 && strchr("\x99\x9D", m->s[2]);

    if (closing && *inner) {
        (*inner)--;
        return false;
    }
    /* some write the opening one on both sides */
    if (opening && (*inner || skip_blanks(m->s + n, m->end) == m->end)) {
        (*inner)++;
        return false;
    }
    if (closes(m, m->s + n))
        return true;
    *inner += opening;
    return false;
}

/* Read a string; m->s is after its quote, ' or ". False: the text ended. */
static int mend_string(struct mender *m, char quote, bool *whole,
                       struct err *err)
{
    size_t inner = 0;
    int rc = put(m, "\"", 1, err);

    *whole = false;
    while (rc == 0 && m->s < m->end) {
        size_t n;
        char c = meaning(m->s, m->end, &n);

        if (*m->s == '\\') {
            rc = put_escape(m, err);
            continue;
        }
        if (c == quote && is_end(m, n, &inner)) {
            m->s += n;
            *whole = true;
            return put(m, "\"", 1, err);
        }
        if (*m->s == '"')
            rc = put(m, "\\\"", 2, err);
        else
            rc = put(m, *m->s == '\n' ? " " : m->s, n, err);
        m->s += n;
    }
    return rc;
}

static int take_string(struct mender *m, char quote, struct err *err)
{
    bool whole, key = wants_key(m);
    int rc = mend_string(m, quote, &whole, err);

    if (rc < 0 || !whole)
        return rc;
    if (key)
        m->want_key[m->depth - 1] = false;
    else
        value_done(m);
    return 0;
}

/* ---- everything else ---- */

static int put_key(struct mender *m, const char *p, size_t n, struct err *err)
{
    int rc = put(m, "\"", 1, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (p[i] != '\\')
            rc = put(m, p + i, 1, err);
    m->want_key[m->depth - 1] = false;
    return rc < 0 ? rc : put(m, "\"", 1, err);
}

static int take_word(struct mender *m, struct err *err)
{
    const char *p = m->s;
    size_t n = word_at(p, m->end), len;
    const char *value = literal(p, n);
    bool fine = false, number = is_number(p, n, &fine);
    int rc = 0;

    m->s += n ? n : 1;
    if (wants_key(m)) {
        const char *q = skip_blanks(m->s, m->end);

        if (n == 0 || meaning(q, m->end, &len) != ':')
            return 0;
        rc = separate(m, err);
        return rc < 0 ? rc : put_key(m, p, n, err);
    }
    if (!value && !number)
        return 0; /* stray words outside strings are dropped */
    if (!value && !fine)
        value = "null"; /* 007, 1., 1e999 */
    rc = separate(m, err);
    if (rc == 0)
        rc = put(m, value ? value : p, value ? strlen(value) : n, err);
    if (rc == 0 && m->s < m->end) /* at the end there may have been more */
        value_done(m);
    return rc;
}

static int open_level(struct mender *m, char c, struct err *err)
{
    int rc;

    if (m->depth == MEND_DEPTH)
        return ERR_SET(err, ERR_FORMAT, "answer nested deeper than %d",
                       MEND_DEPTH);
    rc = separate(m, err);
    m->stack[m->depth] = c;
    m->want_key[m->depth] = c == '{';
    m->depth++;
    return rc < 0 ? rc : put(m, &c, 1, err);
}

static int pop(struct mender *m, struct err *err)
{
    char c = in_object(m) ? '}' : ']';
    int rc = complete(m, err);

    if (last(m) == ',')
        m->out->len--;
    m->depth--;
    if (rc == 0)
        rc = put(m, &c, 1, err);
    if (rc == 0)
        value_done(m);
    return rc;
}

static int close_level(struct mender *m, char c, struct err *err)
{
    char open = c == '}' ? '{' : '[';
    int rc = 0;

    if (m->stack[m->depth - 1] != open) {
        if (m->depth > 1 && m->stack[m->depth - 2] == open)
            rc = pop(m, err); /* the inner one was forgotten */
        else if (skip_blanks(m->s, m->end) < m->end)
            return 0; /* one too many */
    }
    return rc < 0 ? rc : pop(m, err);
}

static int take_comma(struct mender *m, struct err *err)
{
    int rc = complete(m, err);

    if (rc < 0 || strchr("{[,", last(m)))
        return rc;
    return put(m, ",", 1, err);
}

static int take_sign(struct mender *m, char c, size_t len, struct err *err)
{
    int rc;

    m->s += len;
    switch (c) {
    case '"':
    case '\'':
        rc = separate(m, err);
        return rc < 0 ? rc : take_string(m, c, err);
    case '{':
    case '[':
        return open_level(m, c, err);
    case '}':
    case ']':
        return close_level(m, c, err);
    case ',':
        return take_comma(m, err);
    default: /* ':', where one may be */
        if (!in_object(m) || wants_key(m) || last(m) == ':')
            return 0;
        return put(m, ":", 1, err);
    }
}

static bool skip_comment(struct mender *m)
{
    size_t left = (size_t)(m->end - m->s);
    bool block = left > 1 && memcmp(m->s, "/*", 2) == 0;
    const char *stop;

    if (!block && *m->s != '#' && !(left > 1 && memcmp(m->s, "//", 2) == 0))
        return false;
    stop =
        block ? memmem(m->s + 2, left - 2, "*/", 2) : memchr(m->s, '\n', left);
    if (!stop)
        m->s = m->end;
    else
        m->s = stop + (block ? 2 : 1);
    return true;
}

static int drop_unfinished(struct mender *m, struct err *err)
{
    int rc = 0;

    m->out->len = m->safe;
    for (size_t d = m->safe_depth; rc == 0 && d > 0; d--)
        rc = put(m, m->safe_stack[d - 1] == '{' ? "}" : "]", 1, err);
    return rc;
}

int mend_json(struct buf *out, struct span s, size_t *used, bool *cut,
              struct err *err)
{
    struct mender m = { .s = s.ptr, .end = s.ptr + s.len, .out = out };
    int rc = 0;

    m.begin = m.safe = out->len;
    do {
        size_t len;
        char c = meaning(m.s, m.end, &len);

        if (is_one_of(c, " \n"))
            m.s += len;
        else if (is_one_of(c, "\"'{}[],:"))
            rc = take_sign(&m, c, len, err);
        else if (!skip_comment(&m))
            rc = take_word(&m, err);
    } while (rc == 0 && m.depth > 0 && m.s < m.end);
    *used = (size_t)(m.s - s.ptr);
    *cut = m.depth > 0;
    return rc == 0 && *cut ? drop_unfinished(&m, err) : rc;
}
