#include "dag/catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "dag/spawn.h"

enum { COMMANDS_MAX = 64, DESCRIPTION_MAX = 4 << 20 /* bytes */ };

void catalog_init(struct catalog *c, const char *bin)
{
    *c = (struct catalog){ .abouts = 0 };
    snprintf(c->bin, sizeof(c->bin), "%s", bin);
}

void catalog_release(struct catalog *c)
{
    for (size_t i = 0; i < c->abouts; i++)
        json_free(c->about[i]);
    free(c->about);
    c->about = NULL;
    c->abouts = 0;
}

/* ---- stages ---- */

static int no_stage(const struct catalog *c, const struct json *doc,
                    const struct json_node *at, struct err *err)
{
    const char *stage = json_str(at, "");
    struct file_list list;
    char near[OPT_HINT];
    int rc = file_list(&list, c->bin, err);

    if (rc < 0)
        return rc;
    rc =
        JSON_ERR(err, doc, at, "unknown stage '%s'%s", stage,
                 opt_hint(near, stage, (const char *const *)list.name, list.n));
    file_list_release(&list);
    return rc;
}

/* What the program says when asked; the caller frees *out. */
static int ask(struct json **out, const struct catalog *c,
               const struct json *doc, const struct json_node *at,
               struct err *err)
{
    const char *stage = json_str(at, "");
    struct argv argv = ARGV_INIT;
    struct buf text = BUF_INIT(DESCRIPTION_MAX);
    char path[FILE_PATH_MAX];
    int status = 0, rc;

    *out = NULL;
    rc = strchr(stage, '/') ? no_stage(c, doc, at, err)
                            : file_join(path, c->bin, stage, err);
    if (rc == 0 && access(path, X_OK) != 0)
        rc = no_stage(c, doc, at, err);
    if (rc == 0)
        rc = argv_add(&argv, path, err);
    if (rc == 0)
        rc = argv_add(&argv, "--describe", err);
    if (rc == 0)
        rc = spawn_capture(&argv, &text, &status, false, err);
    if (rc == 0 && status != 0)
        rc = JSON_ERR(err, doc, at, "'%s --describe' failed (exit %d)", stage,
                      status);
    if (rc == 0)
        rc = json_parse(out, path, buf_str(&text), text.len, 0, err);
    argv_release(&argv);
    buf_release(&text);
    return rc;
}

static const char *program_of(const struct json_node *about)
{
    if (json_type(about) == JSON_ARRAY)
        about = json_first(about);
    return catalog_text(about, "program");
}

/* All that the stage says: an object, or an array of them, one a command. */
static int find_stage(struct catalog *c, const struct json *doc,
                      const struct json_node *at, const struct json_node **out,
                      struct err *err)
{
    struct json **grown, *said;
    int rc;

    *out = NULL;
    for (size_t i = 0; i < c->abouts; i++) {
        *out = json_root(c->about[i]);
        if (strcmp(program_of(*out), json_str(at, "")) == 0)
            return 0;
    }
    rc = ask(&said, c, doc, at, err);
    if (rc < 0)
        return rc;
    grown = realloc(c->about, (c->abouts + 1) * sizeof(*grown));
    if (!grown) {
        json_free(said);
        return ERR_SET(err, ERR_NOMEM, "cannot keep a description");
    }
    c->about = grown;
    c->about[c->abouts++] = said;
    *out = json_root(said);
    return 0;
}

/* ---- commands ---- */

static int find_command(const struct json_node *all, const struct json *doc,
                        const struct json_node *step,
                        const struct json_node **about, const char **command,
                        struct err *err)
{
    const struct json_node *at = json_get(step, "command");
    const char *stage = catalog_text(step, "stage"), *name = json_str(at, NULL);
    const char *words[COMMANDS_MAX];
    size_t n = 0;
    char near[OPT_HINT];

