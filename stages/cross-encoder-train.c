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
#include "model/scorer.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct opt_list pairs, warm_pairs;
    const char *dev, *base, *out, *warm_start;
    double warm_epochs, warm_lr;
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
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "cross-encoder-train",
    .summary = "Train a cross-encoder on labelled pairs.",
    .example = "cross-encoder-train --pairs gold.lmdb --dev dev.lmdb --base "
               "all-MiniLM-L6-v2 --out teacher",
    .opts = rows,
    .version = 3,
};

struct work {
    const struct args *args;
    struct cross_encoder model;
    struct workers *workers;
    struct dataset dev;
    struct packed packed;
    float *label;    /* of the batch at hand */
    size_t examples; /* of training proper */
    float *logit;    /* [dev.n] */
    uint32_t *a, *b; /* [dev.n] */
    double *score, *gold;
    struct course course;
    char eval_dir[FILE_PATH_MAX + 8];
};

/* Warm start, or training proper; each with an optimiser of its own. */
struct phase {
    struct work *x;
    const struct opt_list *stores;
    double epochs, lr;
    bool last;
    struct dataset data;
    struct batches batches;
    struct trainer *trainer;
    struct rng rng;
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

/* What the encoder's cosine says becomes the label. */
static int ask_scorer(struct phase *p, struct scorer *s, struct err *err)
{
    enum { WINDOW = 4096 };
    uint32_t a[WINDOW], b[WINDOW];
    float score[WINDOW];
    int rc = 0;

    for (size_t from = 0; rc == 0 && from < p->data.n; from += WINDOW) {
        struct example *e = p->data.example + from;
        size_t n = p->data.n - from < WINDOW ? p->data.n - from : WINDOW;

        for (size_t i = 0; i < n; i++) {
            a[i] = e[i].a;
            b[i] = e[i].b;
        }
        rc = scorer_score(s, score, NULL, a, b, n, p->x->workers, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            e[i].target = fminf(fmaxf(score[i], 0.0f), 1.0f);
    }
    return rc;
}

static int warm_labels(struct phase *p, struct err *err)
{
    struct dataset d = DATASET_INIT;
    struct scorer s = { 0 };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, p->x->args->warm_start, err);

    if (rc == 0)
        rc = scorer_load(&s, folder, false, PRECISION_F32, err);
    if (rc == 0 && s.is_cross)
        rc = ERR_SET(err, ERR_USAGE,
                     "--warm-start %s is a cross-encoder, expected a sentence "
                     "encoder",
                     p->x->args->warm_start);
    for (size_t i = 0; rc == 0 && i < p->stores->n; i++)
        rc = dataset_add(&d, p->stores->item[i], DATASET_PAIRED,
                         scorer_tokenise, &s, p->x->workers, err);
    if (rc == 0)
        rc = scorer_take(&s, &d.table, p->x->workers, err);
    if (rc == 0)
        rc = ask_scorer(p, &s, err);
    dataset_release(&d);
    scorer_release(&s);
    return rc;
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
    return rc < 0 || a->one_order ? rc : mirror(&p->data, err);
}

static int phase_open(struct phase *p, struct stage *st, struct err *err)
{
    const struct args *a = p->x->args;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < p->stores->n; i++)
        rc = dataset_add(&p->data, p->stores->item[i],
                         p->last ? DATASET_SCORED : DATASET_PAIRED, tokenise,
                         &p->x->model, p->x->workers, err);
    if (rc == 0)
        rc = dataset_need(&p->data, p->last ? "--pairs" : "--warm-pairs", err);
    if (rc < 0)
        return rc;
    st->n.kept += p->data.n;
    st->n.rejected += p->data.skipped;
    st->n.seen += p->data.n + p->data.skipped;
    if (course_skips(&p->x->course, p->last))
        return 0;
    rc = p->last ? 0 : warm_labels(p, err);
    if (rc == 0)
        rc = extend(p, err);
    rng_init(&p->rng, (uint64_t)a->common.seed, p->last ? 1 : 3);
    return rc < 0 ? rc
                  : batches_draw(&p->batches, &p->data, p->epochs,
                                 (size_t)a->recipe.batch, false, &p->rng, err);
}

