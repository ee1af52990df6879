#include "llm/checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LITTLE_CHANGED 0.6 /* likeness */

enum { SHORT = 8 }; /* code points of slack in the ratio of lengths */

static const struct checks_rules defaults = {
    .near = 0.95,
    .repeated = 0.85,
    .length = 4.0,
    .words = 0.5,
    .overlap = 0.1,
    .cosine_same = 0.3,
    .cosine_differ = 0.995,
    .cosine_far = 0.1,
    .cross_same = 0.5,
    .cross_differ = 0.85,
};

static const char *const names[] = { "equal",    "repeated", "length",
                                     "language", "words",    "numbers",
                                     "negation", "overlap",  "cosine",
                                     "cross",    "judge" };

const char *checks_name(enum checks_fn f)
{
    return names[f];
}

const char *checks_reason(enum checks_fn f, bool positive)
{
    static const char *const reasons[] = {
        [CHECK_EQUAL] = "the anchor, or another sentence of it, again",
        [CHECK_REPEATED] = "nearly one of another anchor or an earlier store",
        [CHECK_LENGTH] = "much longer or shorter than the anchor",
        [CHECK_LANGUAGE] = "another script than the anchor's",
        [CHECK_WORDS] = "letters that make no words",
        [CHECK_NUMBERS] = "other numbers than the anchor's",
        [CHECK_NEGATION] = "more or fewer negations than the anchor",
        [CHECK_OVERLAP] = "hardly anything in common with the anchor",
        [CHECK_COSINE] = "the encoder finds it too far or too near",
        [CHECK_CROSS] = "the cross-encoder finds the other meaning",
        [CHECK_JUDGE] = "the judge finds the other meaning",
    };

    if (!positive && f == CHECK_NUMBERS)
        return "said to have other numbers, and has not";
    if (!positive && f == CHECK_NEGATION)
        return "said to differ in a negation, and does not";
    return reasons[f];
}

/* ---- settings ---- */

struct setting {
    const char *name;
    double *value, min, max;
};

