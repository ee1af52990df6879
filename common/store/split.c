#include "store/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "store/copier.h"

enum { STREAM = 0x5711 }; /* of the seed's random numbers */

/* ---- components ---- */

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* The smaller ordinal becomes the root, so roots do not depend on the order
 * of the edges. */
static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

struct parts {
    uint32_t *parent, *order;
    uint64_t *weight; /* of a root's component */
};

static void hand_out(enum split_part *part, const struct parts *p,
                     uint32_t roots, uint64_t total,
                     const struct split_rules *rules)
{
    uint64_t share[] = { 0, (uint64_t)(rules->dev * (double)total + 0.5),
                         (uint64_t)(rules->test * (double)total + 0.5) };
    uint64_t used[] = { 0, 0, 0 };

    for (uint32_t i = 0; i < roots; i++) {
        uint32_t r = p->order[i];
        int k = SPLIT_TEST;

        while (k > SPLIT_TRAIN && used[k] + p->weight[r] > share[k])
            k--;
        used[k] += p->weight[r];
        part[r] = (enum split_part)k;
    }
}

int split_assign(enum split_part *part, const uint32_t *edges, size_t n_edges,
                 const uint32_t *weight, uint32_t n_texts,
                 const struct split_rules *rules, struct err *err)
{
    struct parts p = { malloc(((size_t)n_texts + 1) * 4),
                       malloc(((size_t)n_texts + 1) * 4),
                       calloc((size_t)n_texts + 1, 8) };
    struct rng rng;
    uint64_t total = 0;
    uint32_t roots = 0;

    if (!p.parent || !p.order || !p.weight) {
        free(p.parent);
        free(p.order);
        free(p.weight);
        return ERR_SET(err, ERR_NOMEM, "cannot split %u texts", n_texts);
    }
    for (uint32_t i = 0; i < n_texts; i++)
        p.parent[i] = i;
    for (size_t i = 0; i < n_edges; i++)
        join(p.parent, edges[2 * i], edges[2 * i + 1]);
    for (uint32_t i = 0; i < n_texts; i++) {
        p.weight[root_of(p.parent, i)] += weight[i];
        total += weight[i];
    }
    for (uint32_t i = 0; i < n_texts; i++)
        if (p.parent[i] == i && p.weight[i] > 0)
            p.order[roots++] = i;
        else
            part[i] = SPLIT_TRAIN;
    rng_init(&rng, rules->seed, STREAM);
    rng_shuffle(&rng, p.order, roots);
    hand_out(part, &p, roots, total, rules);
    for (uint32_t i = 0; i < n_texts; i++)
        part[i] = part[root_of(p.parent, i)];
    free(p.parent);
    free(p.order);
    free(p.weight);
    return 0;
}

/* ---- records ---- */

struct splitter {
    struct stage *st;
    const struct split_rules *rules;
    struct store *in;
    struct pairs pairs;
    struct triplets triplets;
    struct copier copier;
    struct writer *w;
    uint32_t *edges, *weight;
    enum split_part *part;
    size_t n_edges;
};

static int load(struct splitter *s, struct err *err)
{
    const char *kind = store_kind(s->in);

    if (strcmp(kind, "pairs") == 0)
        return pairs_load(&s->pairs, s->in, err);
    if (strcmp(kind, "triplets") == 0)
        return triplets_load(&s->triplets, s->in, err);
    return strcmp(kind, "texts") == 0
               ? 0
               : ERR_SET(err, ERR_USAGE, "%s: cannot split a store of %s",
                         store_path(s->in), kind);
}

static void add_edge(struct splitter *s, uint32_t a, uint32_t b)
{
    s->edges[2 * s->n_edges] = a;
    s->edges[2 * s->n_edges + 1] = b;
    s->n_edges++;
}

static void add_edges(struct splitter *s)
{
    for (size_t i = 0; i < s->pairs.n; i++) {
        add_edge(s, s->pairs.pair[i].a, s->pairs.pair[i].b);
        s->weight[s->pairs.pair[i].a]++;
    }
    for (size_t i = 0; i < s->triplets.n; i++) {
        const struct triplet *t = &s->triplets.triplet[i];

        add_edge(s, t->anchor, t->positive);
        for (uint32_t k = 0; k < t->n; k++)
            add_edge(s, t->anchor, t->negative[k]);
        s->weight[t->anchor]++;
    }
    for (uint32_t i = 0;
         strcmp(store_kind(s->in), "texts") == 0 && i < s->copier.texts.n; i++)
        s->weight[i] = 1;
}

