/*
 * bi-encoder-train - fine-tune a sentence encoder on pairs and triplets.
 *
 * in:  pairs (and a base model)      out: a SentenceTransformer folder
 *
 * --pretrain-pairs come first with an optimiser of their own, --pairs last:
 * silver first and gold last is one command. With --dev the model is measured
 * as it trains and the best weights are kept.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "model/bi_batch.h"
#include "model/bi_dev.h"
#include "model/card.h"
#include "model/course.h"
#include "model/find_lr.h"
#include "model/recipe.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct seeds_args seeds;
    struct opt_list pairs, pretrain;
    const char *dev, *base, *out, *loss, *distance, *teacher;
    double pretrain_epochs, scale, margin;
    int64_t hard_negatives, mini_batch, find_lr;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED, "pairs or triplets to train on"),
    OPT_ROW_PATHS(0, "pretrain-pairs", struct args, pretrain, OPT_IN_STORE,
                  "STORE", 0, "pairs or triplets to train on before --pairs"),
    OPT_ROW_PATH(0, "dev", struct args, dev, OPT_IN_STORE, "STORE", 0,
                 "labelled pairs that choose the best weights"),
    OPT_ROW_PATH(0, "base", struct args, base, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model to start from: SBERT or plain BERT"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_CHOICE(0, "loss", struct args, loss, "cosine",
                   "cosine|cosent|angle|mnrl|symmetric|triplet|contrastive|"
                   "online-contrastive|mse|follow|multilingual|margin-mse",
                   0,
                   "scored pairs: cosine, cosent, angle; labels 0 and 1: "
                   "contrastive, online-contrastive; positives and triplets: "
                   "mnrl (multiple negatives ranking), symmetric; triplets: "
                   "triplet; with --teacher: mse and follow (its vectors), "
                   "multilingual (pairs of source and translation), "
                   "margin-mse (triplets)"),
    OPT_ROW_PATH(0, "teacher", struct args, teacher, OPT_IN_MODEL, "MODEL", 0,
                 "model to follow; a cross-encoder for margin-mse only"),
    RECIPE_ROWS(struct args, recipe, "4", "2e-5", "16"),
    SEEDS_ROWS(struct args, seeds),
    OPT_ROW_REAL(0, "pretrain-epochs", struct args, pretrain_epochs, "1", 0,
                 1e6, 0, "passes over --pretrain-pairs"),
    OPT_ROW_REAL(0, "scale", struct args, scale, "20", 0.01, 1000, 0,
                 "mnrl, symmetric, cosent, angle: factor of the cosine, 1 / "
                 "temperature"),
    OPT_ROW_REAL(0, "margin", struct args, margin, "-1", -1, 1000, 0,
                 "triplet, contrastive; -1: 5 for triplet euclidean, else "
                 "0.5"),
    OPT_ROW_CHOICE(0, "distance", struct args, distance, "auto",
                   "auto|euclidean|cosine|manhattan", 0,
                   "triplet, contrastive; auto: euclidean for triplet, cosine "
                   "for contrastive"),
    OPT_ROW_INT(0, "mini-batch", struct args, mini_batch, "0", 0, 65536, 0,
                "texts in memory at a time: for ranking losses on batches of "
                "thousands (GradCache); 0: the whole batch"),
    OPT_ROW_INT(0, "hard-negatives", struct args, hard_negatives, "1", 0, 64, 0,
                "mnrl, symmetric: negatives of a triplet to use, drawn each "
                "time"),
    FIND_LR_ROW(struct args, find_lr),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "bi-encoder-train",
    .summary = "Fine-tune a sentence encoder on pairs and triplets.",
    .example = "bi-encoder-train --pairs gold.lmdb --dev dev.lmdb --base "
               "all-MiniLM-L6-v2 --out student",
    .opts = rows,
    .version = 2,
};

/* Training on some stores with one optimiser. */
struct phase {
    const struct args *args;
    struct bi_encoder *model;
    struct workers *workers;
    struct bi_dev *dev;
    struct trainer *trainer;
    struct dataset data;
    struct batches batches;
    struct bi_batch batch;
    const struct opt_list *stores;
    const struct bi_loss_info *loss;
    struct scorer *teacher; /* NULL: none */
    struct rng rng;
    uint64_t seed;
    double epochs;
    bool last; /* only the last phase chooses the best weights */
};

