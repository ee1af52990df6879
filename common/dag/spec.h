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

enum { SPEC_STEPS_MAX = 128, SPEC_REFS_MAX = 512 };

enum port_role { /* as opt_role_name() spells them */
                 PORT_PLAIN,
                 PORT_IN_STORE,
                 PORT_IN_FILE,
                 PORT_IN_MODEL,
                 PORT_OUT_STORE,
                 PORT_OUT_FILE,
                 PORT_OUT_DIR,
                 PORT_STATE
};

struct ref {
    const char *option; /* long option that takes it */
    int step;           /* index of the step that makes it, or -1 */
    char *value;        /* path or model name when step is -1; owned */
};

struct setting {
    const char *option;
    char *value;       /* as on the command line; owned; NULL: a bare flag */
    const char *param; /* parameter it came from, or NULL */
};

struct step {
    const char *name, *stage, *command; /* command may be NULL */
    const struct json_node *node;       /* its place in the file */
    const struct json_node *about;      /* the stage's description */
    struct ref *ref;
    size_t refs;
    struct setting *setting;
    size_t settings;
    const char *out_option; /* option of its output; NULL: none */
    const char *state_option;
    enum port_role out_role;
    bool show;
};

struct spec {
    char path[FILE_PATH_MAX]; /* the file */
    char dir[FILE_PATH_MAX];  /* its folder */
    char bin[FILE_PATH_MAX];  /* where the stages are */
    const char *name;
    struct json *doc;
    struct json_node *params; /* values in force, after --set */
    struct step step[SPEC_STEPS_MAX];
    size_t steps;
    size_t order[SPEC_STEPS_MAX]; /* a topological order, file order first */
    struct json **about;          /* descriptions, owned */
    size_t abouts;
    const char **used; /* parameters some step reads */
    size_t useds;
};

/* sets: n texts "name=value". ERR_FORMAT, ERR_USAGE (bad --set), ERR_NOTFOUND
 * (no file, no such stage program). On failure *s is released. */
int spec_load(struct spec *s, const char *path, const char *bin,
              const char *const *sets, size_t n, struct err *err) MUST_CHECK;
void spec_release(struct spec *s);
/* Index of a step, or ERR_USAGE with the nearest name. */
int spec_find(const struct spec *s, const char *name, size_t *index,
              struct err *err) MUST_CHECK;
/* True when step `b` needs step `a`, directly or not. */
bool spec_depends(const struct spec *s, size_t b, size_t a);

#endif
