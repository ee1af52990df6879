/* What a trainer does around its products: rates, checkpoints, loss that is no
 * number. Values against the reference are in test_train.c. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/checkpoint.h"
#include "model/train.h"
#include "nn/gemm.h"
#include "nn/kernels.h"

#define OWNER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { B = 4, STEPS = 12, WORDS = 40 };

static char path[] = "/tmp/test_trainer_XXXXXX";
static struct workers *workers;

static struct model_config tiny(void)
{
    return (struct model_config){ .kind = MODEL_BI,
                                  .V = WORDS,
                                  .P = 12,
                                  .S = 2,
                                  .C = 16,
                                  .H = 2,
                                  .F = 24,
                                  .L = 2,
                                  .eps = 1e-12f,
                                  .drop_hidden = 0.1f,
                                  .drop_attention = 0.1f,
                                  .init_range = 0.02f,
                                  .pooling = { POOLING_MEAN },
                                  .poolings = 1 };
}

static const struct train_options usual = { .steps = STEPS,
                                            .warmup = 0.1,
                                            .lr = 1e-3,
                                            .decay = 0.01,
                                            .clip = 1.0,
                                            .seed = 3,
                                            .schedule = SCHEDULE_COSINE };

/* Later steps have words that the first did not: some rows sleep for long. */
static void make_batch(struct packed *p, uint64_t step)
{
    struct err err = ERR_INIT;

    packed_reset(p);
    for (size_t b = 0; b < B; b++) {
        size_t len = 3 + rng_at(step, b) % 6;
        uint32_t id[12];
        uint8_t segment[12] = { 0 };

        for (size_t t = 0; t < len; t++)
            id[t] = (uint32_t)(rng_at(b, 100 * step + t) % (8 + 2 * step));
        assert_ok(packed_add(p, id, segment, len, &err), &err);
    }
}

/* Half the squared length of what comes out. */
static double half_square(void *ctx, float *dy, const float *y, size_t n,
                          size_t width)
{
    double sum = 0.0;

    (void)ctx;
    for (size_t i = 0; i < n * width; i++) {
        dy[i] = y[i] - 0.1f;
        sum += 0.5 * (double)dy[i] * (double)dy[i];
    }
    return sum;
}

static double no_number(void *ctx, float *dy, const float *y, size_t n,
                        size_t width)
{
    (void)half_square(ctx, dy, y, n, width);
    return NAN;
}

static void take_steps(struct trainer *t, uint64_t from, uint64_t to)
{
    struct packed batch = PACKED_INIT;
    struct err err = ERR_INIT;
    double loss;

    for (uint64_t s = from; s < to; s++) {
        make_batch(&batch, s);
        assert_ok(trainer_step(t, &batch, half_square, NULL, &loss, &err),
                  &err);
        if (s % 4 == 1) {
            trainer_settle(t);
            (void)trainer_keep(t, -loss);
        }
    }
    packed_release(&batch);
}

static void begin(struct trainer **t, struct model_config *c, struct weights *w,
                  const struct train_options *o)
{
    struct err err = ERR_INIT;

    *c = tiny();
    assert_ok(weights_init(w, c, WEIGHTS_BODY, &err), &err);
    weights_random(w, 0.2f, 1);
    assert_ok(trainer_new(t, c, w, workers, o, &err), &err);
}

static void assert_same(const struct weights *a, const struct weights *b)
{
    for (size_t i = 0; i < a->tensors; i++)
        assert_memory_equal(a->tensor[i].x, b->tensor[i].x,
                            a->tensor[i].n * sizeof(float));
}

static void save(struct trainer *t)
{
    struct checkpoint_writer *w;
    struct err err = ERR_INIT;

    assert_ok(checkpoint_create(&w, path, OWNER, &err), &err);
    assert_ok(trainer_save(t, w, &err), &err);
    assert_ok(checkpoint_commit(w, &err), &err);
}

static void load(struct trainer *t)
{
    struct checkpoint *c;
    struct err err = ERR_INIT;

    assert_ok(checkpoint_open(&c, path, OWNER, &err), &err);
    assert_ok(trainer_load(t, c, &err), &err);
    checkpoint_close(c);
}

