/*
 * tokenizer_vocab.c - the vocabulary itself: tokens by id, and the pieces.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

enum { MAX_BYTES = 64 << 20 }; /* of vocab.txt */

static int token_room(struct tokenizer *t, uint32_t id, struct err *err)
{
    size_t cap = t->cap_tokens ? t->cap_tokens : 1024;
    struct span *more;

    while (cap <= id)
        cap *= 2;
    if (cap != t->cap_tokens) {
        more = realloc(t->token, cap * sizeof(*more));
        if (!more)
            return ERR_SET(err, ERR_NOMEM, "vocabulary of %zu tokens", cap);
        t->token = more;
        t->cap_tokens = cap;
    }
    for (; t->n_tokens <= id; t->n_tokens++)
        t->token[t->n_tokens] = (struct span){ NULL, 0 };
    return 0;
}

int tokenizer_set(struct tokenizer *t, struct span text, uint32_t id,
                  struct err *err)
{
    char *copy;
    int rc;

    if (id >= TOKENIZER_IDS)
        return ERR_SET(err, ERR_FORMAT, "token id %u, expected below %d",
                       (unsigned)id, TOKENIZER_IDS);
    rc = token_room(t, id, err);
    if (rc < 0)
        return rc;
    copy = malloc(text.len + 1);
    if (!copy)
        return ERR_SET(err, ERR_NOMEM, "vocabulary");
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    free((char *)t->token[id].ptr);
    t->token[id] = (struct span){ copy, text.len };
    return 0;
}

static int take_token(struct tokenizer *t, struct span text, uint32_t id,
                      struct err *err)
{
    int rc = tokenizer_set(t, text, id, err);

    return rc < 0 ? rc : wordpiece_add(t->words, t->token[id], id, err);
}

/* ---- tokenizer.json ---- */

int tokenizer_need_id(uint32_t *id, const struct tokenizer *t,
                      const struct json *doc, const struct json_node *n,
                      struct err *err)
{
    double v = json_num(n, -1);

    if (!(v >= 0 && v < TOKENIZER_IDS) || v != floor(v))
        return JSON_ERR(err, doc, n, "token id %g, expected 0 to %d", v,
                        TOKENIZER_IDS - 1);
    *id = (uint32_t)v;
    if (tokenizer_token(t, *id).len > 0)
        return JSON_ERR(err, doc, n, "token id %g is given twice", v);
    return 0;
}

int tokenizer_take_vocab(struct tokenizer *t, const struct json *doc,
                         const struct json_node *vocab, struct err *err)
{
    for (const struct json_node *n = json_first(vocab); n; n = json_next(n)) {
        uint32_t id = 0;
        int rc = tokenizer_need_id(&id, t, doc, n, err);

        if (rc == 0)
            rc = take_token(t, span_of(json_key(n)), id, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- vocab.txt ---- */

/* As the reference reads it: a line is a token, white space at its end is
 * not; of equal lines the last counts. */
static struct span trim(struct span s)
{
    while (s.len > 0) {
        const char *p = s.ptr + s.len - 1, *q;

        while (p > s.ptr && ((unsigned char)*p & 0xc0) == 0x80)
            p--;
        q = p;
        if (!normalise_is_space(normalise_decode(&q, s.ptr + s.len)))
            break;
        s.len = (size_t)(p - s.ptr);
    }
    return s;
}

static int take_lines(struct tokenizer *t, const struct buf *b,
                      const char *path, struct err *err)
{
    const char *p = b->ptr, *end = b->ptr + b->len;
    uint32_t id = 0;

    for (; p < end; id++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct span line = { p, (size_t)((nl ? nl : end) - p) };
        int rc;

        if (utf8_valid(line.ptr, line.len) != line.len)
            return ERR_SET(err, ERR_FORMAT, "%s:%u: not valid UTF-8", path,
                           (unsigned)id + 1);
        rc = take_token(t, trim(line), id, err);
        if (rc < 0)
            return err_prefix(err, "%s:%u", path, (unsigned)id + 1);
        p = nl ? nl + 1 : end;
    }
    return 0;
}

int tokenizer_take_lines(struct tokenizer *t, const char *path, struct err *err)
{
    struct buf b = BUF_INIT(MAX_BYTES);
    int rc = file_read(&b, path, err);

    if (rc == 0)
        rc = wordpiece_new(&t->words, "##", err);
    t->max_chars = WORDPIECE_CHARS;
    if (rc == 0 && b.len > 0)
        rc = take_lines(t, &b, path, err);
    buf_release(&b);
    return rc;
}
