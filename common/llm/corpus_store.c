#include <stdlib.h>
#include <string.h>

#include "llm/corpus.h"
#include "store/records.h"

/* The sentences of one anchor, as they come in a store. */
struct group {
    struct diversity *diversity;
    const struct texts *texts;
    bool *seen; /* [texts->n] */
    struct span *text;
    size_t n, room;
    uint32_t anchor;
};

static int close_group(struct group *g, struct err *err)
{
    int rc = g->n ? diversity_add(g->diversity, g->text, g->n, err) : 0;

    g->n = 0;
    return rc;
}

static int add_text(struct group *g, uint32_t anchor, uint32_t ordinal,
                    struct err *err)
{
    int rc = anchor == g->anchor ? 0 : close_group(g, err);

    g->anchor = anchor;
    if (rc < 0 || g->seen[ordinal])
        return rc;
    g->seen[ordinal] = true;
    if (g->n == g->room) {
        size_t room = 2 * g->room + 64;
        struct span *text = realloc(g->text, room * sizeof(*text));

        if (!text)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu texts", room);
        g->text = text;
        g->room = room;
    }
    g->text[g->n++] = g->texts->text[ordinal];
    return 0;
}

static int add_pairs(struct group *g, struct store *in, struct err *err)
{
    struct pairs p = { .n = 0 };
    int rc = pairs_load(&p, in, err);

    for (size_t i = 0; rc == 0 && i < p.n; i++)
        rc = add_text(g, p.pair[i].a, p.pair[i].b, err);
    pairs_release(&p);
    return rc;
}

static int add_triplets(struct group *g, struct store *in, struct err *err)
{
    struct triplets t = { .n = 0 };
    int rc = triplets_load(&t, in, err);

    for (size_t i = 0; rc == 0 && i < t.n; i++) {
        const struct triplet *x = &t.triplet[i];

        rc = add_text(g, x->anchor, x->positive, err);
        for (uint32_t k = 0; rc == 0 && k < x->n; k++)
            rc = add_text(g, x->anchor, x->negative[k], err);
    }
    triplets_release(&t);
    return rc;
}

static int add_all(struct group *g, struct store *in, struct err *err)
{
    int rc = 0;

    g->anchor = UINT32_MAX;
    if (strcmp(store_kind(in), "pairs") == 0)
        rc = add_pairs(g, in, err);
    else if (strcmp(store_kind(in), "triplets") == 0)
        rc = add_triplets(g, in, err);
    else
        for (uint32_t i = 0; rc == 0 && i < g->texts->n; i++)
            rc = add_text(g, i, i, err);
    return rc == 0 ? close_group(g, err) : rc;
}

int corpus_measure(struct diversity_figures *f, const char *path,
                   struct err *err)
{
    struct store *in = NULL;
    struct texts t = { .n = 0 };
    struct group g = { .texts = &t };
    int rc = store_open(&in, path, err);

    if (rc == 0)
        rc = texts_load(&t, in, err);
    if (rc == 0)
        rc = diversity_new(&g.diversity, err);
    g.seen = rc == 0 ? calloc(t.n + 1, sizeof(*g.seen)) : NULL;
    if (rc == 0 && !g.seen)
        rc = ERR_SET(err, ERR_NOMEM, "cannot mark %u texts", t.n);
    if (rc == 0)
        rc = add_all(&g, in, err);
    if (rc == 0)
        rc = diversity_figures(f, g.diversity, err);
    diversity_free(g.diversity);
    free(g.seen);
    free(g.text);
    texts_release(&t);
    store_close(in);
    return rc;
}