static enum loss_distance distance_of(const struct args *a,
                                      const struct bi_loss_info *loss)
{
    if (strcmp(a->distance, "auto") == 0)
        return loss->loss == BI_TRIPLET ? LOSS_EUCLIDEAN : LOSS_COSINE;
    if (strcmp(a->distance, "manhattan") == 0)
        return LOSS_MANHATTAN;
    return strcmp(a->distance, "cosine") == 0 ? LOSS_COSINE : LOSS_EUCLIDEAN;
}

static float margin_of(const struct args *a, const struct bi_loss_info *loss)
{
    if (a->margin >= 0.0)
        return (float)a->margin;
    return loss->loss == BI_TRIPLET && distance_of(a, loss) != LOSS_COSINE
               ? 5.0f
               : 0.5f;
}

/* ---- one phase ---- */

/* Some losses need exactly one negative each. */
static void drop_without_negative(struct dataset *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->example[i].n > 0)
            d->example[n++] = d->example[i];
    d->skipped += d->n - n;
    d->n = n;
}

static int check_classes(const struct phase *p, struct err *err)
{
    char name[100];

    for (uint32_t i = 0; i < p->data.n; i++) {
        float y = p->data.example[i].target;

        if (y == 0.0f || y == 1.0f)
            continue;
        dataset_name(&p->data, &i, 1, p->stores, name, sizeof(name));
        return ERR_SET(err, ERR_FORMAT,
                       "pair %s is labelled %g, the %s loss expects 0 or 1 "
                       "(threshold-filter makes those; cosine, cosent and "
                       "angle take scores)",
                       name, (double)y, p->loss->name);
    }
    return 0;
}

/* The teacher tokenises the same texts in its own way. */
static int teach(struct phase *p, struct err *err)
{
    struct dataset d = DATASET_INIT;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < p->stores->n; i++)
        rc = dataset_add(&d, p->stores->item[i], p->loss->kind, scorer_tokenise,
                         p->teacher, p->workers, err);
    if (rc == 0)
        log_info("the teacher reads %zu texts", d.table.n);
    if (rc == 0)
        rc = scorer_take(p->teacher, &d.table, p->workers, err);
    dataset_release(&d);
    return rc;
}

static void set_batch(struct phase *p)
{
    const struct args *a = p->args;
    const struct bi_batch_options o = { .loss = p->loss,
                                        .negatives =
                                            p->loss->negative ? 1
                                            : p->loss->ranking
                                                ? (size_t)a->hard_negatives
                                                : 0,
                                        .scale = (float)a->scale,
                                        .margin = margin_of(a, p->loss),
                                        .distance = distance_of(a, p->loss),
                                        .part = (size_t)a->mini_batch,
                                        .teacher = p->teacher,
                                        .workers = p->workers };

    bi_batch_init(&p->batch, &o);
}

/* Order and dropout are the seed's. */
static int draw(struct phase *p, struct err *err)
{
    const struct args *a = p->args;

    rng_init(&p->rng, p->seed, p->last ? 1 : 2);
    return batches_draw(&p->batches, &p->data, p->epochs,
                        (size_t)a->recipe.batch, p->loss->ranking, &p->rng,
                        err);
}

static int phase_open(struct phase *p, struct err *err)
{
    const struct args *a = p->args;
    int rc = 0;

    set_batch(p);
    for (size_t i = 0; rc == 0 && i < p->stores->n; i++)
        rc = dataset_add(&p->data, p->stores->item[i], p->loss->kind,
                         bi_batch_tokenise, p->model, p->workers, err);
    if (rc == 0 && p->loss->classes)
        rc = check_classes(p, err);
    if (rc == 0 && p->teacher)
        rc = teach(p, err);
    if (rc < 0)
        return rc;
    if (p->loss->negative)
        drop_without_negative(&p->data);
    if (p->data.skipped)
        log_info("%zu records have nothing for the %s loss and were skipped",
                 p->data.skipped, a->loss);
    return draw(p, err);
}

static int open_trainer(struct phase *p, struct err *err)
{
    struct train_options o;

    recipe_options(&o, &p->args->recipe, p->batches.n,
                   rng_at(p->seed, p->last ? 1 : 2));
    if (p->args->find_lr)
        find_lr_options(&o, p->args->find_lr);
    return trainer_new(&p->trainer, &p->model->config, &p->model->weights,
                       p->workers, &o, err);
}

static void phase_close(struct phase *p)
{
    trainer_free(p->trainer);
    dataset_release(&p->data);
    batches_release(&p->batches);
    bi_batch_release(&p->batch);
}

