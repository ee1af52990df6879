#include "net/repair.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *repair_name(enum repair_how how)
{
    switch (how) {
    case REPAIR_AS_IS:
        return "as-is";
    case REPAIR_FENCE:
        return "fence";
    case REPAIR_SPAN:
        return "span";
    case REPAIR_FIXED:
        return "fixed";
    case REPAIR_CUT:
        return "cut";
    }
    return "?";
}

/* Bad bytes become U+FFFD, control characters blanks. */
static int clean(struct buf *b, const char *text, size_t len, struct err *err)
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

/* What follows the last </think>. */
static struct span after_thinking(struct span s)
{
    static const char tag[] = "</think>";
    const char *hit = memmem(s.ptr, s.len, tag, sizeof(tag) - 1);

    while (hit) {
        size_t skip = (size_t)(hit - s.ptr) + sizeof(tag) - 1;

        s = (struct span){ s.ptr + skip, s.len - skip };
        hit = memmem(s.ptr, s.len, tag, sizeof(tag) - 1);
    }
    return s;
}

static bool try_parse(struct json **out, struct span s)
{
    struct err none = ERR_INIT;
    enum json_type t;

    if (json_parse(out, "answer", s.ptr, s.len, JSON_STRICT, &none) < 0)
        return false;
    t = json_type(json_root(*out));
    if ((t == JSON_OBJECT || t == JSON_ARRAY) && json_size(json_root(*out)) > 0)
        return true;
    json_free(*out);
    *out = NULL;
    return false;
}

/* The contents of the last ``` block, closed or not. */
static bool last_fence(struct span s, struct span *in)
{
    const char *open = NULL, *close = NULL, *end = s.ptr + s.len;
    const char *p = s.ptr;

    for (;;) {
        const char *hit = memmem(p, (size_t)(end - p), "```", 3);

        if (!hit)
            break;
        if (open && !close) {
            close = hit;
        } else {
            open = hit;
            close = NULL;
        }
        p = hit + 3;
    }
    if (!open)
        return false;
    open += 3;
    while (open < end && *open != '\n' && *open != '{' && *open != '[')
        open++; /* the language tag */
    if (!close)
        close = end;
    *in = (struct span){ open, open < close ? (size_t)(close - open) : 0 };
    return true;
}

