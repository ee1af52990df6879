#include "text/diversity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"
#include "text/normalise.h"
#include "text/words.h"

enum {
    BITS = 16,
    REGISTERS = 1 << BITS,
    WORDS_MAX = 512,       /* of a text */
    OPENINGS_MAX = 1 << 20 /* distinct ones that are told apart */
};

struct sketch {
    uint8_t rank[REGISTERS];
    uint64_t n; /* all, not only distinct ones */
};

/* A text as the sorted hashes of its distinct pairs of words. */
struct bag {
    uint64_t *gram;
    size_t n;
};

struct drawn {
    uint64_t hash; /* of the text */
    struct bag bag;
};

struct diversity {
    struct sketch sketch[DIVERSITY_GRAMS];
    uint64_t texts, groups;
    double overlap; /* sum over texts with a sibling */
    uint64_t siblings;
    struct drawn sample[DIVERSITY_SAMPLE]; /* a heap, the largest hash first */
    size_t sampled;
    struct intern opening;
    uint64_t *uses; /* [opening.n] */
    size_t room;
    /* of the text at hand */
    uint64_t word[WORDS_MAX];
    size_t words;
};

int diversity_new(struct diversity **out, struct err *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : ERR_SET(err, ERR_NOMEM, "cannot count n-grams");
}

void diversity_free(struct diversity *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->sampled; i++)
        free(d->sample[i].bag.gram);
    intern_release(&d->opening);
    free(d->uses);
    free(d);
}

/* ---- words and n-grams ---- */

static int take_word(void *ctx, struct span term, struct err *err)
{
    struct diversity *d = ctx;
    const char *p = term.ptr, *end = term.ptr + term.len;

    (void)err;
    /* pairs of ideographs are for search; here they are pairs anyway */
    if (normalise_is_cjk(normalise_decode(&p, end)) && p < end)
        return 0;
    if (d->words < WORDS_MAX)
        d->word[d->words++] = hash64(term.ptr, term.len, 0);
    return 0;
}

static uint64_t gram_at(const struct diversity *d, size_t i, size_t n)
{
    return hash64(&d->word[i], n * sizeof(d->word[0]), n);
}

static void count_gram(struct sketch *s, uint64_t hash)
{
    size_t at = hash >> (64 - BITS);
    uint64_t rest = hash << BITS | (uint64_t)1 << (BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

    if (s->rank[at] < rank)
        s->rank[at] = rank;
    s->n++;
}

static double distinct(const struct sketch *s)
{
    const double m = REGISTERS;
    double sum = 0.0, estimate;
    size_t empty = 0;

    for (size_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1.0, -s->rank[i]);
        empty += s->rank[i] == 0;
    }
    estimate = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
    if (estimate <= 2.5 * m && empty)
        estimate = round(m * log(m / (double)empty)); /* linear counting */
    return s->n ? fmin(estimate / (double)s->n, 1.0) : NAN;
}

static int by_value(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

    return a < b ? -1 : a > b;
}

/* A text of one word is a bag of that word. */
static int make_bag(struct bag *b, const struct diversity *d, struct err *err)
{
    size_t n = d->words > 1 ? d->words - 1 : d->words, kept = 0;

    b->n = 0;
    b->gram = malloc((n + 1) * sizeof(*b->gram));
    if (!b->gram)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu n-grams", n);
    for (size_t i = 0; i < n; i++)
        b->gram[i] = gram_at(d, i, d->words > 1 ? 2 : 1);
    qsort(b->gram, n, sizeof(*b->gram), by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || b->gram[i] != b->gram[kept - 1])
            b->gram[kept++] = b->gram[i];
    b->n = kept;
    return 0;
}

/* Share of a that b has. */
static double overlap(const struct bag *a, const struct bag *b)
{
    size_t both = 0, k = 0;

    for (size_t i = 0; i < a->n; i++) {
        while (k < b->n && b->gram[k] < a->gram[i])
            k++;
        both += k < b->n && b->gram[k] == a->gram[i];
    }
    return a->n ? (double)both / (double)a->n : 0.0;
}

/* ---- openings ---- */

/* How far the opening goes: two words, or three ideographs. */
static size_t opening_of(char out[DIVERSITY_OPENING], struct span text)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    size_t words = 0, han = 0, len = 0, solid = 0;
    bool inside = false;

    while (p < end && words < 3 && han < 3 && len + 5 < DIVERSITY_OPENING) {
        uint32_t cp = normalise_lower(normalise_decode(&p, end));
        bool word = normalise_is_word(cp), cjk = normalise_is_cjk(cp);

        han += cjk;
        words += !inside && word && !cjk;
        inside = word && !cjk;
        /* what stands inside a word belongs to it: don't */
        if (!word && !normalise_is_space(cp) && len && len == solid &&
            p < end && normalise_is_word((uint8_t)*p))
            inside = true;
        if (words == 3 || (len == 0 && !word))
            continue;
        len += normalise_encode(out + len, normalise_is_space(cp) ? ' ' : cp);
        solid = word ? len : solid;
    }
    out[solid] = '\0';
    return solid;
}

