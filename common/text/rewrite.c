#include "text/rewrite.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

enum { NFKC_GROWTH = 12 }; /* U+FDFA: 3 bytes to 33 */

/* ---- steps on one character ---- */

static bool nmt_drops(uint32_t cp)
{
    return (cp >= 1 && cp <= 8) || cp == 0xb || (cp >= 0xe && cp <= 0x1f) ||
           cp == 0x7f || cp == 0x8f || cp == 0x9f;
}

static bool nmt_is_space(uint32_t cp)
{
    return cp == 9 || cp == 0xa || cp == 0xc || cp == 0xd || cp == 0x1680 ||
           (cp >= 0x200b && cp <= 0x200f) || cp == 0x2028 || cp == 0x2029 ||
           cp == 0x2581 || cp == 0xfeff || cp == 0xfffd;
}

/* What becomes of it; the number of bytes. */
static size_t map_char(char out[8], enum rewrite_kind kind, uint32_t cp)
{
    if (kind == REWRITE_NMT) {
        if (nmt_drops(cp))
            return 0;
        return normalise_encode(out, nmt_is_space(cp) ? ' ' : cp);
    }
    if (kind == REWRITE_NO_MARKS)
        return normalise_is_accent(cp) ? 0 : normalise_encode(out, cp);
    if (cp == 0x130) { /* the one letter whose lower case is two */
        memcpy(out, "i\xcc\x87", 3);
        return 3;
    }
    return normalise_encode(out, normalise_lower(cp));
}

static int apply_chars(struct buf *out, struct span text,
                       enum rewrite_kind kind, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    char bytes[8];
    int rc = 0;

    while (rc == 0 && p < end) {
        size_t n = map_char(bytes, kind, normalise_decode(&p, end));

        rc = buf_append(out, bytes, n, err);
    }
    return rc;
}

/* Characters that the reference's tables do not know stay as they are. */
static int apply_form(struct buf *out, struct span text,
                      enum normalise_form form, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len, *from = p;
    int rc = 0;

    while (rc == 0 && p < end) {
        const char *at = p;

        if (!normalise_is_formless(normalise_decode(&p, end)))
            continue;
        rc = normalise_text(out, (struct span){ from, (size_t)(at - from) },
                            form, err);
        if (rc == 0)
            rc = buf_append(out, at, (size_t)(p - at), err);
        from = p;
    }
    if (rc == 0)
        rc = normalise_text(out, (struct span){ from, (size_t)(end - from) },
                            form, err);
    return rc;
}

/* ---- steps on runs ---- */

static struct span strip(struct span s, bool left, bool right)
{
    const char *p = s.ptr, *end = s.ptr + s.len, *q;

    while (left && p < end) {
        q = p;
        if (!normalise_is_space(normalise_decode(&q, end)))
            break;
        p = q;
    }
    while (right && end > p) {
        const char *start = end - 1;

        while (start > p && ((unsigned char)*start & 0xc0) == 0x80)
            start--;
        q = start;
        if (!normalise_is_space(normalise_decode(&q, end)))
            break;
        end = start;
    }
    return (struct span){ p, (size_t)(end - p) };
}

static int apply_text(const struct rewrite_step *s, struct buf *out,
                      struct span text, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    size_t n = strlen(s->what);
    int rc = 0;

    while (rc == 0 && p < end) {
        const char *at = memmem(p, (size_t)(end - p), s->what, n);

        rc = buf_append(out, p, (size_t)((at ? at : end) - p), err);
        if (rc == 0 && at)
            rc = buf_puts(out, s->with, err);
        p = at ? at + n : end;
    }
    return rc;
}

static bool in_run(const struct rewrite_step *s, uint32_t cp)
{
    return s->what ? cp == ' ' : normalise_is_space(cp);
}

static int apply_runs(const struct rewrite_step *s, struct buf *out,
                      struct span text, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    int rc = 0;

    while (rc == 0 && p < end) {
        const char *start = p, *after = p;
        size_t n = 0;

        while (after < end && in_run(s, normalise_decode(&after, end))) {
            p = after;
            n++;
        }
        if (n == 0)
            p = after;
        rc = n >= s->least && n > 0
                 ? buf_puts(out, s->with, err)
                 : buf_append(out, start, (size_t)(p - start), err);
    }
    return rc;
}

/* ---- all of them ---- */

static int apply(const struct rewrite_step *s, struct buf *out,
                 struct span text, struct err *err)
{
    int rc = 0;

    switch (s->kind) {
    case REWRITE_CHARSMAP:
        return charsmap_apply(s->map, out, text, err);
    case REWRITE_FORM:
        return apply_form(out, text, s->form, err);
    case REWRITE_NMT:
    case REWRITE_LOWER:
    case REWRITE_NO_MARKS:
        return apply_chars(out, text, s->kind, err);
    case REWRITE_STRIP:
        text = strip(text, s->left, s->right);
        break;
    case REWRITE_PREPEND:
        if (text.len > 0)
            rc = buf_puts(out, s->with, err);
        break;
    case REWRITE_TEXT:
        return apply_text(s, out, text, err);
    case REWRITE_RUNS:
        return apply_runs(s, out, text, err);
    }
    return rc < 0 ? rc : buf_append(out, text.ptr, text.len, err);
}

/* Does the step drop the beginning of the text? A charsmap's way to do so is
 * none to the reference. */
static bool drops_start(const struct rewrite_step *s, struct span text)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    char bytes[8];
    uint32_t cp;

    if (text.len == 0)
        return false;
    cp = normalise_decode(&p, end);
    switch (s->kind) {
    case REWRITE_NMT:
    case REWRITE_NO_MARKS:
        return map_char(bytes, s->kind, cp) == 0;
    case REWRITE_STRIP:
        return s->left && normalise_is_space(cp);
    default:
        return false;
    }
}

/* The text itself, made valid. */
static int take(struct buf *out, struct span text, struct err *err)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    int rc = 0;

    if (utf8_valid(text.ptr, text.len) == text.len)
        return buf_append(out, text.ptr, text.len, err);
    while (rc == 0 && p < end) {
        char bytes[4];
        size_t n = normalise_encode(bytes, normalise_decode(&p, end));

        rc = buf_append(out, bytes, n, err);
    }
    return rc;
}

int rewrite_apply(const struct rewrite *r, struct buf *out, struct buf *spare,
                  struct span text, bool *cut, struct err *err)
{
    int rc;

    *cut = false;
    buf_reset(out);
    rc = take(out, text, err);
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        struct span from = { buf_str(out), out->len };
        struct buf made = *spare;

        buf_reset(&made);
        *cut = *cut || drops_start(&r->step[i], from);
        rc = apply(&r->step[i], &made, from, err);
        *spare = *out;
        *out = made;
    }
    return rc;
}

size_t rewrite_growth(const struct rewrite *r)
{
    const size_t most = (size_t)1 << 20;
    size_t all = 3; /* U+FFFD for a byte */

    for (size_t i = 0; i < r->n; i++) {
        const struct rewrite_step *s = &r->step[i];
        size_t with = s->with ? strlen(s->with) : 0, by = 3;

        if (s->kind == REWRITE_CHARSMAP)
            by = charsmap_longest(s->map);
        else if (s->kind == REWRITE_FORM)
            by = NFKC_GROWTH;
        else if (s->kind == REWRITE_PREPEND)
            by = 1 + with;
        else if (s->kind == REWRITE_TEXT || s->kind == REWRITE_RUNS)
            by = with;
        all *= by > 1 ? by : 1;
        if (all > most)
            return most;
    }
    return all;
}
