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
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/progress.h"
#include "model/bi_encoder.h"
#include "model/evaluate.h"
#include "model/recipe.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "nn/loss.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct opt_list pairs, pretrain;
    const char *dev, *base, *out, *loss;
    double pretrain_epochs, scale, margin;
    int64_t hard_negatives;
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
                   "cosine|mnrl|triplet", 0,
                   "cosine: scored pairs; mnrl: multiple negatives ranking "
                   "on positives and triplets; triplet"),
    RECIPE_ROWS(struct args, recipe, "4", "2e-5", "16"),
    OPT_ROW_REAL(0, "pretrain-epochs", struct args, pretrain_epochs, "1", 0,
                 1e6, 0, "passes over --pretrain-pairs"),
    OPT_ROW_REAL(0, "scale", struct args, scale, "20", 0.01, 1000, 0,
                 "mnrl: factor of the cosine, 1 / temperature"),
    OPT_ROW_REAL(0, "margin", struct args, margin, "5", 0, 1000, 0,
                 "triplet: margin of the euclidean distance"),
    OPT_ROW_INT(0, "hard-negatives", struct args, hard_negatives, "1", 0, 64, 0,
                "mnrl: negatives of a triplet to use, drawn each time"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "bi-encoder-train",
    .summary = "Fine-tune a sentence encoder on pairs and triplets.",
    .example = "bi-encoder-train --pairs gold.lmdb --dev dev.lmdb --base "
               "all-MiniLM-L6-v2 --out student",
    .opts = rows,
    .version = 1,
};

/* Everything one phase works with. */
struct phase {
    const struct args *args;
    struct bi_encoder *model;
    struct workers *workers;
    struct dataset data;
    struct batches batches;
    struct packed packed;
    struct rng rng;
    /* of the batch at hand, as rows of the model's output */
    uint32_t *a, *b, *doc;
    float *label, *scratch;
    size_t B, M, cap_doc, cap_scratch;
};

struct dev {
    struct dataset data;
    float *vector;
    double *score, *label;
    double best;
    char eval_dir[FILE_PATH_MAX + 8];
};

static int tokenise(const void *model, struct token_table *t,
                    const struct span *text, size_t n, struct workers *w,
                    struct err *err)
{
    return bi_encoder_tokenise(model, t, text, n, w, err);
}

static bool is_loss(const struct args *a, const char *name)
{
    return strcmp(a->loss, name) == 0;
}

/* ---- dev ---- */

static int dev_open(struct dev *d, const struct args *a, struct stage *st,
                    struct bi_encoder *m, struct workers *w, struct err *err)
{
    size_t dim = bi_encoder_dim(m);
    int rc;

    *d = (struct dev){ .data = DATASET_INIT, .best = NAN };
    snprintf(d->eval_dir, sizeof(d->eval_dir), "%s/eval", st->part);
    if (!a->dev[0])
        return 0;
    rc = dataset_add(&d->data, a->dev, DATASET_SCORED, tokenise, m, w, err);
    if (rc == 0)
        rc = dataset_need(&d->data, a->dev, err);
    if (rc < 0)
        return rc;
    d->vector = malloc(d->data.table.n * dim * sizeof(*d->vector));
    d->score = malloc(d->data.n * sizeof(*d->score));
    d->label = malloc(d->data.n * sizeof(*d->label));
    if (!d->vector || !d->score || !d->label)
        return ERR_SET(err, ERR_NOMEM, "cannot hold the dev set");
    return file_mkdirs(d->eval_dir, err);
}

static void dev_close(struct dev *d)
{
    dataset_release(&d->data);
    free(d->vector);
    free(d->score);
    free(d->label);
}

/* Cosine of every dev pair. */
static int dev_vectors(struct dev *d, struct phase *p, struct err *err)
{
    size_t n = d->data.table.n;
    uint32_t *all = malloc((n + 1) * sizeof(*all));
    int rc;

    if (!all)
        return ERR_SET(err, ERR_NOMEM, "cannot encode the dev set");
    for (size_t i = 0; i < n; i++)
        all[i] = (uint32_t)i;
    rc = bi_encoder_encode(p->model, d->vector, &d->data.table, all, n,
                           p->workers, err);
    free(all);
    return rc;
}

static int dev_measure(struct dev *d, struct phase *p, double epoch,
                       uint64_t step, struct evaluation e[SIM_COUNT],
                       struct err *err)
{
    size_t dim = bi_encoder_dim(p->model);
    int rc = dev_vectors(d, p, err);

    for (int s = 0; rc == 0 && s < SIM_COUNT; s++) {
        for (size_t i = 0; i < d->data.n; i++) {
            const struct example *x = &d->data.example[i];

            similarity_rows(&d->score[i], (enum similarity)s,
                            d->vector + x->a * dim, d->vector + x->b * dim, 1,
                            dim);
            d->label[i] = (double)x->target;
        }
        rc = evaluate(&e[s], d->score, d->label, d->data.n, err);
    }
    if (rc == 0)
        rc = evaluation_csv_bi(d->eval_dir, "dev", e, epoch, (long)step, err);
    return rc;
}

