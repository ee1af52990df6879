/*
 * plan.h - what would run, and why. The state of a pipeline is what the
 * receipts inside its outputs say; there is no other record of it.
 *
 * An output lives at ROOT/<step>/<fp12>/<step>[.lmdb], fp12 being the first
 * 12 digits of the SHA-256 of the step's fingerprint, and never changes.
 * ROOT/<step>/current names the one in force, so setting a value back costs
 * nothing. The fingerprint comes from the stage itself (--fingerprint) with
 * the very command line that would run.
 */
#ifndef DAG_PLAN_H
#define DAG_PLAN_H

#include "dag/spawn.h"
#include "dag/spec.h"

enum { PLAN_FP = 13 }; /* bytes of a fingerprint's first digits */
enum plan_state {
    PLAN_UNKNOWN, /* not looked at yet */
    PLAN_DONE,    /* a finished output with this fingerprint is there */
    PLAN_RUN,     /* must run */
    PLAN_WAIT,    /* an input will be made again: known only then */
};

struct plan_step {
    enum plan_state state;
    bool chosen;             /* by select_steps() */
    bool forced;             /* --force STEP */
    char fp[PLAN_FP];        /* first digits; "" until known */
    char dir[FILE_PATH_MAX]; /* ROOT/step/fp12 */
    char out[FILE_PATH_MAX]; /* the output; "" for steps without one */
    struct json *parts;      /* fingerprint components: [{name, value}] */
};

struct plan {
    const struct spec *spec;
    char root[FILE_PATH_MAX];
    struct plan_step step[SPEC_STEPS_MAX];
    const char *threads; /* passed to every step, or NULL */
};

int plan_init(struct plan *p, const struct spec *s, const char *runs,
              struct err *err) MUST_CHECK;
void plan_release(struct plan *p);

/* Find out the state of step i; its inputs' steps must be known (DONE, or the
 * answer is PLAN_WAIT). Call in spec order; again after an input was made. */
int plan_look(struct plan *p, size_t i, struct err *err) MUST_CHECK;

/* All of them, in order. */
int plan_look_all(struct plan *p, struct err *err) MUST_CHECK;

/* The command line that makes step i; its state is DONE or RUN. */
int plan_argv(const struct plan *p, size_t i, struct argv *a,
              struct err *err) MUST_CHECK;

/*
 * Why step i runs or does not, one line each, appended to b: the components
 * that differ from the output in force, old -> new; "no output yet"; "input
 * X will be made again".
 */
int plan_why(const struct plan *p, size_t i, struct buf *b,
             struct err *err) MUST_CHECK;

/* The receipt of the output at `out` as the step makes them. ERR_NOTFOUND. */
int plan_receipt(const struct step *st, const char *out, struct json **doc,
                 struct err *err) MUST_CHECK;
/* The output in force: fills fp and out. ERR_NOTFOUND. */
int plan_current(const struct plan *p, size_t i, char fp[PLAN_FP],
                 char out[FILE_PATH_MAX], struct err *err) MUST_CHECK;
/* Make step i's output the one in force. */
int plan_publish(const struct plan *p, size_t i, struct err *err) MUST_CHECK;

#endif
