#include "llm/opinion.h"

#include <math.h>
#include <stdlib.h>

void opinions_reset(struct opinions *o)
{
    o->n = o->texts = 0;
}

/* Room for n more sentences, each of them with an anchor at worst. */
static int reserve(struct opinions *o, size_t n, struct err *err)
{
    size_t room = 2 * (o->room + n) + 64;
    struct opinion *of;
    struct span *text;
    uint32_t *a, *b;
    float *x, *y;

    if (o->texts + n + 1 <= o->room)
        return 0;
    of = realloc(o->of, room * sizeof(*of));
    o->of = of ? of : o->of;
    text = realloc(o->text, room * sizeof(*text));
    o->text = text ? text : o->text;
    a = realloc(o->a, room * sizeof(*a));
    o->a = a ? a : o->a;
    b = realloc(o->b, room * sizeof(*b));
    o->b = b ? b : o->b;
    x = realloc(o->cosine, room * sizeof(*x));
    o->cosine = x ? x : o->cosine;
    y = realloc(o->cross, room * sizeof(*y));
    o->cross = y ? y : o->cross;
    if (!of || !text || !a || !b || !x || !y)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu sentences", room);
    o->room = room;
    return 0;
}

static void add(struct opinions *o, uint32_t anchor, const char *text)
{
    o->text[o->texts] = span_of(text);
    o->a[o->n] = anchor;
    o->b[o->n] = (uint32_t)o->texts++;
    o->of[o->n++] = (struct opinion){ NAN, NAN, VOTE_ABSTAIN };
}

int opinions_add(struct opinions *o, struct span anchor,
                 const struct chat_answer *a, size_t *first, struct err *err)
{
    uint32_t at = (uint32_t)o->texts;
    int rc = reserve(o, a->positives + a->negatives, err);

    *first = o->n;
    if (rc < 0)
        return rc;
    o->text[o->texts++] = anchor;
    for (size_t i = 0; i < a->positives; i++)
        add(o, at, a->positive[i].text);
    for (size_t i = 0; i < a->negatives; i++)
        add(o, at, a->negative[i].text);
    return 0;
}

int opinions_ask(struct opinions *o, struct err *err)
{
    int rc;

    if (!o->ask || o->n == 0)
        return 0;
    for (size_t i = 0; i < o->n; i++)
        o->cosine[i] = o->cross[i] = NAN;
    rc = o->ask(o->ctx, o->cosine, o->cross, o->text, o->texts, o->a, o->b,
                o->n, err);
    for (size_t i = 0; i < o->n; i++) {
        o->of[i].cosine = o->cosine[i];
        o->of[i].cross = o->cross[i];
    }
    return rc;
}

void opinions_release(struct opinions *o)
{
    free(o->of);
    free(o->text);
    free(o->a);
    free(o->b);
    free(o->cosine);
    free(o->cross);
    *o = (struct opinions){ .ask = o->ask, .ctx = o->ctx };
}
