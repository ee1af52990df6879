#include "model/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "mine/pairset.h"

static int push(struct dataset *d, struct example e, struct err *err)
{
    if (d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 1024;
        struct example *p = realloc(d->example, cap * sizeof(*p));

        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu examples", cap);
        d->example = p;
        d->cap = cap;
    }
    d->example[d->n++] = e;
    return 0;
}

static int push_negative(struct dataset *d, uint32_t text, struct err *err)
{
    if (d->negatives == d->cap_negative) {
        size_t cap = d->cap_negative ? 2 * d->cap_negative : 1024;
        uint32_t *p = realloc(d->negative, cap * sizeof(*p));

        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu negatives", cap);
        d->negative = p;
        d->cap_negative = cap;
    }
    d->negative[d->negatives++] = text;
    return 0;
}

static int add_hashes(struct dataset *d, const struct texts *t, struct err *err)
{
    size_t n = d->table.n;
    uint64_t *p = realloc(d->hash, (n + 1) * sizeof(*p));

    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu texts", n);
    d->hash = p;
    for (uint32_t i = 0; i < t->n; i++)
        d->hash[n - t->n + i] = hash64(t->text[i].ptr, t->text[i].len, 0);
    return 0;
}

static bool takes(enum dataset_kind kind, const struct pair *p, float y)
{
    if (kind == DATASET_PAIRED)
        return true;
    return kind == DATASET_SCORED ? !isnan(y) : y >= 0.5f && p->a != p->b;
}

/* Nothing said of any pair: a list of positives, as sentence-transformers'
 * multiple-negatives data sets are. */
static bool all_unlabelled(const struct pairs *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(pair_target(&p->pair[i])))
            return false;
    return true;
}

static int add_pairs(struct dataset *d, const struct pairs *p, uint32_t base,
                     enum dataset_kind kind, struct err *err)
{
    bool bare = kind == DATASET_POSITIVE && p->n && all_unlabelled(p);
    int rc = 0;

    if (bare)
        log_info("no pair has a label: all %zu are taken as positives", p->n);

    for (size_t i = 0; rc == 0 && i < p->n; i++) {
        const struct pair *x = &p->pair[i];
        float y = pair_target(x);
        struct example e = { .a = base + x->a,
                             .b = base + x->b,
                             .target = kind == DATASET_SCORED ? y : 1.0f,
                             .store = d->stores,
                             .record = (uint32_t)i };

        if (takes(kind, x, bare ? 1.0f : y))
            rc = push(d, e, err);
        else
            d->skipped++;
    }
    return rc;
}

static int add_triplets(struct dataset *d, const struct triplets *t,
                        uint32_t base, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < t->n; i++) {
        const struct triplet *x = &t->triplet[i];
        struct example e = { base + x->anchor,
                             base + x->positive,
                             1.0f,
                             (uint32_t)d->negatives,
                             x->n,
                             d->stores,
                             (uint32_t)i };

        if (x->anchor == x->positive) {
            d->skipped++;
            continue;
        }
        for (uint32_t k = 0; rc == 0 && k < x->n; k++)
            rc = push_negative(d, base + x->negative[k], err);
        if (rc == 0)
            rc = push(d, e, err);
    }
    return rc;
}

static int add_records(struct dataset *d, struct store *s, uint32_t base,
                       enum dataset_kind kind, struct err *err)
{
    struct triplets triplets = { NULL, 0, NULL };
    struct pairs pairs = { NULL, 0 };
    int rc = 0;

    if (kind == DATASET_POSITIVE)
        rc = triplets_load(&triplets, s, err);
    if (rc == 0 && triplets.n > 0)
        rc = add_triplets(d, &triplets, base, err);
    else if (rc == 0)
        rc = pairs_load(&pairs, s, err);
    if (rc == 0)
        rc = add_pairs(d, &pairs, base, kind, err);
    triplets_release(&triplets);
    pairs_release(&pairs);
    return rc;
}

