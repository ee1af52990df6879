/*
 * detect.h - what of a sentence's meaning can be seen by its characters, in
 * English and Chinese: numbers with their units, negations, the script it is
 * written in; and how alike two sentences look. For checks that may be wrong
 * now and then: numbers are read as digits, as words and by name (Monday, 周三,
 * twice), "one" and 一 count for little outside a span of time, and "not only"
 * or 特别 are no negations. tests/golden/checks has what they must get right.
 */
#ifndef TEXT_DETECT_H
#define TEXT_DETECT_H

#include "base/buf.h"
#include "base/err.h"

struct detect;
int detect_new(struct detect **out, struct err *err) MUST_CHECK;
void detect_free(struct detect *d); /* NULL is fine */

enum { DETECT_NUMBERS = 16 };
struct detect_number {
    double value; /* in the unit's base: hours, months, metres, grams, ... */
    char unit;    /* its dimension: h m l w % $ e p y (money), c A P (the
                     clock), W (weekday), M (month), r (today), o (ordinal),
                     z (折); 0: not said */
    bool vague;   /* may be no number: "one", "both", 一个 */
};
/* Ascending; more than DETECT_NUMBERS are left out. */
struct detect_numbers {
    struct detect_number number[DETECT_NUMBERS];
    size_t n;
};
/* Text is UTF-8 (ERR_FORMAT). */
int detect_numbers(struct detect *d, struct detect_numbers *out,
                   struct span text, struct err *err) MUST_CHECK;
enum detect_match {
    DETECT_SAME,
    DETECT_MORE,  /* a side has what the other does not say */
    DETECT_OTHER, /* each says another of the same kind */
};
/* By value; units count where both are said. Vague ones need no partner, but
 * contradict another one of their kind. */
enum detect_match detect_match_numbers(const struct detect_numbers *a,
                                       const struct detect_numbers *b);
/* How many negations, and a hash of what each of them stands before. */
struct detect_negation {
    unsigned n;
    uint64_t where;
};
int detect_negation(struct detect *d, struct detect_negation *out,
                    struct span text, struct err *err) MUST_CHECK;

/* The share of its letters in what can hardly be words: Latin letters without a
 * vowel, 7 consonants or 4 times the same in a row, more than 30 at once; and
 * what is said four times in a row. 0 of no letters. */
int detect_nonsense(struct detect *d, double *share, struct span text,
                    struct err *err) MUST_CHECK;

enum detect_script {
    SCRIPT_NONE, /* no letter */
    SCRIPT_LATIN,
    SCRIPT_HAN,
    SCRIPT_KANA,
    SCRIPT_HANGUL,
    SCRIPT_CYRILLIC,
    SCRIPT_ARABIC,
    SCRIPT_OTHER,
};
/* Of most letters; an ideograph counts as three, any kana makes it kana. */
enum detect_script detect_script(struct span text);

/* 1 - edit distance / length of the longer one, in code points; of the first
 * DETECT_POINTS of each. */
double detect_likeness(struct span a, struct span b);
/* The same of code points: x[n] and y[m], at most DETECT_POINTS each. */
enum { DETECT_POINTS = 512 };
size_t detect_points(uint32_t out[DETECT_POINTS], struct span text);
double detect_points_likeness(const uint32_t *x, size_t n, const uint32_t *y,
                              size_t m);

#endif
