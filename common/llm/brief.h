/*
 * brief.h - what is asked about one anchor beyond its text: the kinds of its
 * negatives, how similar they shall be, and the style of its positives; and
 * what is the same for all anchors of a run (kinds, notes, examples, openings
 * to avoid).
 *
 * Everything is drawn from a hash of the anchor's text and the seed, so an
 * anchor gets the same prompt in any order, in any shard, and in a run with
 * more anchors. Kinds are drawn by systematic sampling over their weights in
 * a shuffled order (Madow, 1949): an anchor has each kind as often as its
 * quota says, rounded up or down, and over a run every kind comes up in
 * proportion to its weight.
 */
#ifndef LLM_BRIEF_H
#define LLM_BRIEF_H

#include "net/chat.h"
#include "net/prompt.h"

enum { BRIEF_GRADES = 16 };

/* As the command line has them; "" = not asked for. */
struct brief_options {
    const char *kinds;    /* "negation=2,number": weights; "" all alike */
    const char *grades;   /* "0.2,0.4,0.6": similarity of the negatives */
    const char *styles;   /* axes, "all" or "none" */
    const char *notes;    /* file: about the domain */
    const char *examples; /* store of labelled pairs */
    const char *avoid;    /* openings that are worn out: lines, or a report */
    int64_t shots;        /* pairs of the examples to show */
    uint64_t seed;
};

struct brief {
    const struct prompt *prompt;
    uint64_t seed;
    size_t kind[PROMPT_KINDS]; /* of the template's, with a weight above 0 */
    double weight[PROMPT_KINDS];
    size_t kinds;
    double grade[BRIEF_GRADES];
    size_t grades;
    bool axis[PROMPT_AXES];
    struct buf kind_list, notes, examples, avoid; /* rendered */
};

/* Errors: ERR_USAGE for what the template has no place for, or what cannot be
 * read as asked; those of the files. prompt must outlive it. */
int brief_load(struct brief *b, const struct prompt *p,
               const struct brief_options *o, struct err *err) MUST_CHECK;
void brief_release(struct brief *b); /* {0} is fine */

/* What one anchor's negatives shall be, in order. */
struct brief_draw {
    size_t n;
    size_t kind[CHAT_ITEMS_MAX];  /* into prompt->kind; none when n = 0 */
    double grade[CHAT_ITEMS_MAX]; /* NaN = not asked for */
    size_t style[PROMPT_AXES];    /* value of each axis */
};
void brief_draw(struct brief_draw *d, const struct brief *b, struct span anchor,
                int negatives);
/* The grade asked for with that kind, each place used once; NaN: none. taken
 * [n] starts as false. */
double brief_grade(const struct brief_draw *d, const struct brief *b,
                   const char *kind, bool *taken);

/* As dialogue_plan's fill; ctx is a struct brief. */
int brief_fill(void *ctx, struct span anchor, unsigned sample,
               struct prompt_values *v, struct buf *text,
               struct err *err) MUST_CHECK;

/* Private: render pairs of a gold store (brief_examples.c). */
int brief_show_gold(struct buf *out, const struct prompt *p, const char *path,
                    size_t shots, uint64_t seed, struct err *err) MUST_CHECK;
/* Private: a report with "avoid", or openings a line each; as a list in
 * quotes (brief_avoid.c). */
int brief_read_avoid(struct buf *out, const char *path,
                     struct err *err) MUST_CHECK;
/* Private: text with each {name} replaced by its value; pairs of both end
 * with NULL. */
int brief_replace(struct buf *out, struct span text, const char *const *pairs,
                  struct err *err) MUST_CHECK;

#endif
