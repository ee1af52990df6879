/*
 * spec.h - a pipeline file, read and checked as a whole before anything runs.
 *
 * JSON with // comments. Keys: "pipeline" (name), "params" (name -> value; a
 * value {"path": P} is a file or folder, relative to the pipeline file, or to
 * the working folder when given by --set), "steps" (name -> step). A step:
 * "stage", "command", "in" (port -> reference or array of them), "options"
 * (name -> value), "show" (true: print its stdout when the run ends). "$name"
 * in a string stands for a parameter.
 *
 * A reference is the name of a step that makes what the port takes; for files
 * and models also a path relative to the pipeline file, or a model's name.
 * What stages accept comes from `stage --describe`. Every error names
 * file:line:col and, for a misspelt name, the nearest right one.
 */
#ifndef DAG_SPEC_H
#define DAG_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/json.h"
#include "dag/catalog.h"
#include "dag/params.h"
#include "dag/step.h"

enum { SPEC_STEPS_MAX = 128 };

struct spec {
    char path[FILE_PATH_MAX]; /* the file */
    char dir[FILE_PATH_MAX];  /* its folder */
    const char *name;
    struct json *doc;
    struct params params;
    struct catalog catalog; /* what the stages say of themselves */
    struct step step[SPEC_STEPS_MAX];
    size_t steps;
    size_t order[SPEC_STEPS_MAX]; /* a topological order, file order first */
};

/* sets: n texts "name=value". ERR_FORMAT, ERR_USAGE (bad --set), ERR_NOTFOUND
 * (no file, no such stage program). On failure *s is released. */
int spec_load(struct spec *s, const char *path, const char *bin,
              const char *const *sets, size_t n, struct err *err) MUST_CHECK;
void spec_release(struct spec *s);
/* Index of a step, or -1. */
int spec_index(const struct spec *s, const char *name);
/* The same, or ERR_USAGE with the nearest name. */
int spec_find(const struct spec *s, const char *name, size_t *index,
              struct err *err) MUST_CHECK;
/* True when step `b` needs step `a`, directly or not. */
bool spec_depends(const struct spec *s, size_t b, size_t a);

#endif
