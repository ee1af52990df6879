#include "text/tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_parts.h"

size_t tokenizer_vocab_size(const struct tokenizer *t)
{
    return t->n_tokens;
}

uint32_t tokenizer_special(const struct tokenizer *t, enum tokenizer_special s)
{
    return t->special[s];
}

struct span tokenizer_token(const struct tokenizer *t, uint32_t id)
{
    if (id >= t->n_tokens || !t->token[id].ptr)
        return (struct span){ "", 0 };
    return t->token[id];
}

static int64_t find_added(const struct added *a, struct span s)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->item[i].text.len == s.len &&
            memcmp(a->item[i].text.ptr, s.ptr, s.len) == 0)
            return a->item[i].id;
    return -1;
}

/* The last token of that text, of those behind the vocabulary. */
static int64_t find_beyond(const struct tokenizer *t, struct span s)
{
    for (size_t id = t->n_tokens; id > t->unigram->pieces; id--) {
        const struct span has = tokenizer_token(t, (uint32_t)id - 1);

        if (has.len == s.len && memcmp(has.ptr, s.ptr, s.len) == 0)
            return (int64_t)id - 1;
    }
    return -1;
}

int64_t tokenizer_find(const struct tokenizer *t, struct span token)
{
    int64_t id = find_added(&t->raw, token);

    if (id < 0)
        id = find_added(&t->normal, token);
    if (id < 0 && t->unigram) /* its added tokens are listed in normal form */
        id = find_beyond(t, token);
    return id < 0 ? tokenizer_find_piece(t, token) : id;
}

int64_t tokenizer_find_piece(const struct tokenizer *t, struct span token)
{
    if (t->unigram)
        return unigram_find(t->unigram->model, token);
    return t->bpe ? bpe_find(t->bpe, token) : wordpiece_find(t->words, token);
}

void tokenizer_one_segment(struct tokenizer *t)
{
    t->one_segment = true;
}

/* ---- words ---- */

/* The word that is being read. */
struct word {
    char bytes[4 * WORDPIECE_CHARS_MAX];
    size_t len, chars;
};

static void word_end(const struct tokenizer *t, struct word *w,
                     struct wordpiece_out *out)
{
    uint32_t unk = t->special[TOKENIZER_UNK];
    bool long_word = w->chars > t->max_chars;

    if (out->see && w->chars > 0)
        out->see(out->ctx, (struct span){ w->bytes, long_word ? 0 : w->len });
    if (long_word)
        wordpiece_put(out, unk);
    else if (w->chars > 0)
        wordpiece_split(t->words, (struct span){ w->bytes, w->len }, unk, out);
    w->len = w->chars = 0;
}

static void word_add(const struct tokenizer *t, struct word *w, uint32_t cp)
{
    if (w->chars < t->max_chars)
        w->len += normalise_encode(w->bytes + w->len, cp);
    w->chars++;
}

static void word_take(const struct tokenizer *t, struct word *w, uint32_t cp,
                      struct wordpiece_out *out)
{
    bool space = normalise_is_space(cp);
    bool punct = !space && normalise_class(cp) == NORMALISE_PUNCT;

    if (space || punct)
        word_end(t, w, out);
    if (!space)
        word_add(t, w, cp);
    if (punct)
        word_end(t, w, out);
}

/* ---- texts ---- */

/* The full way: code point by code point. */
static void encode_stream(const struct tokenizer *t, struct span text,
                          struct wordpiece_out *out)
{
    struct normalise_stream s, after;
    struct word w;
    uint32_t cp, before = NORMALISE_END;
    size_t skip = t->normal.n ? 0 : SIZE_MAX; /* not to be searched */

    w.len = w.chars = 0;
    normalise_start(&s, text, t->norm);
    for (;;) {
        const struct added_token *a =
            skip ? NULL : added_normal(&t->normal, &s, &after);

        if (a && (!a->single_word || added_alone_normal(before, after))) {
            word_end(t, &w, out);
            wordpiece_put(out, a->id);
            before = a->form[a->form_len - 1];
            s = after;
            continue;
        }
        if (a) /* the reference resumes behind a match it cannot use */
            skip = a->form_len;
        cp = normalise_next(&s);
        if (cp == NORMALISE_END)
            break;
        word_take(t, &w, cp, out);
        before = cp;
        skip -= skip > 0 && skip != SIZE_MAX;
    }
    word_end(t, &w, out);
}

/* The first blank from p on. It ends a word whatever stands around it. */
static const char *next_blank(const char *p, const char *end)
{
    while (p < end && *p != ' ' && *p != '\n')
        p++;
    return p;
}

/* Text without raw added tokens. */
static void encode_plain(const struct tokenizer *t, struct span text,
                         struct wordpiece_out *out)
{
    const char *p = text.ptr, *end = text.ptr + text.len, *blank;

    if (t->bpe) {
        tokenizer_encode_bpe(t, text, out);
        return;
    }
    if (!t->shortcut || out->see) {
        encode_stream(t, text, out);
        return;
    }
    while ((p = shortcut_take(t->shortcut, t, p, end, out)) < end) {
        blank = next_blank(p, end);
        encode_stream(t, (struct span){ p, (size_t)(blank - p) }, out);
        p = blank;
    }
}

/* White space that an added token takes along: in [start, p) before it, or in
 * [p, end) behind it. */
static const char *space_before(const char *start, const char *p)
{
    while (p > start) {
        const char *q = p - 1, *at;

        while (q > start && ((unsigned char)*q & 0xc0) == 0x80)
            q--;
        at = q;
        if (!normalise_is_space(normalise_decode(&at, p)))
            break;
        p = q;
    }
    return p;
}

