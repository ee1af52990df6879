#include "text/normalise.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Younger than Unicode 8: the reference knows no class and no decomposition
 * for these. Whole blocks where nothing older with a class lies between. */
static const uint32_t young[][2] = {
    { 0x61d, 0x61d },     { 0x7fd, 0x7fd },     { 0x890, 0x8e2 },
    { 0x9fd, 0x9fe },     { 0xa76, 0xa76 },     { 0xafa, 0xaff },
    { 0xb55, 0xb55 },     { 0xc04, 0xc04 },     { 0xc3c, 0xc3c },
    { 0xc77, 0xc77 },     { 0xc84, 0xc84 },     { 0xd00, 0xd00 },
    { 0xd3b, 0xd3c },     { 0xd81, 0xd81 },     { 0xeba, 0xeba },
    { 0xece, 0xece },     { 0x180f, 0x180f },   { 0x1885, 0x1886 },
    { 0x1abf, 0x1ace },   { 0x1b7d, 0x1b7e },   { 0x1df6, 0x1dfb },
    { 0x2e43, 0x2e5d },   { 0xa82c, 0xa82c },   { 0xa8c5, 0xa8c5 },
    { 0xa8ff, 0xa8ff },   { 0xa9bd, 0xa9bd },   { 0x10d24, 0x10f89 },
    { 0x11070, 0x11074 }, { 0x110c2, 0x110cd }, { 0x111cf, 0x111cf },
    { 0x1123e, 0x11241 }, { 0x1133b, 0x1133b }, { 0x11438, 0x1145e },
    { 0x11660, 0x1166c }, { 0x116b9, 0x116b9 }, { 0x1182f, 0x11fff },
    { 0x12ff1, 0x13455 }, { 0x16e97, 0x16f4f }, { 0x16fe2, 0x16fe4 },
    { 0x1cf00, 0x1cf46 }, { 0x1e000, 0x1e4ef }, { 0x1e944, 0x1e95f },
};

/* Given another class since Unicode 8. */
static const struct {
    uint32_t cp;
    enum normalise_class then;
} moved[] = { { 0x166d, NORMALISE_PUNCT },
              { 0x1734, NORMALISE_MARK },
              { 0x111c9, NORMALISE_PUNCT } };

/* Letters and digits since Unicode 15, up to 16. */
static const uint32_t new_letters[][2] = {
    { 0x1c89, 0x1c8a },   { 0xa7cb, 0xa7cd },   { 0xa7da, 0xa7dc },
    { 0x105c0, 0x105f3 }, { 0x10d4a, 0x10d65 }, { 0x10d6f, 0x10d85 },
    { 0x10ec2, 0x10ec4 }, { 0x11380, 0x11389 }, { 0x1138b, 0x1138b },
    { 0x1138e, 0x1138e }, { 0x11390, 0x113b5 }, { 0x113b7, 0x113b7 },
    { 0x113d1, 0x113d1 }, { 0x113d3, 0x113d3 }, { 0x11bc0, 0x11be0 },
    { 0x13460, 0x143fa }, { 0x16100, 0x1611d }, { 0x16d40, 0x16d6c },
    { 0x18cff, 0x18cff }, { 0x1e5d0, 0x1e5ed }, { 0x1e5f0, 0x1e5f0 },
    { 0x2ebf0, 0x2ee5d },
};
static const uint32_t new_digits[][2] = {
    { 0x10d40, 0x10d49 }, { 0x116d0, 0x116e3 }, { 0x11bf0, 0x11bf9 },
    { 0x16130, 0x16139 }, { 0x16d70, 0x16d79 }, { 0x1ccf0, 0x1ccf9 },
    { 0x1e5f1, 0x1e5fa },
};

