/*
 * cross-encoder-train - train a cross-encoder on labelled pairs: the teacher.
 *
 * in:  pairs (and a base model)      out: a CrossEncoder folder
 *
 * Binary cross-entropy on labels in [0, 1]; each pair in both orders. With
 * --dev the model is measured as it trains and the best weights are kept.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/card.h"
#include "model/course.h"
#include "model/cross_encoder.h"
#include "model/evaluate.h"
#include "model/recipe.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct opt_list pairs;
    const char *dev, *base, *out;
    int one_order;
    double random_negatives;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED, "labelled pairs to train on"),
    OPT_ROW_PATH(0, "dev", struct args, dev, OPT_IN_STORE, "STORE", 0,
                 "labelled pairs that choose the best weights"),
    OPT_ROW_PATH(0, "base", struct args, base, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED,
                 "model to start from: BERT, SBERT or "
                 "cross-encoder"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    RECIPE_ROWS(struct args, recipe, "6", "5e-5", "16"),
    OPT_ROW_FLAG(0, "one-order", struct args, one_order, 0,
                 "train on (a, b) only, not on (b, a) too"),
    OPT_ROW_REAL(0, "random-negatives", struct args, random_negatives, "0", 0,
                 100, 0,
                 "pairs of random texts to add, labelled 0, for each pair; "
                 "for labels whose negatives all look alike"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "cross-encoder-train",
    .summary = "Train a cross-encoder on labelled pairs.",
    .example = "cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base "
               "all-MiniLM-L6-v2 --out teacher",
    .opts = rows,
    .version = 2,
};

struct work {
    const struct args *args;
    struct cross_encoder model;
    struct workers *workers;
    struct dataset data, dev;
    struct batches batches;
    struct packed packed;
    struct trainer *trainer;
    float *label;    /* of the batch at hand */
    float *logit;    /* [dev.n] */
    uint32_t *a, *b; /* [dev.n] */
    double *score, *gold;
    struct rng rng;
    struct course course;
    char eval_dir[FILE_PATH_MAX + 8];
};

static int tokenise(const void *model, struct token_table *t,
                    const struct span *text, size_t n, struct workers *w,
                    struct err *err)
{
    return cross_encoder_tokenise(model, t, text, n, w, err);
}

/* Every pair again with its sides exchanged. */
static int mirror(struct dataset *d, struct err *err)
{
    struct example *p = realloc(d->example, 2 * d->n * sizeof(*p));

    if (!p)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu examples", 2 * d->n);
    d->example = p;
    d->cap = 2 * d->n;
    for (size_t i = 0; i < d->n; i++) {
        p[d->n + i] = p[i];
        p[d->n + i].a = p[i].b;
        p[d->n + i].b = p[i].a;
    }
    d->n *= 2;
    return 0;
}

static int open_train(struct work *x, struct stage *st, struct err *err)
{
    const struct args *a = x->args;
    struct rng rng;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->pairs.n; i++)
        rc = dataset_add(&x->data, a->pairs.item[i], DATASET_SCORED, tokenise,
                         &x->model, x->workers, err);
    if (rc == 0)
        rc = dataset_need(&x->data, "--pairs", err);
    if (rc < 0)
        return rc;
    st->n.kept = x->data.n;
    st->n.rejected = x->data.skipped;
    st->n.seen = x->data.n + x->data.skipped;
    rng_init(&rng, (uint64_t)a->common.seed, 2);
    if (a->random_negatives > 0.0)
        rc = dataset_add_random(
            &x->data, (size_t)(a->random_negatives * (double)x->data.n), &rng,
            err);
    if (rc == 0 && !a->one_order)
        rc = mirror(&x->data, err);
    rng_init(&x->rng, (uint64_t)a->common.seed, 1);
    if (rc == 0)
        rc = batches_draw(&x->batches, &x->data, a->recipe.epochs,
                          (size_t)a->recipe.batch, false, &x->rng, err);
    x->label = malloc((size_t)a->recipe.batch * sizeof(*x->label));
    return rc < 0 || x->label ? rc
                              : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

static int open_dev(struct work *x, struct stage *st, struct err *err)
{
    size_t n;
    int rc;

    snprintf(x->eval_dir, sizeof(x->eval_dir), "%s/eval", st->part);
    if (!x->args->dev[0])
        return 0;
    rc = dataset_add(&x->dev, x->args->dev, DATASET_SCORED, tokenise, &x->model,
                     x->workers, err);
    if (rc < 0)
        return rc;
    n = x->dev.n;
    x->logit = malloc(n * sizeof(*x->logit));
    x->a = malloc(n * sizeof(*x->a));
    x->b = malloc(n * sizeof(*x->b));
    x->score = malloc(n * sizeof(*x->score));
    x->gold = malloc(n * sizeof(*x->gold));
    if (!x->logit || !x->a || !x->b || !x->score || !x->gold)
        return ERR_SET(err, ERR_NOMEM, "cannot hold the dev set");
    for (size_t i = 0; i < n; i++) {
        x->a[i] = x->dev.example[i].a;
        x->b[i] = x->dev.example[i].b;
        x->gold[i] = (double)x->dev.example[i].target;
    }
    return file_mkdirs(x->eval_dir, err);
}

