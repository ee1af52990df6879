/*
 * precision_choice.h - in which precision a stage runs a model, and whether a
 * model's weights stand it.
 *
 * "auto" is f32 unless the model folder's receipt.json says that int8 was
 * checked against f32 with exactly these weights and passed: never a matter of
 * the machine. bf16 is what was asked for only where the CPU has it, else f32.
 * The receipt has, in "extra", written by `model quantize`:
 *
 *   "precision": { "model": digest of the folder, "pairs": n,
 *     "int8": { "spearman", "largest_difference", "bound", "passed" },
 *     "bf16": the same, where the CPU that measured has it }
 */
#ifndef MODEL_PRECISION_CHOICE_H
#define MODEL_PRECISION_CHOICE_H

#include "base/err.h"
#include "base/json.h"
#include "base/opt.h"
#include "base/workers.h"
#include "nn/precision.h"

struct precision_choice {
    const char *asked; /* the option; after precision_choose() the result */
    enum precision precision;
    char why[256]; /* "" where it is as asked for; else a clause */
};

/* The option's row, f a struct precision_choice in st. */
#define PRECISION_ROW(st, f) \
    OPT_ROW_CHOICE(0, "precision", st, f.asked, "auto", "auto|f32|bf16|int8", \
                   0, \
                   "format of the products; auto: f32, or int8 where model " \
                   "quantize found it good enough")

/*
 * Resolve c->asked for a model (folder or name): for a stage's resolve hook.
 * A receipt that cannot be read counts as none. ERR_NOTFOUND: no such model.
 */
int precision_choose(struct precision_choice *c, const char *model,
                     struct err *err) MUST_CHECK;

/* One log line: CPU, path, speed of a short self-test, threads; and a warning
 * when the environment slows OpenBLAS down. */
void precision_announce(const struct precision_choice *c,
                        const struct workers *w);

/* ---- the check ---- */

/* Largest differences that pass: of a score in [0, 1], of a cosine. */
#define PRECISION_SPEARMAN 0.999
#define PRECISION_BOUND 0.05

struct precision_check {
    double spearman, largest; /* largest |difference| */
    bool passed;
};

/* Compare n scores with those of f32. ERR_NUMERIC when f32's are all equal. */
int precision_check(struct precision_check *out, const double *score,
                    const double *f32, size_t n, struct err *err) MUST_CHECK;
struct json_node *precision_check_json(const struct precision_check *c);

#endif
