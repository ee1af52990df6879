#include "text/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 16 << 20 };

int noise_init(struct noise *x, enum noise_kind kind, double ratio,
               const char *words, struct err *err)
{
    *x = (struct noise){ .kind = kind,
                         .ratio = ratio,
                         .text = BUF_INIT(TEXT_MAX) };
    return pattern_new(&x->words, words, PATTERN_PLAIN, err);
}

void noise_release(struct noise *x)
{
    pattern_free(x->words);
    buf_release(&x->text);
    free(x->mask);
    free(x->word);
    memset(x, 0, sizeof(*x));
}

/* ---- words ---- */

static int push(struct noise *x, struct span span, struct err *err)
{
    if (x->n == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 64;
        struct noise_word *w = realloc(x->word, cap * sizeof(*w));
        size_t *mask = w ? realloc(x->mask, cap * sizeof(*mask)) : NULL;

        if (w)
            x->word = w;
        if (!mask)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu words", cap);
        x->mask = mask;
        x->cap = cap;
    }
    x->word[x->n++] = (struct noise_word){ span, false };
    return 0;
}

static int find_words(struct noise *x, struct span text, struct err *err)
{
    size_t at = 0;
    int rc = 0;

    x->n = 0;
    while (rc == 0) {
        struct span found;

        rc = pattern_each(x->words, text, &at, &found, err);
        if (rc == 0)
            rc = push(x, found, err);
    }
    return rc < 0 ? rc : 0;
}

static void choose(struct noise *x, struct rng *rng)
{
    size_t chosen = 0, n = x->n;

    for (size_t i = 0; i < n; i++) {
        x->word[i].chosen = rng_uniform(rng) < x->ratio;
        chosen += x->word[i].chosen;
    }
    if (chosen == n) {
        x->word[rng_below(rng, n)].chosen = false;
        chosen--;
    }
    x->seen += n;
    x->chosen += chosen;
    x->expected += (double)n * x->ratio - pow(x->ratio, (double)n);
}

/* ---- the damage ---- */

static bool has_space(const char *p, const char *end)
{
    for (; p < end; p++)
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' ||
            (unsigned char)*p == 0xe3) /* the ideographic space, too */
            return true;
    return false;
}

/* Words that were apart stay apart, those that touched touch. */
static int delete_words(struct noise *x, struct err *err)
{
    const struct noise_word *last = NULL;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->n; i++) {
        const struct noise_word *w = &x->word[i];
        bool apart = false;

        if (w->chosen)
            continue;
        for (const struct noise_word *p = last; p && p < w && !apart; p++)
            apart = has_space(p->span.ptr + p->span.len, p[1].span.ptr);
        if (apart)
            rc = buf_append(&x->text, " ", 1, err);
        if (rc == 0)
            rc = buf_append(&x->text, w->span.ptr, w->span.len, err);
        last = w;
    }
    return rc;
}

/* Chosen words change places among each other. */
static void shuffle_words(struct noise *x, struct rng *rng)
{
    for (size_t i = x->n; i-- > 1;) {
        size_t places = 0, k;

        if (!x->word[i].chosen)
            continue;
        for (size_t j = 0; j <= i; j++)
            places += x->word[j].chosen;
        k = rng_below(rng, places);
        for (size_t j = 0; j <= i; j++)
            if (x->word[j].chosen && k-- == 0) {
                struct span s = x->word[i].span;

                x->word[i].span = x->word[j].span;
                x->word[j].span = s;
                break;
            }
    }
}

/* The text with its words from x->word, and what is between them as it was;
 * chosen ones leave a mask where that is the kind. at[i]: word i's place. */
static int rewrite(struct noise *x, struct span text, const struct span *at,
                   struct err *err)
{
    const char *p = text.ptr;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->n; i++) {
        struct span w = x->word[i].span;

        rc = buf_append(&x->text, p, (size_t)(at[i].ptr - p), err);
        if (rc == 0 && x->kind == NOISE_MASK && x->word[i].chosen)
            x->mask[x->masks++] = x->text.len;
        else if (rc == 0)
            rc = buf_append(&x->text, w.ptr, w.len, err);
        p = at[i].ptr + at[i].len;
    }
    return rc < 0 ? rc
                  : buf_append(&x->text, p, (size_t)(text.ptr + text.len - p),
                               err);
}

static int change(struct noise *x, struct span text, struct rng *rng,
                  struct err *err)
{
    struct span *at = malloc((x->n + 1) * sizeof(*at));
    int rc;

    if (!at)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu words", x->n);
    for (size_t i = 0; i < x->n; i++)
        at[i] = x->word[i].span;
    if (x->kind == NOISE_SHUFFLE)
        shuffle_words(x, rng);
    rc = rewrite(x, text, at, err);
    free(at);
    return rc;
}

int noise_make(struct noise *x, struct span text, struct rng *rng,
               struct err *err)
{
    int rc = find_words(x, text, err);

    buf_reset(&x->text);
    x->masks = 0;
    if (rc < 0)
        return rc;
    if (x->n == 0)
        return buf_append(&x->text, text.ptr, text.len, err);
    choose(x, rng);
    return x->kind == NOISE_DELETE ? delete_words(x, err)
                                   : change(x, text, rng, err);
}
