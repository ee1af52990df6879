/*
 * critic.h - a second opinion on pairs of texts: the cosine of a sentence
 * encoder and the score of a cross-encoder, each if there is one.
 */
#ifndef MODEL_CRITIC_H
#define MODEL_CRITIC_H

#include "model/precision_choice.h"
#include "model/scorer.h"

enum { CRITIC_WINDOW = 4096 }; /* pairs of one step */

struct critic {
    struct scorer encoder, cross;
    bool has_encoder, has_cross;
    struct workers *workers;
};

/* One precision for both models (names or folders, "" = none of that kind), as
 * precision_choose(): int8 only where each passed its check. */
int critic_choose(struct precision_choice *c, const char *encoder,
                  const char *cross, struct err *err) MUST_CHECK;
/* Errors as scorer_load(); ERR_USAGE for a model of the other kind. On failure
 * *c is empty. */
int critic_open(struct critic *c, const char *encoder, const char *cross,
                const struct precision_choice *p, size_t threads,
                struct err *err) MUST_CHECK;
void critic_close(struct critic *c); /* {0} is fine */

/* critic is a struct critic; of the pairs text[a[i]], text[b[i]]. What there is
 * no model for is left as it is. */
int critic_score(void *critic, float *cosine, float *cross,
                 const struct span *text, size_t texts, const uint32_t *a,
                 const uint32_t *b, size_t n, struct err *err) MUST_CHECK;

#endif