    for (const struct json_node *c = json_first(all); c; c = json_next(c)) {
        words[n] = catalog_text(c, "command");
        if (name && strcmp(words[n], name) == 0) {
            *command = name;
            *about = c;
            return 0;
        }
        n += n < COMMANDS_MAX - 1;
    }
    if (!name)
        return JSON_ERR(err, doc, step, "stage '%s' needs a \"command\"",
                        stage);
    return JSON_ERR(err, doc, at, "unknown command '%s' of stage '%s'%s", name,
                    stage, opt_hint(near, name, words, n));
}

int catalog_find(struct catalog *c, const struct json *doc,
                 const struct json_node *step, const struct json_node **about,
                 const char **command, struct err *err)
{
    const struct json_node *at = json_get(step, "command"), *all;
    int rc = find_stage(c, doc, json_get(step, "stage"), &all, err);

    *command = NULL;
    if (rc < 0)
        return rc;
    if (json_type(all) == JSON_ARRAY)
        return find_command(all, doc, step, about, command, err);
    *about = all;
    return at ? JSON_ERR(err, doc, at, "stage '%s' has no commands",
                         catalog_text(step, "stage"))
              : 0;
}

/* ---- rows ---- */

const char *catalog_text(const struct json_node *row, const char *key)
{
    return json_str(json_get(row, key), "");
}

enum port_role catalog_role(const struct json_node *row)
{
    const char *name = json_str(json_get(row, "role"), "option");

    for (int r = OPT_PLAIN; r <= OPT_STATE; r++)
        if (strcmp(name, opt_role_name((enum opt_role)r)) == 0)
            return (enum port_role)r;
    return PORT_PLAIN;
}

bool catalog_is_input(enum port_role r)
{
    return r == PORT_IN_STORE || r == PORT_IN_FILE || r == PORT_IN_MODEL;
}

bool catalog_is_output(enum port_role r)
{
    return r == PORT_OUT_STORE || r == PORT_OUT_FILE || r == PORT_OUT_DIR;
}

const struct json_node *catalog_rows(const struct json_node *about)
{
    return json_first(json_get(about, "options"));
}

const struct json_node *catalog_option(const struct json_node *about,
                                       const char *name)
{
    const struct json_node *row = catalog_rows(about);

    while (row && strcmp(catalog_text(row, "name"), name) != 0)
        row = json_next(row);
    return row;
}

const struct json_node *catalog_input(const struct json_node *about,
                                      const char *port)
{
    const struct json_node *row = catalog_rows(about);

    while (row && (!catalog_is_input(catalog_role(row)) ||
                   strcmp(catalog_text(row, "port"), port) != 0))
        row = json_next(row);
    return row;
}

/* ---- values ---- */

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *c = choices; c;
         c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (strncmp(c, text, len) == 0 && (c[len] == '|' || !c[len]))
            return true;
    return false;
}

static int check_number(const struct json_node *row, const struct json *doc,
                        const struct json_node *at, const char *text,
                        struct err *err)
{
    double min = json_num(json_get(row, "min"), 0.0);
    double max = json_num(json_get(row, "max"), 0.0), v;
    bool whole = strcmp(catalog_text(row, "type"), "integer") == 0;
    char *end;

    v = strtod(text, &end);
    if (end != text && !*end && v >= min && v <= max &&
        !(whole && v != floor(v)))
        return 0;
    return JSON_ERR(err, doc, at,
                    "option '%s' is %s, expected %s in [%.15g, %.15g]",
                    json_key(at), text, catalog_text(row, "type"), min, max);
}

int catalog_check(const struct json_node *row, const struct json *doc,
                  const struct json_node *at, const char *text, struct err *err)
{
    const char *type = catalog_text(row, "type");
    const char *choices = catalog_text(row, "choices");

    if (strcmp(type, "flag") == 0 && strcmp(text, "true") != 0 &&
        strcmp(text, "false") != 0)
        return JSON_ERR(err, doc, at,
                        "option '%s' is %s, expected true or false",
                        json_key(at), text);
    if (choices[0] && !is_choice(choices, text))
        return JSON_ERR(err, doc, at, "option '%s' is '%s', expected one of %s",
                        json_key(at), text, choices);
    if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
        return check_number(row, doc, at, text, err);
    return 0;
}
