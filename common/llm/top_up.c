#include "llm/top_up.h"

#include <math.h>
#include <string.h>

#include "llm/items.h"

bool top_up_may(const struct dialogue_plan *p)
{
    /* a template that does not say how to ask for more is not asked with */
    return p->top_ups > 0 && p->prompt->more.len > 0;
}

static void push_negative(struct json_node *list, const struct chat_item *item)
{
    struct json_node *o = json_new_object();

    json_set_str(o, "text", item->text);
    if (item->kind[0])
        json_set_str(o, "kind", item->kind);
    json_push(list, o);
}

/* In the order in which they stay: kept, then put aside. */
static int print_kept(struct buf *b, const struct items *it, struct err *err)
{
    struct json_node *o = json_new_object(), *same = json_new_array(),
                     *differ = json_new_array();
    int rc;

    for (size_t i = 0; i < it->positives; i++)
        json_push_str(same, it->positive[i]->text);
    for (size_t i = 0; i < it->asides; i++)
        if (i < it->aside_positives)
            json_push_str(same, it->aside[i]->text);
    for (size_t i = 0; i < it->negatives; i++)
        push_negative(differ, it->negative[i]);
    for (size_t i = it->aside_positives; i < it->asides; i++)
        push_negative(differ, it->aside[i]);
    json_set(o, "positives", same);
    json_set(o, "negatives", differ);
    rc = json_print(b, o, false, err);
    json_node_free(o);
    return rc;
}

static int missing(int asked, size_t kept, size_t aside)
{
    int n = asked - (int)(kept + aside);

    return n > 0 ? n : 0;
}

int top_up_look(struct top_up *t, const struct dialogue_plan *p,
                struct span anchor, const struct chat_answer *a,
                struct err *err)
{
    const struct items_from from = { .answer = &a,
                                     .answers = 1,
                                     .anchor = anchor,
                                     .positives = (size_t)p->positives,
                                     .negatives = (size_t)p->negatives,
                                     .checks = p->checks };
    static struct items it;
    struct items_tally tally = { 0 };
    int rc = items_pick(&it, &tally, &from, err);

    if (rc < 0)
        return rc;
    t->positives = missing(p->positives, it.positives, it.aside_positives);
    t->negatives =
        missing(p->negatives, it.negatives, it.asides - it.aside_positives);
    buf_reset(&t->kept);
    return t->positives + t->negatives ? print_kept(&t->kept, &it, err) : 0;
}

static size_t join(struct chat_item *to, size_t n, struct chat_item *from,
                   size_t *more)
{
    size_t room = CHAT_ITEMS_MAX - n, take = *more < room ? *more : room;

    memcpy(to + n, from, take * sizeof(*to));
    /* the rest stays and is released with its answer */
    memmove(from, from + take, (*more - take) * sizeof(*from));
    *more -= take;
    return n + take;
}

bool top_up_join(struct chat_answer *to, struct chat_answer *from,
                 struct json **doc)
{
    if (from->positives + from->negatives == 0)
        return false;
    to->positives =
        join(to->positive, to->positives, from->positive, &from->positives);
    to->negatives =
        join(to->negative, to->negatives, from->negative, &from->negatives);
    to->prompt_tokens =
        fmax(to->prompt_tokens, 0.0) + fmax(from->prompt_tokens, 0.0);
    to->completion_tokens =
        fmax(to->completion_tokens, 0.0) + fmax(from->completion_tokens, 0.0);
    *doc = from->doc;
    from->doc = NULL;
    return true;
}
