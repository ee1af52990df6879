#include "model/denoise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void denoise_release(struct denoise *x)
{
    packed_release(&x->noisy);
    packed_release(&x->clean);
    free(x->target);
    free(x->id);
}

/* ---- ids ---- */

static int reserve_ids(struct denoise *x, size_t n, struct err *err)
{
    uint32_t *p;

    if (n <= x->cap_id)
        return 0;
    p = realloc(x->id, 2 * n * sizeof(*p));
    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu ids", 2 * n);
    x->id = p;
    x->cap_id = 2 * n;
    return 0;
}

static int reserve_targets(struct denoise *x, size_t n, struct err *err)
{
    uint32_t *p;

    if (n <= x->cap_target)
        return 0;
    p = realloc(x->target, 2 * n * sizeof(*p));
    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu targets", 2 * n);
    x->target = p;
    x->cap_target = 2 * n;
    return 0;
}

static uint32_t special(const struct denoise *x, enum tokenizer_special s)
{
    return tokenizer_special(x->model->tokenizer, s);
}

/* Ids of text behind those there are, at[0] .. *n. */
static int encode(struct denoise *x, size_t *n, struct span text,
                  struct err *err)
{
    size_t room = tokenizer_room(x->model->tokenizer, text.len);
    int rc = reserve_ids(x, *n + room + 8, err);

    if (rc == 0)
        *n += tokenizer_encode(x->model->tokenizer, text, x->id + *n, room);
    return rc;
}

/* Cut to the model's length and closed by [SEP]; [CLS] is there. */
static void close_text(struct denoise *x, size_t *n)
{
    size_t most = x->model->config.max_len - 1;

    *n = *n < most ? *n : most;
    x->id[(*n)++] = special(x, TOKENIZER_SEP);
}

static int open_text(struct denoise *x, size_t *n, struct err *err)
{
    int rc = reserve_ids(x, 8, err);

    *n = 0;
    if (rc == 0)
        x->id[(*n)++] = special(x, TOKENIZER_CLS);
    return rc;
}

/* ---- reconstruction ---- */

static int add_noisy(struct denoise *x, struct span text, struct rng *rng,
                     struct err *err)
{
    struct noise *z = x->noise;
    size_t n = 0, at = 0;
    int rc = noise_make(z, text, rng, err);

    if (rc == 0)
        rc = open_text(x, &n, err);
    for (size_t k = 0; rc == 0 && k <= z->masks; k++) {
        size_t end = k < z->masks ? z->mask[k] : z->text.len;
        const struct span piece = { buf_str(&z->text) + at, end - at };

        rc = encode(x, &n, piece, err);
        if (rc == 0 && k < z->masks)
            x->id[n++] = special(x, TOKENIZER_MASK);
        at = end;
    }
    if (rc < 0)
        return rc;
    close_text(x, &n);
    return packed_add(&x->noisy, x->id, NULL, n, err);
}

static int add_clean(struct denoise *x, struct span text, struct err *err)
{
    size_t n = 0, at = x->clean.T;
    int rc = open_text(x, &n, err);

    if (rc == 0)
        rc = encode(x, &n, text, err);
    if (rc < 0)
        return rc;
    close_text(x, &n);
    rc = reserve_targets(x, at + n, err);
    if (rc < 0)
        return rc;
    memcpy(x->target + at, x->id + 1, (n - 1) * sizeof(*x->target));
    return packed_add(&x->clean, x->id, NULL, n - 1, err);
}

/* ---- masked words ---- */

static uint32_t disguise(const struct denoise *x, uint32_t id, struct rng *rng)
{
    double how = rng_uniform(rng);

    if (how < 0.8)
        return special(x, TOKENIZER_MASK);
    return how < 0.9 ? (uint32_t)rng_below(rng, x->model->config.V) : id;
}

/* One at least: a batch of short texts must have something to say. */
static void mask_words(struct denoise *x, uint32_t *target, size_t n,
                       struct rng *rng)
{
    size_t one = n > 2 ? 1 + rng_below(rng, n - 2) : 0;

    for (size_t i = 0; i < n; i++) {
        bool inner = i > 0 && i + 1 < n;

        target[i] = DECODER_NO_TARGET;
        if (!inner || (rng_uniform(rng) >= x->ratio && i != one))
            continue;
        target[i] = x->id[i];
        x->id[i] = disguise(x, x->id[i], rng);
    }
    if (n == 2) /* an empty text: the end is to be said */
        target[1] = x->id[1];
}

static int add_masked(struct denoise *x, struct span text, struct rng *rng,
                      struct err *err)
{
    size_t n = 0, at = x->noisy.T;
    int rc = open_text(x, &n, err);

    if (rc == 0)
        rc = encode(x, &n, text, err);
    if (rc < 0)
        return rc;
    close_text(x, &n);
    rc = reserve_targets(x, at + n, err);
    if (rc < 0)
        return rc;
    mask_words(x, x->target + at, n, rng);
    return packed_add(&x->noisy, x->id, NULL, n, err);
}

/* ---- a batch ---- */

int denoise_build(struct denoise *x, const uint32_t *index, size_t n,
                  struct rng *rng, struct err *err)
{
    int rc = 0;

    packed_reset(&x->noisy);
    packed_reset(&x->clean);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span text = x->text[index[i]];

        if (x->masked_words) {
            rc = add_masked(x, text, rng, err);
            continue;
        }
        rc = add_noisy(x, text, rng, err);
        if (rc == 0)
            rc = add_clean(x, text, err);
    }
    return rc;
}

/* A train_loss_fn: the vectors go to the decoder, which answers with their
 * gradient. */
static double reconstruct(void *ctx, float *dy, const float *y, size_t B,
                          size_t width)
{
    struct denoise *x = ctx;
    double loss = 0.0;

    (void)width;
    assert(B == x->clean.B);
    x->rc = decoder_run(x->decoder, &x->clean, x->target, y, dy, x->weight,
                        rng_at(x->seed, x->batches), &loss, &x->err);
    return loss;
}

int denoise_add(struct denoise *x, double weight, double *loss, struct err *err)
{
    int rc;

    trainer_touch(x->trainer);
    x->batches++;
    if (x->masked_words)
        return decoder_run(x->decoder, &x->noisy, x->target, NULL, NULL, weight,
                           rng_at(x->seed, x->batches), loss, err);
    x->weight = weight;
    rc = trainer_add(x->trainer, &x->noisy, reconstruct, x, weight, loss, err);
    if (x->rc < 0) {
        *err = x->err;
        return x->rc;
    }
    return rc;
}
