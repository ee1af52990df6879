#include "model/bi_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct bi_loss_info losses[] = {
    { "cosine", BI_COSINE, DATASET_SCORED, false, false, false, false },
    { "cosent", BI_COSENT, DATASET_SCORED, false, false, false, false },
    { "angle", BI_ANGLE, DATASET_SCORED, false, false, false, false },
    { "mnrl", BI_MNRL, DATASET_POSITIVE, false, false, true, false },
    { "symmetric", BI_SYMMETRIC, DATASET_POSITIVE, false, false, true, false },
    { "triplet", BI_TRIPLET, DATASET_POSITIVE, false, true, true, false },
    { "contrastive", BI_CONTRASTIVE, DATASET_SCORED, true, false, false,
      false },
    { "online-contrastive", BI_ONLINE, DATASET_SCORED, true, false, false,
      false },
    { "mse", BI_MSE, DATASET_PAIRED, false, false, false, true },
    { "follow", BI_FOLLOW, DATASET_PAIRED, false, false, false, true },
    { "multilingual", BI_MULTILINGUAL, DATASET_PAIRED, false, false, false,
      true },
    { "margin-mse", BI_MARGIN_MSE, DATASET_POSITIVE, false, true, false, true },
};

const struct bi_loss_info *bi_loss_find(const char *name)
{
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
        if (strcmp(losses[i].name, name) == 0)
            return &losses[i];
    return NULL;
}

void bi_batch_init(struct bi_batch *x, const struct bi_batch_options *o)
{
    assert(!o->loss->negative || o->negatives == 1);
    assert(!o->loss->teacher || o->teacher);
    *x = (struct bi_batch){ .o = *o };
}

void bi_batch_release(struct bi_batch *x)
{
    for (size_t i = 0; i < x->cap_parts; i++)
        packed_release(&x->part[i]);
    free(x->part);
    free(x->a);
    free(x->b);
    free(x->doc);
    free(x->label);
    free(x->text);
    free(x->teacher);
    free(x->target);
    free(x->row);
    free(x->scratch);
    free(x->work);
}

/* ---- memory ---- */

static int again(void *at, size_t n, size_t size)
{
    void **p = at;

    free(*p);
    *p = malloc(n * size);
    return *p ? 0 : -1;
}

/* Rows: texts of a batch at most. */
static int reserve_rows(struct bi_batch *x, size_t rows, struct err *err)
{
    size_t cap = 2 * rows;

    if (rows <= x->cap_rows)
        return 0;
    if (again(&x->a, cap, sizeof(*x->a)) < 0 ||
        again(&x->b, cap, sizeof(*x->b)) < 0 ||
        again(&x->doc, cap, sizeof(*x->doc)) < 0 ||
        again(&x->label, cap, sizeof(*x->label)) < 0 ||
        again(&x->text, cap, sizeof(*x->text)) < 0 ||
        again(&x->teacher, cap, sizeof(*x->teacher)) < 0 ||
        again(&x->target, cap, sizeof(*x->target)) < 0 ||
        again(&x->row, cap, sizeof(*x->row)) < 0 ||
        again(&x->work, loss_order_scratch(cap), sizeof(*x->work)) < 0)
        return ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
    x->cap_rows = cap;
    return 0;
}

