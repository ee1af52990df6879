/* plan_why.c - the components of fingerprints compared, in words. */
#include <stdio.h>
#include <string.h>

#include "dag/plan_parts.h"

const char *plan_component(const struct json_node *parts, const char *name)
{
    for (const struct json_node *c = json_first(parts); c; c = json_next(c))
        if (strcmp(json_str(json_get(c, "name"), ""), name) == 0)
            return json_str(json_get(c, "value"), "");
    return NULL;
}

static int changed(struct buf *b, const struct json_node *old,
                   const struct json_node *new, struct err *err)
{
    int rc = 0;

    for (const struct json_node *c = json_first(new); rc == 0 && c;
         c = json_next(c)) {
        const char *name = json_str(json_get(c, "name"), "");
        const char *now = json_str(json_get(c, "value"), "");
        const char *was = plan_component(old, name);

        if (!was)
            rc = buf_printf(b, err, "%s: (absent) -> %.60s\n", name, now);
        else if (strcmp(was, now) != 0)
            rc = buf_printf(b, err, "%s: %.60s -> %.60s\n", name, was, now);
    }
    for (const struct json_node *c = json_first(old); rc == 0 && c;
         c = json_next(c)) {
        const char *name = json_str(json_get(c, "name"), "");

        if (!plan_component(new, name))
            rc = buf_printf(b, err, "%s: %.60s -> (absent)\n", name,
                            json_str(json_get(c, "value"), ""));
    }
    return rc;
}

/* The parameter behind a changed option, so that a user sees the name that
 * was set. */
static int name_params(const struct step *st, struct buf *b, size_t from,
                       struct err *err)
{
    for (size_t k = 0; k < st->settings; k++) {
        char line[200];
        int rc;

        if (!st->setting[k].param)
            continue;
        snprintf(line, sizeof(line), "option.%s: ", st->setting[k].option);
        if (!strstr(b->ptr + from, line))
            continue;
        rc = buf_printf(b, err, "(option %s comes from parameter '%s')\n",
                        st->setting[k].option, st->setting[k].param);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int why_run(const struct plan *p, size_t i, struct buf *b,
                   struct err *err)
{
    static const char gone[] = "the output in force is damaged or gone\n";
    const struct step *st = &p->spec->step[i];
    char fp[PLAN_FP], out[FILE_PATH_MAX];
    struct err none = ERR_INIT;
    struct json *old;
    size_t from = b->len;
    int rc;

    if (p->step[i].forced)
        return buf_puts(b, "forced by --force\n", err);
    if (!st->out_option)
        return buf_puts(b, "has no output to reuse\n", err);
    if (plan_current(p, i, fp, out, &none) < 0)
        return buf_puts(b, "no output yet\n", err);
    if (plan_receipt(st, out, &old, &none) < 0)
        return buf_puts(b, gone, err);
    rc = changed(b, json_get(json_root(old), "fingerprint"),
                 json_root(p->step[i].parts), err);
    json_free(old);
    if (rc == 0 && b->len == from)
        rc = buf_puts(b, gone, err);
    return rc < 0 || !b->ptr ? rc : name_params(st, b, from, err);
}

int plan_why(const struct plan *p, size_t i, struct buf *b, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    int rc = 0;

    switch (p->step[i].state) {
    case PLAN_DONE:
        return buf_printf(b, err,
                          "nothing to do: %s has the same fingerprint (%s)\n",
                          p->step[i].out, p->step[i].fp);
    case PLAN_RUN:
        return why_run(p, i, b, err);
    case PLAN_WAIT:
        for (size_t k = 0; rc == 0 && k < st->refs; k++) {
            int up = st->ref[k].step;

            if (up >= 0 && p->step[up].state != PLAN_DONE)
                rc = buf_printf(b, err, "input.%s: '%s' will be made again\n",
                                st->ref[k].option, p->spec->step[up].name);
        }
        return rc;
    case PLAN_UNKNOWN:
        break;
    }
    return 0;
}
