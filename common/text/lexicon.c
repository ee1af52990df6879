#include "text/lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "text/normalise.h"
#include "text/wordpiece.h"

enum { TOKEN_MAX = 4 * WORDPIECE_CHARS_MAX + 64 }; /* bytes, with the prefix */

/* ---- counting ---- */

static int count_room(struct lexicon *l, struct err *err)
{
    size_t cap = l->cap ? 2 * l->cap : 1024;
    uint64_t *more;

    if (l->word.n < l->cap)
        return 0;
    more = realloc(l->count, cap * sizeof(*more));
    if (!more)
        return ERR_SET(err, ERR_NOMEM, "cannot count %zu words", cap);
    l->count = more;
    l->cap = cap;
    return 0;
}

struct counting {
    struct lexicon *l;
    struct err *err;
    int rc;
};

static void count_word(void *ctx, struct span word)
{
    struct counting *c = ctx;
    uint32_t number;
    bool added;

    c->l->total++;
    if (word.len == 0) {
        c->l->too_long++;
        return;
    }
    if (c->rc == 0)
        c->rc = count_room(c->l, c->err);
    if (c->rc == 0)
        c->rc = intern_add(&c->l->word, word, &number, &added, c->err);
    if (c->rc == 0)
        c->l->count[number] = added ? 1 : c->l->count[number] + 1;
}

int lexicon_add(struct lexicon *l, const struct tokenizer *t, struct span text,
                struct err *err)
{
    struct counting c = { l, err, 0 };

    tokenizer_each_word(t, text, count_word, &c);
    return c.rc;
}

void lexicon_release(struct lexicon *l)
{
    intern_release(&l->word);
    free(l->count);
    *l = (struct lexicon)LEXICON_INIT;
}

static size_t pieces(const struct tokenizer *t, struct span word)
{
    uint32_t first;

    return tokenizer_pieces(t, word, &first, 1);
}

uint64_t lexicon_unknown(const struct lexicon *l, const struct tokenizer *t,
                         size_t *distinct)
{
    uint64_t n = l->too_long;

    *distinct = 0;
    for (uint32_t i = 0; i < l->word.n; i++)
        if (pieces(t, l->word.text[i]) == 0) {
            n += l->count[i];
            ++*distinct;
        }
    return n;
}

/* ---- candidates ---- */

struct candidate {
    struct span text;
    uint64_t count;
    bool whole;
};

struct candidates {
    const struct tokenizer *t;
    const struct lexicon_rules *rules;
    struct intern *text;    /* of all of them */
    struct candidate *item; /* [text->n] */
    size_t cap;
};

static int propose(struct candidates *c, struct span text, uint64_t count,
                   bool whole, struct err *err)
{
    uint32_t number;
    bool added;
    int rc = intern_add(c->text, text, &number, &added, err);

    if (rc < 0)
        return rc;
    if (number >= c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 1024;
        struct candidate *more = realloc(c->item, cap * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "%zu new tokens", cap);
        c->item = more;
        c->cap = cap;
    }
    if (added)
        c->item[number] = (struct candidate){ c->text->text[number], 0, whole };
    c->item[number].count += count;
    return 0;
}

/* Each character of an unknown word, in the form it has there. */
static int propose_characters(struct candidates *c, struct span word,
                              uint64_t count, struct err *err)
{
    struct span prefix = tokenizer_prefix(c->t);
    const char *p = word.ptr, *end = p + word.len;
    char token[TOKEN_MAX];
    int rc = 0;

    if (prefix.len > TOKEN_MAX - 4)
        return ERR_SET(err, ERR_FORMAT, "prefix of %zu bytes", prefix.len);
    while (rc == 0 && p < end) {
        const char *from = p;
        size_t n = p > word.ptr ? prefix.len : 0;

        normalise_decode(&p, end);
        memcpy(token, prefix.ptr, n);
        memcpy(token + n, from, (size_t)(p - from));
        n += (size_t)(p - from);
        if (tokenizer_find(c->t, (struct span){ token, n }) < 0)
            rc = propose(c, (struct span){ token, n }, count, false, err);
    }
    return rc;
}

static bool is_character(struct span word)
{
    const char *p = word.ptr;

    normalise_decode(&p, p + word.len);
    return p == word.ptr + word.len;
}

static int propose_word(struct candidates *c, struct span word, uint64_t count,
                        struct err *err)
{
    size_t n = pieces(c->t, word);
    int rc = n == 0 ? propose_characters(c, word, count, err) : 0;

    if (rc < 0 || c->rules->words == LEXICON_NO_WORDS || n == 1 ||
        count < c->rules->min_word || is_character(word) ||
        (n > 1 && c->rules->words != LEXICON_CUT_WORDS))
        return rc;
    return propose(c, word, count, true, err);
}

/* ---- the choice ---- */

static int by_count(const void *pa, const void *pb)
{
    const struct candidate *a = pa, *b = pb;
    size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
    int d;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    d = memcmp(a->text.ptr, b->text.ptr, n);
    return d != 0 ? d
                  : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

static int take(struct lexicon_choice *c, struct candidates *all,
                struct err *err)
{
    size_t n = c->text.n;

    if (n > 1)
        qsort(all->item, n, sizeof(*all->item), by_count);
    c->token = calloc(n + 1, sizeof(*c->token));
    c->whole = calloc(n + 1, sizeof(*c->whole));
    if (!c->token || !c->whole)
        return ERR_SET(err, ERR_NOMEM, "%zu new tokens", n);
    for (size_t i = 0; i < n && c->n < all->rules->max_new; i++) {
        const struct candidate *x = &all->item[i];

        if (!x->whole && x->count < all->rules->min_count)
            continue;
        c->whole[c->n] = x->whole;
        c->token[c->n++] = x->text;
    }
    return 0;
}

int lexicon_choose(struct lexicon_choice *c, const struct lexicon *l,
                   const struct tokenizer *t, const struct lexicon_rules *rules,
                   struct err *err)
{
    struct candidates all = { t, rules, &c->text, NULL, 0 };
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < l->word.n; i++)
        rc = propose_word(&all, l->word.text[i], l->count[i], err);
    if (rc == 0)
        rc = take(c, &all, err);
    free(all.item);
    return rc;
}

void lexicon_choice_release(struct lexicon_choice *c)
{
    free(c->token);
    free(c->whole);
    intern_release(&c->text);
    *c = (struct lexicon_choice)LEXICON_CHOICE_INIT;
}
