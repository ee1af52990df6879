#include "llm/waste.h"

#include <stdio.h>
#include <string.h>

static struct waste_row *row_of(struct waste *w, const char *source)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->row[i].source, source) == 0)
            return &w->row[i];
    if (w->n < WASTE_ROWS) {
        snprintf(w->row[w->n].source, sizeof(w->row[0].source), "%s", source);
        w->n++;
    }
    return &w->row[w->n - 1];
}

static void add(struct dialogue_cost *to, const struct dialogue_cost *c,
                double share)
{
    to->answers += share * c->answers;
    to->tokens += share * c->tokens;
    to->money += share * c->money;
    to->unknown += share * c->unknown;
}

void waste_add(struct waste *w, const char *source, const struct dialogue *d,
               size_t kept, size_t items)
{
    struct waste_row *r = row_of(w, source);
    double share = items ? (double)kept / (double)items : 0.0;

    r->items_kept += (double)kept;
    r->items_dropped += (double)(items - kept);
    for (size_t s = 0; s <= CHAT_ERROR; s++) {
        if (s != CHAT_ITEMS) {
            add(&r->other[s], &d->cost[s], 1.0);
            continue;
        }
        add(&r->kept, &d->cost[s], share);
        add(&r->dropped, &d->cost[s], 1.0 - share);
    }
}

void waste_add_judge(struct waste *w, const char *source,
                     const struct dialogue *d)
{
    struct waste_row *r = row_of(w, source);

    for (size_t s = 0; s <= CHAT_ERROR; s++)
        add(s == CHAT_ITEMS ? &r->kept : &r->other[s], &d->cost[s], 1.0);
}

void waste_sum(const struct waste *w, struct dialogue_cost *all,
               double *items_kept)
{
    memset(all, 0, sizeof(*all));
    *items_kept = 0.0;
    for (size_t i = 0; i < w->n; i++) {
        const struct waste_row *r = &w->row[i];

        add(all, &r->kept, 1.0);
        add(all, &r->dropped, 1.0);
        for (size_t s = 0; s <= CHAT_ERROR; s++)
            add(all, &r->other[s], 1.0);
        *items_kept += r->items_kept;
    }
}

static void set_cost(struct json_node *o, const char *name,
                     const struct dialogue_cost *c)
{
    struct json_node *n = json_new_object();

    json_set_num(n, "answers", c->answers);
    json_set_num(n, "tokens", c->tokens);
    if (c->unknown > 0.0)
        json_set_null(n, "money");
    else
        json_set_num(n, "money", c->money);
    json_set(o, name, n);
}

struct json_node *waste_json(const struct waste *w)
{
    struct json_node *list = json_new_array();

    for (size_t i = 0; i < w->n; i++) {
        const struct waste_row *r = &w->row[i];
        struct json_node *o = json_new_object();

        json_set_str(o, "source", r->source);
        json_set_num(o, "items_kept", r->items_kept);
        json_set_num(o, "items_dropped", r->items_dropped);
        set_cost(o, "kept", &r->kept);
        set_cost(o, "dropped", &r->dropped);
        for (int s = 0; s <= CHAT_ERROR; s++)
            if (s != CHAT_ITEMS && r->other[s].answers > 0.0)
                set_cost(o, chat_status_name((enum chat_status)s),
                         &r->other[s]);
        json_push(list, o);
    }
    return list;
}
