#include "dag/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "dag/spawn.h"

/* ---- parameters ---- */

static const char *nearest_key(const struct json_node *o, const char *word)
{
    const char *words[256];
    size_t n = 0;

    for (const struct json_node *c = json_first(o); c && n < 256;
         c = json_next(c))
        words[n++] = json_key(c);
    return opt_nearest(word, words, n);
}

/* " (near?)" or nothing. */
static const char *hint(char out[128], const char *near)
{
    out[0] = '\0';
    if (near)
        snprintf(out, 128, " (%s?)", near);
    return out;
}

static bool is_path_param(const struct json_node *p)
{
    return json_type(p) == JSON_OBJECT && json_get(p, "path");
}

static int declare_params(struct spec *s, struct err *err)
{
    const struct json_node *all = json_get(json_root(s->doc), "params");

    s->params = json_new_object();
    for (const struct json_node *p = json_first(all); p; p = json_next(p)) {
        char path[FILE_PATH_MAX];
        int rc;

        if (is_path_param(p)) {
            rc =
                file_join(path, s->dir, json_str(json_get(p, "path"), ""), err);
            if (rc < 0)
                return rc;
            json_set_str(s->params, json_key(p), path);
        } else if (json_type(p) == JSON_OBJECT || json_type(p) == JSON_ARRAY) {
            return JSON_ERR(err, s->doc, p,
                            "parameter \"%s\" is %s, expected a plain value "
                            "or {\"path\": ...}",
                            json_key(p), json_type_name(json_type(p)));
        } else {
            json_set_copy(s->params, json_key(p), p);
        }
    }
    return 0;
}

/* --set name=value: the value takes the declared one's type. */
static int set_param(struct spec *s, const char *text, struct err *err)
{
    const struct json_node *all = json_get(json_root(s->doc), "params"), *old;
    const char *eq = strchr(text, '=');
    char name[128], near[128], cwd[FILE_PATH_MAX], path[FILE_PATH_MAX];
    char *end;
    double num;

    if (!eq || (size_t)(eq - text) >= sizeof(name))
        return ERR_SET(err, ERR_USAGE, "--set %s: expected name=value", text);
    snprintf(name, sizeof(name), "%.*s", (int)(eq - text), text);
    old = json_get(all, name);
    if (!old)
        return ERR_SET(err, ERR_USAGE,
                       "--set %s: the pipeline has no parameter '%s'%s", text,
                       name, hint(near, nearest_key(all, name)));
    num = strtod(eq + 1, &end);
    if (json_type(old) == JSON_NUMBER) {
        if (end == eq + 1 || *end)
            return ERR_SET(err, ERR_USAGE, "--set %s: expected a number", text);
        json_set_num(s->params, name, num);
    } else if (json_type(old) == JSON_BOOL) {
        if (strcmp(eq + 1, "true") != 0 && strcmp(eq + 1, "false") != 0)
            return ERR_SET(err, ERR_USAGE, "--set %s: expected true or false",
                           text);
        json_set_bool(s->params, name, eq[1] == 't');
    } else if (is_path_param(old)) {
        int rc;

        if (!getcwd(cwd, sizeof(cwd)))
            return ERR_SET(err, ERR_IO, "the working folder has no name");
        rc = file_join(path, cwd, eq + 1, err);
        if (rc < 0)
            return rc;
        json_set_str(s->params, name, path);
    } else {
        json_set_str(s->params, name, eq + 1);
    }
    return 0;
}

static int mark_used(struct spec *s, const char *name, struct err *err)
{
    const char **grown;

    for (size_t i = 0; i < s->useds; i++)
        if (strcmp(s->used[i], name) == 0)
            return 0;
    grown = realloc(s->used, (s->useds + 1) * sizeof(*grown));
    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot note a parameter");
    s->used = grown;
    s->used[s->useds++] = name;
    return 0;
}

static int put_value(struct buf *b, const struct json_node *v, struct err *err)
{
    if (json_type(v) == JSON_STRING)
        return buf_puts(b, json_str(v, ""), err);
    if (json_type(v) == JSON_BOOL)
        return buf_puts(b, json_bool(v, false) ? "true" : "false", err);
    return buf_printf(b, err, "%.15g", json_num(v, 0.0));
}

