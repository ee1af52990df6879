/*
 * step.h - one step of a pipeline file: its inputs with what each refers to,
 * and its options, checked against what the stage says of itself.
 */
#ifndef DAG_STEP_H
#define DAG_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "dag/catalog.h"

struct spec;

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

/* Read what the step is: its stage, command and output. The other steps may
 * not be known yet. ERR_FORMAT. */
int step_open(struct step *st, struct spec *s, const struct json_node *node,
              struct err *err) MUST_CHECK;
/* Read its inputs and options; every step of s is open. ERR_FORMAT. */
int step_fill(struct step *st, struct spec *s, struct err *err) MUST_CHECK;
void step_release(struct step *st);

#endif
