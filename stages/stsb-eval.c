/*
 * stsb-eval - how well a model's similarities agree with people's labels.
 *
 * in:  a bi-encoder or cross-encoder, labelled pairs
 * out: a table on stdout; with --out a folder with results.json and the CSV
 *      files that sentence-transformers' evaluators write
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/dataset.h"
#include "model/evaluate.h"
#include "model/precision_choice.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct opt_list pairs;
    const char *model, *out, *title;
    int json;
    struct precision_choice choice;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "bi-encoder or cross-encoder"),
    OPT_ROW_PATHS('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED,
                  "labelled pairs; the file's name is the "
                  "set's"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", 0,
                 "folder for results.json and CSV files"),
    OPT_ROW_STR(0, "title", struct args, title, "", "TEXT", 0,
                "name of the model in reports"),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print one JSON object"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "stsb-eval",
    .summary = "Measure a model against labelled pairs.",
    .example = "stsb-eval --model all-MiniLM-L6-v2 --pairs test.lmdb --json",
    .opts = rows,
    .version = 2,
};

struct work {
    const struct args *args;
    struct workers *workers;
    struct bi_encoder bi;
    struct cross_encoder cross;
    bool is_cross;
};

/* One data set's scores. */
struct result {
    char name[128];
    struct evaluation e[SIM_COUNT]; /* a cross-encoder's is in e[0] */
};

static int tokenise(const void *model, struct token_table *t,
                    const struct span *text, size_t n, struct workers *w,
                    struct err *err)
{
    const struct work *x = model;

    return x->is_cross ? cross_encoder_tokenise(&x->cross, t, text, n, w, err)
                       : bi_encoder_tokenise(&x->bi, t, text, n, w, err);
}

/* score[4][n]: row s by similarity s; a cross-encoder fills row 0. */
static int score_bi(struct work *x, const struct dataset *d, double *score,
                    struct err *err)
{
    size_t dim = bi_encoder_dim(&x->bi), n = d->table.n;
    float *v = malloc((n + 1) * dim * sizeof(*v));
    uint32_t *all = malloc((n + 1) * sizeof(*all));
    int rc = v && all ? 0 : ERR_SET(err, ERR_NOMEM, "%zu vectors", n);

    for (size_t i = 0; rc == 0 && i < n; i++)
        all[i] = (uint32_t)i;
    if (rc == 0)
        rc = bi_encoder_encode(&x->bi, v, &d->table, all, n, x->workers, err);
    for (int s = 0; rc == 0 && s < SIM_COUNT; s++)
        for (size_t i = 0; i < d->n; i++)
            similarity_rows(&score[(size_t)s * d->n + i], (enum similarity)s,
                            v + d->example[i].a * dim,
                            v + d->example[i].b * dim, 1, dim);
    free(all);
    free(v);
    return rc;
}

static int score_cross(struct work *x, const struct dataset *d, double *score,
                       struct err *err)
{
    float *z = malloc((d->n + 1) * sizeof(*z));
    uint32_t *a = malloc((d->n + 1) * sizeof(*a));
    uint32_t *b = malloc((d->n + 1) * sizeof(*b));
    int rc = z && a && b ? 0 : ERR_SET(err, ERR_NOMEM, "%zu scores", d->n);

    for (size_t i = 0; rc == 0 && i < d->n; i++) {
        a[i] = d->example[i].a;
        b[i] = d->example[i].b;
    }
    if (rc == 0)
        rc = cross_encoder_logits(&x->cross, z, &d->table, a, b, d->n,
                                  x->workers, err);
    if (rc == 0)
        cross_encoder_activate(&x->cross, z, d->n);
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        score[i] = (double)z[i];
    free(z);
    free(a);
    free(b);
    return rc;
}

static void set_name(struct result *r, const char *path)
{
    char *dot;

    snprintf(r->name, sizeof(r->name), "%s", file_base(path));
    dot = strstr(r->name, ".lmdb");
    if (dot)
        *dot = '\0';
}

static int measure(struct work *x, struct stage *st, const char *path,
                   struct result *r, struct err *err)
{
    struct dataset d = DATASET_INIT;
    double *score = NULL, *label = NULL;
    int sims = x->is_cross ? 1 : SIM_COUNT;
    int rc =
        dataset_add(&d, path, DATASET_SCORED, tokenise, x, x->workers, err);

    set_name(r, path);
    if (rc == 0)
        rc = dataset_need(&d, path, err);
    if (rc < 0)
        goto out;
    score = malloc((size_t)sims * d.n * sizeof(*score));
    label = malloc(d.n * sizeof(*label));
    rc = score && label ? 0 : ERR_SET(err, ERR_NOMEM, "%zu scores", d.n);
    for (size_t i = 0; rc == 0 && i < d.n; i++)
        label[i] = (double)d.example[i].target;
    if (rc == 0)
        rc = x->is_cross ? score_cross(x, &d, score, err)
                         : score_bi(x, &d, score, err);
    for (int s = 0; rc == 0 && s < sims; s++)
        rc = evaluate(&r->e[s], score + (size_t)s * d.n, label, d.n, err);
    if (rc < 0)
        rc = err_prefix(err, "%s", path);
    st->n.seen += d.n + d.skipped;
    st->n.kept += d.n;
    st->n.rejected += d.skipped;
out:
    free(score);
    free(label);
    dataset_release(&d);
    return rc;
}