/* The text of a value, with $names replaced. *param: the last one used. */
static int expand(struct spec *s, struct buf *b, const struct json_node *v,
                  const char **param, struct err *err)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *t = json_str(v, NULL);
    int rc = 0;

    if (!t)
        return put_value(b, v, err);
    while (rc == 0 && *t) {
        size_t lit = strcspn(t, "$"), len;
        char name[128], near[128];
        const struct json_node *p;

        rc = buf_append(b, t, lit, err);
        t += lit;
        if (rc < 0 || !*t)
            break;
        len = strspn(t + 1, word);
        snprintf(name, sizeof(name), "%.*s", (int)len, t + 1);
        p = json_get(s->params, name);
        if (!p)
            return JSON_ERR(err, s->doc, v, "unknown parameter '$%s'%s", name,
                            hint(near, nearest_key(s->params, name)));
        *param = json_key(p);
        rc = mark_used(s, *param, err);
        if (rc == 0)
            rc = put_value(b, p, err);
        t += 1 + len;
    }
    return rc;
}

/* ---- descriptions of stages ---- */

static int no_stage(const struct spec *s, const struct json_node *at,
                    const char *stage, struct err *err)
{
    struct file_list list;
    char near[128];
    int rc = file_list(&list, s->bin, err);

    if (rc < 0)
        return rc;
    rc = JSON_ERR(
        err, s->doc, at, "unknown stage '%s'%s", stage,
        hint(near, opt_nearest(stage, (const char *const *)list.name, list.n)));
    file_list_release(&list);
    return rc;
}

/* Ask the stage what it takes; each program is asked once. */
static int describe(struct spec *s, const struct json_node *at,
                    const char *stage, const struct json_node **out,
                    struct err *err)
{
    struct argv argv = ARGV_INIT;
    struct buf text = BUF_INIT(4 << 20);
    struct json **grown, *doc = NULL;
    char path[FILE_PATH_MAX];
    int status = 0, rc;

    rc = strchr(stage, '/') ? no_stage(s, at, stage, err)
                            : file_join(path, s->bin, stage, err);
    if (rc == 0 && access(path, X_OK) != 0)
        rc = no_stage(s, at, stage, err);
    if (rc == 0)
        rc = argv_add(&argv, path, err);
    if (rc == 0)
        rc = argv_add(&argv, "--describe", err);
    if (rc == 0)
        rc = spawn_capture(&argv, &text, &status, false, err);
    if (rc == 0 && status != 0)
        rc = JSON_ERR(err, s->doc, at, "'%s --describe' failed (exit %d)",
                      stage, status);
    if (rc == 0)
        rc = json_parse(&doc, path, buf_str(&text), text.len, 0, err);
    argv_release(&argv);
    buf_release(&text);
    if (rc < 0)
        return rc;
    grown = realloc(s->about, (s->abouts + 1) * sizeof(*grown));
    if (!grown) {
        json_free(doc);
        return ERR_SET(err, ERR_NOMEM, "cannot keep a description");
    }
    s->about = grown;
    s->about[s->abouts++] = doc;
    *out = json_root(doc);
    return 0;
}

static const char *program_of(const struct json_node *about)
{
    if (json_type(about) == JSON_ARRAY)
        about = json_first(about);
    return json_str(json_get(about, "program"), "");
}

static int pick_command(const struct spec *s, struct step *st,
                        const struct json_node *all, struct err *err)
{
    const struct json_node *at = json_get(st->node, "command");
    const char *words[64], *name = json_str(at, NULL);
    size_t n = 0;
    char near[128];

    if (json_type(all) != JSON_ARRAY) {
        st->about = all;
        return at ? JSON_ERR(err, s->doc, at, "stage '%s' has no commands",
                             st->stage)
                  : 0;
    }
    for (const struct json_node *c = json_first(all); c; c = json_next(c)) {
        words[n] = json_str(json_get(c, "command"), "");
        if (name && strcmp(words[n], name) == 0) {
            st->command = name;
            st->about = c;
            return 0;
        }
        n += n < 63;
    }
    if (!name)
        return JSON_ERR(err, s->doc, st->node, "stage '%s' needs a \"command\"",
                        st->stage);
    return JSON_ERR(err, s->doc, at, "unknown command '%s' of stage '%s'%s",
                    name, st->stage, hint(near, opt_nearest(name, words, n)));
}

