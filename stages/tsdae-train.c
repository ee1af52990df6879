/*
 * tsdae-train - adapt a sentence encoder to a domain from raw text alone.
 *
 * in:  texts (and a base model)      out: a SentenceTransformer folder
 *
 * Objectives: TSDAE (the encoder must put into one vector what a decoder needs
 * to rebuild the text from it; Wang et al., 2021) and masked words (Devlin et
 * al., 2018). The decoder and the language-model head are thrown away.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/bi_dev.h"
#include "model/card.h"
#include "model/course.h"
#include "model/denoise.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct recipe_args recipe;
    struct opt_list texts;
    const char *dev, *base, *out, *objective, *noise, *words, *pooling;
    double ratio;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED, "store whose texts to learn from"),
    OPT_ROW_PATH(0, "dev", struct args, dev, OPT_IN_STORE, "STORE", 0,
                 "labelled pairs that choose the best weights"),
    OPT_ROW_PATH(0, "base", struct args, base, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "model to start from: plain BERT or SBERT"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", OPT_REQUIRED,
                 "model folder to make"),
    OPT_ROW_CHOICE(0, "objective", struct args, objective, "tsdae", "tsdae|mlm",
                   0,
                   "tsdae: rebuild damaged texts from their vector; mlm: "
                   "masked words"),
    OPT_ROW_CHOICE(0, "noise", struct args, noise, "delete",
                   "delete|mask|shuffle", 0, "tsdae: what happens to words"),
    OPT_ROW_REAL(0, "ratio", struct args, ratio, "-1", -1, 1, 0,
                 "share of the words it happens to; -1: 0.6 for tsdae, 0.15 "
                 "for mlm"),
    OPT_ROW_STR(0, "words", struct args, words, "", "PATTERN", 0,
                "tsdae: regular expression (PCRE2) of a word; \"\": runs of "
                "letters and digits, single ideographs, marks"),
    OPT_ROW_CHOICE(0, "pooling", struct args, pooling, "base", "base|cls|mean",
                   0,
                   "from token vectors to the sentence's; base: as the base "
                   "model has it"),
    RECIPE_ROWS(struct args, recipe, "1", "3e-5", "8"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "tsdae-train",
    .summary = "Adapt a sentence encoder to a domain from raw text.",
    .example = "tsdae-train --texts pool.lmdb --base all-MiniLM-L6-v2 --out "
               "adapted",
    .opts = rows,
    .version = 1,
};

struct work {
    const struct args *args;
    struct bi_encoder model;
    struct workers *workers;
    struct bi_dev dev;
    struct course course;
    struct source {
        struct store *store; /* open: the texts lie in it */
        struct texts texts;
    } * source;          /* [args->texts.n] */
    struct span *text;   /* [data.n] of all */
    struct dataset data; /* examples: store and record of each text */
    struct batches batches;
    struct rng rng;
    struct noise noise;
    struct denoise denoise;
};

/* ---- texts ---- */

static int add_store(struct work *x, size_t number, struct err *err)
{
    struct source *s = &x->source[number];
    struct texts *t = &s->texts;
    struct example *e;
    struct span *p;
    int rc = store_open(&s->store, x->args->texts.item[number], err);

    if (rc == 0)
        rc = texts_load(t, s->store, err);
    if (rc < 0)
        return rc;
    p = realloc(x->text, (x->data.n + t->n + 1) * sizeof(*p));
    x->text = p ? p : x->text;
    e = realloc(x->data.example, (x->data.n + t->n + 1) * sizeof(*e));
    x->data.example = e ? e : x->data.example;
    if (!p || !e)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %u texts", t->n);
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->text[i].len == 0) {
            x->data.skipped++;
            continue;
        }
        x->text[x->data.n] = t->text[i];
        x->data.example[x->data.n++] =
            (struct example){ .store = (uint32_t)number, .record = i };
    }
    return 0;
}

static int open_texts(struct work *x, struct stage *st, struct err *err)
{
    const struct args *a = x->args;
    int rc = 0;

    x->source = calloc(a->texts.n, sizeof(*x->source));
    if (!x->source)
        return ERR_SET(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < a->texts.n; i++)
        rc = add_store(x, i, err);
    if (rc == 0)
        rc = dataset_need(&x->data, "--texts", err);
    if (rc < 0)
        return rc;
    st->n.seen = x->data.n + x->data.skipped;
    st->n.kept = x->data.n;
    st->n.rejected = x->data.skipped;
    rng_init(&x->rng, (uint64_t)a->common.seed, 1);
    return batches_draw(&x->batches, &x->data, a->recipe.epochs,
                        (size_t)a->recipe.batch, false, &x->rng, err);
}

