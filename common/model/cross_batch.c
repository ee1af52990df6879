#include "model/cross_batch.h"

#include <stdlib.h>
#include <string.h>

#include "nn/loss.h"

const struct cross_loss_info *cross_loss_find(const char *name)
{
    static const struct cross_loss_info known[] = {
        { "bce", "binary cross-entropy", CROSS_BCE, DATASET_SCORED,
          ACTIVATION_SIGMOID },
        { "mse", "mean squared error of the logit", CROSS_MSE, DATASET_SCORED,
          ACTIVATION_IDENTITY },
        { "margin-mse", "mean squared error of the margin", CROSS_MARGIN_MSE,
          DATASET_POSITIVE, ACTIVATION_IDENTITY },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

int cross_batch_init(struct cross_batch *x, const struct cross_loss_info *loss,
                     size_t size, struct err *err)
{
    *x = (struct cross_batch){ .loss = loss, .packed = PACKED_INIT };
    x->target = malloc(size * sizeof(*x->target));
    x->text = malloc(3 * size * sizeof(*x->text));
    x->score = malloc(2 * size * sizeof(*x->score));
    if (x->target && x->text && x->score)
        return 0;
    return ERR_SET(err, ERR_NOMEM, "cannot hold a batch of %zu", size);
}

void cross_batch_release(struct cross_batch *x)
{
    packed_release(&x->packed);
    free(x->target);
    free(x->text);
    free(x->score);
}

/* One negative of each triplet, drawn anew each time. */
static void draw(struct cross_batch *x, const struct dataset *d,
                 const uint32_t *index, struct rng *rng)
{
    for (size_t i = 0; i < x->B; i++) {
        const struct example *e = &d->example[index[i]];
        uint32_t k = e->n < 2 ? 0 : (uint32_t)rng_below(rng, e->n);

        x->text[i] = e->a;
        x->text[x->B + i] = e->b;
        if (x->loss->loss == CROSS_MARGIN_MSE)
            x->text[2 * x->B + i] = d->negative[e->first + k];
        x->target[i] = e->target;
    }
}

static int set_margins(struct cross_batch *x, struct err *err)
{
    const uint32_t *a = x->text;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < 2; k++)
        rc = scorer_score(x->teacher, x->score + k * x->B, NULL, a,
                          a + (k + 1) * x->B, x->B, x->workers, err);
    for (size_t i = 0; rc == 0 && i < x->B; i++)
        x->target[i] = x->score[i] - x->score[x->B + i];
    return rc;
}

int cross_batch_build(struct cross_batch *x, const struct cross_encoder *m,
                      const struct dataset *d, const uint32_t *index, size_t n,
                      struct rng *rng, struct err *err)
{
    bool margin = x->loss->loss == CROSS_MARGIN_MSE;
    size_t rows = margin ? 2 * n : n;
    int rc = 0;

    x->B = n;
    draw(x, d, index, rng);
    packed_reset(&x->packed);
    for (size_t i = 0; rc == 0 && i < rows; i++)
        rc =
            packed_add_pair(&x->packed, m->tokenizer, &d->table, x->text[i % n],
                            x->text[n + i], m->config.max_len, err);
    return rc < 0 || !margin ? rc : set_margins(x, err);
}

/* The margin of logits is one number that both logits share. */
static double margin_loss(const struct cross_batch *x, float *dy,
                          const float *y)
{
    double sum = 0.0, scale = 1.0 / (double)x->B;

    for (size_t i = 0; i < x->B; i++) {
        double miss = (double)y[i] - (double)y[x->B + i] - (double)x->target[i];

        sum += miss * miss;
        dy[i] = (float)(2.0 * miss * scale);
        dy[x->B + i] = -dy[i];
    }
    return sum * scale;
}

double cross_batch_loss(void *ctx, float *dy, const float *y, size_t B,
                        size_t width)
{
    const struct cross_batch *x = ctx;

    (void)B;
    (void)width; /* one logit */
    switch (x->loss->loss) {
    case CROSS_MSE:
        return loss_logit_mse(dy, y, x->target, x->B);
    case CROSS_MARGIN_MSE:
        return margin_loss(x, dy, y);
    case CROSS_BCE:
        break;
    }
    return loss_bce(dy, y, x->target, 1.0f, x->B);
}
