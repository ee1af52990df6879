#include "dag/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "dag/spec.h"

enum { WORDS_MAX = 128, VALUE_MAX = 1 << 16 /* bytes */ };

/* ---- names ---- */

/* at: a member of "in" or of "options". */
static int unknown(const struct spec *s, const struct step *st,
                   const struct json_node *at, bool input, struct err *err)
{
    const struct json_node *row = catalog_rows(st->about);
    const char *words[WORDS_MAX];
    size_t n = 0;
    char near[OPT_HINT];

    for (; row && n < WORDS_MAX; row = json_next(row))
        if (!input || catalog_is_input(catalog_role(row)))
            words[n++] = catalog_text(row, input ? "port" : "name");
    return JSON_ERR(err, s->doc, at, "stage '%s' has no %s '%s'%s", st->stage,
                    input ? "input" : "option", json_key(at),
                    opt_hint(near, json_key(at), words, n));
}

/* ---- inputs ---- */

static bool makes(enum port_role out, enum port_role in)
{
    if (in == PORT_IN_STORE)
        return out == PORT_OUT_STORE;
    if (in == PORT_IN_MODEL)
        return out == PORT_OUT_DIR;
    return out == PORT_OUT_FILE || out == PORT_OUT_DIR;
}

static int bad_reference(const struct spec *s, const struct json_node *at,
                         const char *text, struct err *err)
{
    const char *words[SPEC_STEPS_MAX];
    char near[OPT_HINT];

    for (size_t i = 0; i < s->steps; i++)
        words[i] = s->step[i].name;
    return JSON_ERR(err, s->doc, at, "no step '%s' makes this store%s", text,
                    opt_hint(near, text, words, s->steps));
}

/* Give the reference its meaning: a step, a path or a model's name. */
static int resolve(const struct spec *s, struct ref *r,
                   const struct json_node *at, enum port_role role,
                   const char *text, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc;

    r->step = spec_index(s, text);
    if (r->step >= 0 && makes(s->step[r->step].out_role, role))
        return 0;
    if (r->step >= 0)
        return JSON_ERR(err, s->doc, at,
                        "step '%s' makes %s, which does not fit here", text,
                        s->step[r->step].out_option ? "another kind of output"
                                                    : "nothing");
    if (role == PORT_IN_STORE && !strstr(text, ".lmdb"))
        return bad_reference(s, at, text, err);
    rc = file_join(path, s->dir, text, err);
    if (rc < 0)
        return rc;
    if (role == PORT_IN_MODEL && !file_exists(path))
        snprintf(path, sizeof(path), "%s", text);
    else if (!file_exists(path))
        return JSON_ERR(err, s->doc, at,
                        "no step and no file is called '%s' (%s)", text, path);
    r->value = strdup(path);
    return r->value ? 0 : ERR_SET(err, ERR_NOMEM, "cannot copy a path");
}

/* row: the option that takes it; v: the reference in the file. */
static int add_ref(struct spec *s, struct step *st, const struct json_node *row,
                   const struct json_node *v, struct err *err)
{
    struct buf b = BUF_INIT(FILE_PATH_MAX);
    struct ref *grown = realloc(st->ref, (st->refs + 1) * sizeof(*grown));
    const char *param = NULL;
    int rc;

    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot keep a reference");
    st->ref = grown;
    st->ref[st->refs] = (struct ref){ catalog_text(row, "name"), -1, NULL };
    rc = json_type(v) == JSON_STRING
             ? params_expand(&s->params, v, &b, &param, err)
             : JSON_ERR(err, s->doc, v, "expected the name of a step, got %s",
                        json_type_name(json_type(v)));
    if (rc == 0)
        rc = resolve(s, &st->ref[st->refs], v, catalog_role(row), buf_str(&b),
                     err);
    st->refs += rc == 0;
    buf_release(&b);
    return rc;
}

static int read_input(struct spec *s, struct step *st,
                      const struct json_node *in, struct err *err)
{
    const struct json_node *row = catalog_input(st->about, json_key(in));
    int rc = 0;

    if (!row)
        return unknown(s, st, in, true, err);
    if (json_type(in) != JSON_ARRAY)
        return add_ref(s, st, row, in, err);
    if (!json_bool(json_get(row, "list"), false) && json_size(in) > 1)
        return JSON_ERR(err, s->doc, in, "input '%s' takes one, got %zu",
                        json_key(in), json_size(in));
    for (const struct json_node *v = json_first(in); rc == 0 && v;
         v = json_next(v))
        rc = add_ref(s, st, row, v, err);
    return rc;
}