static enum port_role role_of(const struct json_node *row)
{
    const char *name = json_str(json_get(row, "role"), "option");

    for (int r = OPT_PLAIN; r <= OPT_STATE; r++)
        if (strcmp(name, opt_role_name((enum opt_role)r)) == 0)
            return (enum port_role)r;
    return PORT_PLAIN;
}

static void note_outputs(struct step *st)
{
    const struct json_node *row = json_first(json_get(st->about, "options"));

    for (; row; row = json_next(row)) {
        enum port_role r = role_of(row);

        if (r == PORT_OUT_STORE || r == PORT_OUT_FILE || r == PORT_OUT_DIR) {
            st->out_option = json_str(json_get(row, "name"), "");
            st->out_role = r;
        } else if (r == PORT_STATE) {
            st->state_option = json_str(json_get(row, "name"), "");
        }
    }
}

/* Row whose port (inputs) or name (options) is `name`, or NULL. */
static const struct json_node *find_row(const struct step *st, const char *name,
                                        bool ports)
{
    const struct json_node *row = json_first(json_get(st->about, "options"));

    for (; row; row = json_next(row)) {
        enum port_role r = role_of(row);
        bool is_in =
            r == PORT_IN_STORE || r == PORT_IN_FILE || r == PORT_IN_MODEL;
        const char *key = ports ? "port" : "name";

        if (ports && !is_in)
            continue;
        if (strcmp(json_str(json_get(row, key), ""), name) == 0)
            return row;
    }
    return NULL;
}

static int unknown_name(const struct spec *s, const struct step *st,
                        const struct json_node *at, bool ports, struct err *err)
{
    const struct json_node *row = json_first(json_get(st->about, "options"));
    const char *words[128];
    size_t n = 0;
    char near[128];

    for (; row && n < 128; row = json_next(row)) {
        const char *w = json_str(json_get(row, ports ? "port" : "name"), "");

        if (w[0] && find_row(st, w, ports))
            words[n++] = w;
    }
    return JSON_ERR(err, s->doc, at, "stage '%s' has no %s '%s'%s", st->stage,
                    ports ? "input" : "option", json_key(at),
                    hint(near, opt_nearest(json_key(at), words, n)));
}

/* ---- steps ---- */

static int step_index(const struct spec *s, const char *name)
{
    for (size_t i = 0; i < s->steps; i++)
        if (strcmp(s->step[i].name, name) == 0)
            return (int)i;
    return -1;
}

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
    char near[128];

    for (size_t i = 0; i < s->steps; i++)
        words[i] = s->step[i].name;
    return JSON_ERR(err, s->doc, at, "no step '%s' makes this store%s", text,
                    hint(near, opt_nearest(text, words, s->steps)));
}

