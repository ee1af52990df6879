/*
 * cross-encoder-train - train a cross-encoder on labelled pairs: the teacher.
 *
 * in:  pairs (and a base model)      out: a CrossEncoder folder
 *
 * Binary cross-entropy on labels in [0, 1], each pair in both orders; or
 * regression, or a teacher's margins on triplets. With --dev the model is
 * measured as it trains and the best weights are kept.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/card.h"
#include "model/course.h"
#include "model/cross_batch.h"
#include "model/cross_dev.h"
#include "model/find_lr.h"
#include "model/recipe.h"
#include "model/warm.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct seeds_args seeds;
    struct opt_list pairs, warm_pairs;
    const char *dev, *base, *out, *warm_start, *loss, *teacher;
    double warm_epochs, warm_lr;
    int one_order;
    int64_t find_lr;
    double random_negatives;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED,
                  "labelled pairs to train on; triplets for margin-mse"),
    OPT_ROW_PATH(0, "dev", struct args, dev, OPT_IN_STORE, "STORE", 0,
                 "labelled pairs that choose the best weights"),
    OPT_ROW_PATH(0, "base", struct args, base, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED,
                 "model to start from: BERT, SBERT or "
                 "cross-encoder"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_CHOICE(0, "loss", struct args, loss, "bce", "bce|mse|margin-mse", 0,
                   "labels: bce (the score is the logit's sigmoid), mse "
                   "(regression: the score is the logit); triplets with "
                   "--teacher: margin-mse (a ranker)"),
    OPT_ROW_PATH(0, "teacher", struct args, teacher, OPT_IN_MODEL, "MODEL", 0,
                 "margin-mse: model whose margins to follow"),
    RECIPE_ROWS(struct args, recipe, "6", "5e-5", "16"),
    SEEDS_ROWS(struct args, seeds),
    OPT_ROW_FLAG(0, "one-order", struct args, one_order, 0,
                 "train on (a, b) only, not on (b, a) too"),
    OPT_ROW_REAL(0, "random-negatives", struct args, random_negatives, "0", 0,
                 100, 0,
                 "pairs of random texts to add, labelled 0, for each pair; "
                 "for labels whose negatives all look alike"),
    OPT_ROW_PATH(0, "warm-start", struct args, warm_start, OPT_IN_MODEL,
                 "MODEL", 0,
                 "sentence encoder whose cosines to learn on --warm-pairs "
                 "before --pairs"),
    OPT_ROW_PATHS(0, "warm-pairs", struct args, warm_pairs, OPT_IN_STORE,
                  "STORE", 0, "pairs for --warm-start; labels are not read"),
    OPT_ROW_REAL(0, "warm-epochs", struct args, warm_epochs, "1", 0.01, 1e6, 0,
                 "passes over --warm-pairs"),
    OPT_ROW_REAL(0, "warm-lr", struct args, warm_lr, "5e-5", 0, 1, 0,
                 "peak learning rate on --warm-pairs"),
    FIND_LR_ROW(struct args, find_lr),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "cross-encoder-train",
    .summary = "Train a cross-encoder on labelled pairs.",
    .example = "cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base "
               "all-MiniLM-L6-v2 --out teacher",
    .opts = rows,
    .version = 4,
};

struct work {
    const struct args *args;
    struct cross_encoder model;
    struct workers *workers;
    struct cross_dev dev;
    struct scorer teacher;
    struct course course;
    size_t examples[2]; /* of the warm start, of training proper */
};

/* Warm start, or training proper; each with an optimiser of its own. */
struct phase {
    struct work *x;
    const struct opt_list *stores;
    double epochs, lr;
    bool last;
    struct dataset data;
    struct batches batches;
    struct cross_batch batch;
    struct trainer *trainer;
    struct rng rng;
    uint64_t seed;
    bool fresh; /* the head is new */
};

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

/* After the count of records: what is added to them. */
static int extend(struct phase *p, struct err *err)
{
    const struct args *a = p->x->args;
    struct rng rng;
    int rc = 0;

    rng_init(&rng, (uint64_t)a->common.seed, 2);
    if (p->last && a->random_negatives > 0.0)
        rc = dataset_add_random(
            &p->data, (size_t)(a->random_negatives * (double)p->data.n), &rng,
            err);
    return rc < 0 || a->one_order || p->batch.loss->loss == CROSS_MARGIN_MSE
               ? rc
               : mirror(&p->data, err);
}

