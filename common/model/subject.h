/*
 * subject.h - a model of either kind under test: one or several lists of
 * scores for the same pairs. A sentence encoder has one list for each
 * similarity, a cross-encoder one.
 */
#ifndef MODEL_SUBJECT_H
#define MODEL_SUBJECT_H

#include <stdbool.h>

#include "model/bi_encoder.h"
#include "model/cross_encoder.h"
#include "model/evaluate.h"

struct subject {
    bool is_cross;
    struct bi_encoder bi; /* one of the two is loaded */
    struct cross_encoder cross;
    const char *name; /* its folder's last part, or what the caller says */
};

/* name: a folder, or a model of the cache; lives as long as the subject.
 * Errors of the models' loading; *s is empty on failure. */
int subject_load(struct subject *s, const char *name, enum precision precision,
                 struct err *err) MUST_CHECK;
void subject_release(struct subject *s); /* safe on a zeroed struct */

/* A dataset_tokenise_fn; model is a struct subject. */
int subject_tokenise(const void *model, struct token_table *t,
                     const struct span *text, size_t n, struct workers *w,
                     struct err *err) MUST_CHECK;

size_t subject_lists(const struct subject *s);
/* "cosine", ...; "cross-encoder". */
const char *subject_list(const struct subject *s, size_t list);
/* The list of the similarity that the model's folder names. */
size_t subject_main(const struct subject *s);

/* score[lists][n] of the pairs (a[i], b[i]) of t's texts; higher is more
 * alike, distances are negative. ERR_NOMEM, ERR_NUMERIC. */
int subject_score(struct subject *s, double *score, const struct token_table *t,
                  const uint32_t *a, const uint32_t *b, size_t n,
                  struct workers *w, struct err *err) MUST_CHECK;

#endif