static void a_run_cut_anywhere_ends_in_the_same_bits(void **state)
{
    struct model_config c;
    struct weights whole, cut;
    struct trainer *t;
    double best;

    (void)state;
    begin(&t, &c, &whole, &usual);
    take_steps(t, 0, STEPS);
    best = trainer_restore(t);
    trainer_free(t);
    for (uint64_t at = 0; at < STEPS; at++) {
        begin(&t, &c, &cut, &usual);
        take_steps(t, 0, at);
        save(t);
        trainer_free(t);
        weights_random(&cut, 0.2f, 77); /* nothing of it may be left */
        weights_release(&cut);
        begin(&t, &c, &cut, &usual);
        load(t);
        assert_int_equal(trainer_steps(t), at);
        take_steps(t, at, STEPS);
        assert_true(trainer_restore(t) == best);
        trainer_free(t);
        assert_same(&whole, &cut);
        weights_release(&cut);
    }
    weights_release(&whole);
}

static void frozen_layers_stay_and_the_others_move(void **state)
{
    struct train_options o = usual;
    struct model_config c;
    struct weights start, w;
    struct trainer *t;
    struct err err = ERR_INIT;

    (void)state;
    o.freeze = 2; /* the embeddings and layer 0 */
    begin(&t, &c, &w, &o);
    assert_ok(weights_init(&start, &c, WEIGHTS_BODY, &err), &err);
    weights_random(&start, 0.2f, 1);
    take_steps(t, 0, 3);
    trainer_free(t);
    for (size_t i = 0; i < w.tensors; i++) {
        const struct tensor *x = &w.tensor[i];
        bool same = memcmp(x->x, start.tensor[i].x, x->n * sizeof(float)) == 0;

        if (x->trains)
            assert_int_equal(same, tensor_depth(x, c.L) < 2);
    }
    weights_release(&start);
    weights_release(&w);
}

/* Without decay AdamW's first step moves every weight by the rate, whatever
 * the gradient: lr * g / (|g| + eps). */
static void lower_layers_learn_more_slowly(void **state)
{
    struct train_options o = usual;
    struct model_config c;
    struct weights start, w;
    struct trainer *t;
    struct err err = ERR_INIT;

    (void)state;
    o.layer_decay = 0.5;
    o.decay = o.warmup = 0.0;
    o.schedule = SCHEDULE_CONSTANT;
    begin(&t, &c, &w, &o);
    assert_ok(weights_init(&start, &c, WEIGHTS_BODY, &err), &err);
    weights_random(&start, 0.2f, 1);
    take_steps(t, 0, 1);
    trainer_free(t);
    for (size_t l = 0; l < c.L; l++) {
        double most = 0.0, want = 1e-3 * (l == 0 ? 0.25 : 0.5);

        for (size_t i = 0; i < c.F; i++)
            most = fmax(most, fabs((double)w.layer[l].up_b[i] -
                                   (double)start.layer[l].up_b[i]));
        assert_true(fabs(most - want) < 1e-3 * want);
    }
    weights_release(&start);
    weights_release(&w);
}

static void a_loss_that_is_no_number_leaves_the_weights(void **state)
{
    struct packed batch = PACKED_INIT;
    struct model_config c;
    struct weights before, w;
    struct trainer *t;
    struct err err = ERR_INIT;
    double loss;

    (void)state;
    begin(&t, &c, &w, &usual);
    take_steps(t, 0, 2);
    trainer_settle(t);
    assert_ok(weights_init(&before, &c, WEIGHTS_BODY, &err), &err);
    for (size_t i = 0; i < w.tensors; i++)
        memcpy(before.tensor[i].x, w.tensor[i].x,
               w.tensor[i].n * sizeof(float));
    make_batch(&batch, 2);
    assert_int_equal(trainer_step(t, &batch, no_number, NULL, &loss, &err),
                     ERR_NUMERIC);
    trainer_settle(t);
    assert_same(&before, &w);
    trainer_free(t);
    packed_release(&batch);
    weights_release(&before);
    weights_release(&w);
}

/* A loss in which every output meets every other, as the ranking losses. */
static double all_together(void *ctx, float *dy, const float *y, size_t n,
                           size_t width)
{
    double sum = 0.0;

    (void)ctx;
    for (size_t c = 0; c < width; c++) {
        double mean = 0.0;

        for (size_t i = 0; i < n; i++)
            mean += (double)y[i * width + c];
        sum += mean * mean;
        for (size_t i = 0; i < n; i++)
            dy[i * width + c] = (float)(2.0 * mean);
    }
    return sum;
}

/* Sequences [from, to) of a batch. */
static void part_of(struct packed *to, const struct packed *p, size_t from,
                    size_t end)
{
    struct err err = ERR_INIT;

    packed_reset(to);
    for (size_t b = from; b < end; b++)
        assert_ok(packed_add(to, p->id + p->offset[b], NULL,
                             p->offset[b + 1] - p->offset[b], &err),
                  &err);
}

