#include "model/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"

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

static int add_pairs(struct dataset *d, const struct pairs *p, uint32_t base,
                     enum dataset_kind kind, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < p->n; i++) {
        float y = pair_target(&p->pair[i]);
        bool take = kind == DATASET_SCORED
                        ? !isnan(y)
                        : y >= 0.5f && p->pair[i].a != p->pair[i].b;
        struct example e = { base + p->pair[i].a, base + p->pair[i].b,
                             kind == DATASET_SCORED ? y : 1.0f, 0, 0 };

        if (take)
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
        struct example e = { base + x->anchor, base + x->positive, 1.0f,
                             (uint32_t)d->negatives, x->n };

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
                 kind == DATASET_SCORED ? "pairs with a label or score"
                                        : "positive pairs or triplets");
    texts_release(&texts);
    store_close(s);
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
