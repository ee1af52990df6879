#include "dag/run.h"

#include "base/log.h"

struct runner {
    struct plan *plan;
    const struct run_options *o;
    struct run_tally *tally;
    struct job job[RUN_JOBS_MAX];
    bool busy[SPEC_STEPS_MAX];
    size_t left; /* chosen steps that have not ended */
};

static int stopped(struct err *err)
{
    return ERR_SET(err, ERR_STOPPED,
                   "stopped; the same command goes on from here");
}

/* ---- one step ---- */

/* An input that is not chosen must be there already. */
static int check_inputs(const struct plan *p, size_t i, struct err *err)
{
    const struct step *st = &p->spec->step[i];

    for (size_t k = 0; k < st->refs; k++) {
        int up = st->ref[k].step;

        if (up >= 0 && !p->step[up].chosen && p->step[up].state != PLAN_DONE)
            return ERR_SET(err, ERR_USAGE,
                           "step '%s' needs '%s', which is not up to date and "
                           "not among the chosen steps",
                           st->name, p->spec->step[up].name);
    }
    return 0;
}

static int start(struct runner *r, size_t i, size_t slot, struct err *err)
{
    const struct plan_step *ps = &r->plan->step[i];
    struct argv a = ARGV_INIT;
    struct buf line = BUF_INIT(1 << 20);
    char out[FILE_PATH_MAX], log[FILE_PATH_MAX];
    int rc = file_mkdirs(ps->dir, err);

    if (rc == 0)
        rc = file_join(out, ps->dir, "stdout.txt", err);
    if (rc == 0)
        rc = file_join(log, ps->dir, "log.txt", err);
    if (rc == 0)
        rc = plan_argv(r->plan, i, &a, err);
    if (rc == 0)
        rc = argv_text(&line, &a, err);
    if (rc == 0 && !r->o->quiet)
        log_info("%s: %s", r->plan->spec->step[i].name, buf_str(&line));
    r->job[slot].id = i;
    if (rc == 0)
        rc = spawn_start(&r->job[slot], &a, out, log, slot, r->o->jobs, err);
    r->busy[i] = rc == 0;
    r->tally->ran += rc == 0;
    argv_release(&a);
    buf_release(&line);
    return rc;
}

static int finish(struct plan *p, size_t i, int status, struct err *err)
{
    const struct step *st = &p->spec->step[i];
    struct plan_step *ps = &p->step[i];
    int code = status == 75 ? ERR_AGAIN : ERR_IO;

    if (spawn_stop_requested())
        return stopped(err);
    if (status != 0)
        return ERR_SET(err, code,
                       "step '%s' failed (exit %d); its log: %s/log.txt",
                       st->name, status, ps->dir);
    ps->forced = false;
    if (st->out_option) {
        struct json *doc;
        int rc = plan_receipt(st, ps->out, &doc, err);

        if (rc < 0) /* the exit code is not proof: the receipt is */
            return err_prefix(err, "step '%s' left no receipt", st->name);
        json_free(doc);
    }
    ps->state = PLAN_DONE;
    return plan_publish(p, i, err);
}

/* ---- all steps ---- */

static int reuse(struct runner *r, size_t i, struct err *err)
{
    const struct plan_step *ps = &r->plan->step[i];
    int rc;

    r->tally->reused++;
    if (!r->o->quiet)
        log_info("%s: up to date (%s)", r->plan->spec->step[i].name, ps->fp);
    /* a stage killed between finishing its output and clearing up */
    rc = file_sweep(ps->dir, ".part", err);
    return rc < 0 ? rc : plan_publish(r->plan, i, err);
}

static int start_if_ready(struct runner *r, size_t i, struct err *err)
{
    struct plan_step *ps = &r->plan->step[i];
    size_t slot = 0;
    int rc = 0;

    if (r->busy[i]) {
        r->left++;
        return 0;
    }
    if (ps->state == PLAN_DONE)
        return 0;
    if (ps->state == PLAN_UNKNOWN || ps->state == PLAN_WAIT)
        rc = plan_look(r->plan, i, err);
    if (rc < 0 || !ps->chosen)
        return rc;
    if (ps->state == PLAN_DONE)
        return reuse(r, i, err);
    r->left++;
    if (ps->state != PLAN_RUN)
        return check_inputs(r->plan, i, err);
    while (slot < r->o->jobs && r->job[slot].pid)
        slot++;
    if (slot == r->o->jobs || spawn_stop_requested())
        return 0;
    return start(r, i, slot, err);
}

static int start_ready(struct runner *r, struct err *err)
{
    int rc = 0;

    r->left = 0;
    for (size_t k = 0; rc == 0 && k < r->plan->spec->steps; k++)
        rc = start_if_ready(r, r->plan->spec->order[k], err);
    return rc;
}

static int wait_one(struct runner *r, struct err *err)
{
    size_t which;
    int status, rc;

    rc = spawn_wait(r->job, r->o->jobs, &which, &status, err);
    if (rc < 0)
        return rc;
    r->busy[r->job[which].id] = false;
    return finish(r->plan, r->job[which].id, status, err);
}

static void drain(struct runner *r)
{
    struct err other = ERR_INIT;

    for (;;) {
        size_t slot = 0;

        while (slot < r->o->jobs && !r->job[slot].pid)
            slot++;
        if (slot == r->o->jobs)
            return;
        if (wait_one(r, &other) < 0 && other.code == ERR_IO)
            log_error("%s", other.msg);
    }
}

int run_steps(struct plan *p, const struct run_options *o,
              struct run_tally *tally, struct err *err)
{
    struct runner r = { .plan = p, .o = o, .tally = tally };
    int rc = 0;

    *tally = (struct run_tally){ 0, 0 };
    while (rc == 0) {
        rc = start_ready(&r, err);
        if (rc < 0 || r.left == 0)
            break;
        rc = spawn_stop_requested() ? stopped(err) : wait_one(&r, err);
    }
    drain(&r);
    return rc;
}

int run_results(struct buf *b, const struct plan *p, struct err *err)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < p->spec->steps; k++) {
        size_t i = p->spec->order[k];
        char path[FILE_PATH_MAX];

        if (!p->spec->step[i].show || p->step[i].state != PLAN_DONE)
            continue;
        rc = file_join(path, p->step[i].dir, "stdout.txt", err);
        if (rc == 0)
            rc = file_read(b, path, err);
    }
    return rc;
}
