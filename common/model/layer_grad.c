#include "model/layer_grad.h"

#include "nn/elementwise.h"
#include "nn/gemm.h"

enum {
    TASK_WEIGHTS = 196608, /* of a linear layer's task: 128 x 1536 */
    TASK_COLUMNS = 64,     /* of an embedding's task */
};

static size_t rows_per_task(size_t N)
{
    size_t rows = TASK_WEIGHTS / N / 16 * 16;

    return rows > 16 ? rows : 16;
}

static size_t tasks_of(size_t M, size_t N)
{
    size_t rows = rows_per_task(N);

    return (M + rows - 1) / rows;
}

size_t grad_tasks_count(const struct model_config *c)
{
    size_t C = c->C, F = c->F;

    return c->L * (tasks_of(3 * C, C) + tasks_of(C, C) + tasks_of(F, C) +
                   tasks_of(C, F)) +
           (C + TASK_COLUMNS - 1) / TASK_COLUMNS;
}

void grad_tasks_add_linear(struct grad_tasks *t, float *dw, float *db,
                           const float *dy, const float *x, size_t M, size_t N,
                           size_t K)
{
    size_t rows = rows_per_task(N);

    for (size_t m = 0; m < M; m += rows)
        t->task[t->n++] = (struct grad_task){
            .dw = dw,
            .db = db,
            .dy = dy,
            .x = x,
            .begin = m,
            .end = m + rows < M ? m + rows : M,
            .M = M,
            .N = N,
            .K = K,
        };
}

void grad_tasks_add_layer(struct grad_tasks *t, const struct layer_weights *dw,
                          const struct layer_acts *a, const struct layer_job *j)
{
    size_t C = j->c->C, F = j->c->F, T = j->batch->T;
    size_t R = j->cut ? j->batch->B : T;

    grad_tasks_add_linear(t, dw->down_w, dw->down_b, a->sum2, a->g, C, F, R);
    grad_tasks_add_linear(t, dw->up_w, dw->up_b, a->u, a->h, F, C, R);
    grad_tasks_add_linear(t, dw->out_w, dw->out_b, a->sum1,
                          j->cut ? a->cls : a->att, C, C, R);
    grad_tasks_add_linear(t, dw->qkv_w, dw->qkv_b, a->qkv, a->x, 3 * C, C, T);
}

void grad_tasks_add_embedding(struct grad_tasks *t,
                              const struct embedding_weights *dw,
                              const float *d, const struct packed *batch,
                              size_t C)
{
    for (size_t c = 0; c < C; c += TASK_COLUMNS)
        t->task[t->n++] = (struct grad_task){
            .dy = d,
            .begin = c,
            .end = c + TASK_COLUMNS < C ? c + TASK_COLUMNS : C,
            .N = C,
            .embedding = dw,
            .batch = batch,
        };
}

/* Several tokens share a row, so a task owns columns and takes the tokens in
 * their order. */
static void embedding_columns(const struct grad_task *k)
{
    const struct packed *p = k->batch;
    const struct embedding_weights *e = k->embedding;
    size_t C = k->N, n = k->end - k->begin;

    for (size_t b = 0; b < p->B; b++) {
        for (size_t t = p->offset[b]; t < p->offset[b + 1]; t++) {
            const float *d = k->dy + t * C + k->begin;
            size_t row = t - p->offset[b];

            add_fwd(e->word + p->id[t] * C + k->begin, d, n);
            add_fwd(e->position + row * C + k->begin, d, n);
            add_fwd(e->segment + p->segment[t] * C + k->begin, d, n);
        }
    }
}

static void run(void *ctx, size_t begin, size_t end, size_t worker)
{
    const struct grad_tasks *t = ctx;

    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const struct grad_task *k = &t->task[i];

        if (k->embedding) {
            embedding_columns(k);
            continue;
        }
        gemm_tn_add(k->dw, k->dy, k->x, k->begin, k->end, k->M, k->N, k->K);
        bias_bwd(k->db, k->dy, k->begin, k->end, k->K, k->M);
    }
}

void grad_tasks_run(const struct grad_tasks *t, struct workers *w)
{
    struct grad_tasks all = *t;

    workers_run(w, all.n, 1, run, &all);
}

void grad_norm_parts(float *dweight, float *dbias, const float *part,
                     size_t chunks, size_t C)
{
    for (size_t k = 0; k < chunks; k++) {
        add_fwd(dweight, part + k * 2 * C, C);
        add_fwd(dbias, part + k * 2 * C + C, C);
    }
}