/* End of the balanced value that begins at s[at], or 0. */
static size_t balanced(struct span s, size_t at)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = at; i < s.len; i++) {
        char c = s.ptr[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* inner: also look inside a value that never ends. Without it a truncated
 * answer goes to the repairing pass, which keeps more than its last item. */
static bool last_span(struct json **out, struct span s, bool inner)
{
    enum { TRIES = 64 };
    int tries = 0;

    *out = NULL;
    for (size_t i = 0; i < s.len && tries < TRIES; i++) {
        struct json *doc;
        size_t end;

        if (s.ptr[i] != '{' && s.ptr[i] != '[')
            continue;
        tries++;
        end = balanced(s, i);
        if (!end && !inner)
            break;
        if (end && try_parse(&doc, (struct span){ s.ptr + i, end - i })) {
            json_free(*out);
            *out = doc;
            i = end - 1;
        } else if (end && !inner) {
            i = end - 1; /* damaged: its parts are not what was meant */
        }
    }
    return *out != NULL;
}

/* ---- the repairing pass ---- */

struct fixer {
    const char *s, *end; /* what is left to read */
    struct buf out;
    char stack[REPAIR_DEPTH]; /* '{' or '[' */
    bool want_key[REPAIR_DEPTH];
    size_t depth;
    size_t safe, safe_depth; /* length and depth after a complete item */
    char safe_stack[REPAIR_DEPTH];
};

static const struct {
    const char *from, *to;
} full_width[] = {
    { "\xEF\xBC\x8C", "," },  /* ， */
    { "\xE3\x80\x81", "," },  /* 、 */
    { "\xEF\xBC\x9A", ":" },  /* ： */
    { "\xEF\xBD\x9B", "{" },  /* ｛ */
    { "\xEF\xBD\x9D", "}" },  /* ｝ */
    { "\xE3\x80\x90", "[" },  /* 【 */
    { "\xE3\x80\x91", "]" },  /* 】 */
    { "\xE2\x80\x9C", "\"" }, /* “ */
    { "\xE2\x80\x9D", "\"" }, /* ” */
    { "\xC2\xA0", " " },      /* no-break space */
    { "\xE3\x80\x80", " " },  /* ideographic space */
};

/* The ASCII meaning of what is at p outside strings; *len its bytes. */
static char meaning(const char *p, const char *end, size_t *len)
{
    for (size_t i = 0; i < sizeof(full_width) / sizeof(full_width[0]); i++) {
        size_t n = strlen(full_width[i].from);

        if ((size_t)(end - p) >= n && memcmp(p, full_width[i].from, n) == 0) {
            *len = n;
            return full_width[i].to[0];
        }
    }
    *len = 1;
    return *p;
}

static char next_sign(const char *p, const char *end)
{
    size_t len;
    char c = '\0';

    while (p < end) {
        c = meaning(p, end, &len);
        if (!strchr(" \t\r\n", c))
            return c;
        p += len;
    }
    return '\0';
}

/* Remember that everything up to here is whole items. */
static void mark_safe(struct fixer *f)
{
    f->safe = f->out.len;
    f->safe_depth = f->depth;
    memcpy(f->safe_stack, f->stack, sizeof(f->stack));
}

/* A value has ended: in an object the next thing is a key. */
static void value_done(struct fixer *f)
{
    if (f->depth && f->stack[f->depth - 1] == '{')
        f->want_key[f->depth - 1] = true;
    mark_safe(f);
}

static int put(struct fixer *f, const char *s, size_t n, struct err *err)
{
    return buf_append(&f->out, s, n, err);
}

static int put_escape(struct fixer *f, struct err *err)
{
    char c = f->s + 1 < f->end ? f->s[1] : '\0';
    bool hex = c == 'u' && f->end - f->s > 5 &&
               strspn(f->s + 2, "0123456789abcdefABCDEF") >= 4 &&
               memcmp(f->s + 2, "0000", 4) != 0;
    bool surrogate = hex && (f->s[2] == 'd' || f->s[2] == 'D') &&
                     strchr("89abcdefABCDEF", f->s[3]);

    if (surrogate &&
        (f->end - f->s < 12 || f->s[6] != '\\' || !strchr("89abAB", f->s[3]))) {
        f->s += 6; /* half of a pair */
        return put(f, "\xEF\xBF\xBD", 3, err);
    }
    if (hex) {
        size_t n = surrogate ? 12 : 6;

        f->s += n;
        return put(f, f->s - n, n, err);
    }
    f->s += c ? 2 : 1;
    if (c && strchr("\"\\/bfnrt", c))
        return put(f, f->s - 2, 2, err);
    return c && c != 'u' ? put(f, f->s - 1, 1, err) : 0;
}

/* Is the quote at p the end of the string, or a mark inside it? */
static bool closes(const struct fixer *f, const char *p, size_t len)
{
    char c = next_sign(p + len, f->end);

    return c == '\0' || strchr(",:}]", c) || c == '/' || c == '#';
}

/* Read a string; quote is ' or ". False: the text ended inside it. */
static int fix_string(struct fixer *f, char quote, bool *whole, struct err *err)
{
    int rc = put(f, "\"", 1, err);

    *whole = false;
    while (rc == 0 && f->s < f->end) {
        size_t len;
        char c = meaning(f->s, f->end, &len);
        bool mark = c == quote && (len > 1 || *f->s == quote);

        if (*f->s == '\\') {
            rc = put_escape(f, err);
        } else if (mark && closes(f, f->s, len)) {
            f->s += len;
            *whole = true;
            return put(f, "\"", 1, err);
        } else if (*f->s == '"') {
            rc = put(f, "\\\"", 2, err);
            f->s++;
        } else if (*f->s == '\n') {
            rc = put(f, " ", 1, err);
            f->s++;
        } else {
            rc = put(f, f->s, 1, err);
            f->s++;
        }
    }
    return rc;
}

static int fix_word(struct fixer *f, struct err *err)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        { "true", "true" },      { "True", "true" }, { "false", "false" },
        { "False", "false" },    { "null", "null" }, { "None", "null" },
        { "NaN", "null" },       { "nan", "null" },  { "Infinity", "null" },
        { "undefined", "null" },
    };
    size_t n = strcspn(f->s, " \t\r\n,:{}[]\"'/"), digits;

    if ((size_t)(f->end - f->s) < n)
        n = (size_t)(f->end - f->s);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].from) == n && memcmp(words[i].from, f->s, n) == 0) {
            f->s += n;
            value_done(f);
            return put(f, words[i].to, strlen(words[i].to), err);
        }
    digits = strspn(f->s, "+-0123456789.eE");
    if (n > 0 && digits == n) {
        f->s += n;
        return put(f, f->s - n, n, err);
    }
    f->s += n ? n : 1; /* stray words outside strings are dropped */
    return 0;
}

static void drop_comma(struct fixer *f)
{
    size_t n = f->out.len;

    while (n && strchr(" \n\r\t", f->out.ptr[n - 1]))
        n--;
    if (n && f->out.ptr[n - 1] == ',') {
        f->out.len = n - 1;
        f->out.ptr[f->out.len] = '\0';
    }
}

static int open_level(struct fixer *f, char c, struct err *err)
{
    if (f->depth == REPAIR_DEPTH)
        return ERR_SET(err, ERR_FORMAT, "answer nested deeper than %d",
                       REPAIR_DEPTH);
    f->stack[f->depth] = c;
    f->want_key[f->depth] = c == '{';
    f->depth++;
    return put(f, &c, 1, err);
}

