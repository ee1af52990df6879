/* trial_show.c - a trial as JSON, as a table, as the library's CSV files. */
#include <math.h>
#include <stdio.h>

#include "model/trial.h"

/* ---- JSON ---- */

static const char *name_of(enum figure f)
{
    return f == FIGURE_MEAN ? "accuracy" : figure_name(f);
}

static struct json_node *interval_json(struct interval i)
{
    struct json_node *a = json_new_array();

    json_push_num(a, i.low);
    json_push_num(a, i.high);
    return a;
}

static struct json_node *list_json(const struct trial *t, size_t list)
{
    struct json_node *o, *sure = json_new_object();

    if (t->kind == TRIAL_TRIPLETS) {
        o = json_new_object();
        json_set_num(o, "accuracy", t->accuracy[list]);
        json_set_num(o, "n", (double)t->n);
    } else {
        o = evaluation_json(&t->e[list]);
    }
    for (int f = 0; t->sure && f < FIGURE_COUNT; f++)
        if (trial_has(t, (enum figure)f) && !isnan(t->interval[list][f].low))
            json_set(sure, name_of((enum figure)f),
                     interval_json(t->interval[list][f]));
    if (t->sure)
        json_set(o, "interval", sure);
    else
        json_node_free(sure);
    return o;
}

struct json_node *trial_scores_json(const struct trial *t,
                                    const struct subject *s)
{
    struct json_node *o = json_new_object();

    for (size_t k = 0; k < t->lists; k++)
        json_set(o, subject_list(s, k), list_json(t, k));
    return o;
}

static struct json_node *against_json(const struct trial *t,
                                      const struct trial_plan *p)
{
    struct json_node *o = json_new_object(), *all = json_new_object();

    json_set_str(o, "model", p->against->name);
    json_set_str(o, "main", subject_list(p->against, subject_main(p->against)));
    for (int f = 0; f < FIGURE_COUNT; f++) {
        const struct comparison *c = &t->against[f];
        struct json_node *x;

        if (!trial_has(t, (enum figure)f))
            continue;
        x = json_new_object();
        json_set_num(x, "this", c->ours);
        json_set_num(x, "that", c->theirs);
        json_set_num(x, "difference", c->ours - c->theirs);
        if (!isnan(c->difference.low))
            json_set(x, "interval", interval_json(c->difference));
        json_set_num(x, "p", c->p);
        json_set(all, name_of((enum figure)f), x);
    }
    json_set(o, "figures", all);
    return o;
}

struct json_node *trial_json(const struct trial *t, const struct trial_plan *p)
{
    struct json_node *o = json_new_object();

    json_set_str(o, "name", t->name);
    json_set_str(o, "main", subject_list(p->subject, t->main));
    json_set(o, "scores", trial_scores_json(t, p->subject));
    if (t->compared)
        json_set(o, "against", against_json(t, p));
    return o;
}

/* ---- table ---- */

struct column {
    const char *head;
    enum figure figure;
};

static const struct column columns[] = {
    { "Pearson", FIGURE_PEARSON },
    { "Spearman", FIGURE_SPEARMAN },
    { "av.prec.", FIGURE_AVERAGE_PRECISION },
    { "accuracy", FIGURE_ACCURACY },
    { "F1", FIGURE_F1 },
    { "MCC", FIGURE_MCC },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), GRADED_COLUMNS = 2 };

static size_t count_columns(const struct trial *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (t[i].kind != TRIAL_GRADED)
            return COLUMNS;
    return GRADED_COLUMNS;
}

static void print_figure(const struct trial *t, size_t list, enum figure f)
{
    if (t->kind == TRIAL_TRIPLETS && f == FIGURE_ACCURACY)
        f = FIGURE_MEAN;
    if (trial_has(t, f))
        printf(" %8.2f", 100.0 * trial_value(t, list, f));
    else
        printf(" %8s", "-");
}

static void print_interval(const struct interval *i, const char *of)
{
    if (isnan(i->low))
        printf("  -");
    else
        printf("  %.2f to %.2f%s%s", 100.0 * i->low, 100.0 * i->high,
               of[0] ? " " : "", of);
}

static const char *short_name(enum figure f)
{
    for (size_t k = 0; k < COLUMNS; k++)
        if (columns[k].figure == f)
            return columns[k].head;
    return "accuracy";
}

static void print_row(const struct trial *t, size_t list,
                      const struct subject *s, size_t shown)
{
    enum figure f = trial_figure(t);

    printf("%-16s %-14s %8zu", t->name, subject_list(s, list), t->n);
    for (size_t k = 0; k < shown; k++)
        print_figure(t, list, columns[k].figure);
    if (t->sure)
        print_interval(&t->interval[list][f], short_name(f));
    putchar('\n');
}

static void print_comparisons(const struct trial *t, size_t n,
                              const struct trial_plan *p)
{
    printf("\nagainst %s\n%-16s %-9s %8s %8s %10s %6s  %s\n", p->against->name,
           "set", "figure", "this", "that", "difference", "p",
           "95 % of the difference");
    for (size_t i = 0; i < n; i++)
        for (int f = 0; f < FIGURE_COUNT; f++) {
            const struct comparison *c = &t[i].against[f];

            if (!trial_has(&t[i], (enum figure)f))
                continue;
            printf("%-16s %-9s %8.2f %8.2f %+10.2f %6.3f", t[i].name,
                   short_name((enum figure)f), 100.0 * c->ours,
                   100.0 * c->theirs, 100.0 * (c->ours - c->theirs), c->p);
            print_interval(&c->difference, "");
            putchar('\n');
        }
}

void trial_print(const struct trial *t, size_t n, const struct trial_plan *p)
{
    size_t shown = count_columns(t, n);

    printf("%-16s %-14s %8s", "set", "similarity", "rows");
    for (size_t k = 0; k < shown; k++)
        printf(" %8s", columns[k].head);
    printf("%s\n", n && t[0].sure ? "  95 % interval" : "");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < t[i].lists; k++)
            print_row(&t[i], k, p->subject, shown);
    if (n && t[0].compared)
        print_comparisons(t, n, p);
}

/* ---- CSV ---- */

int trial_csv(const struct trial *t, const struct subject *s, const char *dir,
              struct err *err)
{
    if (t->kind == TRIAL_TRIPLETS && s->is_cross)
        return 0; /* the library has no such file */
    if (t->kind == TRIAL_TRIPLETS)
        return evaluation_csv_triplets(dir, t->name, t->accuracy, -1.0, -1,
                                       err);
    return s->is_cross
               ? evaluation_csv_cross(dir, t->name, &t->e[0], -1.0, -1, err)
               : evaluation_csv_bi(dir, t->name, t->e, -1.0, -1, err);
}
