/*
 * cross-encoder-score - give each pair the score of a cross-encoder, of a
 * sentence encoder, or of several models together.
 *
 * in:  pairs, models [, labelled pairs to weigh the models on]
 * out: the same pairs with scores
 *
 * Works in windows of WINDOW pairs, committed one by one: memory does not grow
 * with the number of pairs, and after kill -9 the same command goes on behind
 * the last window. Windows are a function of the input alone, so the scores
 * are the same however often it was interrupted.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stats.h"
#include "model/precision_choice.h"
#include "model/teacher.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

enum { WINDOW = TEACHER_WINDOW };

struct args {
    struct stage_args common;
    struct opt_list model;
    const char *fit, *pairs, *out;
    int both_orders;
    struct precision_choice choice;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                  OPT_REQUIRED,
                  "cross-encoder or sentence encoder; the mean of several"),
    OPT_ROW_PATH(0, "fit", struct args, fit, OPT_IN_STORE, "STORE", 0,
                 "labelled pairs (dev): weigh the models and calibrate the "
                 "score on them"),
    OPT_ROW_PATH('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "pairs to score"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of scored pairs to make"),
    OPT_ROW_FLAG(0, "both-orders", struct args, both_orders, 0,
                 "cross-encoders score (b, a) too: score becomes the mean, "
                 "reverse (of a single model) the second"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "cross-encoder-score",
    .summary = "Give each pair a model's score, or several models' together.",
    .example = "cross-encoder-score --model teacher --pairs cand.lmdb --out "
               "scored.lmdb",
    .opts = rows,
    .version = 3,
};

struct work {
    const struct args *args;
    struct teacher teacher;
    struct workers *workers;
    struct store *in, *out;
    struct writer *writer;
    struct texts texts;
    struct store_cursor *cursor;
    struct stats_hist hist;
    struct pair pair[WINDOW];
    uint32_t a[WINDOW], b[WINDOW];
    float score[WINDOW], reverse[WINDOW];
    uint64_t total;
};

/* The texts go over once, in order, before any pair: ordinals stay. */
static int copy_texts(struct work *x, struct err *err)
{
    int rc = 0;

    for (uint32_t i = writer_texts(x->writer); rc == 0 && i < x->texts.n; i++) {
        uint32_t ordinal;

        rc = writer_text(x->writer, x->texts.text[i], x->texts.attr[i],
                         &ordinal, err);
    }
    return rc < 0 ? rc : store_commit(x->out, err);
}

static int read_window(struct work *x, size_t *n, struct err *err)
{
    int rc = 0;

    *n = 0;
    while (rc == 0 && *n < WINDOW) {
        struct blob key, payload;

        rc = store_cursor_next(x->cursor, &key, &payload, err);
        if (rc == 0)
            rc = pair_decode(&x->pair[*n], payload, x->texts.n, err);
        if (rc == 0) {
            x->a[*n] = x->pair[*n].a;
            x->b[*n] = x->pair[*n].b;
            *n += 1;
        }
    }
    return rc == 1 ? 0 : rc;
}

static float share(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

static int write_window(struct work *x, size_t n, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        x->pair[i].score = x->score[i];
        x->pair[i].reverse = isnan(x->reverse[i]) ? NAN : share(x->reverse[i]);
        rc = writer_pair(x->writer, &x->pair[i], NULL, err);
    }
    return rc < 0 ? rc : store_commit(x->out, err);
}

/* How fast it went: for the run record only. */
static void note_rate(struct stage *st, uint64_t pairs,
                      const struct timespec *begin)
{
    struct timespec now;
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &now);
    seconds = (double)(now.tv_sec - begin->tv_sec) +
              (double)(now.tv_nsec - begin->tv_nsec) * 1e-9;
    json_set_num(st->run, "pairs_per_second",
                 seconds > 0.0 ? (double)pairs / seconds : 0.0);
    json_set_str(st->run, "blas", gemm_core());
}

