#include "dag/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "dag/plan_parts.h"
#include "store/store.h"

int plan_init(struct plan *p, const struct spec *s, const char *runs,
              struct err *err)
{
    memset(p, 0, sizeof(*p));
    p->spec = s;
    return file_join(p->root, runs, s->name, err);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < SPEC_STEPS_MAX; i++) {
        json_free(p->step[i].parts);
        p->step[i].parts = NULL;
    }
}

/* The name of a step's output inside its folder. */
static int out_path(const struct step *st, const char *dir,
                    char out[FILE_PATH_MAX], struct err *err)
{
    char name[256];

    out[0] = '\0';
    if (!st->out_option)
        return 0;
    snprintf(name, sizeof(name), "%s%s", st->name,
             st->out_role == PORT_OUT_STORE ? ".lmdb" : "");
    return file_join(out, dir, name, err);
}

static int add_option(struct argv *a, const char *name, const char *value,
                      struct err *err)
{
    char option[160];
    int rc;

    snprintf(option, sizeof(option), "--%s", name);
    rc = argv_add(a, option, err);
    return rc < 0 || !value ? rc : argv_add(a, value, err);
}

static bool is_flag(const struct step *st, const char *name)
{
    const struct json_node *row = json_first(json_get(st->about, "options"));

    for (; row; row = json_next(row))
        if (strcmp(json_str(json_get(row, "name"), ""), name) == 0)
            return strcmp(json_str(json_get(row, "type"), ""), "flag") == 0;
    return false;
}

static int add_settings(const struct step *st, struct argv *a, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < st->settings; k++) {
        const struct setting *o = &st->setting[k];

        if (!is_flag(st, o->option))
            rc = add_option(a, o->option, o->value, err);
        else if (strcmp(o->value, "true") == 0)
            rc = add_option(a, o->option, NULL, err);
    }
    return rc;
}

static int add_state(const struct plan *p, const struct step *st,
                     struct argv *a, struct err *err)
{
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    int rc;

    if (!st->state_option)
        return 0;
    rc = file_join(dir, p->root, st->name, err);
    if (rc == 0)
        rc = file_join(path, dir, "state.lmdb", err);
    return rc < 0 ? rc : add_option(a, st->state_option, path, err);
}

static int build_argv(const struct plan *p, size_t i, const char *out,
                      struct argv *a, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    char program[FILE_PATH_MAX];
    int rc = file_join(program, p->spec->catalog.bin, st->stage, err);

    if (rc == 0)
        rc = argv_add(a, program, err);
    if (rc == 0 && st->command)
        rc = argv_add(a, st->command, err);
    for (size_t k = 0; rc == 0 && k < st->refs; k++) {
        const struct ref *r = &st->ref[k];

        rc = add_option(a, r->option,
                        r->step < 0 ? r->value : p->step[r->step].out, err);
    }
    if (rc == 0)
        rc = add_settings(st, a, err);
    if (rc == 0)
        rc = add_state(p, st, a, err);
    if (rc == 0 && st->out_option)
        rc = add_option(a, st->out_option, out, err);
    if (rc == 0 && p->threads)
        rc = add_option(a, "threads", p->threads, err);
    return rc;
}

int plan_argv(const struct plan *p, size_t i, struct argv *a, struct err *err)
{
    const struct plan_step *ps = &p->step[i];
    int rc = build_argv(p, i, ps->out, a, err);

    /* what is at a fingerprint's place and has another, or none, is damaged:
     * the stage would refuse to replace it */
    if (rc == 0 && ps->out[0] && (ps->forced || file_exists(ps->out)))
        rc = argv_add(a, "--force", err);
    return rc;
}

/* Ask the stage for the components of its fingerprint. */
static int ask_fingerprint(struct plan *p, size_t i, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    struct argv a = ARGV_INIT;
    struct buf text = BUF_INIT(16 << 20);
    char hex[HASH_HEX];
    int status = 0, rc;

    rc = build_argv(p, i, "not-made", &a, err);
    if (rc == 0)
        rc = argv_add(&a, "--fingerprint", err);
    if (rc == 0)
        rc = spawn_capture(&a, &text, &status, false, err);
    if (rc == 0 && status != 0)
        rc = ERR_SET(err, status == 2 ? ERR_USAGE : ERR_CONFIG,
                     "step '%s': the command above failed (exit %d)", st->name,
                     status);
    json_free(p->step[i].parts);
    p->step[i].parts = NULL;
    if (rc == 0)
        rc = json_parse(&p->step[i].parts, st->stage, buf_str(&text), text.len,
                        0, err);
    if (rc == 0)
        rc = sha256_hex(hex, text.ptr, text.len, err);
    if (rc == 0)
        snprintf(p->step[i].fp, sizeof(p->step[i].fp), "%.12s", hex);
    argv_release(&a);
    buf_release(&text);
    return rc;
}