static int measure(void *ctx, double epoch, size_t step, double *score,
                   struct err *err)
{
    struct work *x = ctx;
    struct evaluation e = { .spearman = NAN };
    int rc = cross_encoder_logits(&x->model, x->logit, &x->dev.table, x->a,
                                  x->b, x->dev.n, x->workers, err);

    if (rc < 0)
        return rc;
    cross_encoder_activate(&x->model, x->logit, x->dev.n);
    for (size_t i = 0; i < x->dev.n; i++)
        x->score[i] = (double)x->logit[i];
    rc = evaluate(&e, x->score, x->gold, x->dev.n, err);
    *score = e.spearman;
    return rc < 0 ? rc
                  : evaluation_csv_cross(x->eval_dir, "dev", &e, epoch,
                                         (long)step, err);
}

static int build_batch(struct work *x, size_t number, struct err *err)
{
    size_t from = x->batches.start[number];
    size_t n = x->batches.start[number + 1] - from;
    int rc = 0;

    packed_reset(&x->packed);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct example *e =
            &x->data.example[x->batches.example[from + i]];

        x->label[i] = e->target;
        rc = packed_add_pair(&x->packed, x->model.tokenizer, &x->data.table,
                             e->a, e->b, x->model.config.max_len, err);
    }
    return rc;
}

static double batch_loss(void *ctx, float *dy, const float *y, size_t B,
                         size_t width)
{
    struct work *x = ctx;

    (void)width; /* one logit */
    return loss_bce(dy, y, x->label, 1.0f, B);
}

static int add(void *ctx, size_t i, double weight, double *loss,
               struct err *err)
{
    struct work *x = ctx;
    int rc = build_batch(x, i, err);

    return rc < 0 ? rc
                  : trainer_add(x->trainer, &x->packed, batch_loss, x, weight,
                                loss, err);
}

static void name(void *ctx, size_t i, char *out, size_t size)
{
    const struct work *x = ctx;
    size_t from = x->batches.start[i];

    dataset_name(&x->data, x->batches.example + from,
                 x->batches.start[i + 1] - from, &x->args->pairs, out, size);
}

static int train(struct work *x, struct err *err)
{
    struct course_phase p = { .number = 1,
                              .choose = true,
                              .start = !x->model.fresh,
                              .trainer = x->trainer,
                              .batches = x->batches.n,
                              .per_epoch = x->batches.per_epoch,
                              .rng = &x->rng,
                              .ctx = x,
                              .add = add,
                              .measure = x->dev.n ? measure : NULL,
                              .name = name };

    return course_run(&x->course, &p, err);
}

static int optimise(struct work *x, struct err *err)
{
    struct train_options o;
    int rc;

    recipe_options(&o, &x->args->recipe, x->batches.n,
                   (uint64_t)x->args->common.seed);
    recipe_announce(&x->args->recipe, x->workers);
    log_info("training: %zu examples, %zu batches of %lld, lr %g, %s head",
             x->data.n, x->batches.n, (long long)x->args->recipe.batch,
             x->args->recipe.lr, x->model.fresh ? "new" : "trained");
    rc = trainer_new(&x->trainer, &x->model.config, &x->model.weights,
                     x->workers, &o, err);
    return rc < 0 ? rc : train(x, err);
}

static int write_card(const struct work *x, const struct stage *st,
                      const char *base, struct err *err)
{
    const struct args *a = x->args;
    const struct card c = { .config = &x->model.config,
                            .base = base,
                            .pairs = &a->pairs,
                            .examples = x->data.n,
                            .loss = "binary cross-entropy",
                            .recipe = &a->recipe,
                            .seed = (uint64_t)a->common.seed,
                            .dev = a->dev,
                            .score = json_num(
                                json_get(st->extra, "dev_spearman"), NAN) };

    return card_write(st->part, &c, err);
}

static void release(struct work *x)
{
    trainer_free(x->trainer);
    batches_release(&x->batches);
    packed_release(&x->packed);
    dataset_release(&x->data);
    dataset_release(&x->dev);
    cross_encoder_release(&x->model);
    free(x->label);
    free(x->logit);
    free(x->a);
    free(x->b);
    free(x->score);
    free(x->gold);
    workers_stop(x->workers);
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;

    (void)err;
    recipe_resolve(&a->recipe);
    return 0;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct work x = { .args = a,
                      .data = DATASET_INIT,
                      .dev = DATASET_INIT,
                      .packed = PACKED_INIT };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, a->base, err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&x.workers, (size_t)a->common.threads, err);
    if (rc == 0)
        rc =
            cross_encoder_load(&x.model, folder, (uint64_t)a->common.seed, err);
    if (rc == 0)
        rc = recipe_apply(&a->recipe, &x.model.config, err);
    if (rc == 0)
        rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = open_train(&x, st, err);
    if (rc == 0)
        rc = open_dev(&x, st, err);
    if (rc == 0)
        rc = course_open(&x.course, st, &a->recipe, err);
    if (rc == 0)
        rc = optimise(&x, err);
    if (rc == 0)
        rc = cross_encoder_save(&x.model, st->part, err);
    if (rc == 0)
        rc = course_write(&x.course, err);
    if (rc == 0)
        rc = write_card(&x, st, folder, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    if (rc == 0)
        course_done(&x.course);
    course_release(&x.course);
    release(&x);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = { .opts = &opts,
                                            .args = &args,
                                            .args_size = sizeof(args),
                                            .run = run,
                                            .resolve = resolve };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