static int reserve_scratch(struct bi_batch *x, size_t dim, struct err *err)
{
    size_t need = x->o.loss->ranking ? loss_mnrl_scratch(x->B, x->M, dim) : 0;

    if (need <= x->cap_scratch)
        return 0;
    x->cap_scratch =
        again(&x->scratch, need, sizeof(*x->scratch)) < 0 ? 0 : need;
    return x->cap_scratch ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

/* ---- rows ---- */

int bi_batch_tokenise(const void *model, struct token_table *t,
                      const struct span *text, size_t n, struct workers *w,
                      struct err *err)
{
    return bi_encoder_tokenise(model, t, text, n, w, err);
}

static int next_part(struct bi_batch *x, struct err *err)
{
    if (x->parts == x->cap_parts) {
        struct packed *p = realloc(x->part, (x->parts + 1) * sizeof(*p));

        if (!p)
            return ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
        x->part = p;
        x->part[x->cap_parts++] = (struct packed)PACKED_INIT;
    }
    packed_reset(&x->part[x->parts++]);
    return 0;
}

static int add_text(struct bi_batch *x, const struct bi_encoder *m,
                    const struct dataset *d, uint32_t text, uint32_t *row,
                    struct err *err)
{
    bool full = x->parts == 0 ||
                (x->o.part > 0 && x->part[x->parts - 1].B == x->o.part);
    int rc = full ? next_part(x, err) : 0;

    if (rc < 0)
        return rc;
    *row = (uint32_t)x->rows;
    x->text[x->rows++] = text;
    return packed_add_single(&x->part[x->parts - 1], m->tokenizer, &d->table,
                             text, m->config.max_len, err);
}

/* Some negatives of one triplet, without replacement, drawn anew each time. */
static int add_negatives(struct bi_batch *x, const struct bi_encoder *m,
                         const struct dataset *d, const struct example *e,
                         struct rng *rng, struct err *err)
{
    size_t want = x->o.negatives < e->n ? x->o.negatives : e->n;
    int rc = 0;

    for (uint32_t k = 0; rc == 0 && want > 0 && k < e->n; k++) {
        if (rng_below(rng, e->n - k) >= want)
            continue; /* selection sampling keeps the order */
        want--;
        rc = add_text(x, m, d, d->negative[e->first + k], &x->doc[x->M], err);
        x->M += rc == 0;
    }
    return rc;
}

/* ---- what the teacher says ---- */

/* Each text follows the teacher's vector of itself, or its pair's of the
 * first: source and translation. */
static void set_targets(struct bi_batch *x)
{
    const struct scorer *t = x->o.teacher;
    size_t dim = bi_encoder_dim(&t->bi);

    for (size_t i = 0; i < x->B; i++) {
        uint32_t a = x->text[x->a[i]], b = x->text[x->b[i]];

        x->row[i] = x->a[i];
        x->row[x->B + i] = x->b[i];
        x->target[i] = t->vector + a * dim;
        x->target[x->B + i] =
            t->vector + (x->o.loss->loss == BI_MULTILINGUAL ? a : b) * dim;
    }
}

/* label becomes score(a, positive) - score(a, negative). */
static int set_margins(struct bi_batch *x, struct err *err)
{
    uint32_t *a = x->row, *b = x->row + x->B;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < 2; k++) {
        for (size_t i = 0; i < x->B; i++) {
            a[i] = x->text[x->a[i]];
            b[i] = x->text[x->doc[k * x->B + i]];
        }
        rc = scorer_score(x->o.teacher, x->teacher + k * x->B, NULL, a, b, x->B,
                          x->o.workers, err);
    }
    for (size_t i = 0; rc == 0 && i < x->B; i++)
        x->label[i] = x->teacher[i] - x->teacher[x->B + i];
    return rc;
}

int bi_batch_build(struct bi_batch *x, const struct bi_encoder *m,
                   const struct dataset *d, const uint32_t *index, size_t n,
                   struct rng *rng, struct err *err)
{
    bool more = x->o.loss->kind == DATASET_POSITIVE;
    int rc = reserve_rows(x, n * (2 + x->o.negatives), err);

    x->B = x->M = n;
    x->parts = x->rows = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct example *e = &d->example[index[i]];

        rc = add_text(x, m, d, e->a, &x->a[i], err);
        if (rc == 0)
            rc = add_text(x, m, d, e->b, &x->b[i], err);
        x->doc[i] = x->b[i];
        x->label[i] = e->target;
    }
    for (size_t i = 0; rc == 0 && more && i < n; i++)
        rc = add_negatives(x, m, d, &d->example[index[i]], rng, err);
    if (rc == 0 && x->o.loss->loss == BI_MARGIN_MSE)
        rc = set_margins(x, err);
    else if (rc == 0 && x->o.loss->teacher)
        set_targets(x);
    return rc < 0 ? rc : reserve_scratch(x, bi_encoder_dim(m), err);
}

/* ---- the loss ---- */

static double of_pairs(struct bi_batch *x, float *dy, const float *y, size_t C)
{
    const uint32_t *a = x->a, *b = x->b;

    switch (x->o.loss->loss) {
    case BI_COSENT:
        return loss_cosent(dy, x->work, y, a, b, x->label, x->o.scale, x->B, C);
    case BI_ANGLE:
        return loss_angle(dy, x->work, y, a, b, x->label, x->o.scale, x->B, C);
    case BI_CONTRASTIVE:
        return loss_contrastive(dy, y, a, b, x->label, x->o.distance,
                                x->o.margin, x->B, C);
    case BI_ONLINE:
        return loss_online_contrastive(dy, y, a, b, x->label, x->o.distance,
                                       x->o.margin, x->B, C);
    default:
        return loss_cosine(dy, y, a, b, x->label, x->B, C);
    }
}

double bi_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                     size_t width)
{
    struct bi_batch *x = ctx;

    (void)B;
    switch (x->o.loss->loss) {
    case BI_MNRL:
        return loss_mnrl(dy, x->scratch, y, x->a, x->doc, x->o.scale, x->B,
                         x->M, width);
    case BI_SYMMETRIC:
        return loss_mnrl_symmetric(dy, x->scratch, y, x->a, x->doc, x->o.scale,
                                   x->B, x->M, width);
    case BI_TRIPLET:
        return loss_triplet(dy, y, x->a, x->b, x->doc + x->B, x->o.distance,
                            x->o.margin, x->B, width);
    case BI_MARGIN_MSE:
        return loss_margin_mse(dy, y, x->a, x->b, x->doc + x->B, x->label, x->B,
                               width);
    case BI_MSE:
    case BI_MULTILINGUAL:
        return loss_mse(dy, y, x->row, x->target, 2 * x->B, width);
    case BI_FOLLOW:
        return loss_follow(dy, y, x->row, x->target, 2 * x->B, width);
    default:
        return of_pairs(x, dy, y, width);
    }
}