int dataset_add(struct dataset *d, const char *path, enum dataset_kind kind,
                dataset_tokenise_fn *tokenise, const void *model,
                struct workers *w, struct err *err)
{
    struct texts texts = { NULL, NULL, 0 };
    struct store *s = NULL;
    size_t before = d->n;
    uint32_t base = (uint32_t)d->table.n;
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&texts, s, err);
    if (rc == 0)
        rc = tokenise(model, &d->table, texts.text, texts.n, w, err);
    if (rc == 0)
        rc = add_hashes(d, &texts, err);
    if (rc == 0)
        rc = add_records(d, s, base, kind, err);
    if (rc == 0 && d->n == before)
        log_warn("%s: has no %s", path,
                 kind == DATASET_PAIRED   ? "pairs"
                 : kind == DATASET_SCORED ? "pairs with a label or score"
                                          : "positive pairs or triplets");
    d->stores++;
    texts_release(&texts);
    store_close(s);
    return rc;
}

void dataset_name(const struct dataset *d, const uint32_t *which, size_t n,
                  const struct opt_list *stores, char *out, size_t size)
{
    uint32_t last = UINT32_MAX;
    size_t at = 0;

    for (size_t i = 0; i < n && at + 24 < size; i++) {
        const struct example *e = &d->example[which[i]];

        if (e->store != last && e->store < stores->n)
            at +=
                (size_t)snprintf(out + at, size - at, "%s%.80s", i ? "; " : "",
                                 file_base(stores->item[e->store]));
        last = e->store;
        if (at + 24 < size)
            at += (size_t)snprintf(out + at, size - at, " %u", e->record);
    }
}

/* Equal texts of two stores have one name. */
static uint32_t short_hash(const struct dataset *d, uint32_t text)
{
    return (uint32_t)(d->hash[text] ^ d->hash[text] >> 32);
}

/* Is {a, b} new? It is known then. */
static int learn_pair(struct pairset *known, const struct dataset *d,
                      uint32_t a, uint32_t b, bool *fresh, struct err *err)
{
    uint32_t x = short_hash(d, a), y = short_hash(d, b);

    *fresh = false;
    return x == y ? 0 : pairset_add(known, x, y, fresh, err);
}

static int draw_random(struct dataset *d, struct pairset *known, size_t n,
                       struct rng *rng, struct err *err)
{
    const size_t first = d->n;
    size_t tries = 20 * n + 100;
    bool fresh;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < first; i++)
        rc =
            learn_pair(known, d, d->example[i].a, d->example[i].b, &fresh, err);
    while (rc == 0 && d->n < first + n && tries-- > 0) {
        const struct example *x = &d->example[rng_below(rng, first)];
        const struct example *y = &d->example[rng_below(rng, first)];

        rc = learn_pair(known, d, x->a, y->b, &fresh, err);
        if (rc == 0 && fresh)
            d->example[d->n++] = (struct example){ .a = x->a, .b = y->b };
    }
    return rc;
}

int dataset_add_random(struct dataset *d, size_t n, struct rng *rng,
                       struct err *err)
{
    struct pairset known = PAIRSET_INIT;
    struct example *p = realloc(d->example, (d->n + n) * sizeof(*p));
    int rc;

    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu examples", d->n + n);
    d->example = p;
    d->cap = d->n + n;
    rc = draw_random(d, &known, n, rng, err);
    pairset_release(&known);
    return rc;
}

int dataset_need(const struct dataset *d, const char *what, struct err *err)
{
    return d->n ? 0
                : ERR_SET(err, ERR_FORMAT, "%s: nothing to work with", what);
}

void dataset_release(struct dataset *d)
{
    token_table_release(&d->table);
    free(d->hash);
    free(d->example);
    free(d->negative);
    *d = (struct dataset)DATASET_INIT;
}
