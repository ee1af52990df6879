/*
 * card.h - README.md of a model that was trained here: what it is made of, how,
 * and how good it is, with the front matter that the model hub and
 * sentence-transformers write and read.
 */
#ifndef MODEL_CARD_H
#define MODEL_CARD_H

#include "base/opt.h"
#include "model/course.h"
#include "model/recipe.h"

struct card {
    const struct model_config *config;       /* kind and sizes */
    const char *base;                        /* folder or name, as resolved */
    const struct opt_list *pairs, *pretrain; /* stores; NULL: none */
    size_t examples, pretrain_examples;
    const char *loss;
    const char *warm_start;      /* model whose cosines pretrain has; NULL */
    const char *teacher;         /* of the loss; NULL, "": none */
    const struct course *course; /* for its seeds; NULL */
    const struct recipe_args *recipe;
    uint64_t seed;
    const char *dev; /* store; "" = none */
    double score;    /* Spearman on it, [-1, 1]; NaN: not measured */
};

/*
 * Write folder/README.md. Names only, no paths: it may be published. The
 * licence is that of the base: from its own card, or known by its name.
 */
int card_write(const char *folder, const struct card *c,
               struct err *err) MUST_CHECK;

/* The licence of a model folder, as in a card ("apache-2.0"); "" unknown. */
void card_licence(char out[64], const char *folder);

#endif
