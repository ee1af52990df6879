#include "dag/listing.h"

#include <string.h>

#include "store/store.h"

/* ---- what would run ---- */

static const char *state_word(enum plan_state s)
{
    switch (s) {
    case PLAN_DONE:
        return "up to date";
    case PLAN_RUN:
        return "run";
    case PLAN_WAIT:
        return "run if inputs change";
    case PLAN_UNKNOWN:
        break;
    }
    return "?";
}

/* The reasons as one line. */
static void fold(struct buf *b)
{
    while (b->len && b->ptr[b->len - 1] == '\n')
        b->ptr[--b->len] = '\0';
    for (size_t i = 0; i < b->len; i++)
        if (b->ptr[i] == '\n')
            b->ptr[i] = ';';
}

static struct json_node *describe(const char *name, const char *action,
                                  const char *why)
{
    struct json_node *o = json_new_object();

    json_set_str(o, "step", name);
    json_set_str(o, "action", action);
    json_set_str(o, "why", why);
    return o;
}

/* One step, into b or, when there is one, the array. */
static int list_step(struct buf *b, struct json_node *all, const struct plan *p,
                     size_t i, struct err *err)
{
    const char *name = p->spec->step[i].name;
    const char *action = state_word(p->step[i].state);
    struct buf why = BUF_INIT(1 << 20);
    int rc = plan_why(p, i, &why, err);

    fold(&why);
    if (rc == 0 && all)
        json_push(all, describe(name, action, buf_str(&why)));
    else if (rc == 0 && p->step[i].state != PLAN_DONE)
        rc =
            buf_printf(b, err, "%-14s %-21s %s\n", name, action, buf_str(&why));
    buf_release(&why);
    return rc;
}

int listing_plan(struct buf *b, const struct plan *p, bool json,
                 struct err *err)
{
    struct json_node *all = json ? json_new_array() : NULL;
    size_t runs = 0;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->spec->steps; k++) {
        size_t i = p->spec->order[k];

        if (!p->step[i].chosen)
            continue;
        runs += p->step[i].state != PLAN_DONE;
        rc = list_step(b, all, p, i, err);
    }
    if (rc == 0 && json)
        rc = json_print(b, all, true, err);
    if (rc == 0)
        rc = json ? buf_puts(b, "\n", err)
                  : buf_printf(b, err, "%zu of %zu steps to run\n", runs,
                               p->spec->steps);
    json_node_free(all);
    return rc;
}

int listing_why(struct buf *b, const struct plan *p, size_t i, struct err *err)
{
    int rc = buf_printf(b, err, "%s: %s\n", p->spec->step[i].name,
                        state_word(p->step[i].state));

    return rc < 0 ? rc : plan_why(p, i, b, err);
}

/* ---- what is there ---- */

static double count_of(const struct json *receipt, const char *name)
{
    return json_num(json_get(json_get(json_root(receipt), "counts"), name),
                    0.0);
}

static struct json_node *status_json(const struct step *st, const char *state,
                                     const char *fp, const char *out,
                                     const struct json *receipt)
{
    static const char *const counts[] = { "seen", "kept", "rejected",
                                          "failed" };
    struct json_node *o = json_new_object();

    json_set_str(o, "step", st->name);
    json_set_str(o, "state", state);
    json_set_str(o, "fingerprint", fp);
    json_set_str(o, "output", out);
    for (size_t i = 0; receipt && i < sizeof(counts) / sizeof(counts[0]); i++)
        json_set_num(o, counts[i], count_of(receipt, counts[i]));
    return o;
}

/* all NULL: as a line. */
static int status_of(struct buf *b, struct json_node *all, const struct plan *p,
                     size_t i, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    char fp[PLAN_FP] = "-", out[FILE_PATH_MAX] = "";
    const char *state = "not made";
    int rc = 0;

    if (plan_current(p, i, fp, out, &none) == 0 &&
        (!st->out_option || plan_receipt(st, out, &doc, &none) == 0))
        state = strcmp(fp, p->step[i].fp) == 0 ? "done" : "stale";
    if (all)
        json_push(all, status_json(st, state, fp, out, doc));
    else
        rc = buf_printf(
            b, err,
            "%-14s %-9s %-13s kept %-9.0f rejected %-7.0f failed %-5.0f %s\n",
            st->name, state, fp, count_of(doc, "kept"),
            count_of(doc, "rejected"), count_of(doc, "failed"), out);
    json_free(doc);
    return rc;
}

int listing_status(struct buf *b, const struct plan *p, bool json,
                   struct err *err)
{
    struct json_node *all = json ? json_new_array() : NULL;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->spec->steps; k++)
        rc = status_of(b, all, p, p->spec->order[k], err);
    if (rc == 0 && json)
        rc = json_print(b, all, true, err);
    if (rc == 0 && json)
        rc = buf_puts(b, "\n", err);
    json_node_free(all);
    return rc;
}

/* ---- whether it is whole ---- */

static int verify_digest(const struct step *st, const char *out,
                         struct err *err)
{
    struct json *doc;
    const char *want;
    char hex[65];
    int rc = plan_receipt(st, out, &doc, err);

    if (rc < 0)
        return rc;
    want = json_str(json_get(json_root(doc), "digest"), "");
    rc = st->out_role == PORT_OUT_DIR
             ? file_tree_digest(hex, out, "receipt.json", err)
             : file_digest(hex, out, err);
    if (rc == 0 && strcmp(hex, want) != 0)
        rc = ERR_SET(err, ERR_FORMAT,
                     "%s: damaged: digest %.12s, its receipt says %.12s", out,
                     hex, want[0] ? want : "?");
    json_free(doc);
    return rc;
}

int listing_verify(struct buf *b, const struct plan *p, struct err *err)
{
    size_t bad = 0, good = 0;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->spec->steps; k++) {
        const struct step *st = &p->spec->step[p->spec->order[k]];
        char fp[PLAN_FP], out[FILE_PATH_MAX];
        struct err e = ERR_INIT;
        int whole;

        if (!st->out_option ||
            plan_current(p, p->spec->order[k], fp, out, &e) < 0)
            continue;
        whole = st->out_role == PORT_OUT_STORE ? store_verify(out, &e)
                                               : verify_digest(st, out, &e);
        good += whole == 0;
        bad += whole < 0;
        if (whole < 0)
            rc = buf_printf(b, err, "%s: %s\n", st->name, e.msg);
    }
    if (rc == 0)
        rc = buf_printf(b, err, "%zu outputs are whole, %zu are damaged\n",
                        good, bad);
    if (rc == 0 && bad)
        rc = ERR_SET(err, ERR_FORMAT, "%zu damaged outputs", bad);
    return rc;
}