/* A warm start has labels, whatever the loss of training proper. */
static const struct cross_loss_info *loss_of(const struct phase *p)
{
    const struct cross_loss_info *loss = cross_loss_find(p->x->args->loss);

    return p->last || loss->loss != CROSS_MARGIN_MSE ? loss
                                                     : cross_loss_find("mse");
}

/* Examples without a negative have no margin. */
static void drop_pairs(struct dataset *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->example[i].n > 0)
            d->example[n++] = d->example[i];
    d->skipped += d->n - n;
    d->n = n;
}

static int read_stores(struct phase *p, struct err *err)
{
    const struct cross_loss_info *loss = loss_of(p);
    struct work *x = p->x;
    int rc =
        cross_batch_init(&p->batch, loss, (size_t)x->args->recipe.batch, err);

    p->batch.teacher = &x->teacher;
    p->batch.workers = x->workers;
    for (size_t i = 0; rc == 0 && i < p->stores->n; i++)
        rc = dataset_add(&p->data, p->stores->item[i],
                         p->last ? loss->kind : DATASET_PAIRED,
                         cross_dev_tokenise, &x->model, x->workers, err);
    if (rc == 0 && loss->loss == CROSS_MARGIN_MSE)
        drop_pairs(&p->data);
    return rc < 0 ? rc
                  : dataset_need(&p->data, p->last ? "--pairs" : "--warm-pairs",
                                 err);
}

static int label(struct phase *p, struct err *err)
{
    struct work *x = p->x;
    char folder[FILE_PATH_MAX];
    int rc;

    if (p->last)
        return p->batch.loss->loss == CROSS_MARGIN_MSE
                   ? warm_texts(&x->teacher, p->stores, DATASET_POSITIVE,
                                x->workers, err)
                   : 0;
    rc = stage_model_path(folder, x->args->warm_start, err);
    return rc < 0 ? rc
                  : warm_labels(&p->data, p->stores, folder, x->workers, err);
}

/* Order and dropout are the seed's. */
static int draw(struct phase *p, struct err *err)
{
    rng_init(&p->rng, p->seed, p->last ? 1 : 3);
    return batches_draw(&p->batches, &p->data, p->epochs,
                        (size_t)p->x->args->recipe.batch, false, &p->rng, err);
}

static int phase_open(struct phase *p, struct stage *st, struct err *err)
{
    int rc = read_stores(p, err);

    if (rc < 0)
        return rc;
    p->x->examples[p->last] = p->data.n;
    st->n.kept += p->data.n;
    st->n.rejected += p->data.skipped;
    st->n.seen += p->data.n + p->data.skipped;
    if (course_skips(&p->x->course, p->last))
        return 0;
    rc = label(p, err);
    if (rc == 0)
        rc = extend(p, err);
    if (p->last)
        p->x->examples[1] = p->data.n;
    return rc < 0 ? rc : draw(p, err);
}

static void phase_close(struct phase *p)
{
    trainer_free(p->trainer);
    cross_batch_release(&p->batch);
    batches_release(&p->batches);
    dataset_release(&p->data);
}

static int open_trainer(struct phase *p, struct err *err)
{
    struct train_options o;

    recipe_options(&o, &p->x->args->recipe, p->batches.n,
                   p->last ? p->seed : rng_at(p->seed, 2));
    o.lr = p->lr;
    if (p->x->args->find_lr)
        find_lr_options(&o, p->x->args->find_lr);
    return trainer_new(&p->trainer, &p->x->model.config, &p->x->model.weights,
                       p->x->workers, &o, err);
}

/* ---- what a course asks for ---- */

static int measure(void *ctx, double epoch, size_t step, double *score,
                   struct err *err)
{
    struct work *x = ((struct phase *)ctx)->x;

    return cross_dev_measure(&x->dev, &x->model, epoch, step, score, x->workers,
                             err);
}

