#include "text/facets.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "text/fold.h"
#include "text/normalise.h"

enum { NUMBERS = 1, NEGATION = 2, NONSENSE = 4, SCRIPT = 8 };

int facets_open(struct facets *f, struct span text, struct err *err)
{
    int rc;

    *f = (struct facets){ .text = text,
                          .letters = BUF_INIT(24 * text.len + 64) };
    rc = fold_text(&f->letters, text, err);
    if (rc < 0)
        return rc;
    f->folded = (struct span){ buf_str(&f->letters), f->letters.len };
    f->length = utf8_count(text.ptr, text.len);
    f->point = calloc(f->folded.len < DETECT_POINTS ? f->folded.len + 1
                                                    : DETECT_POINTS,
                      sizeof(*f->point));
    if (!f->point)
        return ERR_SET(err, ERR_NOMEM, "cannot hold a sentence");
    f->points = detect_points(f->point, f->folded);
    return 0;
}

void facets_release(struct facets *f)
{
    buf_release(&f->letters);
    free(f->point);
    *f = (struct facets){ .found = 0 };
}

/* Is it the first time? */
static bool first(struct facets *f, unsigned which)
{
    bool is = !(f->found & which);

    f->found |= which;
    return is;
}

int facets_numbers(const struct detect_numbers **out, struct facets *f,
                   struct detect *d, struct err *err)
{
    *out = &f->numbers;
    return first(f, NUMBERS) ? detect_numbers(d, &f->numbers, f->text, err) : 0;
}

int facets_negation(const struct detect_negation **out, struct facets *f,
                    struct detect *d, struct err *err)
{
    *out = &f->negation;
    return first(f, NEGATION) ? detect_negation(d, &f->negation, f->text, err)
                              : 0;
}

int facets_nonsense(double *share, struct facets *f, struct detect *d,
                    struct err *err)
{
    int rc =
        first(f, NONSENSE) ? detect_nonsense(d, &f->nonsense, f->text, err) : 0;

    *share = f->nonsense;
    return rc;
}

enum detect_script facets_script(struct facets *f)
{
    if (first(f, SCRIPT))
        f->script = detect_script(f->text);
    return f->script;
}

size_t facets_length(const struct facets *f)
{
    return f->length;
}

double facets_likeness(const struct facets *a, const struct facets *b)
{
    return detect_points_likeness(a->point, a->points, b->point, b->points);
}

double facets_likeness_most(const struct facets *a, const struct facets *b)
{
    size_t less = a->points < b->points ? a->points : b->points;
    size_t more = a->points < b->points ? b->points : a->points;

    return more ? (double)less / (double)more : 1.0;
}