/* Lower case since Unicode 15. */
static const struct {
    uint32_t first, last;
    int32_t delta;
} lowered[] = {
    { 0x1c89, 0x1c89, 1 },      { 0xa7cb, 0xa7cb, -0xa567 },
    { 0xa7cc, 0xa7cc, 1 },      { 0xa7ce, 0xa7ce, 1 },
    { 0xa7d2, 0xa7d2, 1 },      { 0xa7d4, 0xa7d4, 1 },
    { 0xa7da, 0xa7da, 1 },      { 0xa7dc, 0xa7dc, -0xa641 },
    { 0x10d50, 0x10d65, 0x20 }, { 0x16ea0, 0x16eb8, 0x1b },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const utf8proc_option_t forms[] = {
    [NORMALISE_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
    [NORMALISE_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
    [NORMALISE_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
    [NORMALISE_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    [NORMALISE_FOLD] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
};

static int utf8proc_fail(struct err *err, utf8proc_ssize_t code)
{
    switch (code) {
    case UTF8PROC_ERROR_NOMEM:
        return ERR_SET(err, ERR_NOMEM, "out of memory normalising a text");
    case UTF8PROC_ERROR_OVERFLOW:
        return ERR_SET(err, ERR_FULL, "text too long to normalise");
    default:
        return ERR_SET(err, ERR_FORMAT, "text is not valid UTF-8");
    }
}

bool normalise_is_ascii(struct span text)
{
    unsigned char any = 0;

    for (size_t i = 0; i < text.len; i++)
        any |= (unsigned char)text.ptr[i];
    return any < 0x80;
}

/* ASCII is every form of itself, but for the case; most English text is. */
static int ascii_text(struct buf *out, struct span text,
                      enum normalise_form form, struct err *err)
{
    size_t at = out->len;
    int rc = buf_append(out, text.ptr, text.len, err);

    for (size_t i = at; form == NORMALISE_FOLD && rc == 0 && i < out->len; i++)
        if (out->ptr[i] >= 'A' && out->ptr[i] <= 'Z')
            out->ptr[i] = (char)(out->ptr[i] - 'A' + 'a');
    return rc;
}

/* What the code point at *p becomes in a form with compatibility, where that is
 * simple: ASCII, and what most Chinese text is made of, ideographs, its marks
 * and full width. None of it composes. *p moves past it. 0: ask the library. */
static uint32_t simple_form(const char **p, const char *end)
{
    const unsigned char *s = (const unsigned char *)*p;
    uint32_t cp;

    if (s[0] < 0x80) {
        (*p)++;
        return s[0];
    }
    if (end - *p < 3 || (s[0] & 0xf0) != 0xe0 || (s[1] & 0xc0) != 0x80 ||
        (s[2] & 0xc0) != 0x80)
        return 0;
    *p += 3;
    cp = (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 |
         (s[2] & 0x3f);
    if (cp >= 0xff01 && cp <= 0xff5e)
        return cp - 0xfee0;
    return (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x3001 && cp <= 0x3003) ||
                   (cp >= 0x3008 && cp <= 0x3011)
               ? cp
               : 0;
}

/* 1: not all of text is simple, and out holds what it did. */
static int simple_text(struct buf *out, struct span text, bool lower,
                       struct err *err)
{
    const char *p = text.ptr, *end = p + text.len;
    uint32_t cp = 1;
    size_t n = 0;
    char *to;
    int rc;

    if (text.len > out->max - out->len)
        return 1; /* it may become shorter */
    rc = buf_reserve(out, text.len, err);
    if (rc < 0)
        return rc;
    to = out->ptr + out->len;
    while (cp && p < end) {
        cp = simple_form(&p, end);
        if (lower && cp >= 'A' && cp <= 'Z')
            cp += 'a' - 'A';
        if (cp)
            n += normalise_encode(to + n, cp);
    }
    if (!cp)
        n = 0;
    to[n] = '\0';
    out->len += n;
    return cp == 0;
}

static bool has_compatibility(enum normalise_form form)
{
    return form != NORMALISE_NFC && form != NORMALISE_NFD;
}

int normalise_text(struct buf *out, struct span text, enum normalise_form form,
                   struct err *err)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t n;
    int rc;

    if (text.len == 0)
        return buf_append(out, "", 0, err);
    if (normalise_is_ascii(text))
        return ascii_text(out, text, form, err);
    rc = has_compatibility(form)
             ? simple_text(out, text, form == NORMALISE_FOLD, err)
             : 1;
    if (rc <= 0)
        return rc;
    n = utf8proc_map((const utf8proc_uint8_t *)text.ptr,
                     (utf8proc_ssize_t)text.len, &made, forms[form]);
    if (n < 0)
        return utf8proc_fail(err, n);
    rc = buf_append(out, made, (size_t)n, err);
    free(made);
    return rc;
}

uint32_t normalise_decode(const char **p, const char *end)
{
    utf8proc_int32_t cp;
    utf8proc_ssize_t n;

    if ((unsigned char)**p < 0x80)
        return (unsigned char)*(*p)++;
    n = utf8proc_iterate((const utf8proc_uint8_t *)*p, end - *p, &cp);
    if (n <= 0) {
        (*p)++;
        return 0xfffd;
    }
    *p += n;
    return (uint32_t)cp;
}

size_t normalise_encode(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)cp,
                                        (utf8proc_uint8_t *)out);
}

const char *normalise_grapheme(const char *p, const char *end)
{
    utf8proc_int32_t state = 0;
    uint32_t cp = normalise_decode(&p, end);

    while (p < end) {
        const char *q = p;
        uint32_t next = normalise_decode(&q, end);

        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp,
                                             (utf8proc_int32_t)next, &state))
            break;
        cp = next;
        p = q;
    }
    return p;
}

/* Is cp in one of n ascending ranges? */
static bool is_in(const uint32_t (*range)[2], size_t n, uint32_t cp)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (cp > range[mid][1])
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && cp >= range[lo][0];
}