/* Without dropout a batch in parts is the batch. */
static void gradcache_is_the_plain_loss(void **state)
{
    struct packed whole = PACKED_INIT, part[2] = { PACKED_INIT, PACKED_INIT };
    struct model_config c;
    struct weights a, b;
    struct trainer *t;
    struct err err = ERR_INIT;
    double loss[2], norm[2];

    (void)state;
    make_batch(&whole, 3);
    part_of(&part[0], &whole, 0, 1);
    part_of(&part[1], &whole, 1, B);
    for (int k = 0; k < 2; k++) {
        struct weights *w = k ? &b : &a;

        c = tiny();
        c.drop_hidden = c.drop_attention = 0.0f;
        assert_ok(weights_init(w, &c, WEIGHTS_BODY, &err), &err);
        weights_random(w, 0.2f, 1);
        assert_ok(trainer_new(&t, &c, w, workers, &usual, &err), &err);
        assert_ok(trainer_add_parts(t, k ? part : &whole, k ? 2 : 1,
                                    all_together, NULL, 1.0, &loss[k], &err),
                  &err);
        assert_ok(trainer_update(t, &err), &err);
        norm[k] = trainer_norm(t);
        trainer_free(t);
    }
    assert_near("loss", loss[1], loss[0], 1e-6, 0.0);
    assert_near("norm", norm[1], norm[0], 1e-6, 0.0);
    for (size_t i = 0; i < a.tensors; i++)
        assert_close("weights", b.tensor[i].x, a.tensor[i].x, a.tensor[i].n,
                     1e-5, 1e-5);
    packed_release(&whole);
    packed_release(&part[0]);
    packed_release(&part[1]);
    weights_release(&a);
    weights_release(&b);
}

/* A loss in which no output meets another. */
static double each_alone(void *ctx, float *dy, const float *y, size_t n,
                         size_t width)
{
    double sum = 0.0;

    (void)ctx;
    for (size_t i = 0; i < n * width; i++) {
        sum += (double)y[i] * (double)y[i];
        dy[i] = 2.0f * y[i];
    }
    return sum;
}

/* With dropout, parts of a batch are batches of their own: what the second
 * pass goes back through must be what the first gave the loss. */
static void gradcache_drops_the_same_twice(void **state)
{
    struct packed whole = PACKED_INIT, part[2] = { PACKED_INIT, PACKED_INIT };
    struct model_config c = tiny();
    struct weights w[2];
    struct trainer *t;
    struct err err = ERR_INIT;
    double loss[2] = { 0.0, 0.0 }, one;

    (void)state;
    assert_true(c.drop_hidden > 0.0f);
    make_batch(&whole, 3);
    part_of(&part[0], &whole, 0, 1);
    part_of(&part[1], &whole, 1, B);
    for (int k = 0; k < 2; k++) {
        assert_ok(weights_init(&w[k], &c, WEIGHTS_BODY, &err), &err);
        weights_random(&w[k], 0.2f, 1);
        assert_ok(trainer_new(&t, &c, &w[k], workers, &usual, &err), &err);
        for (int i = 0; k == 0 && i < 2; i++) {
            assert_ok(
                trainer_add(t, &part[i], each_alone, NULL, 1.0, &one, &err),
                &err);
            loss[0] += one;
        }
        if (k == 1)
            assert_ok(trainer_add_parts(t, part, 2, each_alone, NULL, 1.0,
                                        &loss[1], &err),
                      &err);
        assert_ok(trainer_update(t, &err), &err);
        trainer_free(t);
    }
    assert_near("loss", loss[1], loss[0], 1e-9, 0.0);
    assert_same(&w[0], &w[1]);
    packed_release(&whole);
    for (int k = 0; k < 2; k++) {
        packed_release(&part[k]);
        weights_release(&w[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_cut_anywhere_ends_in_the_same_bits),
        cmocka_unit_test(frozen_layers_stay_and_the_others_move),
        cmocka_unit_test(lower_layers_learn_more_slowly),
        cmocka_unit_test(gradcache_is_the_plain_loss),
        cmocka_unit_test(gradcache_drops_the_same_twice),
        cmocka_unit_test(a_loss_that_is_no_number_leaves_the_weights),
    };
    struct err err = ERR_INIT;
    int fd = mkstemp(path), failed;

    gemm_init();
    kernels_init();
    if (fd < 0 || workers_start(&workers, 2, &err) < 0)
        return EXIT_FAILURE;
    close(fd);
    failed = cmocka_run_group_tests_name("trainer", tests, NULL, NULL);
    workers_stop(workers);
    unlink(path);
    return failed;
}
