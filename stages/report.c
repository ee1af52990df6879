/*
 * report - one table of several evaluations, and what it means.
 *
 * in:  folders that stsb-eval wrote     out: text on stdout (no store)
 *      stores, for how diverse their sentences are
 *
 * Says plainly when the teacher (a cross-encoder) is weaker on dev than the
 * bi-encoder it is meant to teach.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "llm/corpus.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    struct opt_list eval, choose, model, diversity;
    const char *teacher, *student, *augmented;
    int json;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATHS('e', "eval", struct args, eval, OPT_IN_FILE, "DIR", 0,
                  "results of stsb-eval, a row each"),
    OPT_ROW_PATHS(0, "diversity", struct args, diversity, OPT_IN_STORE, "STORE",
                  0, "store whose sentences are compared with each other"),
    OPT_ROW_PATH(0, "teacher", struct args, teacher, OPT_IN_FILE, "DIR", 0,
                 "results of the cross-encoder that labels"),
    OPT_ROW_PATH(0, "student", struct args, student, OPT_IN_FILE, "DIR", 0,
                 "results of the bi-encoder without silver"),
    OPT_ROW_PATH(0, "augmented", struct args, augmented, OPT_IN_FILE, "DIR", 0,
                 "results of the bi-encoder with silver"),
    OPT_ROW_PATHS(0, "model", struct args, model, OPT_IN_MODEL, "DIR", 0,
                  "model whose path is printed last"),
    OPT_ROW_PATHS(0, "choose", struct args, choose, OPT_IN_FILE, "DIR", 0,
                  "results of each --model: the best on dev is printed"),
    OPT_ROW_FLAG(0, "json", struct args, json, 0, "print JSON"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "report",
    .summary = "Print a table of evaluations and what it says.",
    .example = "report --eval base-eval --eval student-eval",
    .opts = rows,
    .version = 1,
};

static int load_results(struct json **doc, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, "results.json", err);

    return rc < 0 ? rc : json_load(doc, path, 0, err);
}

/* The main similarity's figures of one data set. */
static const struct json_node *figures(const struct json_node *set)
{
    return json_get(json_get(set, "scores"),
                    json_str(json_get(set, "main"), "cosine"));
}

static const struct json_node *find_set(const struct json *doc,
                                        const char *name)
{
    const struct json_node *set = json_first(json_get(json_root(doc), "sets"));

    for (; set; set = json_next(set))
        if (strcmp(json_str(json_get(set, "name"), ""), name) == 0)
            return set;
    return NULL;
}

static void print_head(const struct json *doc)
{
    const struct json_node *sets = json_get(json_root(doc), "sets");

    printf("%-28s", "");
    for (const struct json_node *s = json_first(sets); s; s = json_next(s))
        printf("  %-19s", json_str(json_get(s, "name"), "?"));
    printf("\n%-28s", "model");
    for (const struct json_node *s = json_first(sets); s; s = json_next(s))
        printf("  %8s %10s", "Spearman", "avg.prec.");
    putchar('\n');
}

static void print_row(const struct json *doc)
{
    const struct json_node *sets = json_get(json_root(doc), "sets");

    printf("%-28s", json_str(json_get(json_root(doc), "title"), "?"));
    for (const struct json_node *s = json_first(sets); s; s = json_next(s)) {
        const struct json_node *f = figures(s);
        const struct json_node *rho = json_get(f, "spearman");
        const struct json_node *ap = json_get(f, "average_precision");

        if (rho)
            printf("  %8.2f", 100.0 * json_num(rho, 0.0));
        else
            printf("  %8s", "-"); /* triplets have an accuracy only */
        if (ap)
            printf(" %10.2f", 100.0 * json_num(ap, 0.0));
        else
            printf(" %10s", "-");
    }
    putchar('\n');
}

static double spearman_of(const struct json *doc, const char *set)
{
    return 100.0 *
           json_num(json_get(figures(find_set(doc, set)), "spearman"), 0.0);
}

/* The comparison that decides whether silver can help. On dev, since a test
 * set must not steer anything. */
static int print_verdict(const struct args *a, struct err *err)
{
    struct json *teacher = NULL, *student = NULL;
    int rc;

    if (!a->teacher[0] || !a->student[0])
        return 0;
    rc = load_results(&teacher, a->teacher, err);
    if (rc == 0)
        rc = load_results(&student, a->student, err);
    if (rc == 0 && find_set(teacher, "dev") && find_set(student, "dev")) {
        double t = spearman_of(teacher, "dev"), s = spearman_of(student, "dev");

        if (t < s)
            printf("\nThe teacher is weaker than the student: on dev the "
                   "cross-encoder has %.2f, the bi-encoder\nwithout silver "
                   "%.2f. Its labels may add noise; compare the rows above "
                   "before you use silver.\n",
                   t, s);
        else if (t > s)
            printf("\nThe teacher is stronger than the student on dev: "
                   "cross-encoder %.2f, bi-encoder without silver %.2f.\n",
                   t, s);
        else
            printf("\nThe teacher is as good as the student on dev: both "
                   "%.2f.\n",
                   t);
    }
    json_free(teacher);
    json_free(student);
    return rc;
}