static int measure(void *ctx, double epoch, size_t step, double *score,
                   struct err *err)
{
    struct phase *p = ctx;
    struct evaluation e[SIM_COUNT];
    int rc = bi_dev_measure(p->dev, p->model, epoch, step, e, p->workers, err);

    *score = rc < 0 ? NAN : e[SIM_COSINE].spearman;
    return rc;
}

static int add(void *ctx, size_t i, double weight, double *loss,
               struct err *err)
{
    struct phase *p = ctx;
    size_t from = p->batches.start[i];
    int rc =
        bi_batch_build(&p->batch, p->model, &p->data, p->batches.example + from,
                       p->batches.start[i + 1] - from, &p->rng, err);

    return rc < 0
               ? rc
               : trainer_add_parts(p->trainer, p->batch.part, p->batch.parts,
                                   bi_batch_loss, &p->batch, weight, loss, err);
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

    return bi_encoder_save(p->model, folder, err);
}

static int reseed(void *ctx, uint64_t k, struct course_phase *c,
                  struct err *err)
{
    struct phase *p = ctx;
    int rc;

    trainer_free(p->trainer);
    p->trainer = NULL;
    batches_release(&p->batches);
    p->seed = (uint64_t)p->args->common.seed + k;
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

    return find_lr_run(&x, (size_t)p->args->find_lr, err);
}

static int run_phase(struct phase *p, struct course *course, struct err *err)
{
    const struct args *a = p->args;
    struct course_phase c = { .number = p->last,
                              .choose = p->last,
                              .start = true,
                              .trainer = p->trainer,
                              .batches = p->batches.n,
                              .per_epoch = p->batches.per_epoch,
                              .rng = &p->rng,
                              .ctx = p,
                              .add = add,
                              .measure = p->dev->data.n ? measure : NULL,
                              .name = name,
                              .rescue = rescue,
                              .seeds = p->last ? (size_t)a->seeds.seeds : 1,
                              .seed = (uint64_t)a->common.seed,
                              .share = a->seeds.share,
                              .reseed = reseed };

    return course_run(course, &c, err);
}

static int train_phase(struct phase *p, struct course *course, struct stage *st,
                       struct err *err)
{
    const struct args *a = p->args;
    int rc = phase_open(p, err);

    if (rc == 0 && p->last)
        rc = dataset_need(&p->data, "--pairs", err);
    if (rc < 0 || p->data.n == 0)
        return rc; /* nothing to pretrain on: said already */
    st->n.seen += p->data.n + p->data.skipped;
    st->n.kept += p->data.n;
    st->n.rejected += p->data.skipped;
    if (course_skips(course, p->last))
        return 0;
    if (p->last)
        recipe_announce(&a->recipe, p->workers);
    log_info("%s: %zu examples, %zu batches of %lld, loss %s, lr %g",
             p->last ? "training" : "pretraining", p->data.n, p->batches.n,
             (long long)a->recipe.batch, a->loss, a->recipe.lr);
    rc = open_trainer(p, err);
    if (rc < 0)
        return rc;
    return a->find_lr ? find_rate(p, err) : run_phase(p, course, err);
}

/* ---- run ---- */

static int write_card(const struct stage *st, const struct bi_encoder *m,
                      const char *base, const size_t examples[2],
                      const struct course *course, struct err *err)
{
    const struct args *a = st->args;
    const struct card c = { .config = &m->config,
                            .base = base,
                            .pairs = &a->pairs,
                            .pretrain = &a->pretrain,
                            .examples = examples[1],
                            .pretrain_examples = examples[0],
                            .loss = a->loss,
                            .teacher = a->teacher,
                            .course = course,
                            .recipe = &a->recipe,
                            .seed = (uint64_t)a->common.seed,
                            .dev = a->dev,
                            .score = json_num(
                                json_get(st->extra, "dev_spearman"), NAN) };

    return card_write(st->part, &c, err);
}

static int train(struct stage *st, struct bi_encoder *m, struct workers *w,
                 struct bi_dev *dev, struct scorer *teacher,
                 struct course *course, size_t examples[2], struct err *err)
{
    const struct args *a = st->args;
    const struct opt_list *list[2] = { &a->pretrain, &a->pairs };
    double epochs[2] = { a->pretrain_epochs, a->recipe.epochs };
    int rc = 0;

