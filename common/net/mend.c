#include "net/mend.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "net/sign.h"

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

int mend_clean(struct buf *b, const char *text, size_t len, struct err *err)
{
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && at < len) {
        size_t good = utf8_valid(text + at, len - at);

        rc = buf_append(b, text + at, good, err);
        at += good;
        if (rc == 0 && at < len) {
            rc = buf_puts(b, "\xEF\xBF\xBD", err);
            at++;
        }
    }
    for (size_t i = 0; i < b->len; i++)
        if ((unsigned char)b->ptr[i] < 0x20 || b->ptr[i] == 0x7F)
            b->ptr[i] = b->ptr[i] == '\n' ? '\n' : ' ';
    return rc;
}

bool mend_opens(const char *p, const char *end)
{
    size_t len;

    return sign_in(sign_at(p, end, &len), "{[");
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

/* May what stands at p come after a comma: a value, a key, a bracket? */
static bool goes_on(const struct mender *m, const char *p)
{
    const char *q;
    size_t len, n;
    bool fine;
    char c;

    p = sign_skip_blanks(p, m->end);
    c = sign_at(p, m->end, &len);
    if (c == '\0' || strchr("\"'{}[],/#", c))
        return true;
    n = sign_word(p, m->end);
    q = sign_skip_blanks(p + n, m->end);
    c = sign_at(q, m->end, &len);
    if (c == ':')
        return in_object(m);
    if (c != '\0' && !strchr(",}]", c))
        return false;
    return sign_literal(p, n) || sign_number(p, n, &fine) ||
           sign_ellipsis(p, n);
}

/* Is a quote before p the end of its string? */
static bool closes(const struct mender *m, const char *p)
{
    const char *q = sign_skip_blanks(p, m->end);
    size_t len;
    char c = sign_at(q, m->end, &len);

    if (c == '\0' || strchr("}]#", c))
        return true;
    if (sign_in(c, ":{[") && wants_key(m))
        return true;
    if (c == ',')
        return goes_on(m, q + len);
    if (c == '/')
        return m->end - q > 1 && sign_in(q[1], "/*");
    /* a comma was forgotten at the end of a line */
    return sign_in(c, "\"'{[") && memchr(p, '\n', (size_t)(q - p));
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
    if (opening && (*inner || sign_skip_blanks(m->s + n, m->end) == m->end)) {
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
        char c = sign_at(m->s, m->end, &n);

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
    size_t n = sign_word(p, m->end), len;
    const char *value = sign_literal(p, n);
    bool fine = false, number = sign_number(p, n, &fine);
    int rc = 0;

    m->s += n ? n : 1;
    if (wants_key(m)) {
        const char *q = sign_skip_blanks(m->s, m->end);

        if (n == 0 || sign_at(q, m->end, &len) != ':')
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
        else if (sign_skip_blanks(m->s, m->end) < m->end)
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
        char c = sign_at(m.s, m.end, &len);

        if (sign_in(c, " \n"))
            m.s += len;
        else if (sign_in(c, "\"'{}[],:"))
            rc = take_sign(&m, c, len, err);
        else if (!skip_comment(&m))
            rc = take_word(&m, err);
    } while (rc == 0 && m.depth > 0 && m.s < m.end);
    *used = (size_t)(m.s - s.ptr);
    *cut = m.depth > 0;
    return rc == 0 && *cut ? drop_unfinished(&m, err) : rc;
}
