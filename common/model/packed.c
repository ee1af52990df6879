#include "model/packed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Make *p hold want elements of size bytes; *cap is what it holds now. */
static int grow(void *p, size_t *cap, size_t want, size_t size, struct err *err)
{
    size_t n = *cap + *cap / 2, bytes;
    void *old, *new;

    if (want <= *cap)
        return 0;
    n = n > want ? n : want;
    memcpy(&old, p, sizeof(old));
    new = __builtin_mul_overflow(n, size, &bytes) ? NULL : realloc(old, bytes);
    if (!new)
        return ERR_SET(err, ERR_NOMEM, "no memory for %zu tokens", n);
    memcpy(p, &new, sizeof(new));
    *cap = n;
    return 0;
}

/* ---- tokenised texts ---- */

enum { AT_A_TIME = 1 << 16 };

struct tokenise {
    struct token_table *t;
    const struct tokenizer *tok;
    const struct span *text;
    size_t first, keep; /* text 0 becomes text `first` of the table */
};

static size_t room_of(const struct tokenizer *tok, struct span text,
                      size_t keep)
{
    size_t most = tokenizer_room(tok, text.len);

    return most < keep ? most : keep;
}

static void tokenise(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct tokenise *job = ctx;
    struct token_table *t = job->t;

    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t k = job->first + i;

        t->count[k] = (uint32_t)tokenizer_encode(
            job->tok, job->text[i], t->id + t->start[k],
            room_of(job->tok, job->text[i], job->keep));
    }
}

/* start[] of the new texts as if each used all its room. */
static uint64_t spread(struct token_table *t, const struct tokenizer *tok,
                       const struct span *text, size_t n, size_t keep)
{
    uint64_t at = t->n ? t->start[t->n] : 0;

    for (size_t i = 0; i < n; i++) {
        t->start[t->n + i] = at;
        at += room_of(tok, text[i], keep);
    }
    t->start[t->n + n] = at;
    return at;
}

/* Close the gaps between the new texts. */
static void compact(struct token_table *t, size_t n, size_t keep)
{
    uint64_t at = t->start[t->n];

    for (size_t i = t->n; i < t->n + n; i++) {
        size_t len = t->count[i] < keep ? t->count[i] : keep;

        if (len > 0) /* without one id in all, t->id may be NULL */
            memmove(t->id + at, t->id + t->start[i], len * sizeof(*t->id));
        t->start[i] = at;
        at += len;
    }
    t->n += n;
    t->start[t->n] = at;
}

static int add_some(struct token_table *t, const struct tokenizer *tok,
                    const struct span *text, size_t n, size_t keep,
                    struct workers *w, struct err *err)
{
    struct tokenise job = { t, tok, text, t->n, keep };
    size_t texts = t->cap_texts, ids = t->n ? t->start[t->n] : 0;
    int rc = grow(&t->count, &texts, t->n + n + 1, sizeof(*t->count), err);

    if (rc == 0)
        rc = grow(&t->start, &t->cap_texts, t->n + n + 1, sizeof(*t->start),
                  err);
    for (size_t i = 0; i < n; i++)
        ids += room_of(tok, text[i], keep);
    if (rc == 0)
        rc = grow(&t->id, &t->cap_ids, ids, sizeof(*t->id), err);
    if (rc < 0)
        return rc;
    spread(t, tok, text, n, keep);
    workers_run(w, n, 64, tokenise, &job);
    compact(t, n, keep);
    return 0;
}

/* Some at a time: each has room for the most ids that its bytes can be. */
int token_table_add(struct token_table *t, const struct tokenizer *tok,
                    const struct span *text, size_t n, size_t keep,
                    struct workers *w, struct err *err)
{
    int rc;

    do {
        size_t some = n < AT_A_TIME ? n : AT_A_TIME;

        rc = add_some(t, tok, text, some, keep, w, err);
        text += some;
        n -= some;
    } while (rc == 0 && n > 0);
    return rc;
}

void token_table_release(struct token_table *t)
{
    free(t->count);
    free(t->start);
    free(t->id);
    *t = (struct token_table)TOKEN_TABLE_INIT;
}

void token_table_reset(struct token_table *t)
{
    t->n = 0;
}

size_t token_table_single_len(const struct token_table *t, uint32_t i,
                              size_t max_len)
{
    size_t n = t->count[i] + (size_t)TOKENIZER_SINGLE_EXTRA;

    assert(i < t->n);
    return n < max_len ? n : max_len;
}

size_t token_table_pair_len(const struct token_table *t,
                            const struct tokenizer *tok, uint32_t i, uint32_t j,
                            size_t max_len)
{
    size_t a = t->count[i], b = t->count[j], extra = tokenizer_pair_extra(tok);

    assert(i < t->n && j < t->n);
    tokenizer_truncate_pair(&a, &b, max_len - extra);
    return a + b + extra;
}

/* ---- batches ---- */

int packed_reserve(struct packed *p, size_t B, size_t T, struct err *err)
{
    size_t cap = p->cap_T;
    int rc = grow(&p->id, &cap, T, sizeof(*p->id), err);

    if (rc == 0)
        rc = grow(&p->segment, &p->cap_T, T, sizeof(*p->segment), err);
    if (rc == 0)
        rc = grow(&p->offset, &p->cap_B, B + 1, sizeof(*p->offset), err);
    if (rc == 0 && p->B == 0)
        p->offset[0] = 0;
    return rc;
}

static void close_sequence(struct packed *p, size_t n)
{
    p->T += n;
    p->offset[++p->B] = (uint32_t)p->T;
    if (n > p->longest)
        p->longest = n;
}

int packed_add(struct packed *p, const uint32_t *id, const uint8_t *segment,
               size_t n, struct err *err)
{
    int rc = packed_reserve(p, p->B + 1, p->T + n, err);

    if (rc < 0)
        return rc;
    memcpy(p->id + p->T, id, n * sizeof(*id));
    if (segment)
        memcpy(p->segment + p->T, segment, n);
    else
        memset(p->segment + p->T, 0, n);
    close_sequence(p, n);
    return 0;
}

int packed_add_single(struct packed *p, const struct tokenizer *tok,
                      const struct token_table *t, uint32_t i, size_t max_len,
                      struct err *err)
{
    int rc = packed_reserve(p, p->B + 1, p->T + max_len, err);
    size_t n;

    if (rc < 0)
        return rc;
    n = tokenizer_single(tok, p->id + p->T, t->id + t->start[i], t->count[i],
                         max_len);
    memset(p->segment + p->T, 0, n);
    close_sequence(p, n);
    return 0;
}

int packed_add_pair(struct packed *p, const struct tokenizer *tok,
                    const struct token_table *t, uint32_t i, uint32_t j,
                    size_t max_len, struct err *err)
{
    int rc = packed_reserve(p, p->B + 1, p->T + max_len, err);

    if (rc < 0)
        return rc;
    close_sequence(p,
                   tokenizer_pair(tok, p->id + p->T, p->segment + p->T,
                                  t->id + t->start[i], t->count[i],
                                  t->id + t->start[j], t->count[j], max_len));
    return 0;
}

void packed_reset(struct packed *p)
{
    p->B = p->T = p->longest = 0;
}

void packed_release(struct packed *p)
{
    free(p->offset);
    free(p->segment);
    free(p->id);
    *p = (struct packed)PACKED_INIT;
}
