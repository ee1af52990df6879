#include <math.h>

#include "text/detect_parts.h"

/* What can be told apart by value; noon and midnight need not be said. */
static char kind_of(char unit)
{
    return detect_is_clock(unit)                                      ? 'c'
           : unit == 'm'                                              ? 'h'
           : unit == 'e' || unit == 'p' || unit == 'y' || unit == '$' ? '$'
                                                                      : unit;
}

static bool comparable(const struct detect_number *a,
                       const struct detect_number *b)
{
    if (a->unit && b->unit)
        return kind_of(a->unit) == kind_of(b->unit);
    /* "one" is no number of days */
    return !(a->vague && !a->unit && b->unit) &&
           !(b->vague && !b->unit && a->unit);
}

static bool same_unit(const struct detect_number *a,
                      const struct detect_number *b)
{
    return a->unit == b->unit || !a->unit || !b->unit ||
           (kind_of(a->unit) == 'h' && kind_of(b->unit) == 'h') ||
           (a->unit == 'c' && detect_is_clock(b->unit)) ||
           (b->unit == 'c' && detect_is_clock(a->unit));
}

/* Closer than a share; of hours and months, both are made hours. */
static bool is_near(const struct detect_number *a,
                    const struct detect_number *b, double share)
{
    const double month = 730;
    bool mixed = a->unit && b->unit && a->unit != b->unit;
    double x = a->value * (mixed && a->unit == 'm' ? month : 1);
    double y = b->value * (mixed && b->unit == 'm' ? month : 1);

    return fabs(x - y) <= share * fabs(x);
}

static bool is_mixed(const struct detect_number *a,
                     const struct detect_number *b)
{
    return (a->unit == 'm' && b->unit == 'h') ||
           (a->unit == 'h' && b->unit == 'm');
}

/* A month is 30 or 31 days. */
static bool same_number(const struct detect_number *a,
                        const struct detect_number *b)
{
    return same_unit(a, b) && is_near(a, b, is_mixed(a, b) ? 0.02 : 1e-9);
}

/* Half a month may be two weeks. */
static bool other_number(const struct detect_number *a,
                         const struct detect_number *b)
{
    return comparable(a, b) && !(is_mixed(a, b) && is_near(a, b, 0.1));
}

/* What is left of a number list once its like in the other is taken out. */
struct left {
    const struct detect_number *number[DETECT_NUMBERS];
    size_t n, firm; /* all, those that are not vague */
};

static void add_left(struct left *l, const struct detect_number *x)
{
    l->number[l->n++] = x;
    l->firm += !x->vague;
}

static void leave(struct left *la, struct left *lb,
                  const struct detect_numbers *a,
                  const struct detect_numbers *b)
{
    bool taken[DETECT_NUMBERS] = { false };

    *la = *lb = (struct left){ .n = 0 };
    for (size_t i = 0; i < a->n; i++) {
        size_t k = 0;

        while (k < b->n &&
               (taken[k] || !same_number(&a->number[i], &b->number[k])))
            k++;
        if (k < b->n)
            taken[k] = true;
        else
            add_left(la, &a->number[i]);
    }
    for (size_t k = 0; k < b->n; k++)
        if (!taken[k])
            add_left(lb, &b->number[k]);
}

static bool contradict(const struct left *a, const struct left *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (other_number(a->number[i], b->number[k]))
                return true;
    return false;
}

enum detect_match detect_match_numbers(const struct detect_numbers *a,
                                       const struct detect_numbers *b)
{
    struct left la, lb;

    leave(&la, &lb, a, b);
    if (contradict(&la, &lb))
        return DETECT_OTHER;
    return la.firm + lb.firm ? DETECT_MORE : DETECT_SAME;
}