/* What a number may be set for; false: no such thing. */
static bool setting_of(struct setting *s, struct checks_rules *r,
                       const char *key)
{
    const struct setting row[] = {
        { "near", &r->near, 0.0, 1.0 },
        { "repeated", &r->repeated, 0.0, 1.0 },
        { "length", &r->length, 1.0, 1000.0 },
        { "words", &r->words, 0.0, 1.0 },
        { "overlap", &r->overlap, 0.0, 1.0 },
        { "cosine-same", &r->cosine_same, -1.0, 1.0 },
        { "cosine-differ", &r->cosine_differ, -1.0, 1.0 },
        { "cosine-far", &r->cosine_far, -1.0, 1.0 },
        { "cross-same", &r->cross_same, 0.0, 1.0 },
        { "cross-differ", &r->cross_differ, 0.0, 1.0 },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (strcmp(key, row[i].name) == 0) {
            *s = row[i];
            return true;
        }
    return false;
}

static int set_number(const struct setting *s, const char *value,
                      struct err *err)
{
    char *stop;

    *s->value = strtod(value, &stop);
    if (stop != value && !*stop && *s->value >= s->min && *s->value <= s->max)
        return 0;
    return ERR_SET(err, ERR_USAGE,
                   "--checks: '%s=%s': expected a number from %g to %g",
                   s->name, value, s->min, s->max);
}

static int read_setting(struct checks_rules *r, const char *word, size_t len,
                        struct err *err)
{
    char key[40], *value;
    struct setting s;

    snprintf(key, sizeof(key), "%.*s", (int)len, word);
    value = strchr(key, '=');
    if (value)
        *value++ = '\0';
    for (int f = 0; value && f < CHECKS; f++)
        if (strcmp(key, names[f]) == 0 && strcmp(value, "off") == 0) {
            r->off[f] = true;
            return 0;
        }
    if (value && setting_of(&s, r, key))
        return set_number(&s, value, err);
    return ERR_SET(
        err, ERR_USAGE,
        "--checks: '%.*s': expected none alone, NAME=off (equal, repeated, "
        "length, language, words, numbers, negation, overlap, "
        "cosine, cross, judge), or a number for near, repeated, "
        "length, words, overlap, cosine-same, cosine-differ, "
        "cosine-far, cross-same or cross-differ",
        (int)len, word);
}

int checks_open(struct checks *c, const char *settings, struct err *err)
{
    bool none = strcmp(settings, "none") == 0;
    int rc = 0;

    *c = (struct checks){ .rules = defaults };
    for (int f = CHECK_EQUAL + 1; none && f < CHECKS; f++)
        c->rules.off[f] = true;
    while (rc == 0 && !none && *settings) {
        size_t n = strcspn(settings, ",");

        rc = read_setting(&c->rules, settings, n, err);
        settings += n + (settings[n] == ',');
    }
    return rc == 0 ? detect_new(&c->detect, err) : rc;
}

void checks_close(struct checks *c)
{
    detect_free(c->detect);
    c->detect = NULL;
}

/* ---- functions ---- */

static enum checks_vote vote_length(const struct checks *c,
                                    const struct facets *anchor,
                                    const struct facets *text)
{
    double a = (double)facets_length(anchor) + SHORT;
    double b = (double)facets_length(text) + SHORT;
    double ratio = a > b ? a / b : b / a;

    return ratio > c->rules.length ? VOTE_REJECT : VOTE_ABSTAIN;
}

static enum checks_vote vote_language(struct facets *anchor,
                                      struct facets *text)
{
    enum detect_script a = facets_script(anchor), b = facets_script(text);

    if (a == SCRIPT_NONE)
        return VOTE_ABSTAIN;
    /* Japanese may do without kana, and a brand may stand alone */
    if (a == b || (a == SCRIPT_KANA && b == SCRIPT_HAN))
        return VOTE_ACCEPT;
    return VOTE_REJECT;
}

/* Codes and names may be all that an anchor has, too. */
static int vote_words(const struct checks *c, enum checks_vote *vote,
                      struct facets *anchor, struct facets *text,
                      struct err *err)
{
    double a = 0.0, b;
    int rc = facets_nonsense(&b, text, c->detect, err);

    if (rc == 0 && b > c->rules.words)
        rc = facets_nonsense(&a, anchor, c->detect, err);
    if (rc == 0 && b > c->rules.words && a < 0.5 * b)
        *vote = VOTE_REJECT;
    return rc;
}

static bool all_vague(const struct detect_numbers *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (!a->number[i].vague)
            return false;
    return true;
}

static int vote_numbers(const struct checks *c, struct checks_result *r,
                        struct facets *anchor, struct facets *text,
                        const char *kind, bool positive, struct err *err)
{
    const struct detect_numbers *a, *b;
    enum detect_match match;
    bool said;
    int rc = facets_numbers(&a, anchor, c->detect, err);

    if (rc == 0)
        rc = facets_numbers(&b, text, c->detect, err);
    if (rc < 0)
        return rc;
    match = detect_match_numbers(a, b);
    said = !all_vague(a) || (positive && !all_vague(b));
    if (match == DETECT_SAME && !said)
        return 0;
    if (positive)
        r->vote[CHECK_NUMBERS] =
            match == DETECT_SAME ? VOTE_ACCEPT : VOTE_REJECT;
    else if (strcmp(kind, "number") == 0 && a->n)
        r->vote[CHECK_NUMBERS] =
            match == DETECT_SAME ? VOTE_REJECT : VOTE_ACCEPT;
    r->soft_numbers = !positive || match == DETECT_MORE;
    return 0;
}

static int vote_negation(const struct checks *c, enum checks_vote *vote,
                         struct facets *anchor, struct facets *text,
                         const char *kind, bool positive, struct err *err)
{
    const struct detect_negation *a, *b;
    int rc = facets_negation(&a, anchor, c->detect, err);

    if (rc == 0)
        rc = facets_negation(&b, text, c->detect, err);
    if (rc < 0)
        return rc;
    if (positive && a->n + b->n)
        *vote = a->n == b->n ? VOTE_ACCEPT : VOTE_REJECT;
    else if (!positive && strcmp(kind, "negation") == 0)
        *vote =
            a->n != b->n || a->where != b->where ? VOTE_ACCEPT : VOTE_REJECT;
    return 0;
}

/* Close to the anchor: a positive says nothing new, a negative is what was
 * asked for. */
static void vote_likeness(const struct checks *c, struct checks_result *r,
                          const struct facets *anchor,
                          const struct facets *text, bool positive)
{
    double like = facets_likeness(anchor, text);

    /* other words may say it without the negation; the same words cannot */
    if (positive && like < LITTLE_CHANGED &&
        r->vote[CHECK_NEGATION] == VOTE_REJECT)
        r->vote[CHECK_NEGATION] = VOTE_ABSTAIN;
    if (positive && like >= c->rules.near)
        r->vote[CHECK_EQUAL] = VOTE_REJECT;
    if (!positive)
        r->vote[CHECK_OVERLAP] = like < c->rules.overlap       ? VOTE_REJECT
                                 : like > 3 * c->rules.overlap ? VOTE_ACCEPT
                                                               : VOTE_ABSTAIN;
}

static void drop_off(const struct checks *c, struct checks_result *r)
{
    for (int f = 0; f < CHECKS; f++)
        if (c->rules.off[f])
            r->vote[f] = VOTE_ABSTAIN;
}

int checks_text(const struct checks *c, struct checks_result *r,
                struct facets *anchor, struct facets *text, const char *kind,
                bool positive, struct err *err)
{
    int rc;

    *r = (struct checks_result){ .cosine = NAN, .cross = NAN };
    if (!c || !c->detect)
        return 0;
    r->vote[CHECK_LENGTH] = vote_length(c, anchor, text);
    r->vote[CHECK_LANGUAGE] = vote_language(anchor, text);
    rc = vote_words(c, &r->vote[CHECK_WORDS], anchor, text, err);
    if (rc == 0)
        rc = vote_numbers(c, r, anchor, text, kind, positive, err);
    if (rc == 0)
        rc = vote_negation(c, &r->vote[CHECK_NEGATION], anchor, text, kind,
                           positive, err);
    if (rc == 0)
        vote_likeness(c, r, anchor, text, positive);
    drop_off(c, r);
    checks_decide(r);
    return rc;
}

int checks_siblings(const struct checks *c, bool *near, struct facets *a,
                    struct facets *b, struct err *err)
{
    const struct detect_numbers *x, *y;
    const struct detect_negation *n, *m;
    int rc;

    *near = false;
    if (!c || !c->detect || c->rules.off[CHECK_EQUAL] ||
        facets_likeness_most(a, b) < c->rules.near ||
        facets_likeness(a, b) < c->rules.near)
        return 0;
    rc = facets_numbers(&x, a, c->detect, err);
    if (rc == 0)
        rc = facets_numbers(&y, b, c->detect, err);
    if (rc == 0)
        rc = facets_negation(&n, a, c->detect, err);
    if (rc == 0)
        rc = facets_negation(&m, b, c->detect, err);
    *near =
        rc == 0 && detect_match_numbers(x, y) == DETECT_SAME && n->n == m->n;
    return rc;
}

static enum checks_vote vote_score(double score, bool positive, double same,
                                   double differ, double far)
{
    if (isnan(score))
        return VOTE_ABSTAIN;
    if (positive)
        return score < same ? VOTE_REJECT : VOTE_ACCEPT;
    return score > differ || score < far ? VOTE_REJECT : VOTE_ACCEPT;
}

void checks_opinion(const struct checks *c, struct checks_result *r,
                    bool positive, double cosine, double cross,
                    enum checks_vote judge)
{
    const struct checks_rules *s = &c->rules;

    r->cosine = (float)cosine;
    r->cross = (float)cross;
    r->vote[CHECK_COSINE] = vote_score(cosine, positive, s->cosine_same,
                                       s->cosine_differ, s->cosine_far);
    r->vote[CHECK_CROSS] =
        vote_score(cross, positive, s->cross_same, s->cross_differ, -1.0);
    r->vote[CHECK_JUDGE] = judge;
    drop_off(c, r);
    checks_decide(r);
}

/* ---- the verdict ---- */

static bool is_firm(const struct checks_result *r, int f)
{
    return f < CHECK_NUMBERS || (f == CHECK_NUMBERS && !r->soft_numbers);
}

void checks_decide(struct checks_result *r)
{
    unsigned doubts = 0;

    r->verdict = CHECKS_ACCEPT;
    r->why = CHECK_EQUAL;
    for (int f = 0; f < CHECKS; f++) {
        if (r->vote[f] != VOTE_REJECT)
            continue;
        if (r->verdict == CHECKS_ACCEPT || is_firm(r, f)) {
            r->why = (enum checks_fn)f;
            r->verdict = CHECKS_ASIDE;
        }
        if (is_firm(r, f)) {
            r->verdict = CHECKS_REJECT;
            return;
        }
        doubts++;
    }
    if (doubts >= 2)
        r->verdict = CHECKS_REJECT;
    else if (doubts && (r->vote[CHECK_JUDGE] == VOTE_ACCEPT ||
                        r->vote[CHECK_CROSS] == VOTE_ACCEPT))
        r->verdict = CHECKS_ACCEPT;
}