static bool same_parts(const struct json_node *a, const struct json_node *b)
{
    if (json_size(a) != json_size(b))
        return false;
    for (const struct json_node *c = json_first(a); c; c = json_next(c)) {
        const char *v = plan_component(b, json_str(json_get(c, "name"), ""));

        if (!v || strcmp(v, json_str(json_get(c, "value"), "")) != 0)
            return false;
    }
    return true;
}

int plan_receipt(const struct step *st, const char *out, struct json **doc,
                 struct err *err)
{
    char path[FILE_PATH_MAX];

    *doc = NULL;
    if (st->out_role == PORT_OUT_STORE)
        return store_receipt(doc, out, err);
    if ((size_t)snprintf(path, sizeof(path), "%s%sreceipt.json", out,
                         st->out_role == PORT_OUT_DIR ? "/" : ".") >=
        sizeof(path))
        return ERR_SET(err, ERR_FULL, "%s: path is too long", out);
    return json_load(doc, path, 0, err);
}

/* Is there a finished output whose receipt has these components? */
static bool is_made(const struct plan *p, size_t i)
{
    const struct plan_step *ps = &p->step[i];
    struct err err = ERR_INIT;
    struct json *doc;
    bool same;

    if (plan_receipt(&p->spec->step[i], ps->out, &doc, &err) < 0) {
        if (err.code != ERR_NOTFOUND)
            log_warn("%s: %s; the step will run again", p->spec->step[i].name,
                     err.msg);
        return false;
    }
    same = same_parts(json_get(json_root(doc), "fingerprint"),
                      json_root(ps->parts));
    json_free(doc);
    return same;
}

int plan_look(struct plan *p, size_t i, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    struct plan_step *ps = &p->step[i];
    char dir[FILE_PATH_MAX];
    int rc;

    for (size_t k = 0; k < st->refs; k++) {
        int up = st->ref[k].step;

        if (up >= 0 && p->step[up].state != PLAN_DONE) {
            ps->state = PLAN_WAIT;
            return 0;
        }
    }
    rc = ask_fingerprint(p, i, err);
    if (rc == 0)
        rc = file_join(dir, p->root, st->name, err);
    if (rc == 0)
        rc = file_join(ps->dir, dir, ps->fp, err);
    if (rc == 0)
        rc = out_path(st, ps->dir, ps->out, err);
    if (rc == 0)
        ps->state = !ps->forced && st->out_option && is_made(p, i) ? PLAN_DONE
                                                                   : PLAN_RUN;
    return rc;
}

int plan_look_all(struct plan *p, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->spec->steps; k++)
        rc = plan_look(p, p->spec->order[k], err);
    return rc;
}

int plan_current(const struct plan *p, size_t i, char fp[PLAN_FP],
                 char out[FILE_PATH_MAX], struct err *err)
{
    const struct step *st = &p->spec->step[i];
    struct buf b = BUF_INIT(64);
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    int rc = file_join(dir, p->root, st->name, err);

    if (rc == 0)
        rc = file_join(path, dir, "current", err);
    if (rc == 0)
        rc = file_read(&b, path, err);
    if (rc == 0) {
        snprintf(fp, PLAN_FP, "%s", buf_str(&b));
        rc = file_join(path, dir, fp, err);
    }
    if (rc == 0)
        rc = out_path(st, path, out, err);
    buf_release(&b);
    return rc;
}

int plan_publish(const struct plan *p, size_t i, struct err *err)
{
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    int rc = file_join(dir, p->root, p->spec->step[i].name, err);

    if (rc == 0)
        rc = file_join(path, dir, "current", err);
    return rc < 0 ? rc
                  : file_write(path, p->step[i].fp, strlen(p->step[i].fp), err);
}