static void phase_close(struct phase *p)
{
    trainer_free(p->trainer);
    batches_release(&p->batches);
    dataset_release(&p->data);
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
    struct work *x = ((struct phase *)ctx)->x;
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

static int build_batch(const struct phase *p, size_t number, struct err *err)
{
    struct work *x = p->x;
    size_t from = p->batches.start[number];
    size_t n = p->batches.start[number + 1] - from;
    int rc = 0;

    packed_reset(&x->packed);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct example *e =
            &p->data.example[p->batches.example[from + i]];

        x->label[i] = e->target;
        rc = packed_add_pair(&x->packed, x->model.tokenizer, &p->data.table,
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
    struct phase *p = ctx;
    int rc = build_batch(p, i, err);

    return rc < 0 ? rc
                  : trainer_add(p->trainer, &p->x->packed, batch_loss, p->x,
                                weight, loss, err);
}

static void name(void *ctx, size_t i, char *out, size_t size)
{
    const struct phase *p = ctx;
    size_t from = p->batches.start[i];

    dataset_name(&p->data, p->batches.example + from,
                 p->batches.start[i + 1] - from, p->stores, out, size);
}

static int run_phase(struct phase *p, struct err *err)
{
    struct course_phase c = { .number = p->last,
                              .choose = p->last,
                              .start = !p->x->model.fresh,
                              .trainer = p->trainer,
                              .batches = p->batches.n,
                              .per_epoch = p->batches.per_epoch,
                              .rng = &p->rng,
                              .ctx = p,
                              .add = add,
                              .measure = p->x->dev.n ? measure : NULL,
                              .name = name };

    return course_run(&p->x->course, &c, err);
}

static int train_phase(struct phase *p, struct stage *st, struct err *err)
{
    struct work *x = p->x;
    const struct args *a = x->args;
    struct train_options o;
    int rc = phase_open(p, st, err);

    if (rc < 0 || course_skips(&x->course, p->last))
        return rc;
    recipe_options(&o, &a->recipe, p->batches.n,
                   p->last ? (uint64_t)a->common.seed
                           : rng_at((uint64_t)a->common.seed, 2));
    o.lr = p->lr;
    if (p->last)
        recipe_announce(&a->recipe, x->workers);
    log_info("%s: %zu examples, %zu batches of %lld, lr %g, %s head",
             p->last ? "training" : "warm start", p->data.n, p->batches.n,
             (long long)a->recipe.batch, p->lr,
             x->model.fresh ? "new" : "trained");
    rc = trainer_new(&p->trainer, &x->model.config, &x->model.weights,
                     x->workers, &o, err);
    if (rc == 0)
        rc = run_phase(p, err);
    x->model.fresh = false;
    return rc;
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

    x->label = malloc((size_t)a->recipe.batch * sizeof(*x->label));
    if (!x->label)
        return ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
    for (int k = a->warm_start[0] ? 0 : 1; rc == 0 && k < 2; k++) {
        phase[k].x = x;
        phase[k].last = k == 1;
        phase[k].data = (struct dataset)DATASET_INIT;
        rc = train_phase(&phase[k], st, err);
        x->examples = phase[k].data.n;
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
                            .examples = x->examples,
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
    packed_release(&x->packed);
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

    recipe_resolve(&a->recipe);
    if ((a->warm_start[0] != '\0') == (a->warm_pairs.n > 0))
        return 0;
    return ERR_SET(err, ERR_USAGE,
                   "--warm-start and --warm-pairs need each other");
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct work x = { .args = a, .dev = DATASET_INIT, .packed = PACKED_INIT };
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
        rc = open_dev(&x, st, err);
    if (rc == 0)
        rc = course_open(&x.course, st, &a->recipe, err);
    if (rc == 0)
        rc = train(&x, st, err);
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