static int score_all(struct work *x, struct stage *st, struct err *err)
{
    uint64_t done = writer_pairs(x->writer); /* whole windows, or all */
    uint8_t key[8];
    uint64_t before = done;
    struct timespec begin;
    size_t n = 1;
    int rc;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (st->resumed)
        log_info("going on after %llu of %llu pairs", (unsigned long long)done,
                 (unsigned long long)x->total);
    rc = store_cursor_open(&x->cursor, x->in, STORE_PAIRS, key_u64(key, done),
                           err);
    progress_start_after("pairs", x->total, before);
    while (rc == 0 && n > 0) {
        rc = read_window(x, &n, err);
        if (rc == 0 && n > 0)
            rc = teacher_score(&x->teacher, x->score, x->reverse, x->a, x->b, n,
                               x->workers, err);
        if (rc == 0)
            rc = write_window(x, n, err);
        done += n;
        progress_update(done, NULL);
        if (rc == 0 && n > 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    note_rate(st, done - before, &begin);
    st->n.seen = st->n.kept = done;
    return rc;
}

/* All scores, those of an earlier run too, from what was written. */
static int count_scores(struct work *x, struct err *err)
{
    struct store_cursor *c;
    int rc = store_cursor_open(&c, x->out, STORE_PAIRS,
                               (struct blob){ NULL, 0 }, err);

    while (rc == 0) {
        struct blob key, payload;
        struct pair p;

        rc = store_cursor_next(c, &key, &payload, err);
        if (rc == 0)
            rc = pair_decode(&p, payload, x->texts.n, err);
        if (rc == 0)
            stats_hist_add(&x->hist, (double)p.score);
    }
    store_cursor_close(c);
    return rc == 1 ? 0 : rc;
}

static void record_histogram(struct stage *st, const struct work *x)
{
    struct json_node *bins = json_new_array();

    for (int i = 0; i < STATS_BINS; i++)
        json_push_num(bins, (double)x->hist.bin[i]);
    json_set(st->extra, "histogram", bins);
}

static int open_teacher(struct work *x, struct stage *st, struct err *err)
{
    const struct args *a = x->args;
    char folder[FILE_PATH_MAX];
    struct json_node *fit;
    int rc = 0;

    for (size_t m = 0; rc == 0 && m < a->model.n; m++) {
        rc = stage_model_path(folder, a->model.item[m], err);
        if (rc == 0)
            rc = teacher_add(&x->teacher, folder, file_base(a->model.item[m]),
                             a->both_orders, a->choice.precision, err);
    }
    if (rc < 0)
        return rc;
    precision_announce(&a->choice, x->workers);
    if (!a->fit[0])
        return 0;
    rc = teacher_fit(&x->teacher, &fit, a->fit, x->workers, err);
    if (rc == 0)
        json_set(st->extra, "ensemble", fit);
    return rc;
}

static int open_stores(struct work *x, struct stage *st, struct err *err)
{
    int rc = store_open(&x->in, x->args->pairs, err);

    if (rc == 0)
        rc = pairs_need(x->in, &x->total, err);
    if (rc == 0)
        rc = texts_load(&x->texts, x->in, err);
    if (rc == 0)
        rc = stage_create(st, &x->out, "pairs", err);
    if (rc == 0)
        rc = writer_new(&x->writer, x->out, err);
    return rc < 0 ? rc : copy_texts(x, err);
}

static int open_all(struct work *x, struct stage *st, struct err *err)
{
    int rc = workers_start(&x->workers, (size_t)x->args->common.threads, err);

    if (rc == 0)
        rc = open_teacher(x, st, err);
    if (rc == 0)
        rc = open_stores(x, st, err);
    if (rc == 0)
        rc = teacher_texts(&x->teacher, x->texts.text, x->texts.n, x->workers,
                           err);
    return rc;
}

/* One precision for all: int8 only where every model passed its check. */
static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;
    const char *asked = a->choice.asked;
    int rc = 0;

    if (a->model.n > ENSEMBLE_MAX)
        return ERR_SET(err, ERR_USAGE, "--model %zu times, at most %d",
                       a->model.n, ENSEMBLE_MAX);
    for (size_t m = 0; rc == 0 && m < a->model.n; m++) {
        struct precision_choice c = { .asked = asked };

        rc = precision_choose(&c, a->model.item[m], err);
        if (rc == 0 && (m == 0 || c.precision == PRECISION_F32))
            a->choice = c;
    }
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    static struct work x; /* its windows are too large for the stack */
    int rc;

    x.args = st->args;
    gemm_init();
    kernels_init();
    rc = open_all(&x, st, err);
    if (rc < 0)
        goto out;
    rc = score_all(&x, st, err);
    if (rc == 0)
        rc = count_scores(&x, err);
    if (rc == 0) {
        record_histogram(st, &x);
        rc = stage_finish(st, x.out, err);
        x.out = NULL;
    }
out:
    store_cursor_close(x.cursor);
    writer_free(x.writer);
    store_close(x.out);
    texts_release(&x.texts);
    store_close(x.in);
    teacher_release(&x.teacher);
    workers_stop(x.workers);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = { .opts = &opts,
                                            .args = &args,
                                            .args_size = sizeof(args),
                                            .run = run,
                                            .resumes = true,
                                            .resolve = resolve };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
