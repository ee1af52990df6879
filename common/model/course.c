#include "model/course.h"

#include <math.h>
#include <stdio.h>

#include "base/log.h"
#include "base/progress.h"
#include "model/course_parts.h"

enum { ROWS = 200, SMOOTH = 50 }; /* of a phase in train.csv; batches */

/* ---- batches ---- */

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
    if (isnan(r->at.dev)) {
        log_info("step=%llu epoch=%.2f loss=%.4f dev_spearman=undefined",
                 (unsigned long long)r->at.batch, epoch, r->at.mean);
        return note(r, NAN, err);
    }
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
    bool end = r->at.batch == r->stop;
    bool look_now = r->p->measure && (r->at.batch % r->every == 0 || end);
    int rc = 0;

    if (look_now)
        rc = look(r, err);
    else if (r->at.batch % r->record == 0 || end)
        rc = note(r, NAN, err);
    if (rc == 0 && whole && r->at.batch < r->p->batches &&
        (course_due(r->c, look_now) || stage_stopped()))
        rc = course_save(r, "", err);
    if (rc == 0 && whole && stage_stopped())
        rc = stage_stop(err);
    return rc;
}

static bool early(const struct run *r)
{
    uint64_t patience = (uint64_t)r->c->recipe->patience;

    if (!r->p->choose || !r->p->measure || patience == 0 ||
        r->stop < r->p->batches || r->at.worse < patience)
        return false;
    log_info("no better dev score in %llu looks: stopping early",
             (unsigned long long)r->at.worse);
    return true;
}

int course_batches(struct run *r, struct err *err)
{
    bool whole = true;
    int rc = 0;

    if (r->at.batch == 0 && r->p->start && r->p->measure)
        rc = look(r, err);
    for (size_t i = r->at.batch; rc == 0 && i < r->stop; i++) {
        if (whole && early(r))
            break;
        rc = step(r, i, &whole, err);
        if (rc == 0)
            rc = after(r, whole, err);
    }
    return rc;
}

/* ---- a phase ---- */

/* The batch after which the dev score was the best; 0: none, or the start. */
static uint64_t best_batch(const struct run *r, double best)
{
    const struct history *h = &r->c->history;

    for (size_t i = 0; i < h->n; i++)
        if (h->row[i].phase == r->p->number && h->row[i].dev == best)
            return h->row[i].batch;
    return 0;
}

/* The loss is no number: what was good goes to a folder of its own. */
static void rescue(struct run *r)
{
    double best = trainer_best(r->p->trainer);
    uint64_t batch = isnan(best) ? 0 : best_batch(r, best);
    char path[sizeof(r->c->path)];
    struct err err = ERR_INIT;
    int rc;

    if (file_exists(r->c->path))
        log_warn("the state of before is kept in %s", r->c->path);
    if (!r->p->choose || !r->p->rescue || batch == 0)
        return;
    snprintf(path, sizeof(path), "%s.last-good", r->c->st->out);
    (void)trainer_restore(r->p->trainer);
    rc = file_remove(path, &err);
    if (rc == 0)
        rc = r->p->rescue(r->p->ctx, path, &err);
    if (rc < 0)
        log_warn("the last good model is lost: %s", err.msg);
    else
        log_warn("the best model so far (batch %llu, dev_spearman=%.2f) is "
                 "kept in %s",
                 (unsigned long long)batch, 100.0 * best, path);
}

static void finish(struct run *r)
{
    struct course *c = r->c;
    double best;

    if (c->seeds > 0 && r->p->seeds > 1)
        course_show_seeds(c);
    if (!r->p->choose || !r->p->measure)
        return;
    best = trainer_restore(r->p->trainer);
    if (isnan(best))
        log_warn("dev gave no score at all: the weights are the last ones");
    else
        json_set_num(c->st->extra, "dev_spearman", best);
}

static void set_pace(struct run *r)
{
    size_t record = r->p->batches / ROWS;

    r->every = r->c->recipe->eval_steps ? (size_t)r->c->recipe->eval_steps
                                        : r->p->per_epoch;
    r->record = record ? record : 1;
    r->stop = r->p->batches;
}

static int begin(struct run *r, struct err *err)
{
    int rc;

    if (!r->c->found || r->c->position.phase != r->p->number)
        return 0;
    r->at.seed = r->c->position.seed;
    rc = course_reseed(r, err);
    return rc < 0 ? rc : course_go_on(r, err);
}

int course_run(struct course *c, struct course_phase *p, struct err *err)
{
    struct run r = { .c = c, .p = p };
    int rc;

    r.at = (struct course_position){ .phase = p->number, .dev = NAN };
    rc = begin(&r, err);
    set_pace(&r);
    if (rc == 0 && p->seeds > 1)
        rc = course_try_seeds(&r, err);
    set_pace(&r);
    progress_start_after("batches", p->batches, r.at.batch);
    if (rc == 0)
        rc = course_batches(&r, err);
    progress_end();
    if (rc == 0)
        finish(&r);
    else if (rc == ERR_NUMERIC)
        rescue(&r);
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