/* ---- what a course asks for ---- */

static int add(void *ctx, size_t i, double weight, double *loss,
               struct err *err)
{
    struct work *x = ctx;
    size_t from = x->batches.start[i];
    int rc = denoise_build(&x->denoise, x->batches.example + from,
                           x->batches.start[i + 1] - from, &x->rng, err);

    return rc < 0 ? rc : denoise_add(&x->denoise, weight, loss, err);
}

static int measure(void *ctx, double epoch, size_t step, double *score,
                   struct err *err)
{
    struct work *x = ctx;
    struct evaluation e[SIM_COUNT];
    int rc =
        bi_dev_measure(&x->dev, &x->model, epoch, step, e, x->workers, err);

    *score = rc < 0 ? (double)NAN : e[SIM_COSINE].spearman;
    return rc;
}

static void stepped(void *ctx)
{
    struct work *x = ctx;

    decoder_update(x->denoise.decoder, trainer_lr(x->denoise.trainer),
                   x->args->recipe.decay, trainer_steps(x->denoise.trainer));
}

/* How many batches there were, and how many words the noise met. */
struct tally {
    uint64_t batches, seen, chosen;
    double expected;
};
enum { TAG_TALLY = 0x300 };

static int save(void *ctx, struct checkpoint_writer *w, struct err *err)
{
    struct work *x = ctx;
    const struct tally t = { x->denoise.batches, x->noise.seen, x->noise.chosen,
                             x->noise.expected };
    int rc = checkpoint_put(w, TAG_TALLY, &t, sizeof(t), err);

    return rc < 0 ? rc : decoder_save(x->denoise.decoder, w, err);
}

static int load(void *ctx, struct checkpoint *c, struct err *err)
{
    struct work *x = ctx;
    struct tally t;
    int rc = checkpoint_copy(c, TAG_TALLY, &t, sizeof(t), err);

    if (rc < 0)
        return rc;
    x->denoise.batches = t.batches;
    x->noise.seen = t.seen;
    x->noise.chosen = t.chosen;
    x->noise.expected = t.expected;
    return decoder_load(x->denoise.decoder, c, err);
}

static void name(void *ctx, size_t i, char *out, size_t size)
{
    const struct work *x = ctx;
    size_t from = x->batches.start[i];

    dataset_name(&x->data, x->batches.example + from,
                 x->batches.start[i + 1] - from, &x->args->texts, out, size);
}

static int rescue(void *ctx, const char *folder, struct err *err)
{
    const struct work *x = ctx;

    return bi_encoder_save(&x->model, folder, err);
}

/* ---- run ---- */

static double ratio_of(const struct args *a)
{
    if (a->ratio >= 0.0)
        return a->ratio;
    return strcmp(a->objective, "mlm") == 0 ? 0.15 : 0.6;
}

static enum noise_kind noise_of(const struct args *a)
{
    if (strcmp(a->noise, "mask") == 0)
        return NOISE_MASK;
    return strcmp(a->noise, "shuffle") == 0 ? NOISE_SHUFFLE : NOISE_DELETE;
}

/* What the noise did, beside what chance would have it do. */
static void report(const struct work *x, struct stage *st)
{
    const struct noise *z = &x->noise;
    double words = z->seen ? (double)z->seen : 1.0;

    if (x->denoise.masked_words)
        return;
    log_info("%s of %llu words: %.2f %%, expected %.2f %%", x->args->noise,
             (unsigned long long)z->seen, 100.0 * (double)z->chosen / words,
             100.0 * z->expected / words);
    json_set_num(st->extra, "noise_ratio", (double)z->chosen / words);
}

static int set_model(struct work *x, struct err *err)
{
    const struct args *a = x->args;
    struct model_config *c = &x->model.config;
    int rc = recipe_apply(&a->recipe, c, err);

    if (rc < 0)
        return rc;
    if (strcmp(a->pooling, "base") != 0) {
        c->poolings = 1;
        c->pooling[0] =
            strcmp(a->pooling, "cls") == 0 ? POOLING_CLS : POOLING_MEAN;
    }
    if (c->poolings != 1)
        return ERR_SET(err, ERR_USAGE,
                       "the base model joins %zu poolings; a decoder sees one "
                       "vector of %zu numbers: --pooling cls or mean",
                       c->poolings, c->C);
    return 0;
}

