/* stage_paths.c - a file must not be read and written, or written twice: the
 * output would replace what was paid for or labelled by hand. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "store/stage_parts.h"

static bool writes(const struct opt *o)
{
    return o->role == OPT_OUT_STORE || o->role == OPT_OUT_FILE ||
           o->role == OPT_OUT_DIR || o->role == OPT_STATE ||
           (o->flags & OPT_WRITTEN);
}

static bool reads(const struct opt *o)
{
    return o->role == OPT_IN_STORE || o->role == OPT_IN_FILE ||
           o->role == OPT_IN_MODEL;
}

/* The i-th path of an option; "" past the last. */
static const char *path_of(const struct stage *st, const struct opt *o,
                           size_t i)
{
    const void *field = (const char *)st->args + o->offset;
    const struct opt_list *list = field;

    if (o->type == OPT_LIST)
        return i < list->n ? list->item[i] : "";
    return i == 0 ? *(const char *const *)field : "";
}

/* The folder that holds path, and what path is called in it. */
static bool split(struct stat *folder, const char **name, const char *path)
{
    char dir[FILE_PATH_MAX];

    *name = file_base(path);
    snprintf(dir, sizeof(dir), "%.*s", (int)(*name - path), path);
    return stat(dir[0] ? dir : ".", folder) == 0;
}

/* Also by another name, and where neither is there yet. Devices are no files:
 * two options may name /dev/null. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    const char *in_x, *in_y;
    bool there = stat(a, &x) == 0;

    if (there && !S_ISREG(x.st_mode) && !S_ISDIR(x.st_mode))
        return false;
    if (there && stat(b, &y) == 0)
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    return split(&x, &in_x, a) && split(&y, &in_y, b) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino && strcmp(in_x, in_y) == 0;
}

static int check_pair(const struct stage *st, const struct opt *written,
                      const struct opt *other, struct err *err)
{
    const char *w = path_of(st, written, 0);

    for (size_t i = 0; w[0] && path_of(st, other, i)[0]; i++)
        if (same_file(w, path_of(st, other, i)))
            return ERR_SET(err, ERR_USAGE,
                           "--%s and --%s are the same file, %s: it would be "
                           "replaced",
                           other->long_name, written->long_name, w);
    return 0;
}

int stage_check_paths(const struct stage *st, struct err *err)
{
    const struct opt *all = st->opts->opts;
    int rc = 0;

    for (const struct opt *w = all; w->long_name; w++)
        for (const struct opt *o = all; rc == 0 && writes(w) && o->long_name;
             o++)
            if (reads(o) || (writes(o) && o < w))
                rc = check_pair(st, w, o, err);
    return rc;
}

void stage_tell_unwritten(const struct stage *st)
{
    for (const struct opt *o = st->opts->opts; o->long_name; o++) {
        const char *path = o->flags & OPT_WRITTEN ? path_of(st, o, 0) : "";

        if (path[0] && !file_exists(path))
            log_warn("%s is not made, since %s was there; --force makes both",
                     path, st->out);
    }
}
