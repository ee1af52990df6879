#include "model/course.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/progress.h"

enum { ROWS = 200, SMOOTH = 50 }; /* of a phase in train.csv; batches */

struct run {
    struct course *c;
    const struct course_phase *p;
    struct course_position at;
    size_t every;  /* batches between dev scores */
    size_t record; /* batches between rows of the history */
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- checkpoints ---- */

enum { TAG_POSITION = 1, TAG_HISTORY, TAG_FILE, TAG_BYTES };

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

static int get_files(const struct course *c, struct err *err)
{
    int rc = file_mkdirs(c->eval_dir, err);

    while (rc == 0 && checkpoint_next(c->found) == TAG_FILE) {
        const void *name, *bytes;
        size_t n, len;
        char path[FILE_PATH_MAX];

        rc = checkpoint_get(c->found, TAG_FILE, &name, &n, 0, err);
        if (rc == 0)
            rc = checkpoint_get(c->found, TAG_BYTES, &bytes, &len, 0, err);
        if (rc == 0)
            rc = file_join(path, c->eval_dir, name, err);
        if (rc == 0)
            rc = file_write(path, bytes, len, err);
    }
    return rc;
}

static int put_all(struct run *r, struct checkpoint_writer *w, struct err *err)
{
    const struct history *h = &r->c->history;
    int rc;

    r->at.rng = *r->p->rng;
    rc = checkpoint_put(w, TAG_POSITION, &r->at, sizeof(r->at), err);
    if (rc == 0)
        rc =
            checkpoint_put(w, TAG_HISTORY, h->row, h->n * sizeof(*h->row), err);
    if (rc == 0)
        rc = put_files(r->c, w, err);
    if (rc == 0)
        rc = trainer_save(r->p->trainer, w, err);
    return rc < 0 || !r->p->save ? rc : r->p->save(r->p->ctx, w, err);
}

static int save(struct run *r, struct err *err)
{
    struct checkpoint_writer *w = NULL;
    int rc = checkpoint_create(&w, r->c->path, r->c->owner, err);

    if (rc == 0)
        rc = put_all(r, w, err);
    if (rc < 0) {
        checkpoint_abandon(w);
        return rc;
    }
    rc = checkpoint_commit(w, err);
    r->c->saved = seconds();
    return rc;
}

static int get_history(struct course *c, struct err *err)
{
    const void *rows;
    size_t n;
    int rc = checkpoint_get(c->found, TAG_HISTORY, &rows, &n, 0, err);

    for (size_t i = 0; rc == 0 && i < n / sizeof(struct history_row); i++)
        rc =
            history_add(&c->history, (const struct history_row *)rows + i, err);
    return rc;
}

/* Position, history and files were read by course_open(). */
static int go_on(struct run *r, const struct course_position *at,
                 struct err *err)
{
    int rc = trainer_load(r->p->trainer, r->c->found, err);

    if (rc == 0 && r->p->load)
        rc = r->p->load(r->p->ctx, r->c->found, err);
    checkpoint_close(r->c->found);
    r->c->found = NULL;
    if (rc < 0)
        return err_prefix(err, "remove it to start again");
    r->at = *at;
    *r->p->rng = at->rng;
    log_info("going on after batch %llu of %zu", (unsigned long long)at->batch,
             r->p->batches);
    return 0;
}

/* ---- opening ---- */

static int read_head(struct course *c, struct err *err)
{
    int rc = checkpoint_copy(c->found, TAG_POSITION, &c->position,
                             sizeof(c->position), err);

    if (rc == 0)
        rc = get_history(c, err);
    if (rc == 0)
        rc = get_files(c, err);
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
        return file_remove(c->path, err);
    }
    return rc < 0 ? rc : read_head(c, err);
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

/* ---- a phase ---- */

static int note(struct run *r, double dev, struct err *err)
{
    const struct history_row row = {
        .phase = r->p->number,
        .batch = r->at.batch,
        .epoch = (double)r->at.batch / (double)r->p->per_epoch,
        .loss = r->at.batch ? r->at.mean : (double)NAN,
        .lr = r->at.batch ? trainer_lr(r->p->trainer) : 0.0,
        .dev = dev
    };

    return history_add(&r->c->history, &row, err);
}

/* Measure, keep if best, say so. */
static int look(struct run *r, struct err *err)
{
    double epoch = (double)r->at.batch / (double)r->p->per_epoch;
    bool best = false;
    int rc;

    trainer_settle(r->p->trainer);
    rc = r->p->measure(r->p->ctx, epoch, r->at.batch, &r->at.dev, err);
    if (rc < 0)
        return rc;
    if (r->p->choose)
        best = trainer_keep(r->p->trainer, r->at.dev);
    r->at.worse = best ? 0 : r->at.worse + 1;
    log_info("step=%llu epoch=%.2f loss=%.4f dev_spearman=%.2f%s",
             (unsigned long long)r->at.batch, epoch, r->at.mean,
             100.0 * r->at.dev, best ? " best" : "");
    return note(r, r->at.dev, err);
}

static int blame(struct run *r, size_t i, struct err *err)
{
    char what[300] = "";
    int code = err->code;

    if (code != ERR_NUMERIC)
        return code;
    r->p->name(r->p->ctx, i, what, sizeof(what));
    if (file_exists(r->c->path))
        log_warn("the last good state is kept in %s", r->c->path);
    return err_prefix(err, "batch %zu (%s)", i + 1, what);
}

static void show(const struct run *r)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "loss %.4f", r->at.mean);

    if (!isnan(r->at.dev))
        snprintf(text + n, sizeof(text) - (size_t)n, " dev %.2f",
                 100.0 * r->at.dev);
    progress_update(r->at.batch, text);
}