/* ---- the batch ---- */

static int reserve_rows(struct phase *p, size_t docs, struct err *err)
{
    size_t cap = docs > p->cap_doc ? 2 * docs : p->cap_doc;

    if (cap == p->cap_doc)
        return 0;
    free(p->a);
    free(p->b);
    free(p->doc);
    free(p->label);
    p->a = malloc(cap * sizeof(*p->a));
    p->b = malloc(cap * sizeof(*p->b));
    p->doc = malloc(cap * sizeof(*p->doc));
    p->label = malloc(cap * sizeof(*p->label));
    p->cap_doc = cap;
    return p->a && p->b && p->doc && p->label
               ? 0
               : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

static int add_text(struct phase *p, uint32_t text, uint32_t *row,
                    struct err *err)
{
    *row = (uint32_t)p->packed.B;
    return packed_add_single(&p->packed, p->model->tokenizer, &p->data.table,
                             text, p->model->config.max_len, err);
}

/* Some negatives of one triplet, without replacement, drawn anew each time. */
static int add_negatives(struct phase *p, const struct example *e,
                         struct err *err)
{
    size_t want = (size_t)p->args->hard_negatives;
    int rc = 0;

    if (want > e->n)
        want = e->n;
    for (uint32_t k = 0; rc == 0 && want > 0 && k < e->n; k++) {
        if (rng_below(&p->rng, e->n - k) >= want)
            continue; /* selection sampling keeps the order */
        want--;
        rc = add_text(p, p->data.negative[e->first + k], &p->doc[p->M], err);
        p->M += rc == 0;
    }
    return rc;
}

static int build_batch(struct phase *p, size_t number, struct err *err)
{
    size_t from = p->batches.start[number];
    size_t n = p->batches.start[number + 1] - from;
    int rc = reserve_rows(p, n * (2 + (size_t)p->args->hard_negatives), err);

    packed_reset(&p->packed);
    p->B = n;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct example *e =
            &p->data.example[p->batches.example[from + i]];

        rc = add_text(p, e->a, &p->a[i], err);
        if (rc == 0)
            rc = add_text(p, e->b, &p->b[i], err);
        p->doc[i] = p->b[i];
        p->label[i] = e->target;
    }
    p->M = n;
    for (size_t i = 0; rc == 0 && !is_loss(p->args, "cosine") && i < n; i++)
        rc = add_negatives(p, &p->data.example[p->batches.example[from + i]],
                           err);
    return rc;
}

static double batch_loss(void *ctx, float *dy, const float *y, size_t B,
                         size_t width)
{
    struct phase *p = ctx;

    (void)B;
    if (is_loss(p->args, "cosine"))
        return loss_cosine(dy, y, p->a, p->b, p->label, p->B, width);
    if (is_loss(p->args, "mnrl"))
        return loss_mnrl(dy, p->scratch, y, p->a, p->doc, (float)p->args->scale,
                         p->B, p->M, width);
    return loss_triplet(dy, y, p->a, p->b, p->doc + p->B, LOSS_EUCLIDEAN,
                        (float)p->args->margin, p->B, width);
}

static int reserve_scratch(struct phase *p, struct err *err)
{
    size_t need = loss_mnrl_scratch(p->B, p->M, bi_encoder_dim(p->model));

    if (need <= p->cap_scratch)
        return 0;
    free(p->scratch);
    p->scratch = malloc(need * sizeof(*p->scratch));
    p->cap_scratch = p->scratch ? need : 0;
    return p->scratch ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold a batch");
}

/* ---- one phase ---- */

/* The triplet loss needs exactly one negative each. */
static void drop_without_negative(struct dataset *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->example[i].n > 0)
            d->example[n++] = d->example[i];
    d->skipped += d->n - n;
    d->n = n;
}

static int phase_open(struct phase *p, const struct opt_list *stores,
                      double epochs, uint64_t stream, struct err *err)
{
    enum dataset_kind kind =
        is_loss(p->args, "cosine") ? DATASET_SCORED : DATASET_POSITIVE;
    int rc = 0;

    rng_init(&p->rng, (uint64_t)p->args->common.seed, stream);
    for (size_t i = 0; rc == 0 && i < stores->n; i++)
        rc = dataset_add(&p->data, stores->item[i], kind, tokenise, p->model,
                         p->workers, err);
    if (rc < 0)
        return rc;
    if (is_loss(p->args, "triplet"))
        drop_without_negative(&p->data);
    if (p->data.skipped)
        log_info("%zu records have nothing for the %s loss and were skipped",
                 p->data.skipped, p->args->loss);
    return batches_draw(&p->batches, &p->data, epochs,
                        (size_t)p->args->recipe.batch,
                        !is_loss(p->args, "cosine"), &p->rng, err);
}

static void phase_close(struct phase *p)
{
    dataset_release(&p->data);
    batches_release(&p->batches);
    packed_release(&p->packed);
    free(p->a);
    free(p->b);
    free(p->doc);
    free(p->label);
    free(p->scratch);
}

