/*
 * teacher.h - one model or several that label pairs together: their scorers and
 * how they are weighed.
 */
#ifndef MODEL_TEACHER_H
#define MODEL_TEACHER_H

#include "base/json.h"
#include "model/ensemble.h"
#include "model/scorer.h"

enum { TEACHER_WINDOW = 4096 }; /* pairs of one teacher_score() at most */

struct teacher {
    struct scorer member[ENSEMBLE_MAX];
    const char *name[ENSEMBLE_MAX]; /* for messages, lent */
    size_t members;
    struct ensemble ensemble;
    bool fitted;
    float each[ENSEMBLE_MAX][TEACHER_WINDOW]; /* private */
};

/* One more model; weights become even. */
int teacher_add(struct teacher *t, const char *folder, const char *name,
                bool both_orders, enum precision precision,
                struct err *err) MUST_CHECK;
void teacher_release(struct teacher *t); /* safe on a zeroed struct */

/*
 * Weigh and calibrate on the labelled pairs of a store; says in the log how
 * good each member and the whole are, and when a sentence encoder alone is as
 * good. *out, the caller's: {"members":[{"model","weight","spearman"}],
 * "spearman","pairs","slope","offset"}. Errors as ensemble_fit(),
 * dataset_add().
 */
int teacher_fit(struct teacher *t, struct json_node **out, const char *store,
                struct workers *w, struct err *err) MUST_CHECK;

/* Texts that pairs are given by. */
int teacher_texts(struct teacher *t, const struct span *text, size_t n,
                  struct workers *w, struct err *err) MUST_CHECK;
/*
 * Scores in [0, 1] of n <= TEACHER_WINDOW pairs. reverse [n]: of (b, a), where
 * the teacher is one cross-encoder in both orders, not fitted; else NaN.
 */
int teacher_score(struct teacher *t, float *score, float *reverse,
                  const uint32_t *a, const uint32_t *b, size_t n,
                  struct workers *w, struct err *err) MUST_CHECK;

#endif