static int add(void *ctx, size_t i, double weight, double *loss,
               struct err *err)
{
    struct phase *p = ctx;
    size_t from = p->batches.start[i];
    int rc = cross_batch_build(&p->batch, &p->x->model, &p->data,
                               p->batches.example + from,
                               p->batches.start[i + 1] - from, &p->rng, err);

    return rc < 0 ? rc
                  : trainer_add(p->trainer, &p->batch.packed, cross_batch_loss,
                                &p->batch, weight, loss, err);
}

static void name(void *ctx, size_t i, char *out, size_t size)
{
    const struct phase *p = ctx;
    size_t from = p->batches.start[i];

    dataset_name(&p->data, p->batches.example + from,
                 p->batches.start[i + 1] - from, p->stores, out, size);
}

static int rescue(void *ctx, const char *folder, struct err *err)
{
    const struct phase *p = ctx;

    return cross_encoder_save(&p->x->model, folder, err);
}

/* A head that no model brought along is a new one, too. */
static int reseed(void *ctx, uint64_t k, struct course_phase *c,
                  struct err *err)
{
    struct phase *p = ctx;
    int rc;

    trainer_free(p->trainer);
    p->trainer = NULL;
    batches_release(&p->batches);
    p->seed = (uint64_t)p->x->args->common.seed + k;
    if (p->fresh)
        cross_encoder_new_head(&p->x->model, p->seed);
    rc = draw(p, err);
    if (rc == 0)
        rc = open_trainer(p, err);
    c->trainer = p->trainer;
    c->batches = p->batches.n;
    c->per_epoch = p->batches.per_epoch;
    return rc;
}

static int find_rate(struct phase *p, struct err *err)
{
    const struct find_lr x = { p->trainer, p->batches.n, p, add };

    return find_lr_run(&x, (size_t)p->x->args->find_lr, err);
}

static int run_phase(struct phase *p, struct err *err)
{
    const struct args *a = p->x->args;
    struct course_phase c = { .number = p->last,
                              .choose = p->last,
                              .start = !p->fresh,
                              .trainer = p->trainer,
                              .batches = p->batches.n,
                              .per_epoch = p->batches.per_epoch,
                              .rng = &p->rng,
                              .ctx = p,
                              .add = add,
                              .measure = p->x->dev.data.n ? measure : NULL,
                              .name = name,
                              .rescue = rescue,
                              .seeds = p->last ? (size_t)a->seeds.seeds : 1,
                              .seed = (uint64_t)a->common.seed,
                              .share = a->seeds.share,
                              .reseed = reseed };

    return course_run(&p->x->course, &c, err);
}

static int train_phase(struct phase *p, struct stage *st, struct err *err)
{
    struct work *x = p->x;
    const struct args *a = x->args;
    int rc;

    p->seed = (uint64_t)a->common.seed;
    p->fresh = x->model.fresh && !(p->last && a->warm_start[0]);
    x->model.config.activation = loss_of(p)->activation;
    rc = phase_open(p, st, err);

    if (rc < 0 || course_skips(&x->course, p->last))
        return rc;
    if (p->last)
        recipe_announce(&a->recipe, x->workers);
    log_info("%s: %zu examples, %zu batches of %lld, loss %s, lr %g, %s head",
             p->last ? "training" : "warm start", p->data.n, p->batches.n,
             (long long)a->recipe.batch, p->batch.loss->name, p->lr,
             p->fresh ? "new" : "trained");
    rc = open_trainer(p, err);
    if (rc < 0)
        return rc;
    return a->find_lr ? find_rate(p, err) : run_phase(p, err);
}

static int train(struct work *x, struct stage *st, struct err *err)
{
    const struct args *a = x->args;
    struct phase phase[2] = {
        { .stores = &a->warm_pairs,
          .epochs = a->warm_epochs,
          .lr = a->warm_lr },
        { .stores = &a->pairs, .epochs = a->recipe.epochs, .lr = a->recipe.lr }
    };
    int rc = 0;

    for (int k = a->warm_start[0] ? 0 : 1; rc == 0 && k < 2; k++) {
        phase[k].x = x;
        phase[k].last = k == 1;
        phase[k].data = (struct dataset)DATASET_INIT;
        rc = train_phase(&phase[k], st, err);
        phase_close(&phase[k]);
    }
    return rc;
}

