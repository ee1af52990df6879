#include "net/data_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folder of this program, and what is below or beside it. */
static int beside(char out[FILE_PATH_MAX], const char *rest, struct err *err)
{
    char exe[FILE_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    char *slash;

    exe[n > 0 ? n : 0] = '\0';
    slash = strrchr(exe, '/');
    if (!slash)
        return ERR_SET(err, ERR_NOTFOUND, "where is this program?");
    *slash = '\0';
    return file_join(out, exe, rest, err);
}

/* Folder number i of those that are looked into. 1: there is no such. */
static int folder(char out[FILE_PATH_MAX], const struct data_kind *k, size_t i,
                  struct err *err)
{
    static const char *const near[] = { "../../../pipelines", "../../pipelines",
                                        "../share/silversmith" };
    const char *env = getenv(k->env);
    char rest[200];

    if (i == 0)
        return file_join(out, "", env ? env : "", err);
    if (i > 3)
        return 1;
    snprintf(rest, sizeof(rest), "%s/%s", near[i - 1], k->folder);
    return beside(out, rest, err);
}

static void list(char *out, size_t size, const struct data_kind *k)
{
    const size_t end = strlen(k->ending);
    char dir[FILE_PATH_MAX];
    struct err none = ERR_INIT;
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; !used && folder(dir, k, i, &none) == 0; i++) {
        struct file_list l;

        if (!dir[0] || file_list(&l, dir, &none) < 0)
            continue;
        for (size_t f = 0; f < l.n; f++) {
            size_t n = strlen(l.name[f]);

            if (n > end && strcmp(l.name[f] + n - end, k->ending) == 0 &&
                used + n < size)
                used += (size_t)snprintf(out + used, size - used, "%s%.*s",
                                         used ? ", " : "", (int)(n - end),
                                         l.name[f]);
        }
        file_list_release(&l);
    }
}

int data_file_find(char path[FILE_PATH_MAX], const struct data_kind *k,
                   const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX], file[300], names[300];
    struct err none = ERR_INIT;

    if (strchr(name, '/') || (file_exists(name) && !file_is_dir(name)))
        return file_join(path, "", name, err);
    snprintf(file, sizeof(file), "%.250s%s", name, k->ending);
    for (size_t i = 0; folder(dir, k, i, &none) == 0; i++)
        if (dir[0] && file_join(path, dir, file, &none) == 0 &&
            file_exists(path))
            return 0;
    list(names, sizeof(names), k);
    return ERR_SET(err, ERR_NOTFOUND,
                   "no %s '%.80s': expected a file, or one of: %s", k->what,
                   name, names[0] ? names : "(none found)");
}