/* Measure, keep if best, say so. keep: only the last phase chooses. */
static int look(struct phase *p, struct dev *d, struct trainer *t, bool keep,
                size_t step, double loss, struct err *err)
{
    struct evaluation e[SIM_COUNT];
    double epoch = (double)step / (double)p->batches.per_epoch;
    int rc;

    if (d->data.n == 0)
        return 0;
    trainer_settle(t);
    rc = dev_measure(d, p, epoch, step, e, err);
    if (rc < 0)
        return rc;
    if (keep && trainer_keep(t, e[SIM_COSINE].spearman))
        d->best = e[SIM_COSINE].spearman;
    log_info("step=%zu epoch=%.2f loss=%.4f dev_spearman=%.2f%s", step, epoch,
             loss, 100.0 * e[SIM_COSINE].spearman,
             keep && d->best == e[SIM_COSINE].spearman ? " best" : "");
    return 0;
}

static int steps(struct phase *p, struct dev *d, struct trainer *t, bool keep,
                 struct err *err)
{
    size_t every = p->args->recipe.eval_steps
                       ? (size_t)p->args->recipe.eval_steps
                       : p->batches.per_epoch;
    double mean = 0.0;
    int rc = look(p, d, t, keep, 0, 0.0, err);

    for (size_t i = 0; rc == 0 && i < p->batches.n; i++) {
        struct recipe_part part =
            recipe_part(&p->args->recipe, i, p->batches.n);
        char note[48];
        double loss = 0.0;

        rc = build_batch(p, i, err);
        if (rc == 0)
            rc = reserve_scratch(p, err);
        if (rc == 0)
            rc = trainer_add(t, &p->packed, batch_loss, p, part.weight, &loss,
                             err);
        if (rc == 0 && part.last)
            rc = trainer_update(t, err);
        mean += (loss - mean) / (i < 50 ? (double)i + 1.0 : 50.0);
        snprintf(note, sizeof(note), "loss %.4f", mean);
        progress_update(i + 1, note);
        if (rc == 0 && ((i + 1) % every == 0 || i + 1 == p->batches.n))
            rc = look(p, d, t, keep, i + 1, mean, err);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    return rc;
}

static int train_phase(struct phase *p, const struct opt_list *stores,
                       double epochs, bool last, struct dev *d,
                       struct stage *st, struct err *err)
{
    struct trainer *t = NULL;
    struct train_options o;
    uint64_t seed = (uint64_t)p->args->common.seed;
    int rc = phase_open(p, stores, epochs, last ? 1 : 2, err);

    if (rc == 0 && last)
        rc = dataset_need(&p->data, "--pairs", err);
    if (rc < 0 || p->data.n == 0)
        return rc; /* nothing to pretrain on: said already */
    recipe_options(&o, &p->args->recipe, p->batches.n,
                   rng_at(seed, last ? 1 : 2));
    log_info("%s: %zu examples, %zu batches of %lld, loss %s, lr %g",
             last ? "training" : "pretraining", p->data.n, p->batches.n,
             (long long)p->args->recipe.batch, p->args->loss,
             p->args->recipe.lr);
    rc = trainer_new(&t, &p->model->config, &p->model->weights, p->workers, &o,
                     err);
    progress_start("batches", p->batches.n);
    if (rc == 0)
        rc = steps(p, d, t, last, err);
    progress_end();
    if (rc == 0 && last && d->data.n)
        json_set_num(st->extra, "dev_spearman", trainer_restore(t));
    st->n.seen += p->data.n + p->data.skipped;
    st->n.kept += p->data.n;
    st->n.rejected += p->data.skipped;
    trainer_free(t);
    return rc;
}

static int train(struct stage *st, struct bi_encoder *m, struct workers *w,
                 struct dev *d, struct err *err)
{
    const struct args *a = st->args;
    const struct opt_list *list[2] = { &a->pretrain, &a->pairs };
    double epochs[2] = { a->pretrain_epochs, a->recipe.epochs };
    int rc = 0;

    for (int k = 0; rc == 0 && k < 2; k++) {
        struct phase p = { .args = a,
                           .model = m,
                           .workers = w,
                           .data = DATASET_INIT,
                           .packed = PACKED_INIT };

        if (list[k]->n == 0 || epochs[k] == 0.0)
            continue;
        rc = train_phase(&p, list[k], epochs[k], k == 1, d, st, err);
        phase_close(&p);
    }
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct bi_encoder m = { 0 };
    struct dev dev = { .data = DATASET_INIT };
    struct workers *w = NULL;
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
        rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = dev_open(&dev, a, st, &m, w, err);
    if (rc == 0)
        rc = train(st, &m, w, &dev, err);
    if (rc == 0)
        rc = bi_encoder_save(&m, st->part, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    dev_close(&dev);
    bi_encoder_release(&m);
    workers_stop(w);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = {
        .opts = &opts, .args = &args, .args_size = sizeof(args), .run = run
    };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
