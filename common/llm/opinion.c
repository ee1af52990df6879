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

void opinions_keep(struct opinions *o)
{
    o->keep = o->ask != NULL;
}

void opinions_again(struct opinions *o)
{
    o->again = o->keep;
    o->keep = false;
    o->next = 0;
}

static int keep(struct opinions *o, struct err *err)
{
    if (o->keeps + 2 * o->n > o->keep_room) {
        size_t room = 2 * (o->keep_room + 2 * o->n);
        float *kept = realloc(o->kept, room * sizeof(*kept));

        if (!kept)
            return ERR_SET(err, ERR_NOMEM, "cannot hold %zu scores", room);
        o->kept = kept;
        o->keep_room = room;
    }
    for (size_t i = 0; i < o->n; i++) {
        o->kept[o->keeps++] = o->cosine[i];
        o->kept[o->keeps++] = o->cross[i];
    }
    return 0;
}

static int ask(struct opinions *o, struct err *err)
{
    int rc;

    for (size_t i = 0; i < o->n; i++)
        o->cosine[i] = o->cross[i] = NAN;
    rc = o->ask(o->ctx, o->cosine, o->cross, o->text, o->texts, o->a, o->b,
                o->n, err);
    return rc == 0 && o->keep ? keep(o, err) : rc;
}

int opinions_ask(struct opinions *o, struct err *err)
{
    int rc = 0;

    if (!o->ask || o->n == 0)
        return 0;
    if (!o->again)
        rc = ask(o, err);
    for (size_t i = 0; o->again && i < o->n; i++) {
        o->cosine[i] = o->kept[o->next++];
        o->cross[i] = o->kept[o->next++];
    }
    for (size_t i = 0; rc == 0 && i < o->n; i++) {
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
    free(o->kept);
    *o = (struct opinions){ .ask = o->ask, .ctx = o->ctx };
}