/* Silver that did not help is said as plainly as a weak teacher. */
static int print_gain(const struct args *a, struct err *err)
{
    struct json *before = NULL, *after = NULL;
    int rc;

    if (!a->student[0] || !a->augmented[0])
        return 0;
    rc = load_results(&before, a->student, err);
    if (rc == 0)
        rc = load_results(&after, a->augmented, err);
    if (rc == 0 && find_set(before, "dev") && find_set(after, "dev")) {
        double gain = spearman_of(after, "dev") - spearman_of(before, "dev");

        printf("%s: %+.2f Spearman on dev against the same without it.\n",
               gain > 0.0 ? "Silver helped" : "Silver did not help", gain);
    }
    json_free(before);
    json_free(after);
    return rc;
}

/* The path of the model to use: the best on dev of several. */
static int print_model(const struct args *a, struct err *err)
{
    size_t best = 0;
    double most = -HUGE_VAL;
    int rc = 0;

    if (a->model.n == 0)
        return 0;
    if (a->choose.n != 0 && a->choose.n != a->model.n)
        return ERR_SET(err, ERR_USAGE,
                       "%zu --choose, expected one for each of %zu --model",
                       a->choose.n, a->model.n);
    for (size_t i = 0; rc == 0 && i < a->choose.n; i++) {
        struct json *doc;

        rc = load_results(&doc, a->choose.item[i], err);
        if (rc == 0 && spearman_of(doc, "dev") > most) {
            most = spearman_of(doc, "dev");
            best = i;
        }
        json_free(doc);
    }
    if (rc == 0)
        printf("\nmodel%s: %s\n", a->choose.n > 1 ? " (best on dev)" : "",
               a->model.item[best]);
    return rc;
}

/* How much the sentences of stores differ. */
static int print_diversity(const struct args *a, struct err *err)
{
    struct buf b = BUF_INIT(1 << 20);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->diversity.n; i++) {
        struct diversity_figures f;

        rc = corpus_measure(&f, a->diversity.item[i], err);
        if (rc == 0)
            rc = buf_printf(&b, err, "%s%s\n", a->eval.n || i ? "\n" : "",
                            file_base(a->diversity.item[i]));
        if (rc == 0)
            rc = diversity_print(&b, &f, err);
    }
    if (rc == 0)
        fputs(buf_str(&b), stdout);
    buf_release(&b);
    return rc;
}

/* A store's figures, with the openings for llm-generate --avoid. */
static int push_diversity(struct json_node *all, const char *store,
                          struct err *err)
{
    struct diversity_figures f;
    struct json_node *o;
    int rc = corpus_measure(&f, store, err);

    if (rc < 0)
        return rc;
    o = json_new_object();
    json_set_str(o, "store", file_base(store));
    json_set(o, "diversity", diversity_json(&f));
    json_set(o, "avoid", diversity_avoid(&f));
    json_push(all, o);
    return 0;
}

static int print_json(const struct args *a, struct err *err)
{
    struct json_node *all = json_new_array();
    struct buf b = BUF_INIT(64 << 20);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->eval.n; i++) {
        struct json *doc;

        rc = load_results(&doc, a->eval.item[i], err);
        if (rc == 0)
            json_push(all, json_clone(json_root(doc)));
        json_free(doc);
    }
    for (size_t i = 0; rc == 0 && i < a->diversity.n; i++)
        rc = push_diversity(all, a->diversity.item[i], err);
    if (rc == 0)
        rc = json_print(&b, all, true, err);
    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    json_node_free(all);
    return rc;
}

static int run(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    int rc = 0;

    if (a->eval.n + a->diversity.n == 0)
        return ERR_SET(err, ERR_USAGE,
                       "nothing to report: --eval or "
                       "--diversity");
    if (a->json)
        return print_json(a, err);
    for (size_t i = 0; rc == 0 && i < a->eval.n; i++) {
        struct json *doc;

        rc = load_results(&doc, a->eval.item[i], err);
        if (rc < 0)
            return rc;
        if (i == 0)
            print_head(doc);
        print_row(doc);
        json_free(doc);
        st->n.seen++;
        st->n.kept++;
    }
    if (rc == 0)
        rc = print_diversity(a, err);
    if (rc == 0)
        rc = print_verdict(a, err);
    if (rc == 0)
        rc = print_gain(a, err);
    return rc < 0 ? rc : print_model(a, err);
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