static int read_inputs(struct spec *s, struct step *st, struct err *err)
{
    const struct json_node *in = json_first(json_get(st->node, "in"));
    int rc = 0;

    for (; rc == 0 && in; in = json_next(in))
        rc = read_input(s, st, in, err);
    return rc;
}

/* ---- options ---- */

static int keep_setting(struct step *st, const char *option, const char *value,
                        const char *param, struct err *err)
{
    struct setting *grown =
        realloc(st->setting, (st->settings + 1) * sizeof(*grown));
    char *copy = strdup(value);

    if (grown)
        st->setting = grown;
    if (!grown || !copy) {
        free(copy);
        return ERR_SET(err, ERR_NOMEM, "cannot keep an option");
    }
    st->setting[st->settings++] = (struct setting){ option, copy, param };
    return 0;
}

static int add_setting(struct spec *s, struct step *st,
                       const struct json_node *v, struct err *err)
{
    const struct json_node *row = catalog_option(st->about, json_key(v));
    const char *name = catalog_text(row, "name"), *param = NULL;
    struct buf b = BUF_INIT(VALUE_MAX);
    int rc;

    if (!row)
        return unknown(s, st, v, false, err);
    if (catalog_role(row) == PORT_IN_MODEL) /* a base model, by name */
        return add_ref(s, st, row, v, err);
    if (catalog_role(row) != PORT_PLAIN)
        return JSON_ERR(err, s->doc, v,
                        "'%s' is an input or output, not an option",
                        json_key(v));
    rc = params_expand(&s->params, v, &b, &param, err);
    if (rc == 0)
        rc = catalog_check(row, s->doc, v, buf_str(&b), err);
    if (rc == 0)
        rc = keep_setting(st, name, buf_str(&b), param, err);
    buf_release(&b);
    return rc;
}

/* ---- the whole step ---- */

static bool is_given(const struct step *st, const struct json_node *row)
{
    const char *name = catalog_text(row, "name");
    enum port_role r = catalog_role(row);

    if (catalog_is_output(r) || r == PORT_STATE)
        return true; /* by the runner */
    for (size_t i = 0; i < st->refs; i++)
        if (strcmp(st->ref[i].option, name) == 0)
            return true;
    for (size_t i = 0; i < st->settings; i++)
        if (strcmp(st->setting[i].option, name) == 0)
            return true;
    return false;
}

static int check_required(const struct spec *s, const struct step *st,
                          struct err *err)
{
    const struct json_node *row = catalog_rows(st->about);

    for (; row; row = json_next(row)) {
        bool plain = catalog_role(row) == PORT_PLAIN;

        if (json_bool(json_get(row, "required"), false) && !is_given(st, row))
            return JSON_ERR(err, s->doc, st->node,
                            "step '%s': %s '%s' of stage '%s' is missing",
                            st->name, plain ? "option" : "input",
                            catalog_text(row, plain ? "name" : "port"),
                            st->stage);
    }
    return 0;
}

static void note_outputs(struct step *st)
{
    const struct json_node *row = catalog_rows(st->about);

    for (; row; row = json_next(row)) {
        enum port_role r = catalog_role(row);

        if (catalog_is_output(r)) {
            st->out_option = catalog_text(row, "name");
            st->out_role = r;
        } else if (r == PORT_STATE) {
            st->state_option = catalog_text(row, "name");
        }
    }
}

int step_open(struct step *st, struct spec *s, const struct json_node *node,
              struct err *err)
{
    int rc;

    if (strchr(json_key(node), '/') || json_key(node)[0] == '.')
        return JSON_ERR(err, s->doc, node, "a step cannot be called '%s'",
                        json_key(node));
    *st = (struct step){ .name = json_key(node), .node = node };
    st->stage = json_str(json_get(node, "stage"), NULL);
    if (!st->stage)
        return JSON_ERR(err, s->doc, node, "step '%s' has no \"stage\"",
                        st->name);
    st->show = json_bool(json_get(node, "show"), false);
    rc = catalog_find(&s->catalog, s->doc, node, &st->about, &st->command, err);
    if (rc == 0)
        note_outputs(st);
    return rc;
}

int step_fill(struct step *st, struct spec *s, struct err *err)
{
    const struct json_node *o = json_first(json_get(st->node, "options"));
    int rc = read_inputs(s, st, err);

    for (; rc == 0 && o; o = json_next(o))
        rc = add_setting(s, st, o, err);
    return rc < 0 ? rc : check_required(s, st, err);
}

void step_release(struct step *st)
{
    for (size_t k = 0; k < st->refs; k++)
        free(st->ref[k].value);
    for (size_t k = 0; k < st->settings; k++)
        free(st->setting[k].value);
    free(st->ref);
    free(st->setting);
}
