/*
 * diversity.h - how much the sentences of a corpus differ from each other.
 *
 * distinct-n: distinct n-grams of words over all n-grams (Li et al., "A
 * diversity-promoting objective function for neural conversation models",
 * 2016); counted by HyperLogLog (Flajolet et al., 2007) in 64 KiB each, 0.4 %
 * off at most corpora. It falls as a corpus grows: compare like sizes.
 * Overlap of a sentence: the largest share of its pairs of words that one other
 * sentence has, as in self-BLEU (Zhu et al., "Texygen", 2018): among those of
 * the same group (written for one anchor), and among a sample drawn by hash
 * from all, which does not depend on their order.
 * Openings: the first two words, or three characters of Chinese, counted.
 *
 * A word is a run of letters and digits, or one ideograph.
 */
#ifndef TEXT_DIVERSITY_H
#define TEXT_DIVERSITY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum {
    DIVERSITY_GRAMS = 3, /* distinct-1 to distinct-3 */
    DIVERSITY_SAMPLE = 1000,
    DIVERSITY_SHOWN = 12,
    DIVERSITY_OPENING = 64 /* bytes, with NUL */
};

struct diversity_opening {
    char text[DIVERSITY_OPENING]; /* lower case */
    uint64_t n;
};

struct diversity_figures {
    uint64_t texts, groups;
    double distinct[DIVERSITY_GRAMS]; /* 0..1; NaN: no n-gram at all */
    double group_overlap;  /* mean over sentences with a sibling; or NaN */
    double sample_overlap; /* mean over the sample; NaN: below two */
    uint64_t sampled;
    uint64_t openings;                                 /* distinct */
    struct diversity_opening opening[DIVERSITY_SHOWN]; /* most used first */
    size_t shown;
    size_t worn; /* the first so many are worn out: at least five sentences and
                    3 % of all begin so */
};

struct diversity;
int diversity_new(struct diversity **out, struct err *err) MUST_CHECK;
void diversity_free(struct diversity *d); /* NULL is fine */
/* The n sentences of one group. ERR_NOMEM, ERR_FORMAT: not UTF-8. */
int diversity_add(struct diversity *d, const struct span *text, size_t n,
                  struct err *err) MUST_CHECK;
int diversity_figures(struct diversity_figures *f, const struct diversity *d,
                      struct err *err) MUST_CHECK;

/* Some lines for people, each ended. */
int diversity_print(struct buf *b, const struct diversity_figures *f,
                    struct err *err) MUST_CHECK;
/* {"texts","distinct_1",...,"openings":[{"text","n"}]} */
struct json_node *diversity_json(const struct diversity_figures *f);
/* The worn-out openings as a JSON array. */
struct json_node *diversity_avoid(const struct diversity_figures *f);

#endif
