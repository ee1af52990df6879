#include "model/layer_grad.h"

#include <stdbool.h>

#include "model/encoder.h"
#include "nn/elementwise.h"

enum {
    TASK_ROWS = 128,   /* of a linear layer's weight */
    TURN_COLUMNS = 64, /* of a matrix to turn; a multiple of PANEL_COLS */
    TASK_COLUMNS = 64, /* of an embedding */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts(size_t n, size_t of)
{
    return (n + of - 1) / of;
}

/* ---- linear layers ---- */

static size_t turned_bytes(enum precision p, size_t M, size_t N, size_t K)
{
    return panel_bytes(p, N, K) +
           turn_bytes(p, (M + PANEL_COLS - 1) / PANEL_COLS * PANEL_COLS, K);
}

size_t layer_grad_bytes(const struct model_config *c, enum precision p,
                        size_t T)
{
    size_t C = c->C, F = c->F;

    return turned_bytes(p, C, F, T) + turned_bytes(p, F, C, T) +
           turned_bytes(p, C, C, T) + turned_bytes(p, 3 * C, C, T);
}

struct layer_tasks {
    struct grad_linear linear[GRAD_LINEARS];
    size_t n;
    enum precision precision;
    char *memory;
};

static void add_linear(struct layer_tasks *t, float *dw, float *db,
                       const float *dy, const float *x, size_t M, size_t N,
                       size_t K)
{
    struct grad_linear *g = &t->linear[t->n++];

    *g = (struct grad_linear){
        .dw = dw, .db = db, .dy = dy, .x = x, .M = M, .N = N, .K = K
    };
    panel_open(&g->turned_x, t->memory, t->precision, N, K);
    g->turned_dy = t->memory + panel_bytes(t->precision, N, K);
    t->memory += turned_bytes(t->precision, M, N, K);
}

/* Task i of those that every linear layer has parts(size, of) of: which layer,
 * and where its part begins. */
static const struct grad_linear *find(const struct layer_tasks *t, size_t i,
                                      bool outputs, size_t of, size_t *begin)
{
    const struct grad_linear *g = t->linear;

    while (i >= parts(outputs ? g->M : g->N, of))
        i -= parts(outputs ? g++->M : g++->N, of);
    *begin = i * of;
    return g;
}

static size_t count(const struct layer_tasks *t, bool outputs, size_t of)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += parts(outputs ? t->linear[i].M : t->linear[i].N, of);
    return n;
}

static void turn_x(void *ctx, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t n;
        const struct grad_linear *g = find(ctx, i, false, TURN_COLUMNS, &n);

        panel_turn(&g->turned_x, g->x, g->N, n, least(n + TURN_COLUMNS, g->N));
    }
}

/* Rows [m, m + TASK_ROWS) of one weight's gradient. */
static void multiply(void *ctx, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t m, last;
        const struct grad_linear *g = find(ctx, i, true, TASK_ROWS, &m);
        struct panel_rows rows;

        last = least(m + TASK_ROWS, g->M);
        rows = turn_rows(g->turned_dy, g->turned_x.precision, g->dy, g->K, g->M,
                         m, last);
        panel_fwd(g->dw + m * g->N, g->N, &rows, &g->turned_x, PANEL_ADD,
                  last - m);
        bias_bwd(g->db, g->dy, m, last, g->K, g->M);
    }
}

void layer_grad(const struct layer_weights *dw, const struct layer_acts *a,
                const struct layer_job *j, void *memory, struct workers *w)
{
    struct layer_tasks t = { .precision = j->precision, .memory = memory };
    size_t C = j->c->C, F = j->c->F, T = j->batch->T;
    size_t R = j->cut ? j->batch->B : T;

    add_linear(&t, dw->down_w, dw->down_b, a->sum2, a->g, C, F, R);
    add_linear(&t, dw->up_w, dw->up_b, a->u, a->h, F, C, R);
    add_linear(&t, dw->out_w, dw->out_b, a->sum1, j->cut ? a->cls : a->att, C,
               C, R);
    add_linear(&t, dw->qkv_w, dw->qkv_b, a->qkv, a->x, 3 * C, C, T);
    workers_run(w, count(&t, false, TURN_COLUMNS), 1, turn_x, &t);
    workers_run(w, count(&t, true, TASK_ROWS), 1, multiply, &t);
}

/* ---- embeddings ---- */

struct embedding_task {
    const struct embedding_weights *dw;
    const struct packed *batch;
    const float *d;
    const struct model_config *c;
};

/* Several tokens share a row, so a task owns columns and takes the tokens in
 * their order. */
static void embedding_columns(void *ctx, size_t begin, size_t end,
                              size_t worker)
{
    const struct embedding_task *k = ctx;
    const struct packed *p = k->batch;
    size_t W = model_config_table(k->c), n = end - begin;

    (void)worker;
    for (size_t b = 0; b < p->B; b++) {
        size_t before = 0;

        for (size_t t = p->offset[b]; t < p->offset[b + 1]; t++) {
            const float *d = k->d + t * W + begin;
            size_t row = encoder_position(k->c, p->id[t], &before);

            add_fwd(k->dw->word + p->id[t] * W + begin, d, n);
            add_fwd(k->dw->position + row * W + begin, d, n);
            add_fwd(k->dw->segment + p->segment[t] * W + begin, d, n);
        }
    }
}

void embedding_grad(const struct embedding_weights *dw, const float *d,
                    const struct packed *batch, const struct model_config *c,
                    struct workers *w)
{
    struct embedding_task k = { dw, batch, d, c };

    workers_run(w, model_config_table(c), TASK_COLUMNS, embedding_columns, &k);
}

void grad_norm_parts(float *dweight, float *dbias, const float *part,
                     size_t chunks, size_t C)
{
    for (size_t k = 0; k < chunks; k++) {
        add_fwd(dweight, part + k * 2 * C, C);
        add_fwd(dbias, part + k * 2 * C + C, C);
    }
}
