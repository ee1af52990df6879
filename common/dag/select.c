#include "dag/select.h"

static bool given(const char *name)
{
    return name && name[0];
}

static int find(const struct spec *s, const char *name, size_t *at,
                struct err *err)
{
    return given(name) ? spec_find(s, name, at, err) : 0;
}

static int force(struct plan *p, const struct opt_list *names, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < names->n; k++) {
        size_t i;

        rc = spec_find(p->spec, names->item[k], &i, err);
        if (rc == 0)
            p->step[i].forced = true;
    }
    return rc;
}

int select_steps(struct plan *p, const struct select *how, struct err *err)
{
    const struct spec *s = p->spec;
    size_t from = 0, until = 0, only = 0;
    int rc = find(s, how->from, &from, err);

    if (rc == 0)
        rc = find(s, how->until, &until, err);
    if (rc == 0)
        rc = find(s, how->only, &only, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < s->steps; i++) {
        bool in = true;

        if (given(how->from))
            in &= i == from || spec_depends(s, i, from);
        if (given(how->until))
            in &= i == until || spec_depends(s, until, i);
        if (given(how->only))
            in &= i == only;
        p->step[i].chosen = in;
    }
    return force(p, how->force, err);
}
