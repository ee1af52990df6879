/*
 * stsb-eval - how well a model's similarities agree with people's labels, how
 * sure that is, and whether it is better than another model.
 *
 * in:  a bi-encoder or cross-encoder, labelled pairs or triplets
 * out: a table on stdout; with --out a folder with results.json and the CSV
 *      files that sentence-transformers' evaluators write
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "model/precision_choice.h"
#include "model/trial.h"
#include "nn/gemm.h"
#include "nn/kernels.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct opt_list pairs;
    const char *model, *against, *out, *title, *append;
    int64_t draws;
    int json;
    struct precision_choice choice;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "bi-encoder or cross-encoder"),
    OPT_ROW_PATHS('i', "pairs", struct args, pairs, OPT_IN_STORE, "STORE",
                  OPT_REQUIRED,
                  "labelled pairs, or triplets; the file's name is the "
                  "set's"),
    OPT_ROW_PATH(0, "against", struct args, against, OPT_IN_MODEL, "MODEL", 0,
                 "another model, compared on the same rows"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_DIR, "DIR", 0,
                 "folder for results.json and CSV files"),
    OPT_ROW_STR(0, "append", struct args, append, "", "DIR", OPT_NO_RESULT,
                "folder whose CSV files get one more row each; made when "
                "there is none"),
    OPT_ROW_STR(0, "title", struct args, title, "", "TEXT", 0,
                "name of the model in reports"),
    OPT_ROW_INT(0, "bootstrap", struct args, draws, "1000", 0, 1e6, 0,
                "samples for the 95 % intervals and the comparison; 0: none"),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print one JSON object"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "stsb-eval",
    .summary = "Measure a model against labelled pairs or triplets.",
    .example = "stsb-eval --model student --pairs test.lmdb --against base",
    .opts = rows,
    .version = 3,
};

struct work {
    const struct args *args;
    struct workers *workers;
    struct subject subject, against;
    struct trial_plan plan;
    struct trial *trial; /* of each --pairs */
    size_t n;
};

/* {"title","kind","sets":[trial]} */
static struct json_node *results_json(const struct work *x)
{
    struct json_node *o = json_new_object(), *sets = json_new_array();
    const char *title = x->args->title;

    json_set_str(o, "title", title[0] ? title : x->subject.name);
    json_set_str(o, "kind",
                 x->subject.is_cross ? "cross-encoder" : "bi-encoder");
    for (size_t i = 0; i < x->n; i++)
        json_push(sets, trial_json(&x->trial[i], &x->plan));
    json_set(o, "sets", sets);
    return o;
}

/* One set's scores alone, several under their names; with --against all of
 * results.json. */
static struct json_node *printed_json(const struct work *x)
{
    struct json_node *o;

    if (x->plan.against)
        return results_json(x);
    if (x->n == 1)
        return trial_scores_json(x->trial, &x->subject);
    o = json_new_object();
    for (size_t i = 0; i < x->n; i++)
        json_set(o, x->trial[i].name,
                 trial_scores_json(&x->trial[i], &x->subject));
    return o;
}

static int print_json(const struct work *x, struct err *err)
{
    struct json_node *o = printed_json(x);
    struct buf b = BUF_INIT(1 << 22);
    int rc = json_print(&b, o, false, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(o);
    return rc;
}

static int write_csv(const struct work *x, const char *dir, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->n; i++)
        rc = trial_csv(&x->trial[i], &x->subject, dir, err);
    return rc;
}

static int write_folder(const struct work *x, struct stage *st, struct err *err)
{
    struct json_node *o = results_json(x);
    struct buf b = BUF_INIT(1 << 22);
    char path[FILE_PATH_MAX];
    int rc = stage_create_dir(st, err);

    if (rc == 0)
        rc = json_print(&b, o, true, err);
    if (rc == 0)
        rc = file_join(path, st->part, "results.json", err);
    if (rc == 0)
        rc = file_write(path, b.ptr, b.len, err);
    if (rc == 0)
        rc = write_csv(x, st->part, err);
    if (rc == 0)
        rc = stage_finish_dir(st, err);
    buf_release(&b);
    json_node_free(o);
    return rc;
}

static int resolve(struct stage *st, struct err *err)
{
    struct args *a = st->args;

    if (a->against && a->against[0] && a->draws == 0)
        return ERR_SET(err, ERR_USAGE,
                       "--against compares by --bootstrap samples, which are "
                       "0");
    return precision_choose(&a->choice, a->model, err);
}

static int open_models(struct work *x, struct err *err)
{
    const struct args *a = x->args;
    const enum precision p = a->choice.precision;
    int rc = subject_load(&x->subject, a->model, p, err);

    x->plan = (struct trial_plan){ .subject = &x->subject,
                                   .draws = (size_t)a->draws,
                                   .seed = (uint64_t)a->common.seed,
                                   .workers = x->workers };
    if (rc < 0 || !a->against || !a->against[0])
        return rc;
    x->plan.against = &x->against;
    return subject_load(&x->against, a->against, p, err);
}

static int measure(struct work *x, struct stage *st, struct err *err)
{
    const struct opt_list *pairs = &x->args->pairs;
    int rc = 0;

    x->trial = calloc(pairs->n + 1, sizeof(*x->trial));
    if (!x->trial)
        return ERR_SET(err, ERR_NOMEM, "cannot hold the results");
    for (; rc == 0 && x->n < pairs->n; x->n++) {
        struct trial *t = &x->trial[x->n];

        rc = trial_run(t, &x->plan, pairs->item[x->n], err);
        st->n.seen += t->n + t->skipped;
        st->n.kept += t->n;
        st->n.rejected += t->skipped;
    }
    return rc;
}

static int report(const struct work *x, struct stage *st, struct err *err)
{
    const char *append = x->args->append;
    int rc = st->out[0] ? write_folder(x, st, err) : 0;

    if (rc == 0 && append[0])
        rc = file_mkdirs(append, err);
    if (rc == 0 && append[0])
        rc = write_csv(x, append, err);
    if (rc == 0 && x->args->json)
        rc = print_json(x, err);
    else if (rc == 0)
        trial_print(x->trial, x->n, &x->plan);
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    struct work x = { .args = st->args };
    int rc;

    gemm_init();
    kernels_init();
    rc = workers_start(&x.workers, (size_t)x.args->common.threads, err);
    if (rc == 0)
        rc = open_models(&x, err);
    if (rc == 0)
        precision_announce(&x.args->choice, x.workers);
    if (rc == 0)
        rc = measure(&x, st, err);
    if (rc == 0)
        rc = report(&x, st, err);
    free(x.trial);
    subject_release(&x.subject);
    subject_release(&x.against);
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