static bool is_young(uint32_t cp)
{
    return is_in(young, COUNT(young), cp);
}

static enum normalise_class class_of_category(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_MN:
        return NORMALISE_MARK;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return NORMALISE_PUNCT;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
        return NORMALISE_CONTROL;
    default:
        return NORMALISE_WORD;
    }
}

static enum normalise_class class_of_ascii(uint32_t cp)
{
    if (cp == ' ' || cp == '\t' || cp == '\n' || cp == '\r')
        return NORMALISE_SPACE;
    if (cp < 0x20 || cp == 0x7f)
        return NORMALISE_CONTROL;
    if ((cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z'))
        return NORMALISE_WORD;
    return NORMALISE_PUNCT;
}

enum normalise_class normalise_class(uint32_t cp)
{
    if (cp < 0x80)
        return class_of_ascii(cp);
    if (cp >= 0x3400 && cp <= 0x9fff)
        return NORMALISE_WORD; /* most Chinese text ends here */
    if (cp != 0x85 && normalise_is_space(cp))
        return NORMALISE_SPACE;
    for (size_t i = 0; i < COUNT(moved); i++)
        if (moved[i].cp == cp)
            return moved[i].then;
    return is_young(cp) ? NORMALISE_WORD : class_of_category(cp);
}

bool normalise_is_space(uint32_t cp)
{
    if (cp < 0x1680)
        return cp == ' ' || (cp >= 9 && cp <= 13) || cp == 0x85 || cp == 0xa0;
    return cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 ||
           cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

bool normalise_is_cjk(uint32_t cp)
{
    /* U+2B920, not U+2B820 where the block begins: a slip of the reference's
     * that every model was trained with. */
    return (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x3400 && cp <= 0x4dbf) ||
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x20000 && cp <= 0x2a6df) ||
           (cp >= 0x2a700 && cp <= 0x2b73f) ||
           (cp >= 0x2b740 && cp <= 0x2b81f) ||
           (cp >= 0x2b920 && cp <= 0x2ceaf) || (cp >= 0x2f800 && cp <= 0x2fa1f);
}

bool normalise_is_letter(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return true;
    default:
        return is_in(new_letters, COUNT(new_letters), cp);
    }
}

bool normalise_is_number(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return is_in(new_digits, COUNT(new_digits), cp);
    }
}

bool normalise_is_word(uint32_t cp)
{
    if (cp < 0x80)
        return cp == '_' || class_of_ascii(cp) == NORMALISE_WORD;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    case UTF8PROC_CATEGORY_SO: /* circled and squared letters */
        return (cp >= 0x24b6 && cp <= 0x24e9) ||
               (cp >= 0x1f130 && cp <= 0x1f149) ||
               (cp >= 0x1f150 && cp <= 0x1f169) ||
               (cp >= 0x1f170 && cp <= 0x1f189);
    default:
        return cp == 0x200c || cp == 0x200d;
    }
}

bool normalise_is_accent(uint32_t cp)
{
    /* marks since Unicode 10, with what lies between and is none */
    static const uint32_t later[][2] = {
        { 0x7fd, 0x7fd },     { 0x898, 0x8d3 },     { 0x9fe, 0x9fe },
        { 0xafa, 0xaff },     { 0xb55, 0xb55 },     { 0xc04, 0xc3c },
        { 0xcf3, 0xd00 },     { 0xd3b, 0xd3c },     { 0xd81, 0xd81 },
        { 0xeba, 0xeba },     { 0xece, 0xece },     { 0x1715, 0x1715 },
        { 0x180f, 0x180f },   { 0x1abf, 0x1ace },   { 0x1cf7, 0x1cf7 },
        { 0x1df6, 0x1dfa },   { 0xa82c, 0xa82c },   { 0xa8ff, 0xa8ff },
        { 0x10d24, 0x10f85 }, { 0x11070, 0x11074 }, { 0x110c2, 0x110c2 },
        { 0x11145, 0x11146 }, { 0x111c9, 0x111c9 }, { 0x111ce, 0x111cf },
        { 0x11241, 0x11241 }, { 0x1133b, 0x1133b }, { 0x1145e, 0x1145e },
        { 0x1182c, 0x11a99 }, { 0x11d31, 0x13455 }, { 0x16f4f, 0x16f4f },
        { 0x16f7f, 0x16f87 }, { 0x16fe4, 0x16ff1 }, { 0x1cf00, 0x1cf46 },
        { 0x1e08f, 0x1e4ef },
    };

    if (cp < 0x300)
        return false;
    if (cp == 0x1cf2 || cp == 0x1cf3)
        return true; /* letters since Unicode 12 */
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return !is_in(later, COUNT(later), cp);
    default:
        return false;
    }
}

