#include "model/bi_batch.h"

#include <assert.h>
#include <stdlib.h>

#include "nn/loss.h"

void bi_batch_init(struct bi_batch *x, const struct bi_batch_options *o)
{
    assert(o->loss != BI_TRIPLET || o->negatives == 1); /* loss_triplet() */
    *x = (struct bi_batch){ .o = *o, .packed = PACKED_INIT };
}

void bi_batch_release(struct bi_batch *x)
{
    packed_release(&x->packed);
    free(x->a);
    free(x->b);
    free(x->doc);
    free(x->label);
    free(x->scratch);
}

static int reserve_rows(struct bi_batch *x, size_t docs, struct err *err)
{
    size_t cap = docs > x->cap_rows ? 2 * docs : x->cap_rows;

    if (cap == x->cap_rows)
        return 0;
    free(x->a);
    free(x->b);
    free(x->doc);
    free(x->label);
    x->a = malloc(cap * sizeof(*x->a));
    x->b = malloc(cap * sizeof(*x->b));
    x->doc = malloc(cap * sizeof(*x->doc));
    x->label = malloc(cap * sizeof(*x->label));
    x->cap_rows = cap;
    return x->a && x->b && x->doc && x->label
               ? 0
               : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

static int reserve_scratch(struct bi_batch *x, size_t dim, struct err *err)
{
    size_t need = loss_mnrl_scratch(x->B, x->M, dim);

    if (need <= x->cap_scratch)
        return 0;
    free(x->scratch);
    x->scratch = malloc(need * sizeof(*x->scratch));
    x->cap_scratch = x->scratch ? need : 0;
    return x->scratch ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

int bi_batch_tokenise(const void *model, struct token_table *t,
                      const struct span *text, size_t n, struct workers *w,
                      struct err *err)
{
    return bi_encoder_tokenise(model, t, text, n, w, err);
}

static int add_text(struct bi_batch *x, const struct bi_encoder *m,
                    const struct dataset *d, uint32_t text, uint32_t *row,
                    struct err *err)
{
    *row = (uint32_t)x->packed.B;
    return packed_add_single(&x->packed, m->tokenizer, &d->table, text,
                             m->config.max_len, err);
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

int bi_batch_build(struct bi_batch *x, const struct bi_encoder *m,
                   const struct dataset *d, const uint32_t *index, size_t n,
                   struct rng *rng, struct err *err)
{
    int rc = reserve_rows(x, n * (2 + x->o.negatives), err);

    packed_reset(&x->packed);
    x->B = x->M = n;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct example *e = &d->example[index[i]];

        rc = add_text(x, m, d, e->a, &x->a[i], err);
        if (rc == 0)
            rc = add_text(x, m, d, e->b, &x->b[i], err);
        x->doc[i] = x->b[i];
        x->label[i] = e->target;
    }
    for (size_t i = 0; rc == 0 && x->o.loss != BI_COSINE && i < n; i++)
        rc = add_negatives(x, m, d, &d->example[index[i]], rng, err);
    return rc < 0 ? rc : reserve_scratch(x, bi_encoder_dim(m), err);
}

double bi_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                     size_t width)
{
    struct bi_batch *x = ctx;

    (void)B;
    switch (x->o.loss) {
    case BI_COSINE:
        return loss_cosine(dy, y, x->a, x->b, x->label, x->B, width);
    case BI_MNRL:
        return loss_mnrl(dy, x->scratch, y, x->a, x->doc, x->o.scale, x->B,
                         x->M, width);
    case BI_TRIPLET:
        break;
    }
    return loss_triplet(dy, y, x->a, x->b, x->doc + x->B, LOSS_EUCLIDEAN,
                        x->o.margin, x->B, width);
}