static int assign(struct splitter *s, struct err *err)
{
    size_t n = (size_t)s->copier.texts.n + 1, edges = s->pairs.n + 1;

    for (size_t i = 0; i < s->triplets.n; i++)
        edges += 1 + (size_t)s->triplets.triplet[i].n;
    s->edges = malloc(edges * 2 * sizeof(*s->edges));
    s->weight = calloc(n, sizeof(*s->weight));
    s->part = malloc(n * sizeof(*s->part));
    if (!s->edges || !s->weight || !s->part)
        return ERR_SET(err, ERR_NOMEM, "cannot split %zu texts", n);
    add_edges(s);
    return split_assign(s->part, s->edges, s->n_edges, s->weight,
                        s->copier.texts.n, s->rules, err);
}

/* Counts a record; true when it belongs to the part being written. */
static bool wanted(struct splitter *s, uint32_t text)
{
    bool mine = s->part[text] == s->rules->part;

    s->st->n.seen++;
    s->st->n.kept += mine;
    s->st->n.rejected += !mine;
    return mine;
}

static int put_pair(struct splitter *s, size_t i, struct err *err)
{
    struct pair p = s->pairs.pair[i];
    uint64_t place;
    int rc = copier_text(&s->copier, p.a, &p.a, err);

    if (rc == 0)
        rc = copier_text(&s->copier, p.b, &p.b, err);
    if (rc == 0)
        rc = writer_pair(s->w, &p, &place, err);
    return rc < 0 ? rc : copier_note(&s->copier, STORE_PAIRS, i, place, err);
}

static int put_triplet(struct splitter *s, size_t i, struct err *err)
{
    struct triplet t = s->triplets.triplet[i];
    uint32_t *negative = malloc(((size_t)t.n + 1) * sizeof(*negative));
    uint64_t place;
    int rc;

    if (!negative)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %u negatives", t.n);
    rc = copier_text(&s->copier, t.anchor, &t.anchor, err);
    if (rc == 0)
        rc = copier_text(&s->copier, t.positive, &t.positive, err);
    for (uint32_t k = 0; rc == 0 && k < t.n; k++)
        rc = copier_text(&s->copier, t.negative[k], &negative[k], err);
    t.negative = negative;
    if (rc == 0)
        rc = writer_triplet(s->w, &t, &place, err);
    free(negative);
    return rc < 0 ? rc : copier_note(&s->copier, STORE_TRIPLETS, i, place, err);
}

static int write_part(struct splitter *s, struct err *err)
{
    bool texts = strcmp(store_kind(s->in), "texts") == 0;
    uint32_t place;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && texts && i < s->copier.texts.n; i++)
        if (wanted(s, i))
            rc = copier_text(&s->copier, i, &place, err);
    for (size_t i = 0; rc == 0 && i < s->pairs.n; i++)
        if (wanted(s, s->pairs.pair[i].a))
            rc = put_pair(s, i, err);
    for (size_t i = 0; rc == 0 && i < s->triplets.n; i++)
        if (wanted(s, s->triplets.triplet[i].anchor))
            rc = put_triplet(s, i, err);
    if (rc == 0 && s->st->n.kept == 0)
        log_warn("the part is empty: its share is smaller than any group of "
                 "records that share texts");
    return rc;
}

int split_store(struct stage *st, struct store *in,
                const struct split_rules *rules, struct err *err)
{
    struct splitter s = { .st = st, .rules = rules, .in = in };
    struct store *out = NULL;
    int rc = load(&s, err);

    if (rc == 0)
        rc = stage_create(st, &out, store_kind(in), err);
    if (rc == 0)
        rc = writer_new(&s.w, out, err);
    if (rc == 0)
        rc = copier_open(&s.copier, in, s.w, err);
    if (rc == 0)
        rc = assign(&s, err);
    if (rc == 0)
        rc = write_part(&s, err);
    writer_free(s.w);
    if (rc == 0) {
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    store_close(out);
    copier_release(&s.copier);
    pairs_release(&s.pairs);
    triplets_release(&s.triplets);
    free(s.edges);
    free(s.weight);
    free(s.part);
    return rc;
}
