#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "model/encoder_grad.h"
#include "model/encoder_grad_parts.h"
#include "nn/attention.h"

/* Chunks come in fours, for an even split over 2 or 4 workers, of about this
 * many tokens at most: small enough to split, large enough for the products. */
enum { CHUNK_TOKENS = 192, CHUNK_MULTIPLE = 4 };

/* ---- memory ---- */

struct shape {
    size_t B, T, longest;
    size_t probs; /* floats of one layer's probabilities */
};

/* Hands out memory, or only counts it (arena NULL). */
struct carve {
    struct arena *arena;
    size_t bytes;
};

static void *take(struct carve *k, size_t count, size_t size)
{
    void *p = NULL;

    k->bytes += (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (k->arena) {
        p = arena_alloc(k->arena, count, size);
        assert(p);
    }
    return p;
}

static float *floats(struct carve *k, size_t n)
{
    return take(k, n, sizeof(float));
}

static size_t most_chunks(size_t T)
{
    size_t step = (size_t)CHUNK_TOKENS * CHUNK_MULTIPLE;

    return (T + step - 1) / step * CHUNK_MULTIPLE;
}

static void carve_layer(struct layer_acts *a, struct carve *k,
                        const struct model_config *c, const struct shape *s,
                        bool cut)
{
    size_t R = cut ? s->B : s->T, parts = most_chunks(s->T) * 2 * c->C;

    a->x = floats(k, s->T * c->C);
    a->qkv = floats(k, s->T * 3 * c->C);
    a->probs = floats(k, s->probs);
    a->att = floats(k, s->T * c->C);
    a->cls = cut ? floats(k, s->B * c->C) : NULL;
    a->sum1 = floats(k, R * c->C);
    a->mean1 = floats(k, R);
    a->rstd1 = floats(k, R);
    a->h = floats(k, R * c->C);
    a->u = floats(k, R * c->F);
    a->g = floats(k, R * c->F);
    a->sum2 = floats(k, R * c->C);
    a->mean2 = floats(k, R);
    a->rstd2 = floats(k, R);
    a->dln1 = floats(k, parts);
    a->dln2 = floats(k, parts);
}

static void carve_ends(struct encoder_grad *g, struct carve *k,
                       const struct shape *s)
{
    size_t C = g->c->C, W = model_config_table(g->c);
    size_t width = encoder_grad_width(g);

    g->sum = floats(k, s->T * W);
    g->mean = floats(k, s->T);
    g->rstd = floats(k, s->T);
    g->dln = floats(k, most_chunks(s->T) * 2 * W);
    g->rel = g->drel = NULL;
    if (g->c->relative) {
        size_t n = g->c->H * (2 * s->longest - 1);

        g->rel = floats(k, n);
        g->drel = floats(k, n * most_chunks(s->T));
    }
    g->narrow = g->c->E ? floats(k, s->T * W) : NULL;
    g->dproject = g->c->E ? floats(k, s->T * C) : NULL;
    g->last = floats(k, (g->cut ? s->B : s->T) * C);
    g->out = floats(k, s->B * width);
    g->norm = floats(k, s->B);
    g->which = take(k, s->B * width, sizeof(*g->which));
    g->dense = floats(k, s->B * C);
    g->pooled = floats(k, s->B * C);
    g->dropped = floats(k, s->B * C);
    g->dout = floats(k, s->B * width);
    g->drows = floats(k, s->B * C);
}

static void carve_lanes(struct encoder_grad *g, struct carve *k,
                        const struct shape *s)
{
    size_t n = s->T / most_chunks(s->T) + 1 + s->longest;
    size_t wider = g->c->E > g->c->C ? g->c->E : g->c->C;
    size_t workers = workers_count(g->workers);

    n = n < s->T ? n : s->T;
    g->lane = take(k, workers, sizeof(*g->lane));
    for (size_t i = 0; i < workers; i++) {
        struct lane b = { floats(k, n * wider), floats(k, n * wider),
                          floats(k, layer_scratch(g->c, g->precision, n,
                                                  s->longest)) };

        if (g->lane)
            g->lane[i] = b;
    }
}

static void carve(struct encoder_grad *g, struct carve *k,
                  const struct shape *s)
{
    size_t L = g->c->L;

    g->chunk = take(k, most_chunks(s->T), sizeof(*g->chunk));
    g->prob_at = take(k, s->B, sizeof(*g->prob_at));
    g->job = take(k, L, sizeof(*g->job));
    g->layer = take(k, L, sizeof(*g->layer));
    g->turned = take(k, layer_grad_bytes(g->c, g->precision, s->T), 1);
    for (size_t l = 0; l < L; l++) {
        struct layer_acts a;

        carve_layer(&a, k, g->c, s, g->cut && l + 1 == L);
        if (g->layer)
            g->layer[l] = a;
    }
    carve_ends(g, k, s);
    carve_lanes(g, k, s);
}

static size_t bytes_of(const struct encoder_grad *g, const struct shape *s)
{
    struct encoder_grad copy = *g;
    struct carve k = { NULL, 0 };

    carve(&copy, &k, s);
    return k.bytes;
}

static struct shape worst(const struct encoder_grad *g, size_t B, size_t T,
                          size_t longest)
{
    return (struct shape){ B, T, longest, T * longest * g->c->H };
}

size_t encoder_grad_bytes(const struct encoder_grad *g, size_t B, size_t T,
                          size_t longest)
{
    struct shape s = worst(g, B, T, longest);

    return bytes_of(g, &s);
}

int encoder_grad_reserve(struct encoder_grad *g, size_t B, size_t T,
                         size_t longest, struct err *err)
{
    arena_reset(&g->arena);
    return arena_reserve(&g->arena, encoder_grad_bytes(g, B, T, longest), err);
}

/* ---- the batch ---- */

/* Split at the sequences where k/n of the tokens have passed. */
static void plan_chunks(struct encoder_grad *g)
{
    const struct packed *p = g->batch;
    size_t n = most_chunks(p->T), b = 0;

    g->chunks = 0;
    for (size_t k = 1; k <= n; k++) {
        size_t first = b;

        while (b < p->B && (k == n || p->offset[b] * n < k * p->T))
            b++;
        if (b > first) {
            g->chunk[g->chunks] =
                (struct chunk){ g->chunks, first, b, p->offset[first],
                                p->offset[b] };
            g->chunks++;
        }
    }
}

static void plan_jobs(struct encoder_grad *g)
{
    const struct model_config *c = g->c;
    const struct attention a = { .H = c->H, .C = c->C };
    size_t at = 0;

    for (size_t b = 0; b < g->batch->B; b++) {
        g->prob_at[b] = at;
        at +=
            attention_probs(&a, g->batch->offset[b + 1] - g->batch->offset[b]);
    }
    for (size_t l = 0; l < c->L; l++)
        g->job[l] = (struct layer_job){
            .c = c,
            .w = &g->w->layer[l],
            .p = &g->panels[l],
            .batch = g->batch,
            .prob_at = g->prob_at,
            .rel = g->rel,
            .drel = g->drel,
            .R = g->batch->longest,
            .drop_hidden = g->train ? c->drop_hidden : 0.0f,
            .drop_attention = g->train ? c->drop_attention : 0.0f,
            .seed = rng_at(g->key, 2 + l),
            .cut = g->cut && l + 1 == c->L,
            .causal = g->causal,
            .precision = g->precision,
        };
}

int encoder_grad_begin(struct encoder_grad *g, const struct packed *batch,
                       uint64_t key, bool train, struct err *err)
{
    const struct attention a = { .H = g->c->H, .C = g->c->C };
    struct shape s = { batch->B, batch->T, batch->longest, 0 };
    struct carve k = { &g->arena, 0 };
    int rc;

    assert(batch->B > 0);
    for (size_t b = 0; b < batch->B; b++)
        s.probs += attention_probs(&a, batch->offset[b + 1] - batch->offset[b]);
    arena_reset(&g->arena);
    rc = arena_reserve(&g->arena, bytes_of(g, &s), err);
    if (rc < 0)
        return rc;
    carve(g, &k, &s);
    g->batch = batch;
    g->key = key;
    g->train = train;
    plan_chunks(g);
    plan_jobs(g);
    positions_fwd(g);
    return 0;
}
