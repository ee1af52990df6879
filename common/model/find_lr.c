#include "model/find_lr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/progress.h"
#include "store/stage.h"

#define LOWEST 1e-7
#define KEEP 0.9       /* of the mean at each step */
#define TOO_MUCH 4.0   /* times the least: it diverges */
#define BELOW_LEAST 10 /* the rate of the least loss is at the brink */

enum { LINES = 20 };

void find_lr_options(struct train_options *o, int64_t steps)
{
    o->steps = (uint64_t)steps;
    o->warmup = 0.0;
    o->lr = LOWEST;
    o->schedule = SCHEDULE_RISING;
}

double find_lr_suggest(double *smooth, size_t *least, const double *rate,
                       const double *loss, size_t n)
{
    double mean = 0.0, weight = 0.0;

    *least = 0;
    for (size_t i = 0; i < n; i++) {
        mean = KEEP * mean + (1.0 - KEEP) * loss[i];
        weight = KEEP * weight + 1.0 - KEEP;
        smooth[i] = mean / weight;
        if (smooth[i] < smooth[*least])
            *least = i;
    }
    return n < 2 ? (double)NAN : rate[*least] / BELOW_LEAST;
}

/* ---- the run ---- */

struct curve {
    double *rate, *loss, *smooth; /* [steps] */
    size_t n;
};

static bool diverges(const struct curve *c)
{
    size_t least;

    find_lr_suggest(c->smooth, &least, c->rate, c->loss, c->n);
    return c->n > 10 && c->smooth[c->n - 1] > TOO_MUCH * fabs(c->smooth[least]);
}

static int step(const struct find_lr *x, struct curve *c, struct err *err)
{
    int rc = x->add(x->ctx, c->n % x->batches, 1.0, &c->loss[c->n], err);

    if (rc == 0)
        rc = trainer_update(x->trainer, err);
    if (rc == 0)
        c->rate[c->n++] = trainer_lr(x->trainer);
    return rc;
}

static int climb(const struct find_lr *x, struct curve *c, size_t steps,
                 struct err *err)
{
    int rc = 0;

    progress_start("steps", steps);
    while (rc == 0 && c->n < steps && !diverges(c)) {
        rc = step(x, c, err);
        progress_update(c->n, "");
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    progress_end();
    if (rc != ERR_NUMERIC)
        return rc;
    *err = (struct err)ERR_INIT; /* the end of the climb, as was to be found */
    return 0;
}

static void print(const struct curve *c)
{
    size_t least, every = c->n / LINES + 1;
    double rate = find_lr_suggest(c->smooth, &least, c->rate, c->loss, c->n);

    printf("%-10s  %12s  %12s\n", "rate", "loss", "smoothed");
    for (size_t i = 0; i < c->n; i += every)
        printf("%-10.2e  %12.6g  %12.6g\n", c->rate[i], c->loss[i],
               c->smooth[i]);
    if (isnan(rate))
        printf("no rate to suggest: the loss was no number at once\n");
    else
        printf("least smoothed loss %.6g at %.2e; try --lr %.1e, and some "
               "beside it on --dev\n",
               c->smooth[least], c->rate[least], rate);
}

int find_lr_run(const struct find_lr *x, size_t steps, struct err *err)
{
    struct curve c = { .n = 0 };
    int rc;

    c.rate = malloc(steps * sizeof(*c.rate));
    c.loss = malloc(steps * sizeof(*c.loss));
    c.smooth = malloc(steps * sizeof(*c.smooth));
    rc = c.rate && c.loss && c.smooth
             ? climb(x, &c, steps, err)
             : ERR_SET(err, ERR_NOMEM, "%zu learning rates", steps);
    if (rc == 0)
        print(&c);
    free(c.rate);
    free(c.loss);
    free(c.smooth);
    return rc;
}
