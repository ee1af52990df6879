#include "text/added.h"

#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static int form_of(struct added_token *a, const struct normalise_bert *norm,
                   struct err *err)
{
    struct normalise_stream s;

    /* a byte gives at most one code point and the spaces around it */
    a->form = malloc((3 * a->text.len + 1) * sizeof(*a->form));
    if (!a->form)
        return ERR_SET(err, ERR_NOMEM, "added token");
    normalise_start(&s, a->text, *norm);
    for (;;) {
        uint32_t cp = normalise_next(&s);

        if (cp == NORMALISE_END)
            return 0;
        a->form[a->form_len++] = cp;
    }
}

static int push(struct added *a, const struct added_token *t, struct err *err)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 8;
        struct added_token *more = realloc(a->item, cap * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "%zu added tokens", cap);
        a->item = more;
        a->cap = cap;
    }
    a->item[a->n++] = *t;
    a->first[t->form ? t->form[0] & 255 : (unsigned char)t->text.ptr[0]] = true;
    return 0;
}

int added_put(struct added *a, struct span text, uint32_t id, bool single_word,
              const struct normalise_bert *norm, struct err *err)
{
    struct added_token t = { .text = text,
                             .id = id,
                             .single_word = single_word };
    int rc = 0;

    if (text.len == 0)
        return 0;
    if (norm)
        rc = form_of(&t, norm, err);
    if (rc == 0 && norm && t.form_len == 0) {
        free(t.form);
        return 0;
    }
    if (rc == 0)
        rc = push(a, &t, err);
    if (rc < 0)
        free(t.form);
    return rc;
}

void added_take_space(struct added *a, uint32_t id, bool before, bool after)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->item[i].id == id) {
            a->item[i].takes_before = before;
            a->item[i].takes_after = after;
        }
}

static size_t length(const struct added_token *t)
{
    return t->form ? t->form_len : t->text.len;
}

static int longer(const void *a, const void *b)
{
    const struct added_token *x = a, *y = b;

    if (length(x) != length(y))
        return length(x) > length(y) ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

void added_sort(struct added *a)
{
    if (a->n)
        qsort(a->item, a->n, sizeof(*a->item), longer);
}

void added_release(struct added *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->item[i].form);
    free(a->item);
    memset(a, 0, sizeof(*a));
}

bool added_has(const struct added *a, uint32_t id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->item[i].id == id)
            return true;
    return false;
}

/* ---- in the raw text ---- */

const struct added_token *added_raw(const struct added *a, const char *p,
                                    const char *end)
{
    if (!a->first[(unsigned char)*p])
        return NULL;
    for (size_t i = 0; i < a->n; i++) {
        const struct span s = a->item[i].text;

        if (s.len <= (size_t)(end - p) && memcmp(p, s.ptr, s.len) == 0)
            return &a->item[i];
    }
    return NULL;
}

bool added_alone_raw(const char *start, const char *p, const char *after,
                     const char *end)
{
    const char *q = p;

    if (after < end && normalise_is_word(normalise_decode(&after, end)))
        return false;
    if (p == start)
        return true;
    do
        q--;
    while (q > start && ((unsigned char)*q & 0xc0) == 0x80);
    return !normalise_is_word(normalise_decode(&q, p));
}

/* ---- in the normal form ---- */

static bool goes_on_with(struct normalise_stream *s,
                         const struct added_token *t)
{
    for (size_t i = 0; i < t->form_len; i++)
        if (normalise_next(s) != t->form[i])
            return false;
    return true;
}

const struct added_token *added_normal(const struct added *a,
                                       const struct normalise_stream *s,
                                       struct normalise_stream *after)
{
    uint32_t first;

    *after = *s;
    first = normalise_next(after);
    if (first == NORMALISE_END || !a->first[first & 255])
        return NULL;
    for (size_t i = 0; i < a->n; i++) {
        *after = *s;
        if (goes_on_with(after, &a->item[i]))
            return &a->item[i];
    }
    return NULL;
}

bool added_alone_normal(uint32_t before, struct normalise_stream after)
{
    uint32_t next = normalise_next(&after);

    return (before == NORMALISE_END || !normalise_is_word(before)) &&
           (next == NORMALISE_END || !normalise_is_word(next));
}
