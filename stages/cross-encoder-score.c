/*
 * cross-encoder-score - give each pair the cross-encoder's score.
 *
 * in:  pairs, a cross-encoder      out: the same pairs with scores
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
#include "model/cross_encoder.h"
#include "model/precision_choice.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

enum { WINDOW = 4096 };

struct args {
    struct stage_args common;
    const char *model, *pairs, *out;
    int both_orders;
    struct precision_choice choice;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "cross-encoder"),
    OPT_ROW_PATH('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "pairs to score"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of scored pairs to make"),
    OPT_ROW_FLAG(0, "both-orders", struct args, both_orders, 0,
                 "score (b, a) too: score becomes the mean, reverse the "
                 "second"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "cross-encoder-score",
    .summary = "Give each pair the cross-encoder's score.",
    .example = "cross-encoder-score --model teacher --pairs cand.lmdb --out "
               "scored.lmdb",
    .opts = rows,
    .version = 2,
};

struct work {
    const struct args *args;
    struct cross_encoder model;
    struct workers *workers;
    struct store *in, *out;
    struct writer *writer;
    struct texts texts;
    struct token_table table;
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

static int score_window(struct work *x, size_t n, struct err *err)
{
    int rc = cross_encoder_logits(&x->model, x->score, &x->table, x->a, x->b, n,
                                  x->workers, err);

    if (rc < 0)
        return rc;
    cross_encoder_activate(&x->model, x->score, n);
    for (size_t i = 0; i < n; i++)
        x->reverse[i] = NAN;
    if (!x->args->both_orders)
        return 0;
    rc = cross_encoder_logits(&x->model, x->reverse, &x->table, x->b, x->a, n,
                              x->workers, err);
    cross_encoder_activate(&x->model, x->reverse, n);
    for (size_t i = 0; i < n; i++)
        x->score[i] = 0.5f * (x->score[i] + x->reverse[i]);
    return rc;
}

static float share(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

static int write_window(struct work *x, size_t n, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        x->pair[i].score = share(x->score[i]);
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
            rc = score_window(x, n, err);
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

static int open_all(struct work *x, struct stage *st, struct err *err)
{
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, x->args->model, err);

    if (rc == 0)
        rc = workers_start(&x->workers, (size_t)x->args->common.threads, err);
    if (rc == 0)
        rc = cross_encoder_load(&x->model, folder, 0, err);
    if (rc == 0 && x->model.fresh)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s has no classification head: train a cross-encoder "
                     "first",
                     folder);
    if (rc == 0 && x->model.config.activation != ACTIVATION_SIGMOID)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s gives raw logits (activation Identity); scores must "
                     "be in [0, 1]",
                     folder);
    if (rc == 0)
        rc = cross_encoder_freeze(&x->model, x->args->choice.precision, err);
    if (rc == 0)
        rc = store_open(&x->in, x->args->pairs, err);
    if (rc == 0)
        rc = pairs_need(x->in, &x->total, err);
    if (rc == 0)
        rc = texts_load(&x->texts, x->in, err);
    if (rc == 0)
        rc = stage_create(st, &x->out, "pairs", err);
    if (rc == 0)
        rc = writer_new(&x->writer, x->out, err);
    if (rc == 0)
        rc = copy_texts(x, err);
    if (rc == 0)
        rc = cross_encoder_tokenise(&x->model, &x->table, x->texts.text,
                                    x->texts.n, x->workers, err);
    return rc;
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;

    return precision_choose(&a->choice, a->model, err);
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
    precision_announce(&x.args->choice, x.workers);
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
    token_table_release(&x.table);
    store_close(x.in);
    cross_encoder_release(&x.model);
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