    for (int k = 0; rc == 0 && k < 2; k++) {
        struct phase p = { .args = a,
                           .model = m,
                           .workers = w,
                           .dev = dev,
                           .data = DATASET_INIT,
                           .stores = list[k],
                           .loss = bi_loss_find(a->loss),
                           .teacher = teacher,
                           .seed = (uint64_t)a->common.seed,
                           .epochs = epochs[k],
                           .last = k == 1 };

        if (list[k]->n == 0 || epochs[k] == 0.0)
            continue;
        rc = train_phase(&p, course, st, err);
        examples[k] = p.data.n;
        phase_close(&p);
    }
    return rc;
}

/* The output is a folder of its own already: results go below it. */
static int open_dev(struct bi_dev *dev, struct stage *st,
                    const struct bi_encoder *m, struct workers *w,
                    struct err *err)
{
    const struct args *a = st->args;
    char dir[sizeof(dev->dir)];

    if (!a->dev[0])
        return 0;
    snprintf(dir, sizeof(dir), "%s/eval", st->part);
    return bi_dev_open(dev, a->dev, dir, m, w, err);
}

static int open_teacher(struct scorer *t, const struct args *a,
                        const struct bi_encoder *m, struct err *err)
{
    enum bi_loss loss = bi_loss_find(a->loss)->loss;
    char folder[FILE_PATH_MAX];
    int rc;

    if (!a->teacher[0])
        return 0;
    rc = stage_model_path(folder, a->teacher, err);
    if (rc == 0)
        rc = scorer_load(t, folder, false, PRECISION_F32, err);
    t->raw = loss == BI_MARGIN_MSE && t->is_cross;
    if (rc < 0 || loss == BI_MARGIN_MSE)
        return rc;
    if (t->is_cross)
        return ERR_SET(err, ERR_USAGE,
                       "--teacher %s is a cross-encoder; the %s loss needs a "
                       "sentence encoder",
                       a->teacher, a->loss);
    if (bi_encoder_dim(&t->bi) != bi_encoder_dim(m))
        return ERR_SET(err, ERR_USAGE,
                       "--teacher %s gives vectors of %zu numbers, the model "
                       "gives %zu",
                       a->teacher, bi_encoder_dim(&t->bi), bi_encoder_dim(m));
    t->raw = loss != BI_FOLLOW;
    return 0;
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;
    bool needs = bi_loss_find(a->loss)->teacher;

    recipe_resolve(&a->recipe);
    if (a->find_lr)
        st->out[0] = '\0'; /* no lock, and what is there is no matter */
    if (a->find_lr && a->pretrain.n)
        return ERR_SET(err, ERR_USAGE,
                       "--find-lr looks at --pairs alone: leave "
                       "--pretrain-pairs out");
    if (needs == (a->teacher[0] != '\0'))
        return seeds_check(&a->seeds, a->dev, err);
    return ERR_SET(err, ERR_USAGE,
                   needs ? "--loss %s needs a --teacher"
                         : "--loss %s has no use for a --teacher",
                   a->loss);
}

/* The trained model, and what goes with it. */
static int write_model(struct stage *st, struct bi_encoder *m,
                       const char *folder, const size_t examples[2],
                       struct course *course, struct err *err)
{
    int rc = bi_encoder_save(m, st->part, err);

    if (rc == 0)
        rc = course_write(course, err);
    if (rc == 0)
        rc = write_card(st, m, folder, examples, course, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    if (rc == 0)
        course_done(course);
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct bi_encoder m = { 0 };
    struct bi_dev dev = BI_DEV_INIT;
    struct workers *w = NULL;
    struct scorer teacher = { 0 };
    struct course course = { .st = st };
    size_t examples[2] = { 0, 0 };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, a->base, err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&w, (size_t)a->common.threads, err);
    if (rc == 0)
        rc = bi_encoder_load(&m, folder, err);
    if (rc == 0)
        rc = recipe_apply(&a->recipe, &m.config, err);
    if (rc == 0)
        rc = open_teacher(&teacher, a, &m, err);
    if (rc == 0 && !a->find_lr)
        rc = stage_create_dir(st, err);
    if (rc == 0 && !a->find_lr)
        rc = open_dev(&dev, st, &m, w, err);
    if (rc == 0 && !a->find_lr)
        rc = course_open(&course, st, &a->recipe, err);
    if (rc == 0)
        rc = train(st, &m, w, &dev, a->teacher[0] ? &teacher : NULL, &course,
                   examples, err);
    if (rc == 0 && !a->find_lr)
        rc = write_model(st, &m, folder, examples, &course, err);
    course_release(&course);
    scorer_release(&teacher);
    bi_dev_release(&dev);
    bi_encoder_release(&m);
    workers_stop(w);
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