static const char *space_after(const char *p, const char *end)
{
    while (p < end) {
        const char *q = p;

        if (!normalise_is_space(normalise_decode(&q, end)))
            break;
        p = q;
    }
    return p;
}

int tokenizer_each_part(const struct added *added, struct span text,
                        tokenizer_part_fn *fn, void *ctx,
                        struct wordpiece_out *out, struct err *err)
{
    /* the search goes on at p, even in white space that a token took */
    const char *start = text.len ? text.ptr : "", *end = start + text.len;
    const char *plain = start, *p = start;
    int rc = 0;

    while (rc == 0 && p < end) {
        const struct added_token *a = added_raw(added, p, end);
        const char *after = p + (a ? a->text.len : 1);

        if (a && (!a->single_word || added_alone_raw(start, p, after, end))) {
            if (a->takes_before)
                p = space_before(plain, p);
            if (p > plain)
                rc = fn(ctx, (struct span){ plain, (size_t)(p - plain) }, err);
            wordpiece_put(out, a->id);
            plain = a->takes_after ? space_after(after, end) : after;
        }
        p = after;
    }
    if (rc == 0 && end > plain)
        rc = fn(ctx, (struct span){ plain, (size_t)(end - plain) }, err);
    return rc;
}

/* A text that is being read. */
struct reading {
    const struct tokenizer *t;
    const char *start;
    struct wordpiece_out *out;
};

static int put_part(void *ctx, struct span part, struct err *err)
{
    struct reading *r = ctx;

    (void)err;
    if (r->t->unigram)
        tokenizer_encode_unigram(r->t, part, part.ptr == r->start, r->out);
    else
        encode_plain(r->t, part, r->out);
    return 0;
}

static void encode(const struct tokenizer *t, struct span text,
                   struct wordpiece_out *out)
{
    struct reading r = { t, text.ptr, out };
    struct err err = ERR_INIT;

    if (tokenizer_each_part(&t->raw, text, put_part, &r, out, &err) < 0)
        abort(); /* put_part() cannot fail */
}

size_t tokenizer_encode(const struct tokenizer *t, struct span text,
                        uint32_t *ids, size_t cap)
{
    struct wordpiece_out out = { ids, cap, 0, NULL, NULL };

    encode(t, text, &out);
    return out.n;
}

/* ---- words of a vocabulary ---- */

const char *tokenizer_kind(const struct tokenizer *t)
{
    return t->unigram ? "Unigram" : t->bpe ? "BPE" : "WordPiece";
}

bool tokenizer_has_words(const struct tokenizer *t)
{
    return t->words != NULL;
}

struct span tokenizer_prefix(const struct tokenizer *t)
{
    return wordpiece_prefix(t->words);
}

void tokenizer_each_word(const struct tokenizer *t, struct span text,
                         tokenizer_word_fn *fn, void *ctx)
{
    struct wordpiece_out out = { NULL, 0, 0, fn, ctx };

    assert(t->words);
    encode(t, text, &out);
}

size_t tokenizer_pieces(const struct tokenizer *t, struct span word,
                        uint32_t *ids, size_t cap)
{
    struct wordpiece_out out = { ids, cap, 0, NULL, NULL };

    wordpiece_split(t->words, word, t->special[TOKENIZER_UNK], &out);
    return cap > 0 && ids[0] == t->special[TOKENIZER_UNK] ? 0 : out.n;
}

/* ---- rows ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void tokenizer_truncate_pair(size_t *na, size_t *nb, size_t room)
{
    bool swapped = *na > *nb;
    size_t a = least(*na, *nb), b = swapped ? *na : *nb;

    if (*na <= room && *nb <= room - *na)
        return;
    if (a > room)
        b = a;
    else
        b = a > room - a ? a : room - a;
    if (a + b > room) {
        a = room / 2;
        b = room / 2 + room % 2;
    }
    *na = swapped ? b : a;
    *nb = swapped ? a : b;
}

size_t tokenizer_single(const struct tokenizer *t, uint32_t *out,
                        const uint32_t *a, size_t na, size_t max_len)
{
    assert(max_len >= TOKENIZER_SINGLE_EXTRA);
    na = least(na, max_len - TOKENIZER_SINGLE_EXTRA);
    out[0] = t->special[TOKENIZER_CLS];
    if (na > 0)
        memcpy(out + 1, a, na * sizeof(*a));
    out[na + 1] = t->special[TOKENIZER_SEP];
    return na + TOKENIZER_SINGLE_EXTRA;
}

size_t tokenizer_pair_extra(const struct tokenizer *t)
{
    return t->double_sep ? 4 : 3;
}

size_t tokenizer_pair(const struct tokenizer *t, uint32_t *out,
                      uint8_t *segment, const uint32_t *a, size_t na,
                      const uint32_t *b, size_t nb, size_t max_len)
{
    const uint32_t sep = t->special[TOKENIZER_SEP];
    size_t extra = tokenizer_pair_extra(t), n;

    assert(max_len >= extra);
    tokenizer_truncate_pair(&na, &nb, max_len - extra);
    n = tokenizer_single(t, out, a, na, na + TOKENIZER_SINGLE_EXTRA);
    if (segment) {
        memset(segment, 0, n);
        memset(segment + n, t->one_segment || t->double_sep ? 0 : 1,
               nb + extra - TOKENIZER_SINGLE_EXTRA);
    }
    if (t->double_sep)
        out[n++] = sep;
    if (nb > 0)
        memcpy(out + n, b, nb * sizeof(*b));
    out[n + nb] = sep;
    return n + nb + 1;
}
