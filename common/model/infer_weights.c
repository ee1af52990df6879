#include "model/infer_weights.h"

#include <assert.h>

#include "nn/relative.h"

static size_t layer_bytes(const struct model_config *c, enum precision p)
{
    return 2 * panel_bytes(p, c->C, c->C) + panel_bytes(p, 2 * c->C, c->C) +
           panel_bytes(p, c->F, c->C) + panel_bytes(p, c->C, c->F);
}

static void pack(struct panel *p, struct arena *arena, enum precision precision,
                 const float *w, const float *bias, size_t N, size_t K)
{
    void *memory = arena_alloc(arena, panel_bytes(precision, N, K), 1);

    assert(memory);
    panel_pack(p, memory, precision, w, bias, N, K);
}

static void pack_layer(struct infer_layer *p, struct arena *arena,
                       enum precision to, const struct model_config *c,
                       const struct layer_weights *l)
{
    const size_t C = c->C, F = c->F;

    pack(&p->q, arena, to, l->qkv_w, l->qkv_b, C, C);
    pack(&p->kv, arena, to, l->qkv_w + C * C, l->qkv_b + C, 2 * C, C);
    pack(&p->out, arena, to, l->out_w, l->out_b, C, C);
    pack(&p->up, arena, to, l->up_w, l->up_b, F, C);
    pack(&p->down, arena, to, l->down_w, l->down_b, C, F);
}

/* 0 without relative positions. */
static size_t most_tokens(const struct model_config *c)
{
    return c->relative ? c->P - c->first : 0;
}

static void spread_positions(struct infer_weights *p,
                             const struct model_config *c)
{
    p->R = most_tokens(c);
    if (p->R == 0)
        return;
    p->rel = arena_alloc(&p->arena, c->H * (2 * p->R - 1), sizeof(*p->rel));
    assert(p->rel);
    relative_fwd(p->rel, p->w->embedding.relative, c->H, p->R);
}

int infer_weights_init(struct infer_weights *p, const struct model_config *c,
                       const struct weights *w, enum precision precision,
                       struct err *err)
{
    const struct head_weights *h = &w->head;
    size_t labels = h->cls_w ? c->labels : 0;
    size_t bytes = c->L * (sizeof(*p->layer) + layer_bytes(c, precision)) +
                   ARENA_ALIGN + panel_bytes(PRECISION_F32, c->C, c->C) +
                   panel_bytes(PRECISION_F32, c->C, c->E) +
                   2 * most_tokens(c) * c->H * sizeof(float) + ARENA_ALIGN +
                   panel_bytes(PRECISION_F32, labels, c->C);
    int rc;

    *p = (struct infer_weights){ .precision = precision,
                                 .w = w,
                                 .arena = ARENA_INIT };
    rc = arena_init(&p->arena, bytes, err);
    if (rc < 0)
        return rc;
    p->layer = arena_alloc(&p->arena, c->L, sizeof(*p->layer));
    assert(p->layer);
    for (size_t l = 0; l < c->L; l++)
        pack_layer(&p->layer[l], &p->arena, precision, c, &w->layer[l]);
    spread_positions(p, c);
    if (c->E)
        pack(&p->project, &p->arena, PRECISION_F32, w->embedding.project_w,
             w->embedding.project_b, c->C, c->E);
    pack(&p->pool, &p->arena, PRECISION_F32, h->pool_w, h->pool_b, c->C, c->C);
    if (labels)
        pack(&p->cls, &p->arena, PRECISION_F32, h->cls_w, h->cls_b, labels,
             c->C);
    return 0;
}

void infer_weights_release(struct infer_weights *p)
{
    arena_release(&p->arena);
    *p = (struct infer_weights){ .arena = ARENA_INIT };
}