static int close_level(struct fixer *f, char c, struct err *err)
{
    char open = c == '}' ? '{' : '[', real;

    if (f->depth == 0)
        return 0;
    if (f->stack[f->depth - 1] != open && f->depth > 1 &&
        f->stack[f->depth - 2] == open) { /* the inner one was forgotten */
        int rc = close_level(f, c == '}' ? ']' : '}', err);

        if (rc < 0)
            return rc;
    }
    drop_comma(f);
    real = f->stack[f->depth - 1] == '{' ? '}' : ']';
    f->depth--;
    if (put(f, &real, 1, err) < 0)
        return err->code;
    value_done(f);
    return 0;
}

static bool skip_comment(struct fixer *f)
{
    const char *stop;

    if (f->end - f->s < 2 || f->s[0] != '/')
        return false;
    if (f->s[1] == '/')
        stop = memchr(f->s, '\n', (size_t)(f->end - f->s));
    else if (f->s[1] == '*')
        stop = memmem(f->s, (size_t)(f->end - f->s), "*/", 2);
    else
        return false;
    f->s = stop ? stop + (f->s[1] == '*' ? 2 : 1) : f->end;
    return true;
}

static int fix_sign(struct fixer *f, char c, size_t len, struct err *err)
{
    bool whole, key;
    int rc;

    if (c == '"' || c == '\'') {
        key = f->depth && f->want_key[f->depth - 1];
        f->s += len;
        rc = fix_string(f, c, &whole, err);
        if (rc < 0 || !whole)
            return rc;
        if (key)
            f->want_key[f->depth - 1] = false;
        else
            value_done(f);
        return 0;
    }
    if (!strchr("{}[],:", c))
        return fix_word(f, err);
    f->s += len;
    if (c == '{' || c == '[')
        return open_level(f, c, err);
    if (c == '}' || c == ']')
        return close_level(f, c, err);
    if (c == ',') {
        drop_comma(f);
        if (f->out.len && strchr("{[", f->out.ptr[f->out.len - 1]))
            return 0;
    }
    return put(f, &c, 1, err);
}

static int fix(struct fixer *f, bool *cut, struct err *err)
{
    int rc = 0;

    do {
        size_t len;
        char c = meaning(f->s, f->end, &len);

        if (strchr(" \t\r\n", c))
            f->s += len;
        else if (!skip_comment(f))
            rc = fix_sign(f, c, len, err);
    } while (rc == 0 && f->depth > 0 && f->s < f->end);
    *cut = rc == 0 && f->depth > 0;
    if (!*cut)
        return rc;
    f->out.len = f->safe;
    for (size_t d = f->safe_depth; rc == 0 && d > 0; d--)
        rc = put(f, f->safe_stack[d - 1] == '{' ? "}" : "]", 1, err);
    return rc;
}

static bool repaired(struct json **out, enum repair_how *how, struct span s)
{
    struct fixer f = { .out = BUF_INIT(2 * REPAIR_MAX) };
    struct err none = ERR_INIT;
    bool cut = false, ok = false;
    size_t at = 0, len;

    while (at < s.len &&
           !strchr("{[", meaning(s.ptr + at, s.ptr + s.len, &len)))
        at++;
    if (at == s.len)
        return false;
    f.s = s.ptr + at;
    f.end = s.ptr + s.len;
    if (fix(&f, &cut, &none) == 0 && f.out.len)
        ok = try_parse(out, (struct span){ f.out.ptr, f.out.len });
    *how = cut ? REPAIR_CUT : REPAIR_FIXED;
    buf_release(&f.out);
    return ok;
}

int repair_json(struct json **out, enum repair_how *how, const char *text,
                size_t len, struct err *err)
{
    struct buf b = BUF_INIT(4 * REPAIR_MAX);
    struct span s, fence;
    int rc;

    *out = NULL;
    if (len > REPAIR_MAX)
        return ERR_SET(err, ERR_FORMAT, "answer of %zu bytes, at most %d", len,
                       REPAIR_MAX);
    rc = clean(&b, text, len, err);
    if (rc < 0)
        goto out;
    s = after_thinking((struct span){ buf_str(&b), b.len });
    *how = REPAIR_AS_IS;
    if (try_parse(out, s))
        goto out;
    *how = REPAIR_FENCE;
    if (last_fence(s, &fence) && try_parse(out, fence))
        goto out;
    *how = REPAIR_SPAN;
    if (last_span(out, s, false))
        goto out;
    if (last_fence(s, &fence) && repaired(out, how, fence))
        goto out;
    if (repaired(out, how, s))
        goto out;
    *how = REPAIR_SPAN;
    if (!last_span(out, s, true))
        rc = ERR_SET(err, ERR_FORMAT, "no JSON in the answer");
out:
    buf_release(&b);
    return rc;
}