bool normalise_is_formless(uint32_t cp)
{
    static const uint32_t later[][2] = {
        { 0x32ff, 0x32ff },   { 0xa7f2, 0xa7f4 },   { 0xab69, 0xab69 },
        { 0x10781, 0x107ba }, { 0x11938, 0x11938 }, { 0x1e030, 0x1e06d },
        { 0x1f16c, 0x1f16c }, { 0x1fbf0, 0x1fbf9 },
    };

    return cp >= 0x32ff && is_in(later, COUNT(later), cp);
}

uint32_t normalise_lower(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (cp >= 0x3400 && cp <= 0x9fff)
        return cp;
    for (size_t i = 0; i < COUNT(lowered); i++)
        if (cp >= lowered[i].first && cp <= lowered[i].last)
            return (uint32_t)((int32_t)cp + lowered[i].delta);
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
}

/* ---- the stream ---- */

/* Room that one more character may need: spaces around it, and 4 code points
 * of canonical decomposition. */
enum { STREAM_ROOM = 8 };

void normalise_start(struct normalise_stream *s, struct span text,
                     struct normalise_bert options)
{
    s->p = text.ptr;
    s->end = text.len ? text.ptr + text.len : text.ptr;
    s->options = options;
    s->n = s->i = 0;
}

static unsigned combining_class(uint32_t cp)
{
    return utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
}

static void push(struct normalise_stream *s, uint32_t cp)
{
    if (s->options.lower && cp == 0x130) {
        s->pending[s->n++] = 'i';
        s->pending[s->n++] = 0x307;
        return;
    }
    s->pending[s->n++] = s->options.lower ? normalise_lower(cp) : cp;
}

static void push_stripped(struct normalise_stream *s, uint32_t cp)
{
    utf8proc_int32_t part[STREAM_ROOM];
    int boundary = 0;
    utf8proc_ssize_t n;

    part[0] = (utf8proc_int32_t)cp;
    n = is_young(cp) ? 1
                     : utf8proc_decompose_char(part[0], part, STREAM_ROOM,
                                               UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < n && i < 4; i++)
        if (normalise_class((uint32_t)part[i]) != NORMALISE_MARK)
            push(s, (uint32_t)part[i]);
}

static void take(struct normalise_stream *s, uint32_t cp)
{
    bool spaced;

    if (s->options.clean) {
        enum normalise_class c = normalise_class(cp);

        if (c == NORMALISE_CONTROL || cp == 0xfffd)
            return;
        if (c == NORMALISE_SPACE)
            cp = ' ';
    }
    spaced = s->options.cjk && normalise_is_cjk(cp);
    if (spaced)
        push(s, ' ');
    if (s->options.strip && cp >= 0x80)
        push_stripped(s, cp);
    else
        push(s, cp);
    if (spaced)
        push(s, ' ');
}

/* Canonical order: a stable sort by combining class between starters. Marks
 * that were dropped cannot change the order of those that stay. */
static void reorder(struct normalise_stream *s)
{
    for (unsigned i = 1; i < s->n; i++) {
        uint32_t cp = s->pending[i];
        unsigned c = combining_class(cp), k = i;

        while (c != 0 && k > 0 && combining_class(s->pending[k - 1]) > c) {
            s->pending[k] = s->pending[k - 1];
            k--;
        }
        s->pending[k] = cp;
    }
}

/* Read on until the last code point is a starter: what comes before it is
 * then complete. */
static void fill(struct normalise_stream *s)
{
    const unsigned room = COUNT(s->pending) - STREAM_ROOM;

    s->n = s->i = 0;
    while (s->p < s->end && s->n <= room) {
        take(s, normalise_decode(&s->p, s->end));
        if (s->n > 0 &&
            (!s->options.strip || combining_class(s->pending[s->n - 1]) == 0))
            break;
    }
    if (s->options.strip && s->n > 1)
        reorder(s);
}

uint32_t normalise_next(struct normalise_stream *s)
{
    if (s->i == s->n) {
        if (s->p<s->end && * s->p> ' ' && *s->p < 0x7f) {
            unsigned char c = (unsigned char)*s->p++;

            return s->options.lower ? normalise_lower(c) : c;
        }
        fill(s);
    }
    return s->i < s->n ? s->pending[s->i++] : NORMALISE_END;
}
