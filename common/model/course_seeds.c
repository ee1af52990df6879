/* course_seeds.c - several seeds for a while, the best of them to the end. */
#include <math.h>
#include <stdio.h>

#include "base/log.h"
#include "base/progress.h"
#include "model/course_parts.h"

size_t course_best_seed(const struct course *c)
{
    size_t best = 0;

    for (size_t k = 1; k < c->seeds; k++) {
        const struct course_seed *a = &c->tried[best], *b = &c->tried[k];

        if ((a->failed && !b->failed) || (isnan(a->dev) && !isnan(b->dev)) ||
            b->dev > a->dev)
            best = k;
    }
    return best;
}

/* The last batch of the step in which the share is reached. */
static size_t stop_of(const struct run *r)
{
    size_t each = (size_t)r->c->recipe->accumulate, n = r->p->batches;
    double steps = ceil((double)n / (double)each);
    size_t stop = (size_t)ceil(r->p->share * steps) * each;

    return stop < each ? each : stop < n ? stop : n;
}

int course_reseed(struct run *r, struct err *err)
{
    return r->at.seed == 0 ? 0 : r->p->reseed(r->p->ctx, r->at.seed, r->p, err);
}

/* The phase's start, as seed k has it. */
static int restart(struct run *r, uint64_t k, struct err *err)
{
    int rc = course_load(r, ".start", err);

    r->at.seed = k;
    return rc < 0 ? rc : course_reseed(r, err);
}

/* A checkpoint between two seeds, unless only a signal is to make any. */
static int save_here(struct run *r, struct err *err)
{
    return r->c->recipe->checkpoint_minutes > 0.0 ? course_save(r, "", err) : 0;
}

static int note_seed(struct run *r, bool failed, struct err *err)
{
    struct course *c = r->c;
    const struct course_seed done = { .seed = r->p->seed + r->at.seed,
                                      .batches = r->at.batch,
                                      .failed = failed,
                                      .dev = failed ? (double)NAN : r->at.dev,
                                      .loss = r->at.mean };

    c->tried[c->seeds++] = done;
    log_info("seed %llu: dev_spearman=%.2f loss=%.4f after %llu of %zu "
             "batches%s",
             (unsigned long long)done.seed, 100.0 * done.dev, done.loss,
             (unsigned long long)done.batches, r->p->batches,
             failed ? ", loss no number" : "");
    return !failed && course_best_seed(c) + 1 == c->seeds
               ? course_save(r, ".best", err)
               : 0;
}

/* A seed whose loss becomes no number has lost; others may do better. */
static int try_one(struct run *r, struct err *err)
{
    int rc;

    r->stop = stop_of(r);
    log_info("seed %llu: %llu of %zu",
             (unsigned long long)(r->p->seed + r->at.seed),
             (unsigned long long)r->at.seed + 1, r->p->seeds);
    progress_start_after("batches", r->stop, r->at.batch);
    rc = course_batches(r, err);
    progress_end();
    if (rc < 0 && rc != ERR_NUMERIC)
        return rc;
    if (rc < 0)
        log_warn("%s", err->msg);
    return note_seed(r, rc < 0, err);
}

static int go_on_best(struct run *r, struct err *err)
{
    size_t best = course_best_seed(r->c);
    const struct course_seed *s = &r->c->tried[best];
    int rc;

    if (s->failed)
        return ERR_SET(err, ERR_NUMERIC,
                       "the loss of every one of %zu seeds became no number; a "
                       "lower --lr may help",
                       r->c->seeds);
    if (isnan(s->dev))
        log_warn("no seed has a dev score: the first goes on");
    r->at.seed = best;
    rc = r->p->reseed(r->p->ctx, best, r->p, err);
    if (rc == 0)
        rc = course_load(r, ".best", err);
    if (rc == 0)
        log_info("seed %llu is the best on dev (%.2f) and goes on",
                 (unsigned long long)s->seed, 100.0 * s->dev);
    return rc < 0 ? rc : save_here(r, err);
}

int course_try_seeds(struct run *r, struct err *err)
{
    struct course *c = r->c;
    int rc = 0;

    if (c->seeds == r->p->seeds)
        return 0; /* a checkpoint of the best, going on */
    if (c->seeds == 0 && r->at.seed == 0 && r->at.batch == 0)
        rc = course_save(r, ".start", err);
    while (rc == 0 && c->seeds < r->p->seeds) {
        if (r->at.seed != c->seeds) {
            rc = restart(r, c->seeds, err);
            if (rc == 0)
                rc = save_here(r, err);
        }
        if (rc == 0)
            rc = try_one(r, err);
    }
    return rc < 0 ? rc : go_on_best(r, err);
}

void course_show_seeds(const struct course *c)
{
    struct json_node *list = json_new_array();

    for (size_t k = 0; k < c->seeds; k++) {
        const struct course_seed *s = &c->tried[k];
        struct json_node *o = json_new_object();

        log_info("seed=%llu dev_spearman=%.2f loss=%.4f batches=%llu%s",
                 (unsigned long long)s->seed, 100.0 * s->dev, s->loss,
                 (unsigned long long)s->batches,
                 k == course_best_seed(c) ? " went on" : "");
        json_set_num(o, "seed", (double)s->seed);
        if (!isnan(s->dev))
            json_set_num(o, "dev_spearman", s->dev);
        json_set_num(o, "loss", s->loss);
        json_set_num(o, "batches", (double)s->batches);
        json_set_bool(o, "failed", s->failed != 0);
        json_set_bool(o, "went_on", k == course_best_seed(c));
        json_push(list, o);
    }
    json_set(c->st->extra, "seeds", list);
}
