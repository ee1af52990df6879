#include "net/provider.h"

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
static int folder(char out[FILE_PATH_MAX], size_t i, struct err *err)
{
    static const char *const near[] = { "../../../pipelines/profiles",
                                        "../../pipelines/profiles",
                                        "../share/silversmith/profiles" };
    const char *env = getenv("SILVERSMITH_PROFILES");

    if (i == 0)
        return file_join(out, "", env ? env : "", err);
    return i <= 3 ? beside(out, near[i - 1], err) : 1;
}

static void list(char *out, size_t size)
{
    char dir[FILE_PATH_MAX];
    struct err none = ERR_INIT;
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; folder(dir, i, &none) == 0; i++) {
        struct file_list l;

        if (!dir[0] || file_list(&l, dir, &none) < 0)
            continue;
        for (size_t k = 0; k < l.n; k++) {
            size_t n = strlen(l.name[k]);

            if (n > 5 && strcmp(l.name[k] + n - 5, ".json") == 0 &&
                used + n < size)
                used +=
                    (size_t)snprintf(out + used, size - used, "%s%.*s",
                                     used ? ", " : "", (int)n - 5, l.name[k]);
        }
        file_list_release(&l);
        if (used)
            break;
    }
}

int provider_find(char path[FILE_PATH_MAX], const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX], file[300], names[300];
    struct err none = ERR_INIT;

    if (strchr(name, '/') || file_exists(name))
        return file_join(path, "", name, err);
    snprintf(file, sizeof(file), "%.250s.json", name);
    for (size_t i = 0; folder(dir, i, &none) == 0; i++)
        if (dir[0] && file_join(path, dir, file, &none) == 0 &&
            file_exists(path))
            return 0;
    list(names, sizeof(names));
    return ERR_SET(err, ERR_NOTFOUND,
                   "no profile '%.80s': expected a file, or one of: %s", name,
                   names[0] ? names : "(none found)");
}
