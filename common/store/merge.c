#include "store/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/progress.h"
#include "store/copier.h"

/* A pair of the result and the record it came from. */
struct merged {
    struct pair pair;
    uint32_t input;
    uint64_t ordinal;
};

struct merge {
    struct stage *st;
    struct writer *w;
    struct store *in[OPT_LIST_MAX];
    struct copier copier[OPT_LIST_MAX];
    size_t n;
    struct intern set;   /* records seen, as the ordinals of their texts */
    struct merged *pair; /* [set.n] of kind pairs */
    size_t cap;
};

static int open_inputs(struct merge *m, const struct opt_list *paths,
                       struct err *err)
{
    for (; m->n < paths->n; m->n++) {
        int rc = store_open(&m->in[m->n], paths->item[m->n], err);

        if (rc < 0)
            return rc;
        if (strcmp(store_kind(m->in[m->n]), store_kind(m->in[0])) != 0) {
            m->n++;
            return ERR_SET(err, ERR_USAGE, "%s holds %s, %s holds %s",
                           paths->item[0], store_kind(m->in[0]),
                           paths->item[m->n - 1], store_kind(m->in[m->n - 1]));
        }
    }
    if (strcmp(store_kind(m->in[0]), "vectors") == 0)
        return ERR_SET(err, ERR_USAGE, "%s: stores of vectors cannot be merged",
                       paths->item[0]);
    return 0;
}

/* All texts of an input, in their order; as records of their own in stores of
 * texts. */
static int merge_texts(struct merge *m, size_t input, struct err *err)
{
    struct copier *c = &m->copier[input];
    bool count = strcmp(store_kind(m->in[input]), "texts") == 0;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < c->texts.n; i++) {
        uint32_t before = writer_texts(m->w), place;

        rc = copier_text(c, i, &place, err);
        if (!count || rc < 0)
            continue;
        m->st->n.seen++;
        if (writer_texts(m->w) > before)
            m->st->n.kept++;
        else
            m->st->n.rejected++;
    }
    return rc;
}

static int add_key(struct merge *m, const uint32_t *ordinal, size_t n,
                   uint32_t *at, bool *added, struct err *err)
{
    struct span bytes = { (const char *)ordinal, n * sizeof(*ordinal) };

    return intern_add(&m->set, bytes, at, added, err);
}

/* ---- pairs ---- */

static int room_for_pair(struct merge *m, struct err *err)
{
    size_t cap = m->cap ? 2 * m->cap : 1024;
    void *pair;

    if (m->set.n < m->cap)
        return 0;
    pair = realloc(m->pair, cap * sizeof(*m->pair));
    if (!pair)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu pairs", cap);
    m->pair = pair;
    m->cap = cap;
    return 0;
}

/* What a duplicate knows and the first does not. */
static void complete(struct pair *first, struct pair p)
{
    if (p.a != first->a) { /* the other order */
        float score = p.score;

        p.score = p.reverse;
        p.reverse = score;
    }
    if (isnan(first->label) && !isnan(p.label)) {
        first->label = p.label;
        first->origin = p.origin;
    }
    if (isnan(first->score))
        first->score = p.score;
    if (isnan(first->reverse))
        first->reverse = p.reverse;
}

static int conflict(struct merge *m, size_t input, uint64_t ordinal,
                    const struct pair *first, const struct pair *p,
                    struct err *err)
{
    char where[4200], reason[128];

    snprintf(where, sizeof(where), "%s pair %llu", store_path(m->in[input]),
             (unsigned long long)ordinal);
    snprintf(reason, sizeof(reason), "label %g, an earlier one says %g",
             (double)p->label, (double)first->label);
    return stage_fail_record(m->st, where, reason, NULL, err);
}

static int merge_pair(struct merge *m, size_t input, uint64_t ordinal,
                      struct pair p, struct err *err)
{
    const uint32_t *map = m->copier[input].map;
    struct pair *first;
    uint32_t key[2];
    uint32_t at;
    bool added;
    int rc = room_for_pair(m, err);

