/* file_tree.c - what is in a folder, and digests of files and folders. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_parts.h"
#include "base/hash.h"

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_add(struct file_list *list, const char *name, struct err *err)
{
    char **grown = list->name;

    if ((list->n & (list->n - 1)) == 0) /* full at each power of two */
        grown =
            realloc(list->name, (list->n ? 2 * list->n : 1) * sizeof(*grown));
    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot list a folder");
    list->name = grown;
    list->name[list->n] = strdup(name);
    if (!list->name[list->n])
        return ERR_SET(err, ERR_NOMEM, "cannot list a folder");
    list->n++;
    return 0;
}

int file_list(struct file_list *list, const char *dir, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int rc = 0;

    *list = (struct file_list){ NULL, 0 };
    if (!d)
        return file_fail(err, dir, "open folder");
    for (e = readdir(d); e && rc == 0; e = readdir(d))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = list_add(list, e->d_name, err);
    closedir(d);
    if (rc < 0)
        file_list_release(list);
    else if (list->n)
        qsort(list->name, list->n, sizeof(*list->name), by_bytes);
    return rc;
}

void file_list_release(struct file_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->name[i]);
    free(list->name);
    *list = (struct file_list){ NULL, 0 };
}

int file_sweep(const char *dir, const char *ending, struct err *err)
{
    struct file_list list;
    char path[FILE_PATH_MAX];
    size_t len = strlen(ending);
    int rc = file_list(&list, dir, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        size_t n = strlen(list.name[i]);

        if (n <= len || strcmp(list.name[i] + n - len, ending) != 0)
            continue;
        rc = file_join(path, dir, list.name[i], err);
        if (rc == 0)
            rc = file_remove(path, err);
    }
    file_list_release(&list);
    return rc;
}

static int hash_file(struct sha256 *h, const char *path, struct err *err)
{
    static char block[1 << 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    ssize_t n;

    if (fd < 0)
        return file_fail(err, path, "open");
    do {
        n = read(fd, block, sizeof(block));
        if (n > 0)
            sha256_add(h, block, (size_t)n);
        else if (n < 0 && errno != EINTR)
            rc = file_fail(err, path, "read");
    } while (rc == 0 && n != 0);
    close(fd);
    return rc;
}

int file_digest(char hex[65], const char *path, struct err *err)
{
    struct sha256 *h;
    int rc = sha256_new(&h, err);

    if (rc < 0)
        return rc;
    rc = hash_file(h, path, err);
    if (rc == 0)
        sha256_finish(h, hex);
    else
        sha256_free(h);
    return rc;
}

/* One entry of the tree: a folder is descended into, a file is hashed with
 * its relative name and size before its bytes. */
static int hash_tree(struct sha256 *h, const char *dir, const char *prefix,
                     const char *skip, struct err *err)
{
    struct file_list list;
    int rc = file_list(&list, dir, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
        uint64_t size;

        if (skip && strcmp(list.name[i], skip) == 0)
            continue;
        rc = file_join(path, dir, list.name[i], err);
        if (rc == 0)
            rc = file_join(name, prefix, list.name[i], err);
        if (rc == 0 && file_is_dir(path)) {
            rc = hash_tree(h, path, name, NULL, err);
            continue;
        }
        if (rc == 0)
            rc = file_size(path, &size, err);
        if (rc < 0)
            break;
        sha256_add(h, name, strlen(name) + 1);
        sha256_add(h, &size, sizeof(size));
        rc = hash_file(h, path, err);
    }
    file_list_release(&list);
    return rc;
}

int file_tree_digest(char hex[65], const char *dir, const char *skip,
                     struct err *err)
{
    struct sha256 *h;
    int rc = sha256_new(&h, err);

    if (rc < 0)
        return rc;
    rc = hash_tree(h, dir, "", skip, err);
    if (rc == 0)
        sha256_finish(h, hex);
    else
        sha256_free(h);
    return rc;
}