static const char *main_name(const struct work *x)
{
    return x->is_cross ? "cross-encoder" : x->bi.config.similarity;
}

static struct json_node *scores_json(const struct work *x,
                                     const struct result *r)
{
    struct json_node *o = json_new_object();

    if (x->is_cross)
        json_set(o, "cross-encoder", evaluation_json(&r->e[0]));
    for (int s = 0; !x->is_cross && s < SIM_COUNT; s++)
        json_set(o, similarity_name((enum similarity)s),
                 evaluation_json(&r->e[s]));
    return o;
}

/* {"title","kind","sets":[{"name","main","scores":{similarity:{...}}}]} */
static struct json_node *results_json(const struct work *x,
                                      const struct result *r, size_t n)
{
    struct json_node *o = json_new_object(), *sets = json_new_array();
    const char *title = x->args->title;

    json_set_str(o, "title", title[0] ? title : file_base(x->args->model));
    json_set_str(o, "kind", x->is_cross ? "cross-encoder" : "bi-encoder");
    for (size_t i = 0; i < n; i++) {
        struct json_node *set = json_new_object();

        json_set_str(set, "name", r[i].name);
        json_set_str(set, "main", main_name(x));
        json_set(set, "scores", scores_json(x, &r[i]));
        json_push(sets, set);
    }
    json_set(o, "sets", sets);
    return o;
}

static int print_json(const struct work *x, const struct result *r, size_t n,
                      struct err *err)
{
    struct json_node *o = n == 1 ? scores_json(x, r) : json_new_object();
    struct buf b = BUF_INIT(1 << 22);
    int rc;

    for (size_t i = 0; n > 1 && i < n; i++)
        json_set(o, r[i].name, scores_json(x, &r[i]));
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(o);
    return rc;
}

static void print_row(const char *set, const char *sim,
                      const struct evaluation *e)
{
    printf("%-16s %-14s %8zu %9.2f %9.2f", set, sim, e->n, 100.0 * e->pearson,
           100.0 * e->spearman);
    if (e->binary)
        printf(" %10.2f %9.2f", 100.0 * e->average_precision,
               100.0 * e->best.f1);
    putchar('\n');
}

static void print_table(const struct work *x, const struct result *r, size_t n)
{
    printf("%-16s %-14s %8s %9s %9s%s\n", "set", "similarity", "pairs",
           "Pearson", "Spearman",
           r[0].e[0].binary ? "  avg.prec.        F1" : "");
    for (size_t i = 0; i < n; i++) {
        if (x->is_cross)
            print_row(r[i].name, "cross-encoder", &r[i].e[0]);
        for (int s = 0; !x->is_cross && s < SIM_COUNT; s++)
            print_row(r[i].name, similarity_name((enum similarity)s),
                      &r[i].e[s]);
    }
}

static int write_folder(const struct work *x, struct stage *st,
                        const struct result *r, size_t n, struct err *err)
{
    struct json_node *o = results_json(x, r, n);
    struct buf b = BUF_INIT(1 << 22);
    char path[FILE_PATH_MAX];
    int rc = stage_create_dir(st, err);

    if (rc == 0)
        rc = json_print(&b, o, true, err);
    if (rc == 0)
        rc = file_join(path, st->part, "results.json", err);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = x->is_cross ? evaluation_csv_cross(st->part, r[i].name, &r[i].e[0],
                                                -1.0, -1, err)
                         : evaluation_csv_bi(st->part, r[i].name, r[i].e, -1.0,
                                             -1, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    buf_release(&b);
    json_node_free(o);
    return rc;
}

static int open_model(struct work *x, struct err *err)
{
    const enum precision p = x->args->choice.precision;
    struct model_config c;
    char folder[FILE_PATH_MAX];
    int rc = stage_model_path(folder, x->args->model, err);

    if (rc == 0)
        rc = model_config_load(&c, folder, err);
    if (rc < 0)
        return rc;
    x->is_cross = c.kind == MODEL_CROSS;
    rc = x->is_cross ? cross_encoder_load(&x->cross, folder, 0, err)
                     : bi_encoder_load(&x->bi, folder, err);
    if (rc < 0)
        return rc;
    return x->is_cross ? cross_encoder_freeze(&x->cross, p, err)
                       : bi_encoder_freeze(&x->bi, p, err);
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;

    return precision_choose(&a->choice, a->model, err);
}

static int run(struct stage *st, struct err *err)
{
    struct work x = { .args = st->args };
    size_t n = x.args->pairs.n;
    struct result *r = calloc(n + 1, sizeof(*r));
    int rc = r ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold the results");

    gemm_init();
    kernels_init();
    if (rc == 0)
        rc = workers_start(&x.workers, (size_t)x.args->common.threads, err);
    if (rc == 0)
        rc = open_model(&x, err);
    if (rc == 0)
        precision_announce(&x.args->choice, x.workers);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = measure(&x, st, x.args->pairs.item[i], &r[i], err);
    if (rc == 0 && st->out[0])
        rc = write_folder(&x, st, r, n, err);
    if (rc == 0 && x.args->json)
        rc = print_json(&x, r, n, err);
    else if (rc == 0)
        print_table(&x, r, n);
    free(r);
    bi_encoder_release(&x.bi);
    cross_encoder_release(&x.cross);
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
                                            .resolve = resolve };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