    p.a = map[p.a];
    p.b = map[p.b];
    key[0] = p.a < p.b ? p.a : p.b;
    key[1] = p.a < p.b ? p.b : p.a;
    if (rc == 0)
        rc = add_key(m, key, 2, &at, &added, err);
    if (rc < 0)
        return rc;
    first = &m->pair[at].pair;
    if (!added && !isnan(p.label) && !isnan(first->label) &&
        p.label != first->label)
        return conflict(m, input, ordinal, first, &p, err);
    m->st->n.seen++;
    if (added) {
        m->pair[at] = (struct merged){ p, (uint32_t)input, ordinal };
    } else {
        complete(first, p);
        m->st->n.rejected++;
    }
    return 0;
}

static int merge_pairs(struct merge *m, size_t input, struct err *err)
{
    struct pairs p;
    int rc = pairs_load(&p, m->in[input], err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        rc = merge_pair(m, input, i, p.pair[i], err);
        progress_update(m->st->n.seen, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    pairs_release(&p);
    return rc;
}

static int write_pairs(struct merge *m, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < m->set.n; i++)
        rc = writer_pair(m->w, &m->pair[i].pair, NULL, err);
    for (size_t i = 0; rc == 0 && i < m->set.n; i++)
        rc = copier_note(&m->copier[m->pair[i].input], STORE_PAIRS,
                         m->pair[i].ordinal, i, err);
    m->st->n.kept += m->set.n;
    return rc;
}

/* ---- triplets ---- */

static int merge_triplet(struct merge *m, size_t input, uint64_t ordinal,
                         const struct triplet *t, struct err *err)
{
    const uint32_t *map = m->copier[input].map;
    uint32_t *v = malloc((2 + (size_t)t->n) * sizeof(*v));
    struct triplet out;
    uint64_t place;
    uint32_t at;
    bool added = false;
    int rc;

    if (!v)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %u negatives", t->n);
    v[0] = map[t->anchor];
    v[1] = map[t->positive];
    for (uint32_t k = 0; k < t->n; k++)
        v[2 + k] = map[t->negative[k]];
    rc = add_key(m, v, 2 + (size_t)t->n, &at, &added, err);
    out = (struct triplet){ v[0], v[1], t->n, v + 2 };
    if (rc == 0 && added)
        rc = writer_triplet(m->w, &out, &place, err);
    if (rc == 0 && added)
        rc =
            copier_note(&m->copier[input], STORE_TRIPLETS, ordinal, place, err);
    m->st->n.seen++;
    m->st->n.kept += added;
    m->st->n.rejected += !added;
    free(v);
    return rc;
}

static int merge_triplets(struct merge *m, size_t input, struct err *err)
{
    struct triplets t;
    int rc = triplets_load(&t, m->in[input], err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < t.n; i++) {
        rc = merge_triplet(m, input, i, &t.triplet[i], err);
        progress_update(m->st->n.seen, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    triplets_release(&t);
    return rc;
}

static int merge_all(struct merge *m, struct err *err)
{
    const char *kind = store_kind(m->in[0]);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < m->n; i++) {
        rc = copier_open(&m->copier[i], m->in[i], m->w, err);
        if (rc == 0)
            rc = merge_texts(m, i, err);
        if (rc == 0 && strcmp(kind, "pairs") == 0)
            rc = merge_pairs(m, i, err);
        if (rc == 0 && strcmp(kind, "triplets") == 0)
            rc = merge_triplets(m, i, err);
    }
    return rc == 0 && strcmp(kind, "pairs") == 0 ? write_pairs(m, err) : rc;
}

int merge_stores(struct stage *st, const struct opt_list *paths,
                 struct err *err)
{
    struct merge m = { .st = st };
    struct store *out = NULL;
    int rc = open_inputs(&m, paths, err);

    if (rc == 0)
        rc = stage_create(st, &out, store_kind(m.in[0]), err);
    if (rc == 0)
        rc = writer_new(&m.w, out, err);
    if (rc == 0) {
        progress_start("records", 0);
        rc = merge_all(&m, err);
        progress_end();
    }
    writer_free(m.w);
    if (rc == 0) {
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    store_close(out);
    for (size_t i = 0; i < m.n; i++) {
        copier_release(&m.copier[i]);
        store_close(m.in[i]);
    }
    intern_release(&m.set);
    free(m.pair);
    return rc;
}