static int open_training(struct work *x, const char *folder, struct err *err)
{
    const struct args *a = x->args;
    struct denoise *d = &x->denoise;
    struct train_options o;
    int rc;

    recipe_options(&o, &a->recipe, x->batches.n, (uint64_t)a->common.seed);
    rc = trainer_new(&d->trainer, &x->model.config, &x->model.weights,
                     x->workers, &o, err);
    d->masked_words = strcmp(a->objective, "mlm") == 0;
    d->ratio = ratio_of(a);
    d->model = &x->model;
    d->text = x->text;
    d->noise = &x->noise;
    d->seed = rng_at((uint64_t)a->common.seed, 3);
    if (rc == 0)
        rc = noise_init(&x->noise, noise_of(a), ratio_of(a),
                        a->words[0] ? a->words : NOISE_WORDS, err);
    if (rc == 0)
        rc = decoder_new(&d->decoder, &x->model.config, &x->model.weights,
                         trainer_gradient(d->trainer), !d->masked_words,
                         recipe_precision(&a->recipe), x->workers,
                         (uint64_t)a->common.seed, err);
    if (rc < 0)
        return rc;
    recipe_announce(&a->recipe, x->workers);
    log_info("training: %zu texts, %zu batches of %lld, %s from %s, lr %g",
             x->data.n, x->batches.n, (long long)a->recipe.batch, a->objective,
             file_base(folder), a->recipe.lr);
    return 0;
}

static int train(struct work *x, struct err *err)
{
    struct course_phase p = { .number = 1,
                              .choose = x->dev.data.n > 0,
                              .start = true,
                              .trainer = x->denoise.trainer,
                              .batches = x->batches.n,
                              .per_epoch = x->batches.per_epoch,
                              .rng = &x->rng,
                              .ctx = x,
                              .add = add,
                              .measure = x->dev.data.n ? measure : NULL,
                              .stepped = stepped,
                              .save = save,
                              .load = load,
                              .name = name,
                              .rescue = rescue };

    return course_run(&x->course, &p, err);
}

static int open_dev(struct work *x, struct stage *st, struct err *err)
{
    char dir[sizeof(x->dev.dir)];

    if (!x->args->dev[0])
        return 0;
    snprintf(dir, sizeof(dir), "%s/eval", st->part);
    return bi_dev_open(&x->dev, x->args->dev, dir, &x->model, x->workers, err);
}

static int write_all(struct work *x, struct stage *st, const char *folder,
                     struct err *err)
{
    const struct args *a = x->args;
    const struct card c = { .config = &x->model.config,
                            .base = folder,
                            .pairs = &a->texts,
                            .examples = x->data.n,
                            .loss = a->objective,
                            .recipe = &a->recipe,
                            .seed = (uint64_t)a->common.seed,
                            .dev = a->dev,
                            .score = json_num(
                                json_get(st->extra, "dev_spearman"), NAN) };
    int rc;

    report(x, st);
    trainer_settle(x->denoise.trainer);
    rc = bi_encoder_save(&x->model, st->part, err);
    if (rc == 0)
        rc = course_write(&x->course, err);
    return rc < 0 ? rc : card_write(st->part, &c, err);
}

static void release(struct work *x)
{
    decoder_free(x->denoise.decoder);
    trainer_free(x->denoise.trainer);
    denoise_release(&x->denoise);
    noise_release(&x->noise);
    course_release(&x->course);
    bi_dev_release(&x->dev);
    batches_release(&x->batches);
    dataset_release(&x->data);
    for (size_t i = 0; x->source && i < x->args->texts.n; i++) {
        texts_release(&x->source[i].texts);
        store_close(x->source[i].store);
    }
    free(x->source);
    free(x->text);
    bi_encoder_release(&x->model);
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
                      .course = { .st = st },
                      .dev = BI_DEV_INIT,
                      .data = DATASET_INIT,
                      .denoise = { .noisy = PACKED_INIT,
                                   .clean = PACKED_INIT } };
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, a->base, err);

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&x.workers, (size_t)a->common.threads, err);
    if (rc == 0)
        rc = bi_encoder_load(&x.model, folder, err);
    if (rc == 0)
        rc = set_model(&x, err);
    if (rc == 0)
        rc = stage_create_dir(st, err);
    if (rc == 0)
        rc = open_texts(&x, st, err);
    if (rc == 0)
        rc = open_dev(&x, st, err);
    if (rc == 0)
        rc = open_training(&x, folder, err);
    if (rc == 0)
        rc = course_open(&x.course, st, &a->recipe, err);
    if (rc == 0)
        rc = train(&x, err);
    if (rc == 0)
        rc = write_all(&x, st, folder, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    if (rc == 0)
        course_done(&x.course);
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
