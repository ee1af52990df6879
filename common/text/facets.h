/*
 * facets.h - a text, and what is asked of it again and again: its folded form,
 * its numbers and negations, its script. Each is found once, when it is first
 * asked for; a sentence is compared with many others.
 */
#ifndef TEXT_FACETS_H
#define TEXT_FACETS_H

#include "text/detect.h"

struct facets {
    struct span text;   /* the caller's; outlives this */
    struct span folded; /* text/fold.h */
    /* private */
    struct buf letters;
    uint32_t *point; /* of folded */
    size_t points, length;
    unsigned found; /* a bit for each of the following */
    struct detect_numbers numbers;
    struct detect_negation negation;
    double nonsense;
    enum detect_script script;
};

/* {0} is one without a text, which may be released. ERR_FORMAT: no UTF-8. */
int facets_open(struct facets *f, struct span text, struct err *err) MUST_CHECK;
void facets_release(struct facets *f);

/* As detect.h has them; *out lives as long as f. */
int facets_numbers(const struct detect_numbers **out, struct facets *f,
                   struct detect *d, struct err *err) MUST_CHECK;
int facets_negation(const struct detect_negation **out, struct facets *f,
                    struct detect *d, struct err *err) MUST_CHECK;
int facets_nonsense(double *share, struct facets *f, struct detect *d,
                    struct err *err) MUST_CHECK;
enum detect_script facets_script(struct facets *f);
size_t facets_length(const struct facets *f); /* code points of text */

/* detect_likeness() of the folded forms. */
double facets_likeness(const struct facets *a, const struct facets *b);
/* What it can be at most, by their lengths alone. */
double facets_likeness_most(const struct facets *a, const struct facets *b);

#endif
