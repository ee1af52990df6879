#include <math.h>
#include <stdio.h>

#include "text/diversity.h"

static int put_share(struct buf *b, const char *what, double share,
                     struct err *err)
{
    return isnan(share) ? buf_printf(b, err, "%s -", what)
                        : buf_printf(b, err, "%s %.3f", what, share);
}

int diversity_print(struct buf *b, const struct diversity_figures *f,
                    struct err *err)
{
    int rc = buf_printf(
        b, err, "diversity of %llu sentences:", (unsigned long long)f->texts);

    for (int i = 0; rc == 0 && i < DIVERSITY_GRAMS; i++) {
        char what[32];

        snprintf(what, sizeof(what), "%s distinct-%d", i ? "," : "", i + 1);
        rc = put_share(b, what, f->distinct[i], err);
    }
    if (rc == 0)
        rc = put_share(b, "; overlap within an anchor", f->group_overlap, err);
    if (rc == 0)
        rc = put_share(b, ", in a sample", f->sample_overlap, err);
    if (rc == 0)
        rc = buf_printf(b, err, "\nopenings: %llu;",
                        (unsigned long long)f->openings);
    for (size_t i = 0; rc == 0 && i < f->shown && i < 6; i++)
        rc = buf_printf(b, err, "%s \"%s\" %.1f %%", i ? "," : "",
                        f->opening[i].text,
                        100.0 * (double)f->opening[i].n / (double)f->texts);
    return rc == 0 ? buf_puts(b, "\n", err) : rc;
}

static void set_share(struct json_node *o, const char *name, double share)
{
    if (isnan(share))
        json_set_null(o, name);
    else
        json_set_num(o, name, round(share * 1e4) / 1e4);
}

struct json_node *diversity_json(const struct diversity_figures *f)
{
    struct json_node *o = json_new_object(), *list = json_new_array();

    json_set_num(o, "texts", (double)f->texts);
    json_set_num(o, "groups", (double)f->groups);
    for (int i = 0; i < DIVERSITY_GRAMS; i++) {
        char name[24];

        snprintf(name, sizeof(name), "distinct_%d", i + 1);
        set_share(o, name, f->distinct[i]);
    }
    set_share(o, "group_overlap", f->group_overlap);
    set_share(o, "sample_overlap", f->sample_overlap);
    json_set_num(o, "distinct_openings", (double)f->openings);
    for (size_t i = 0; i < f->shown; i++) {
        struct json_node *x = json_new_object();

        json_set_str(x, "text", f->opening[i].text);
        json_set_num(x, "n", (double)f->opening[i].n);
        json_push(list, x);
    }
    json_set(o, "openings", list);
    return o;
}

struct json_node *diversity_avoid(const struct diversity_figures *f)
{
    struct json_node *list = json_new_array();

    for (size_t i = 0; i < f->worn; i++)
        json_push_str(list, f->opening[i].text);
    return list;
}