static int step(struct run *r, size_t i, bool *whole, struct err *err)
{
    struct recipe_part part = recipe_part(r->c->recipe, i, r->p->batches);
    double loss = 0.0, n;
    int rc = r->p->add(r->p->ctx, i, part.weight, &loss, err);

    *whole = part.last;
    if (rc == 0 && part.last)
        rc = trainer_update(r->p->trainer, err);
    if (rc < 0)
        return blame(r, i, err);
    if (part.last && r->p->stepped)
        r->p->stepped(r->p->ctx);
    n = i < SMOOTH ? (double)i + 1.0 : (double)SMOOTH;
    r->at.mean += (loss - r->at.mean) / n;
    r->at.batch = i + 1;
    show(r);
    return 0;
}

/* What is due after batch number r->at.batch. */
static int after(struct run *r, bool whole, struct err *err)
{
    double minutes = r->c->recipe->checkpoint_minutes;
    bool due = minutes > 0.0 && seconds() - r->c->saved >= 60.0 * minutes;
    bool end = r->at.batch == r->p->batches;
    int rc = 0;

    if (r->p->measure && (r->at.batch % r->every == 0 || end))
        rc = look(r, err);
    else if (r->at.batch % r->record == 0 || end)
        rc = note(r, NAN, err);
    if (rc == 0 && whole && !end && (due || stage_stopped()))
        rc = save(r, err);
    if (rc == 0 && whole && stage_stopped())
        rc = stage_stop(err);
    return rc;
}

static bool early(const struct run *r)
{
    uint64_t patience = (uint64_t)r->c->recipe->patience;

    if (!r->p->choose || !r->p->measure || patience == 0 ||
        r->at.worse < patience)
        return false;
    log_info("no better dev score in %llu looks: stopping early",
             (unsigned long long)r->at.worse);
    return true;
}

static int batches(struct run *r, struct err *err)
{
    bool whole = true;
    int rc = 0;

    if (r->at.batch == 0 && r->p->start && r->p->measure)
        rc = look(r, err);
    for (size_t i = r->at.batch; rc == 0 && i < r->p->batches; i++) {
        if (whole && early(r))
            break;
        rc = step(r, i, &whole, err);
        if (rc == 0)
            rc = after(r, whole, err);
    }
    return rc;
}

int course_run(struct course *c, const struct course_phase *p, struct err *err)
{
    struct run r = { .c = c, .p = p };
    size_t record = p->batches / ROWS;
    int rc = 0;

    r.every =
        c->recipe->eval_steps ? (size_t)c->recipe->eval_steps : p->per_epoch;
    r.record = record ? record : 1;
    r.at = (struct course_position){ .phase = p->number, .dev = NAN };
    if (c->found && c->position.phase == p->number)
        rc = go_on(&r, &c->position, err);
    progress_start_after("batches", p->batches, r.at.batch);
    if (rc == 0)
        rc = batches(&r, err);
    progress_end();
    if (rc == 0 && p->choose && p->measure)
        json_set_num(c->st->extra, "dev_spearman", trainer_restore(p->trainer));
    return rc;
}

/* ---- the end ---- */

int course_write(const struct course *c, struct err *err)
{
    char path[FILE_PATH_MAX];
    int rc = file_join(path, c->st->part, "train.csv", err);

    if (rc == 0)
        rc = history_csv(&c->history, path, err);
    if (rc == 0)
        rc = file_join(path, c->st->part, "train.svg", err);
    return rc < 0 ? rc
                  : history_svg(&c->history, path, "Training loss, dev score",
                                err);
}

void course_done(struct course *c)
{
    struct err err = ERR_INIT;

    if (file_remove(c->path, &err) < 0)
        log_warn("%s", err.msg);
}