static int count_opening(struct diversity *d, struct span text, struct err *err)
{
    char opening[DIVERSITY_OPENING];
    struct span s = { opening, opening_of(opening, text) };
    bool added;
    uint32_t n;
    int rc;

    if (s.len == 0 ||
        (d->opening.n == OPENINGS_MAX && intern_find(&d->opening, s) < 0))
        return 0;
    rc = intern_add(&d->opening, s, &n, &added, err);
    if (rc == 0 && d->opening.n > d->room) {
        size_t room = 2 * d->room + 256;
        uint64_t *uses = realloc(d->uses, room * sizeof(*uses));

        if (!uses)
            return ERR_SET(err, ERR_NOMEM, "cannot count %zu openings", room);
        memset(uses + d->room, 0, (room - d->room) * sizeof(*uses));
        d->uses = uses;
        d->room = room;
    }
    if (rc == 0)
        d->uses[n]++;
    return rc;
}

/* ---- the sample ---- */

static void swap(struct drawn *a, struct drawn *b)
{
    struct drawn t = *a;

    *a = *b;
    *b = t;
}

static void sift_down(struct drawn *h, size_t n)
{
    for (size_t i = 0;;) {
        size_t k = 2 * i + 1;

        if (k + 1 < n && h[k + 1].hash > h[k].hash)
            k++;
        if (k >= n || h[k].hash <= h[i].hash)
            return;
        swap(&h[i], &h[k]);
        i = k;
    }
}

/* Keep the texts of the smallest hashes; takes the bag. */
static void draw(struct diversity *d, uint64_t hash, struct bag *bag)
{
    struct drawn *h = d->sample;
    size_t i = d->sampled;

    if (i == DIVERSITY_SAMPLE) {
        if (hash >= h[0].hash) {
            free(bag->gram);
            return;
        }
        free(h[0].bag.gram);
        h[0] = (struct drawn){ hash, *bag };
        sift_down(h, i);
        return;
    }
    h[d->sampled++] = (struct drawn){ hash, *bag };
    for (; i && h[(i - 1) / 2].hash < h[i].hash; i = (i - 1) / 2)
        swap(&h[i], &h[(i - 1) / 2]);
}

/* ---- adding ---- */

static int take_text(struct diversity *d, struct bag *bag, struct span text,
                     struct err *err)
{
    int rc;

    d->words = 0;
    rc = words_each(text, take_word, d, err);
    if (rc == 0)
        rc = count_opening(d, text, err);
    if (rc < 0)
        return rc;
    for (size_t n = 1; n <= DIVERSITY_GRAMS; n++)
        for (size_t i = 0; i + n <= d->words; i++)
            count_gram(&d->sketch[n - 1], gram_at(d, i, n));
    d->texts++;
    return make_bag(bag, d, err);
}

int diversity_add(struct diversity *d, const struct span *text, size_t n,
                  struct err *err)
{
    struct bag *bag = calloc(n + 1, sizeof(*bag));
    int rc = bag ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu texts", n);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = take_text(d, &bag[i], text[i], err);
    for (size_t i = 0; rc == 0 && n > 1 && i < n; i++) {
        double most = 0.0;

        for (size_t k = 0; k < n; k++)
            if (k != i)
                most = fmax(most, overlap(&bag[i], &bag[k]));
        d->overlap += most;
        d->siblings++;
    }
    d->groups += n > 0;
    for (size_t i = 0; bag && i < n; i++)
        if (rc == 0)
            draw(d, hash64(text[i].ptr, text[i].len, 1), &bag[i]);
        else
            free(bag[i].gram);
    free(bag);
    return rc;
}

/* ---- figures ---- */

static double sample_overlap(const struct diversity *d)
{
    double sum = 0.0;

    for (size_t i = 0; i < d->sampled; i++) {
        double most = 0.0;

        for (size_t k = 0; k < d->sampled && most < 1.0; k++)
            if (k != i)
                most =
                    fmax(most, overlap(&d->sample[i].bag, &d->sample[k].bag));
        sum += most;
    }
    return d->sampled > 1 ? sum / (double)d->sampled : NAN;
}

struct ranked {
    uint64_t n;
    struct span text;
};

/* Most used first; those used alike in the order of their bytes. */
static int by_use(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order;

    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    order = memcmp(a->text.ptr, b->text.ptr, len);
    return order ? order : (a->text.len > b->text.len) * 2 - 1;
}

static int rank_openings(struct diversity_figures *f, const struct diversity *d,
                         struct err *err)
{
    size_t n = d->opening.n;
    struct ranked *r = malloc((n + 1) * sizeof(*r));

    if (!r)
        return ERR_SET(err, ERR_NOMEM, "cannot rank %zu openings", n);
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){ d->uses[i], d->opening.text[i] };
    qsort(r, n, sizeof(*r), by_use);
    for (f->shown = 0; f->shown < n && f->shown < DIVERSITY_SHOWN; f->shown++) {
        struct diversity_opening *o = &f->opening[f->shown];

        memcpy(o->text, r[f->shown].text.ptr, r[f->shown].text.len);
        o->text[r[f->shown].text.len] = '\0';
        o->n = r[f->shown].n;
        f->worn += o->n >= 5 && (double)o->n >= 0.03 * (double)d->texts;
    }
    free(r);
    return 0;
}

int diversity_figures(struct diversity_figures *f, const struct diversity *d,
                      struct err *err)
{
    *f = (struct diversity_figures){ .texts = d->texts,
                                     .groups = d->groups,
                                     .sampled = d->sampled,
                                     .openings = d->opening.n };
    for (size_t i = 0; i < DIVERSITY_GRAMS; i++)
        f->distinct[i] = distinct(&d->sketch[i]);
    f->group_overlap = d->siblings ? d->overlap / (double)d->siblings : NAN;
    f->sample_overlap = sample_overlap(d);
    return rank_openings(f, d, err);
}
