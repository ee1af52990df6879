#include "dag/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/opt.h"

static int check_keys(const struct spec *s, const struct json_node *o,
                      const char *const *words, size_t n, struct err *err)
{
    char near[OPT_HINT];

    for (const struct json_node *c = json_first(o); c; c = json_next(c)) {
        bool known = false;

        for (size_t i = 0; i < n; i++)
            known |= strcmp(words[i], json_key(c)) == 0;
        if (!known)
            return JSON_ERR(err, s->doc, c, "unknown key \"%s\"%s", json_key(c),
                            opt_hint(near, json_key(c), words, n));
    }
    return 0;
}

static int open_steps(struct spec *s, const struct json_node *steps,
                      struct err *err)
{
    static const char *const keys[] = { "stage", "command", "in", "options",
                                        "show" };
    int rc = 0;

    for (const struct json_node *c = json_first(steps); rc == 0 && c;
         c = json_next(c)) {
        rc = check_keys(s, c, keys, 5, err);
        if (rc == 0 && s->steps == SPEC_STEPS_MAX)
            rc = JSON_ERR(err, s->doc, c, "more than %d steps", SPEC_STEPS_MAX);
        if (rc == 0)
            rc = step_open(&s->step[s->steps], s, c, err);
        s->steps += rc == 0;
    }
    return rc;
}

/* All of its inputs that are steps are done. */
static bool is_free(const struct step *st, const bool *done)
{
    for (size_t k = 0; k < st->refs; k++)
        if (st->ref[k].step >= 0 && !done[st->ref[k].step])
            return false;
    return true;
}

/* Kahn's algorithm, always taking the first step of the file that is free. */
static int sort_steps(struct spec *s, struct err *err)
{
    bool done[SPEC_STEPS_MAX] = { false };

    for (size_t k = 0; k < s->steps; k++) {
        size_t i = 0;

        while (i < s->steps && (done[i] || !is_free(&s->step[i], done)))
            i++;
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
        rc =
            JSON_ERR(err, s->doc, root, "\"steps\" must be an object of steps");
    if (rc == 0)
        rc = params_declare(&s->params, s->doc, s->dir, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = params_set(&s->params, sets[i], err);
    if (rc == 0)
        rc = open_steps(s, steps, err);
    for (size_t i = 0; rc == 0 && i < s->steps; i++)
        rc = step_fill(&s->step[i], s, err);
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
    catalog_init(&s->catalog, bin);
    slash = strrchr(s->dir, '/');
    if (slash)
        *slash = '\0';
    else
        snprintf(s->dir, sizeof(s->dir), ".");
    rc = load(s, sets, n, err);
    if (rc == 0)
        params_warn_unused(&s->params, s->path);
    else
        spec_release(s);
    return rc;
}

void spec_release(struct spec *s)
{
    for (size_t i = 0; i < s->steps; i++)
        step_release(&s->step[i]);
    catalog_release(&s->catalog);
    params_release(&s->params);
    json_free(s->doc);
    memset(s, 0, sizeof(*s));
}

int spec_index(const struct spec *s, const char *name)
{
    for (size_t i = 0; i < s->steps; i++)
        if (strcmp(s->step[i].name, name) == 0)
            return (int)i;
    return -1;
}

int spec_find(const struct spec *s, const char *name, size_t *index,
              struct err *err)
{
    int i = spec_index(s, name);
    const char *words[SPEC_STEPS_MAX];
    char near[OPT_HINT];

    if (i >= 0) {
        *index = (size_t)i;
        return 0;
    }
    for (size_t k = 0; k < s->steps; k++)
        words[k] = s->step[k].name;
    return ERR_SET(err, ERR_USAGE, "%s has no step '%s'%s", s->path, name,
                   opt_hint(near, name, words, s->steps));
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
