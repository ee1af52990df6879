#include "llm/aside.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { NOTE_MAX = 65536 };

static const char stage_name[] = "llm-generate, put aside";

static int made_by_us(const char *path, struct err *err)
{
    struct json *doc = NULL;
    const char *by = "";
    int rc = 0;

    if (store_receipt(&doc, path, err) == 0)
        by = json_str(json_get(json_root(doc), "stage"), "");
    if (strcmp(by, stage_name) != 0)
        rc = ERR_SET(err, ERR_USAGE,
                     "--aside: %s exists, and is no store of what was put "
                     "aside; --force replaces it",
                     path);
    json_free(doc);
    return rc;
}

int aside_check(const char *path, bool force, struct err *err)
{
    char folder[sizeof(((struct aside *)0)->path)];
    int rc = 0;

    snprintf(folder, sizeof(folder), "%.*s", (int)(file_base(path) - path),
             path);
    if (folder[0])
        rc = file_mkdirs(folder, err);
    if (rc == 0 && file_is_dir(path))
        rc = ERR_SET(err, ERR_USAGE,
                     "--aside: %s is a folder, expected a store to make", path);
    if (rc == 0 && access(folder[0] ? folder : ".", W_OK) != 0)
        rc = ERR_SET(err, ERR_IO, "--aside: cannot write in %s: %s",
                     folder[0] ? folder : "this folder", strerror(errno));
    return rc == 0 && !force && file_exists(path) ? made_by_us(path, err) : rc;
}

int aside_open(struct aside *a, const char *path, struct err *err)
{
    char part[sizeof(a->path) + 8];
    bool resumed;
    int rc;

    snprintf(a->path, sizeof(a->path), "%s", path);
    snprintf(part, sizeof(part), "%s.part", path);
    rc = file_remove(part, err);
    if (rc == 0)
        rc = store_create(&a->store, part, "pairs", &resumed, err);
    return rc == 0 ? writer_new(&a->writer, a->store, err) : rc;
}

struct json_node *aside_votes(const struct checks_result *r)
{
    struct json_node *o = json_new_object();

    for (int f = 0; f < CHECKS; f++)
        if (r->vote[f] != VOTE_ABSTAIN)
            json_set_str(o, checks_name((enum checks_fn)f),
                         r->vote[f] == VOTE_ACCEPT ? "accept" : "reject");
    return o;
}

static int write_note(struct aside *a, uint64_t ordinal,
                      const struct chat_item *item,
                      const struct checks_result *r, bool positive,
                      const char *model, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(NOTE_MAX);
    int rc;

    json_set_str(o, "model", model);
    json_set_num(o, "suggestion", positive ? 1 : 0);
    if (item->kind[0])
        json_set_str(o, "kind", item->kind);
    json_set_str(o, "doubt", checks_name(r->why));
    json_set(o, "votes", aside_votes(r));
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = writer_note(a->writer, STORE_PAIRS, ordinal,
                         (struct span){ b.ptr, b.len }, err);
    buf_release(&b);
    json_node_free(o);
    return rc;
}

int aside_write(struct aside *a, struct span anchor, const struct items *it,
                const char *model, struct err *err)
{
    struct pair p = { 0, 0, NAN, NAN, NAN, ORIGIN_LLM, 0 };
    const struct span none = { "", 0 };
    int rc = 0;

    for (size_t i = 0; rc == 0 && a->writer && i < it->asides; i++) {
        uint64_t ordinal;

        rc = writer_text(a->writer, anchor, none, &p.a, err);
        if (rc == 0)
            rc = writer_text(a->writer, span_of(it->aside[i]->text), none, &p.b,
                             err);
        if (rc == 0)
            rc = writer_pair(a->writer, &p, &ordinal, err);
        if (rc == 0)
            rc = write_note(a, ordinal, it->aside[i], &it->aside_is[i],
                            i < it->aside_positives, model, err);
    }
    return rc;
}

int aside_finish(struct aside *a, struct err *err)
{
    struct json_node *receipt;
    int rc;

    if (!a->store)
        return 0;
    receipt = json_new_object();
    json_set_str(receipt, "stage", stage_name);
    writer_free(a->writer);
    rc = store_finish(a->store, a->path, receipt, err);
    json_node_free(receipt);
    a->writer = NULL;
    a->store = NULL;
    return rc;
}

void aside_abandon(struct aside *a)
{
    writer_free(a->writer);
    store_close(a->store);
    a->writer = NULL;
    a->store = NULL;
}
