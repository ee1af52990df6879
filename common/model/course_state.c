/* course_state.c - a course to its checkpoints and back. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "model/course_parts.h"

enum { TAG_POSITION = 1, TAG_HISTORY, TAG_FILE, TAG_BYTES, TAG_SEEDS };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- writing ---- */

static int put_file(struct checkpoint_writer *w, const char *dir,
                    const char *name, struct err *err)
{
    struct buf b = BUF_INIT(256 << 20);
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, name, err);

    if (rc == 0)
        rc = file_read(&b, path, err);
    if (rc == 0)
        rc = checkpoint_put(w, TAG_FILE, name, strlen(name) + 1, err);
    if (rc == 0)
        rc = checkpoint_put(w, TAG_BYTES, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

/* The result files grow a row at a time: what they are now belongs to it. */
static int put_files(const struct course *c, struct checkpoint_writer *w,
                     struct err *err)
{
    struct file_list list = { NULL, 0 };
    int rc = file_is_dir(c->eval_dir) ? file_list(&list, c->eval_dir, err) : 0;

    for (size_t i = 0; rc == 0 && i < list.n; i++)
        rc = put_file(w, c->eval_dir, list.name[i], err);
    file_list_release(&list);
    return rc;
}

static int put_all(struct run *r, struct checkpoint_writer *w, struct err *err)
{
    const struct course *c = r->c;
    const struct history *h = &c->history;
    int rc;

    r->at.rng = *r->p->rng;
    rc = checkpoint_put(w, TAG_POSITION, &r->at, sizeof(r->at), err);
    if (rc == 0)
        rc = checkpoint_put(w, TAG_SEEDS, c->tried,
                            c->seeds * sizeof(c->tried[0]), err);
    if (rc == 0)
        rc =
            checkpoint_put(w, TAG_HISTORY, h->row, h->n * sizeof(*h->row), err);
    if (rc == 0)
        rc = put_files(c, w, err);
    if (rc == 0)
        rc = trainer_save(r->p->trainer, w, err);
    return rc < 0 || !r->p->save ? rc : r->p->save(r->p->ctx, w, err);
}

static void path_of(const struct course *c, const char *which,
                    char path[sizeof(c->path)])
{
    snprintf(path, sizeof(c->path), "%s%s", c->path, which);
}

int course_save(struct run *r, const char *which, struct err *err)
{
    struct checkpoint_writer *w = NULL;
    char path[sizeof(r->c->path)];
    double from = seconds();
    int rc;

    path_of(r->c, which, path);
    rc = checkpoint_create(&w, path, r->c->owner, err);
    if (rc == 0)
        rc = put_all(r, w, err);
    if (rc < 0) {
        checkpoint_abandon(w);
        return rc;
    }
    rc = checkpoint_commit(w, err);
    r->c->saved = seconds();
    r->c->cost = r->c->saved - from;
    return rc;
}

bool course_due(const struct course *c, bool looked)
{
    double minutes = c->recipe->checkpoint_minutes;
    double since = seconds() - c->saved;

    if (minutes <= 0.0)
        return false;
    return since >= 60.0 * minutes || (looked && since >= 20.0 * c->cost);
}

/* ---- reading ---- */

static int get_files(const struct course *c, struct checkpoint *from,
                     struct err *err)
{
    int rc = file_remove(c->eval_dir, err);

    if (rc == 0)
        rc = file_mkdirs(c->eval_dir, err);
    while (rc == 0 && checkpoint_next(from) == TAG_FILE) {
        const void *name, *bytes;
        size_t n, len;
        char path[FILE_PATH_MAX];

        rc = checkpoint_get(from, TAG_FILE, &name, &n, 0, err);
        if (rc == 0)
            rc = checkpoint_get(from, TAG_BYTES, &bytes, &len, 0, err);
        if (rc == 0)
            rc = file_join(path, c->eval_dir, name, err);
        if (rc == 0)
            rc = file_write(path, bytes, len, err);
    }
    return rc;
}

static int get_history(struct course *c, struct checkpoint *from,
                       struct err *err)
{
    const void *rows;
    size_t n;
    int rc = checkpoint_get(from, TAG_HISTORY, &rows, &n, 0, err);

    c->history.n = 0;
    for (size_t i = 0; rc == 0 && i < n / sizeof(struct history_row); i++)
        rc =
            history_add(&c->history, (const struct history_row *)rows + i, err);
    return rc;
}

/* Up to the trainer's pieces. seeds: the table of seeds, too. */
static int read_head(struct course *c, struct checkpoint *from,
                     struct course_position *at, bool seeds, struct err *err)
{
    const void *row;
    size_t n;
    int rc = checkpoint_copy(from, TAG_POSITION, at, sizeof(*at), err);

    if (rc == 0)
        rc = checkpoint_get(from, TAG_SEEDS, &row, &n, 0, err);
    if (rc == 0 && n > sizeof(c->tried))
        rc = ERR_SET(err, ERR_FORMAT, "%s: too many seeds", c->path);
    if (rc == 0 && seeds) {
        memcpy(c->tried, row, n);
        c->seeds = n / sizeof(c->tried[0]);
    }
    if (rc == 0)
        rc = get_history(c, from, err);
    return rc < 0 ? rc : get_files(c, from, err);
}

static int read_rest(struct run *r, struct checkpoint *from, struct err *err)
{
    int rc = trainer_load(r->p->trainer, from, err);

    return rc < 0 || !r->p->load ? rc : r->p->load(r->p->ctx, from, err);
}

int course_go_on(struct run *r, struct err *err)
{
    struct course *c = r->c;
    int rc = read_rest(r, c->found, err);

    checkpoint_close(c->found);
    c->found = NULL;
    if (rc < 0)
        return err_prefix(err, "remove it to start again");
    r->at = c->position;
    *r->p->rng = r->at.rng;
    log_info("going on after batch %llu of %zu",
             (unsigned long long)r->at.batch, r->p->batches);
    return 0;
}

int course_load(struct run *r, const char *which, struct err *err)
{
    struct course *c = r->c;
    struct checkpoint *from = NULL;
    char path[sizeof(c->path)];
    int rc;

    path_of(c, which, path);
    rc = checkpoint_open(&from, path, c->owner, err);
    if (rc == 0)
        rc = read_head(c, from, &r->at, false, err);
    if (rc == 0)
        rc = read_rest(r, from, err);
    checkpoint_close(from);
    *r->p->rng = r->at.rng;
    return rc;
}

/* ---- from the beginning to the end ---- */

int course_forget(struct course *c, struct err *err)
{
    static const char *const which[] = { "", ".start", ".best" };
    char path[sizeof(c->path)];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 3; i++) {
        path_of(c, which[i], path);
        rc = file_remove(path, err);
    }
    return rc;
}

int course_open(struct course *c, struct stage *st,
                const struct recipe_args *recipe, struct err *err)
{
    int rc;

    memset(c, 0, sizeof(*c));
    c->st = st;
    c->recipe = recipe;
    c->saved = seconds();
    snprintf(c->path, sizeof(c->path), "%s.checkpoint", st->out);
    snprintf(c->eval_dir, sizeof(c->eval_dir), "%s/eval", st->part);
    rc = stage_identity(st, c->owner, err);
    if (rc < 0 || !file_exists(c->path))
        return rc;
    rc = checkpoint_open(&c->found, c->path, c->owner, err);
    if (rc == ERR_USAGE || rc == ERR_FORMAT) {
        log_warn("%s: starting again", err->msg);
        return course_forget(c, err);
    }
    return rc < 0 ? rc : read_head(c, c->found, &c->position, true, err);
}

void course_release(struct course *c)
{
    checkpoint_close(c->found);
    history_release(&c->history);
}

bool course_skips(const struct course *c, uint64_t phase)
{
    return c->found && c->position.phase > phase;
}

void course_done(struct course *c)
{
    struct err err = ERR_INIT;

    if (course_forget(c, &err) < 0)
        log_warn("%s", err.msg);
}
