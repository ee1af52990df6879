/*
 * threshold-filter - make silver labels from scores: at least --high is 1, at
 * most --low is 0, the middle is dropped; or keep every score as a soft label.
 *
 * in:  pairs with scores      out: pairs with labels, same order
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/progress.h"
#include "base/stats.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    const char *pairs, *out, *labels;
    double high, low, max_disagreement;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "scored pairs"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of labelled pairs to make"),
    OPT_ROW_REAL(0, "high", struct args, high, "0.85", 0, 1, 0,
                 "scores from X up become label 1"),
    OPT_ROW_REAL(0, "low", struct args, low, "0.2", 0, 1, 0,
                 "scores up to X become label 0"),
    OPT_ROW_CHOICE(0, "labels", struct args, labels, "hard", "hard|soft", 0,
                   "hard: 0 and 1, the middle dropped; soft: the score, "
                   "nothing dropped"),
    OPT_ROW_REAL(0, "max-disagreement", struct args, max_disagreement, "1", 0,
                 1, 0,
                 "drop pairs whose two orders' scores differ by more than X"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "threshold-filter",
    .summary = "Keep the scored pairs that are confident enough to be labels.",
    .example = "threshold-filter --pairs scored.lmdb --high 0.85 --low 0.2 "
               "--out silver.lmdb",
    .opts = rows,
    .version = 1,
};

struct tally {
    struct stats_hist hist;
    uint64_t positive, negative, middle, disagree, unscored;
};

/* The label of one pair, or NaN to drop it; counts why. */
static float label_of(const struct args *a, const struct pair *p,
                      struct tally *t)
{
    stats_hist_add(&t->hist, p->score);
    if (isnan(p->score)) {
        t->unscored++;
        return NAN;
    }
    if (fabs((double)p->score - (double)p->reverse) > a->max_disagreement) {
        t->disagree++; /* never with an absent reverse: NaN compares false */
        return NAN;
    }
    if (strcmp(a->labels, "soft") == 0)
        return p->score;
    if ((double)p->score >= a->high) {
        t->positive++;
        return 1.0f;
    }
    if ((double)p->score <= a->low) {
        t->negative++;
        return 0.0f;
    }
    t->middle++;
    return NAN;
}

static int keep(struct writer *w, const struct texts *texts, struct pair p,
                float label, struct err *err)
{
    int rc = writer_text(w, texts->text[p.a], texts->attr[p.a], &p.a, err);

    if (rc == 0)
        rc = writer_text(w, texts->text[p.b], texts->attr[p.b], &p.b, err);
    p.label = label;
    p.origin = ORIGIN_SILVER;
    return rc < 0 ? rc : writer_pair(w, &p, NULL, err);
}

static int filter(struct stage *st, struct store *in, struct writer *w,
                  struct tally *t, struct err *err)
{
    struct texts texts = { NULL, NULL, 0 };
    struct store_cursor *cur = NULL;
    struct blob key, payload;
    struct pair p;
    int rc = texts_load(&texts, in, err);

    if (rc == 0)
        rc = store_cursor_open(&cur, in, STORE_PAIRS, (struct blob){ NULL, 0 },
                               err);
    while (rc == 0) {
        float label;

        rc = store_cursor_next(cur, &key, &payload, err);
        if (rc == 0)
            rc = pair_decode(&p, payload, texts.n, err);
        if (rc != 0)
            break;
        st->n.seen++;
        label = label_of(st->args, &p, t);
        if (isnan(label)) {
            st->n.rejected++;
            continue;
        }
        rc = keep(w, &texts, p, label, err);
        st->n.kept += rc == 0;
        progress_update(st->n.seen, NULL);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    store_cursor_close(cur);
    texts_release(&texts);
    return rc == 1 ? 0 : rc;
}

static char mark(const struct args *a, double lo, double hi)
{
    if (strcmp(a->labels, "soft") == 0)
        return '#';
    return lo >= a->high ? '+' : hi <= a->low ? '-' : '.';
}

/* Where the scores lie, as bars: '+' became 1, '-' became 0, '.' dropped. */
static void print_histogram(const struct args *a, const struct tally *t)
{
    size_t most = 1;

    for (int i = 0; i < STATS_BINS; i++)
        if (t->hist.bin[i] > most)
            most = t->hist.bin[i];
    for (int i = 0; i < STATS_BINS; i++) {
        double lo = (double)i / STATS_BINS, hi = (double)(i + 1) / STATS_BINS;
        size_t n = t->hist.bin[i] * 50 / most;

        printf("%.2f-%.2f %8zu ", lo, hi, t->hist.bin[i]);
        for (size_t k = 0; k < n + (t->hist.bin[i] > 0); k++)
            putchar(mark(a, lo, hi));
        putchar('\n');
    }
    if (strcmp(a->labels, "soft") == 0)
        return;
    printf("score >= %g: %llu labelled 1\nscore <= %g: %llu labelled 0\n"
           "between: %llu dropped\n",
           a->high, (unsigned long long)t->positive, a->low,
           (unsigned long long)t->negative, (unsigned long long)t->middle);
}

static void record(struct stage *st, const struct tally *t)
{
    struct json_node *bins = json_new_array();

    for (int i = 0; i < STATS_BINS; i++)
        json_push_num(bins, (double)t->hist.bin[i]);
    json_set(st->extra, "histogram", bins);
    json_set_num(st->extra, "positive", (double)t->positive);
    json_set_num(st->extra, "negative", (double)t->negative);
    json_set_num(st->extra, "middle", (double)t->middle);
    json_set_num(st->extra, "disagree", (double)t->disagree);
    json_set_num(st->extra, "unscored", (double)t->unscored);
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct store *in = NULL, *out = NULL;
    struct writer *w = NULL;
    struct tally t = { 0 };
    uint64_t total = 0;
    int rc;

    if (a->low >= a->high)
        return ERR_SET(err, ERR_USAGE, "--low %g is not below --high %g",
                       a->low, a->high);
    rc = store_open(&in, a->pairs, err);
    if (rc == 0)
        rc = pairs_need(in, &total, err);
    if (rc == 0)
        rc = stage_create(st, &out, "pairs", err);
    if (rc == 0)
        rc = writer_new(&w, out, err);
    if (rc < 0)
        goto out;
    progress_start("pairs", total);
    rc = filter(st, in, w, &t, err);
    progress_end();
    if (rc < 0)
        goto out;
    if (t.unscored)
        log_warn("%llu pairs have no score and were dropped",
                 (unsigned long long)t.unscored);
    record(st, &t);
    writer_free(w);
    w = NULL;
    rc = stage_finish(st, out, err);
    out = NULL;
    if (rc == 0)
        print_histogram(a, &t);
out:
    writer_free(w);
    store_close(out);
    store_close(in);
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
