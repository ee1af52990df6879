/*
 * checks.h - is that sentence what was asked for? Labelling functions, each
 * of which votes to accept or reject an item or abstains; together they make
 * a verdict. Coverage, overlap and conflict of each are counted as in Ratner
 * et al., "Snorkel: rapid training data creation with weak supervision", 2017.
 *
 * Firm functions (equality, repetition, length, language, words, numbers that
 * contradict each other in a positive) reject alone. The others look at what
 * may be right after all: "don't forget" for "remember", "several" for "three",
 * or a look-alike that differs, though not in the number or negation that it
 * claims. Their reject puts an item aside for people, unless the judge or the
 * cross-encoder accepts it. Two of them reject together.
 */
#ifndef LLM_CHECKS_H
#define LLM_CHECKS_H

#include "base/json.h"
#include "net/chat.h"
#include "text/facets.h"

enum checks_fn {
    CHECK_EQUAL,    /* to the anchor or another item, or nearly */
    CHECK_REPEATED, /* nearly one of another anchor (llm/corpus.h) */
    CHECK_LENGTH,   /* ratio to the anchor's */
    CHECK_LANGUAGE, /* script */
    CHECK_WORDS,    /* letters that make none */
    CHECK_NUMBERS,  /* positive: the same; negative of kind number: others */
    CHECK_NEGATION, /* positive: as many; of kind negation: others */
    CHECK_OVERLAP,  /* negative: characters shared with the anchor */
    CHECK_COSINE,   /* by a bi-encoder */
    CHECK_CROSS,    /* by a cross-encoder */
    CHECK_JUDGE,    /* by a language model, asked in both orders */
    CHECKS
};
const char *checks_name(enum checks_fn f);
/* What its reject means, for people. */
const char *checks_reason(enum checks_fn f, bool positive);

enum checks_vote { VOTE_ABSTAIN, VOTE_ACCEPT, VOTE_REJECT };
enum checks_verdict { CHECKS_ACCEPT, CHECKS_ASIDE, CHECKS_REJECT };

struct checks_rules {
    bool off[CHECKS];
    double near;                       /* likeness that counts as equal */
    double repeated;                   /* ... to one of another anchor */
    double length;                     /* most ratio, either way */
    double words;                      /* most share of letters in none */
    double overlap;                    /* least likeness of a negative */
    double cosine_same, cosine_differ; /* least of a positive, most of a
                                          negative */
    double cosine_far;                 /* least of a negative */
    double cross_same, cross_differ;   /* the same for scores */
};

struct checks_result {
    enum checks_vote vote[CHECKS];
    enum checks_verdict verdict;
    enum checks_fn why;  /* of the verdict, unless it is CHECKS_ACCEPT */
    bool soft_numbers;   /* they do not contradict those of the anchor */
    float cosine, cross; /* NaN = not known */
};

struct checks {
    struct checks_rules rules;
    struct detect *detect;
};

/* settings: "" for the defaults, or "length=4,numbers=off,near=0.9"; "none"
 * leaves equality only. ERR_USAGE names what it does not know. */
int checks_open(struct checks *c, const char *settings,
                struct err *err) MUST_CHECK;
void checks_close(struct checks *c); /* {0} is fine */

/* Votes of what the characters tell, all but CHECK_EQUAL's towards siblings;
 * then the verdict. c NULL: accepted. */
int checks_text(const struct checks *c, struct checks_result *r,
                struct facets *anchor, struct facets *text, const char *kind,
                bool positive, struct err *err) MUST_CHECK;
/* Are two items of one side nearly equal? Not when numbers differ. */
int checks_siblings(const struct checks *c, bool *near, struct facets *a,
                    struct facets *b, struct err *err) MUST_CHECK;
/* Votes of models, NaN: none; and of a judge; then the verdict. */
void checks_opinion(const struct checks *c, struct checks_result *r,
                    bool positive, double cosine, double cross,
                    enum checks_vote judge);
/* From the votes. */
void checks_decide(struct checks_result *r);

/* ---- what came of it ---- */

struct checks_counts {
    size_t items;
    size_t accept[CHECKS], reject[CHECKS];
    size_t overlap[CHECKS];  /* another one voted too */
    size_t conflict[CHECKS]; /* ... the other way */
    size_t why[CHECKS];      /* decided against an item */
    size_t accepted, aside, rejected;
};
void checks_count(struct checks_counts *n, const struct checks_result *r);
/* To stdout, a line for each function that voted. */
void checks_print(const struct checks_counts *n);
struct json_node *checks_json(const struct checks_counts *n);

#endif
