#include "model/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "store/stage.h"

/* Bytes of all files below path. */
static int tree_size(uint64_t *bytes, const char *path, struct err *err)
{
    struct file_list list;
    int rc;

    if (!file_is_dir(path)) {
        uint64_t n = 0;

        rc = file_size(path, &n, err);
        *bytes += n;
        return rc;
    }
    rc = file_list(&list, path, err);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        char below[FILE_PATH_MAX];

        rc = file_join(below, path, list.name[i], err);
        if (rc == 0)
            rc = tree_size(bytes, below, err);
    }
    file_list_release(&list);
    return rc;
}

/* The model's name from its folder's: "owner--name" is "owner/name". */
static bool name_of(char name[FILE_PATH_MAX], const char *file)
{
    size_t n = strlen(file);
    bool complete = n < 5 || strcmp(file + n - 5, ".part") != 0;
    char *dashes;

    snprintf(name, FILE_PATH_MAX, "%.*s", (int)(complete ? n : n - 5), file);
    dashes = strstr(name, "--");
    if (dashes) {
        *dashes = '/';
        memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
    }
    return complete;
}

static int put_entry(struct json_node *all, const char *dir, const char *file,
                     struct err *err)
{
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
    struct json_node *o;
    uint64_t bytes = 0;
    bool complete = name_of(name, file);
    int rc = file_join(path, dir, file, err);

    if (rc == 0)
        rc = tree_size(&bytes, path, err);
    if (rc < 0)
        return rc;
    o = json_new_object();
    json_set_str(o, "name", name);
    json_set_num(o, "bytes", (double)bytes);
    json_set_bool(o, "complete", complete);
    json_push(all, o);
    return 0;
}

int cache_list(struct json_node **out, struct err *err)
{
    struct file_list list = { NULL, 0 };
    char dir[FILE_PATH_MAX];
    int rc = stage_model_cache(dir, "", err);

    *out = json_new_array();
    if (rc == 0 && file_is_dir(dir))
        rc = file_list(&list, dir, err);
    for (size_t i = 0; rc == 0 && i < list.n; i++)
        rc = put_entry(*out, dir, list.name[i], err);
    file_list_release(&list);
    if (rc < 0) {
        json_node_free(*out);
        *out = NULL;
    }
    return rc;
}
