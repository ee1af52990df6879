#include "model/recipe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "model/precision_choice.h"

void recipe_resolve(struct recipe_args *r)
{
    if (strcmp(r->precision, "bf16") != 0 || cpu_has(CPU_BF16))
        return;
    log_warn("this CPU has no bf16 products: --precision f32");
    r->precision = "f32";
}

enum precision recipe_precision(const struct recipe_args *r)
{
    return strcmp(r->precision, "bf16") == 0 ? PRECISION_BF16 : PRECISION_F32;
}

void recipe_announce(const struct recipe_args *r, const struct workers *w)
{
    struct precision_choice c = { .asked = r->precision,
                                  .precision = recipe_precision(r) };

    precision_announce(&c, w);
}

int seeds_check(const struct seeds_args *s, const char *dev, struct err *err)
{
    if (s->seeds == 1 || dev[0])
        return 0;
    return ERR_SET(err, ERR_USAGE,
                   "--seeds %lld needs a --dev: it chooses the seed",
                   (long long)s->seeds);
}

int recipe_apply(const struct recipe_args *r, struct model_config *c,
                 struct err *err)
{
    if (r->max_length > 0 && (size_t)r->max_length > c->P - c->first)
        return ERR_SET(err, ERR_USAGE,
                       "--max-length %lld, the model has %zu positions",
                       (long long)r->max_length, c->P - c->first);
    if (r->max_length > 0)
        c->max_len = (size_t)r->max_length;
    if (r->dropout >= 0.0) {
        c->drop_hidden = (float)r->dropout;
        c->drop_attention = (float)r->dropout;
        c->drop_classifier = (float)r->dropout;
    }
    return 0;
}

struct recipe_part recipe_part(const struct recipe_args *r, size_t i, size_t n)
{
    size_t each = (size_t)r->accumulate, first = i / each * each;
    size_t size = n - first < each ? n - first : each;

    return (struct recipe_part){ 1.0 / (double)size, i + 1 == first + size };
}

static enum schedule schedule_of(const char *name)
{
    if (strcmp(name, "constant") == 0)
        return SCHEDULE_CONSTANT;
    return strcmp(name, "cosine") == 0 ? SCHEDULE_COSINE : SCHEDULE_LINEAR;
}

void recipe_options(struct train_options *o, const struct recipe_args *r,
                    size_t n, uint64_t seed)
{
    size_t each = (size_t)r->accumulate;

    *o = (struct train_options){
        .freeze = (size_t)r->freeze,
        .layer_decay = r->layer_decay,
        .steps = (n + each - 1) / each,
        .warmup = r->warmup,
        .lr = r->lr,
        .decay = r->decay,
        .clip = r->clip,
        .seed = seed,
        .schedule = schedule_of(r->schedule),
        .precision =
            strcmp(r->precision, "bf16") == 0 ? PRECISION_BF16 : PRECISION_F32,
    };
}

/* Does example e share a text with the batch [from, to)? */
static bool collides(const struct dataset *d, const uint32_t *batch,
                     size_t from, size_t to, const struct example *e)
{
    uint64_t a = d->hash[e->a], b = d->hash[e->b];

    for (size_t i = from; i < to; i++) {
        const struct example *o = &d->example[batch[i]];
        uint64_t x = d->hash[o->a], y = d->hash[o->b];

        if (x == a || x == b || y == a || y == b)
            return true;
        for (uint32_t k = 0; k < o->n; k++)
            if (d->hash[d->negative[o->first + k]] == b)
                return true;
        for (uint32_t k = 0; k < e->n; k++)
            if (d->hash[d->negative[e->first + k]] == y)
                return true;
    }
    return false;
}

/* Take rows of left[0..n) into one batch; returns how many are left. */
static size_t fill_batch(struct batches *b, const struct dataset *d,
                         uint32_t *left, size_t n, size_t size, size_t *at,
                         bool distinct)
{
    size_t from = *at, kept = 0;

    for (size_t i = 0; i < n; i++) {
        const struct example *e = &d->example[left[i]];

        if (*at - from < size &&
            !(distinct && collides(d, b->example, from, *at, e)))
            b->example[(*at)++] = left[i];
        else
            left[kept++] = left[i];
        if (*at - from == size && !distinct) {
            memmove(left + kept, left + i + 1, (n - i - 1) * sizeof(*left));
            return kept + n - i - 1;
        }
    }
    return kept;
}

static int draw_epoch(struct batches *b, const struct dataset *d,
                      uint32_t *order, size_t n, size_t size, size_t *at,
                      bool distinct, struct err *err)
{
    size_t window = 64 * size; /* keeps the search for a fit short */

    while (n > 0) {
        size_t here = n < window ? n : window;
        size_t left = fill_batch(b, d, order, here, size, at, distinct);
        size_t *start = realloc(b->start, (b->n + 2) * sizeof(*start));

        if (!start)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu batches", b->n);
        b->start = start;
        b->start[++b->n] = *at;
        memmove(order + left, order + here, (n - here) * sizeof(*order));
        n = n - here + left;
    }
    return 0;
}

int batches_draw(struct batches *b, const struct dataset *d, double epochs,
                 size_t size, bool distinct, struct rng *rng, struct err *err)
{
    size_t total = (size_t)ceil(epochs * (double)d->n), at = 0;
    uint32_t *order = malloc((d->n + 1) * sizeof(*order));
    int rc = 0;

    *b = (struct batches){ NULL, NULL, 0, 0 };
    b->example = malloc((total + 1) * sizeof(*b->example));
    b->start = calloc(1, sizeof(*b->start));
    if (!order || !b->example || !b->start)
        rc = ERR_SET(err, ERR_NOMEM, "cannot order %zu examples", total);
    while (rc == 0 && at < total) {
        size_t n = total - at < d->n ? total - at : d->n;

        for (size_t i = 0; i < d->n; i++)
            order[i] = (uint32_t)i;
        rng_shuffle(rng, order, d->n);
        rc = draw_epoch(b, d, order, n, size, &at, distinct, err);
        if (b->per_epoch == 0)
            b->per_epoch = b->n;
    }
    free(order);
    if (rc < 0)
        batches_release(b);
    return rc;
}

void batches_release(struct batches *b)
{
    free(b->example);
    free(b->start);
    *b = (struct batches){ NULL, NULL, 0, 0 };
}