static int write_card(const struct work *x, const struct stage *st,
                      const char *base, struct err *err)
{
    const struct args *a = x->args;
    const struct card c = { .config = &x->model.config,
                            .base = base,
                            .pairs = &a->pairs,
                            .pretrain = &a->warm_pairs,
                            .examples = x->examples[1],
                            .pretrain_examples = x->examples[0],
                            .loss = cross_loss_find(a->loss)->title,
                            .warm_start = a->warm_start,
                            .teacher = a->teacher,
                            .course = &x->course,
                            .recipe = &a->recipe,
                            .seed = (uint64_t)a->common.seed,
                            .dev = a->dev,
                            .score = json_num(
                                json_get(st->extra, "dev_spearman"), NAN) };

    return card_write(st->part, &c, err);
}

static void release(struct work *x)
{
    course_release(&x->course);
    cross_dev_release(&x->dev);
    scorer_release(&x->teacher);
    cross_encoder_release(&x->model);
    workers_stop(x->workers);
}

/* margin-mse takes triplets and a teacher's margins, not labels. */
static int check_loss(const struct args *a, struct err *err)
{
    bool margin = cross_loss_find(a->loss)->loss == CROSS_MARGIN_MSE;

    if (margin != (a->teacher[0] != '\0'))
        return ERR_SET(err, ERR_USAGE,
                       margin ? "--loss %s needs a --teacher"
                              : "--loss %s has no use for a --teacher",
                       a->loss);
    if (margin && a->random_negatives > 0.0)
        return ERR_SET(err, ERR_USAGE,
                       "--loss %s has no use for --random-negatives: triplets "
                       "have theirs",
                       a->loss);
    return 0;
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;
    int rc;

    recipe_resolve(&a->recipe);
    if (a->find_lr)
        st->out[0] = '\0'; /* no lock, and what is there is no matter */
    if (a->find_lr && a->warm_start[0])
        return ERR_SET(err, ERR_USAGE,
                       "--find-lr looks at --pairs alone: leave --warm-start "
                       "out");
    rc = seeds_check(&a->seeds, a->dev, err);
    if (rc == 0)
        rc = check_loss(a, err);
    if (rc < 0)
        return rc;
    if ((a->warm_start[0] != '\0') == (a->warm_pairs.n > 0))
        return 0;
    return ERR_SET(err, ERR_USAGE,
                   "--warm-start and --warm-pairs need each other");
}

/* The output is a folder of its own already: results go below it. */
static int open_dev(struct work *x, const struct stage *st, struct err *err)
{
    char dir[sizeof(x->dev.dir)];

    if (!x->args->dev[0])
        return 0;
    snprintf(dir, sizeof(dir), "%s/eval", st->part);
    return cross_dev_open(&x->dev, x->args->dev, dir, &x->model, x->workers,
                          err);
}

/* Margins are of logits where the teacher has no other scores. */
static int open_teacher(struct work *x, struct err *err)
{
    char folder[FILE_PATH_MAX];
    int rc;

    if (!x->args->teacher[0])
        return 0;
    rc = stage_model_path(folder, x->args->teacher, err);
    if (rc == 0)
        rc = scorer_load(&x->teacher, folder, false, PRECISION_F32, err);
    x->teacher.raw = x->teacher.is_cross;
    return rc;
}

/* The trained model, and what goes with it. */
static int write_model(struct work *x, struct stage *st, const char *folder,
                       struct err *err)
{
    int rc = cross_encoder_save(&x->model, st->part, err);

    if (rc == 0)
        rc = course_write(&x->course, err);
    if (rc == 0)
        rc = write_card(x, st, folder, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    if (rc == 0)
        course_done(&x->course);
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct work x = { .args = a, .dev = CROSS_DEV_INIT };
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
        rc = open_teacher(&x, err);
    if (rc == 0 && !a->find_lr)
        rc = stage_create_dir(st, err);
    if (rc == 0 && !a->find_lr)
        rc = open_dev(&x, st, err);
    if (rc == 0 && !a->find_lr)
        rc = course_open(&x.course, st, &a->recipe, err);
    if (rc == 0)
        rc = train(&x, st, err);
    if (rc == 0 && !a->find_lr)
        rc = write_model(&x, st, folder, err);
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