/* Give the reference its meaning: a step, a path or a model's name. */
static int resolve(const struct spec *s, struct ref *r,
                   const struct json_node *at, enum port_role role,
                   const char *text, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc;

    r->step = step_index(s, text);
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

static int add_ref(struct spec *s, struct step *st, const char *option,
                   enum port_role role, const struct json_node *v,
                   struct err *err)
{
    struct buf b = BUF_INIT(FILE_PATH_MAX);
    struct ref *grown = realloc(st->ref, (st->refs + 1) * sizeof(*grown));
    const char *param = NULL;
    int rc;

    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot keep a reference");
    st->ref = grown;
    st->ref[st->refs] = (struct ref){ option, -1, NULL };
    rc = json_type(v) == JSON_STRING
             ? expand(s, &b, v, &param, err)
             : JSON_ERR(err, s->doc, v, "expected the name of a step, got %s",
                        json_type_name(json_type(v)));
    if (rc == 0)
        rc = resolve(s, &st->ref[st->refs], v, role, buf_str(&b), err);
    st->refs += rc == 0;
    buf_release(&b);
    return rc;
}

static int read_inputs(struct spec *s, struct step *st, struct err *err)
{
    const struct json_node *in = json_first(json_get(st->node, "in"));
    int rc = 0;

    for (; rc == 0 && in; in = json_next(in)) {
        const struct json_node *row = find_row(st, json_key(in), true);
        const char *option = json_str(json_get(row, "name"), "");

        if (!row)
            return unknown_name(s, st, in, true, err);
        if (json_type(in) != JSON_ARRAY) {
            rc = add_ref(s, st, option, role_of(row), in, err);
            continue;
        }
        if (!json_bool(json_get(row, "list"), false) && json_size(in) > 1)
            return JSON_ERR(err, s->doc, in, "input '%s' takes one, got %zu",
                            json_key(in), json_size(in));
        for (const struct json_node *v = json_first(in); rc == 0 && v;
             v = json_next(v))
            rc = add_ref(s, st, option, role_of(row), v, err);
    }
    return rc;
}

/* Values are checked against the row here, so that a bad one is an error of
 * the file and not of a stage an hour later. */
static int check_value(const struct spec *s, const struct json_node *at,
                       const struct json_node *row, const char *text,
                       struct err *err)
{
    const char *type = json_str(json_get(row, "type"), "string");
    const char *choices = json_str(json_get(row, "choices"), NULL);
    double min = json_num(json_get(row, "min"), 0.0);
    double max = json_num(json_get(row, "max"), 0.0), v;
    char *end;
    size_t len = strlen(text);

    if (strcmp(type, "flag") == 0 && strcmp(text, "true") != 0 &&
        strcmp(text, "false") != 0)
        return JSON_ERR(err, s->doc, at,
                        "option '%s' is %s, expected true "
                        "or false",
                        json_key(at), text);
    for (const char *c = choices; c;
         c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (strncmp(c, text, len) == 0 && (c[len] == '|' || !c[len]))
            return 0;
    if (choices)
        return JSON_ERR(err, s->doc, at,
                        "option '%s' is '%s', expected one of %s", json_key(at),
                        text, choices);
    if (strcmp(type, "integer") != 0 && strcmp(type, "number") != 0)
        return 0;
    v = strtod(text, &end);
    if (end == text || *end || !(v >= min && v <= max))
        return JSON_ERR(err, s->doc, at,
                        "option '%s' is %s, expected %s in [%.15g, %.15g]",
                        json_key(at), text, type, min, max);
    return 0;
}

static int add_setting(struct spec *s, struct step *st,
                       const struct json_node *v, struct err *err)
{
    const struct json_node *row = find_row(st, json_key(v), false);
    struct buf b = BUF_INIT(1 << 16);
    struct setting *grown;
    const char *param = NULL;
    int rc;

    if (!row)
        return unknown_name(s, st, v, false, err);
    if (role_of(row) == PORT_IN_MODEL) /* a base model, by name */
        return add_ref(s, st, json_str(json_get(row, "name"), ""),
                       PORT_IN_MODEL, v, err);
    if (role_of(row) != PORT_PLAIN)
        return JSON_ERR(err, s->doc, v,
                        "'%s' is an input or output, not an option",
                        json_key(v));
    rc = expand(s, &b, v, &param, err);
    if (rc == 0)
        rc = check_value(s, v, row, buf_str(&b), err);
    grown = realloc(st->setting, (st->settings + 1) * sizeof(*grown));
    if (!grown)
        rc = ERR_SET(err, ERR_NOMEM, "cannot keep an option");
    else
        st->setting = grown;
    if (rc == 0) {
        st->setting[st->settings++] =
            (struct setting){ json_str(json_get(row, "name"), ""),
                              strdup(buf_str(&b)), param };
        if (!st->setting[st->settings - 1].value)
            rc = ERR_SET(err, ERR_NOMEM, "cannot keep an option");
    }
    buf_release(&b);
    return rc;
}

static int check_required(const struct spec *s, const struct step *st,
                          struct err *err)
{
    const struct json_node *row = json_first(json_get(st->about, "options"));

    for (; row; row = json_next(row)) {
        const char *name = json_str(json_get(row, "name"), "");
        enum port_role r = role_of(row);
        bool given = r == PORT_OUT_STORE || r == PORT_OUT_FILE ||
                     r == PORT_OUT_DIR || r == PORT_STATE;

        for (size_t i = 0; i < st->refs; i++)
            given |= strcmp(st->ref[i].option, name) == 0;
        for (size_t i = 0; i < st->settings; i++)
            given |= strcmp(st->setting[i].option, name) == 0;
        if (!given && json_bool(json_get(row, "required"), false))
            return JSON_ERR(
                err, s->doc, st->node,
                "step '%s': %s '%s' of stage '%s' is missing", st->name,
                r == PORT_PLAIN ? "option" : "input",
                r == PORT_PLAIN ? name : json_str(json_get(row, "port"), name),
                st->stage);
    }
    return 0;
}

static int check_keys(const struct spec *s, const struct json_node *o,
                      const char *const *words, size_t n, struct err *err)
{
    char near[128];

    for (const struct json_node *c = json_first(o); c; c = json_next(c)) {
        bool known = false;

        for (size_t i = 0; i < n; i++)
            known |= strcmp(words[i], json_key(c)) == 0;
        if (!known)
            return JSON_ERR(err, s->doc, c, "unknown key \"%s\"%s", json_key(c),
                            hint(near, opt_nearest(json_key(c), words, n)));
    }
    return 0;
}

static int open_step(struct spec *s, const struct json_node *node,
                     struct err *err)
{
    static const char *const keys[] = { "stage", "command", "in", "options",
                                        "show" };
    struct step *st = &s->step[s->steps];
    const struct json_node *stage, *about = NULL;
    int rc = check_keys(s, node, keys, 5, err);

    if (rc < 0)
        return rc;
    if (s->steps == SPEC_STEPS_MAX)
        return JSON_ERR(err, s->doc, node, "more than %d steps",
                        SPEC_STEPS_MAX);
    if (strchr(json_key(node), '/') || json_key(node)[0] == '.')
        return JSON_ERR(err, s->doc, node, "a step cannot be called '%s'",
                        json_key(node));
    *st = (struct step){ .name = json_key(node), .node = node };
    stage = json_get(node, "stage");
    st->stage = json_str(stage, NULL);
    if (!st->stage)
        return JSON_ERR(err, s->doc, node, "step '%s' has no \"stage\"",
                        st->name);
    st->show = json_bool(json_get(node, "show"), false);
    for (size_t i = 0; i < s->abouts; i++)
        if (strcmp(program_of(json_root(s->about[i])), st->stage) == 0)
            about = json_root(s->about[i]);
    if (!about)
        rc = describe(s, stage, st->stage, &about, err);
    if (rc == 0)
        rc = pick_command(s, st, about, err);
    if (rc < 0)
        return rc;
    note_outputs(st);
    s->steps++;
    return 0;
}

static int fill_step(struct spec *s, struct step *st, struct err *err)
{
    const struct json_node *o = json_first(json_get(st->node, "options"));
    int rc = read_inputs(s, st, err);

    for (; rc == 0 && o; o = json_next(o))
        rc = add_setting(s, st, o, err);
    return rc < 0 ? rc : check_required(s, st, err);
}

/* Kahn's algorithm, always taking the first step of the file that is free. */
static int sort_steps(struct spec *s, struct err *err)
{
    bool done[SPEC_STEPS_MAX] = { false };

    for (size_t k = 0; k < s->steps; k++) {
        size_t i, j;

        for (i = 0; i < s->steps; i++) {
            for (j = 0; j < s->step[i].refs; j++)
                if (s->step[i].ref[j].step >= 0 &&
                    !done[s->step[i].ref[j].step])
                    break;
            if (!done[i] && j == s->step[i].refs)
                break;
        }
        if (i == s->steps) {
            for (i = 0; done[i]; i++)
                ;
            return JSON_ERR(err, s->doc, s->step[i].node,
                            "step '%s' is part of a circle", s->step[i].name);
        }
        done[i] = true;
        s->order[k] = i;
    }
    return 0;
}

static void report_unused(const struct spec *s)
{
    for (const struct json_node *p = json_first(s->params); p;
         p = json_next(p)) {
        bool used = false;

        for (size_t i = 0; i < s->useds; i++)
            used |= strcmp(s->used[i], json_key(p)) == 0;
        if (!used)
            log_warn("%s: no step reads parameter '%s'", s->path, json_key(p));
    }
}

static int load(struct spec *s, const char *const *sets, size_t n,
                struct err *err)
{
    static const char *const keys[] = { "pipeline", "about", "params",
                                        "steps" };
    const struct json_node *root, *steps;
    int rc = json_load(&s->doc, s->path, JSON_COMMENTS, err);

    if (rc < 0)
        return rc;
    root = json_root(s->doc);
    if (json_type(root) != JSON_OBJECT)
        return JSON_ERR(err, s->doc, root, "expected an object");
    rc = check_keys(s, root, keys, 4, err);
    s->name = json_str(json_get(root, "pipeline"), NULL);
    if (rc == 0 && (!s->name || !s->name[0] || strchr(s->name, '/')))
        rc = JSON_ERR(err, s->doc, root, "\"pipeline\" must be a name");
    steps = json_get(root, "steps");
    if (rc == 0 && (json_type(steps) != JSON_OBJECT || !json_size(steps)))
        rc = JSON_ERR(err, s->doc, root,
                      "\"steps\" must be an object of "
                      "steps");
    if (rc == 0)
        rc = declare_params(s, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = set_param(s, sets[i], err);
    for (const struct json_node *c = json_first(steps); rc == 0 && c;
         c = json_next(c))
        rc = open_step(s, c, err);
    for (size_t i = 0; rc == 0 && i < s->steps; i++)
        rc = fill_step(s, &s->step[i], err);
    return rc < 0 ? rc : sort_steps(s, err);
}

int spec_load(struct spec *s, const char *path, const char *bin,
              const char *const *sets, size_t n, struct err *err)
{
    char *slash;
    int rc;

    memset(s, 0, sizeof(*s));
    snprintf(s->path, sizeof(s->path), "%s", path);
    snprintf(s->dir, sizeof(s->dir), "%s", path);
    snprintf(s->bin, sizeof(s->bin), "%s", bin);
    slash = strrchr(s->dir, '/');
    if (slash)
        *slash = '\0';
    else
        snprintf(s->dir, sizeof(s->dir), ".");
    rc = load(s, sets, n, err);
    if (rc == 0)
        report_unused(s);
    else
        spec_release(s);
    return rc;
}

void spec_release(struct spec *s)
{
    for (size_t i = 0; i < s->steps; i++) {
        for (size_t k = 0; k < s->step[i].refs; k++)
            free(s->step[i].ref[k].value);
        for (size_t k = 0; k < s->step[i].settings; k++)
            free(s->step[i].setting[k].value);
        free(s->step[i].ref);
        free(s->step[i].setting);
    }
    for (size_t i = 0; i < s->abouts; i++)
        json_free(s->about[i]);
    free(s->about);
    free(s->used);
    json_node_free(s->params);
    json_free(s->doc);
    memset(s, 0, sizeof(*s));
}

int spec_find(const struct spec *s, const char *name, size_t *index,
              struct err *err)
{
    int i = step_index(s, name);
    const char *words[SPEC_STEPS_MAX];
    char near[128];

    if (i >= 0) {
        *index = (size_t)i;
        return 0;
    }
    for (size_t k = 0; k < s->steps; k++)
        words[k] = s->step[k].name;
    return ERR_SET(err, ERR_USAGE, "%s has no step '%s'%s", s->path, name,
                   hint(near, opt_nearest(name, words, s->steps)));
}

bool spec_depends(const struct spec *s, size_t b, size_t a)
{
    for (size_t i = 0; i < s->step[b].refs; i++) {
        int up = s->step[b].ref[i].step;

        if (up >= 0 && ((size_t)up == a || spec_depends(s, (size_t)up, a)))
            return true;
    }
    return false;
}
