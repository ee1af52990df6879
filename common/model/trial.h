/*
 * trial.h - one model, or two beside each other, on one data set.
 *
 * A store of pairs with a label or score is measured by correlation, and where
 * every label is 0 or 1 by average precision and the best cut-offs; a store of
 * triplets by how often the positive is nearer than the negative (each
 * negative of a record counts). Intervals are bootstrap.h's.
 */
#ifndef MODEL_TRIAL_H
#define MODEL_TRIAL_H

#include "base/bootstrap.h"
#include "model/subject.h"

enum trial_kind { TRIAL_GRADED, TRIAL_BINARY, TRIAL_TRIPLETS };

/* Two models' main lists on the same rows; ours less theirs. */
struct comparison {
    double ours, theirs, p; /* p: two-sided */
    struct interval difference;
};

struct trial {
    char name[128]; /* of the data set: the file's, without ending */
    enum trial_kind kind;
    size_t n, skipped;              /* rows; pairs without a label */
    size_t lists, main;             /* of the subject */
    struct evaluation e[SIM_COUNT]; /* of pairs */
    double accuracy[SIM_COUNT];     /* of triplets */
    bool sure, compared;            /* are the next two filled? */
    struct interval interval[SIM_COUNT][FIGURE_COUNT];
    struct comparison against[FIGURE_COUNT];
};

struct trial_plan {
    struct subject *subject;
    struct subject *against; /* NULL: none */
    size_t draws;            /* of the bootstrap; 0: no intervals */
    uint64_t seed;
    struct workers *workers;
};

/* Errors of the store and the models; ERR_FORMAT: nothing to measure;
 * ERR_NUMERIC: no correlation exists. Messages name the path. */
int trial_run(struct trial *t, const struct trial_plan *plan, const char *path,
              struct err *err) MUST_CHECK;

/* The figure by which models are ranked on such data, and its value. */
enum figure trial_figure(const struct trial *t);
double trial_value(const struct trial *t, size_t list, enum figure f);
/* Does the kind of data have this figure? */
bool trial_has(const struct trial *t, enum figure f);

/* ---- showing (trial_show.c) ---- */

/* {similarity: {"spearman", ..., "interval": {"spearman": [low, high]}}} */
struct json_node *trial_scores_json(const struct trial *t,
                                    const struct subject *s);
/* {"name","main","scores"[,"against":{"model","figures":{...}}]} */
struct json_node *trial_json(const struct trial *t, const struct trial_plan *p);
/* The table of n trials on stdout, and below it the comparisons. */
void trial_print(const struct trial *t, size_t n, const struct trial_plan *p);
/* A row to each of the library's files in dir. */
int trial_csv(const struct trial *t, const struct subject *s, const char *dir,
              struct err *err) MUST_CHECK;

#endif
