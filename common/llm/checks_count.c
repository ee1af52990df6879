#include <stdio.h>

#include "llm/checks.h"

void checks_count(struct checks_counts *n, const struct checks_result *r)
{
    size_t accepts = 0, rejects = 0;

    for (int f = 0; f < CHECKS; f++) {
        accepts += r->vote[f] == VOTE_ACCEPT;
        rejects += r->vote[f] == VOTE_REJECT;
    }
    n->items++;
    n->accepted += r->verdict == CHECKS_ACCEPT;
    n->aside += r->verdict == CHECKS_ASIDE;
    n->rejected += r->verdict == CHECKS_REJECT;
    if (r->verdict != CHECKS_ACCEPT)
        n->why[r->why]++;
    for (int f = 0; f < CHECKS; f++) {
        bool yes = r->vote[f] == VOTE_ACCEPT, no = r->vote[f] == VOTE_REJECT;

        n->accept[f] += yes;
        n->reject[f] += no;
        n->overlap[f] += (yes || no) && accepts + rejects > 1;
        n->conflict[f] += (yes && rejects) || (no && accepts);
    }
}

static double share(size_t part, size_t of)
{
    return of ? 100.0 * (double)part / (double)of : 0.0;
}

void checks_print(const struct checks_counts *n)
{
    printf("checks: %zu sentences: %zu accepted, %zu put aside, %zu "
           "rejected\n",
           n->items, n->accepted, n->aside, n->rejected);
    for (int f = 0; f < CHECKS; f++) {
        size_t votes = n->accept[f] + n->reject[f];

        if (votes)
            printf("  %-8s  coverage %5.1f %%, overlap %5.1f %%, conflict "
                   "%5.1f %%; %zu accepts, %zu rejects, decided %zu\n",
                   checks_name((enum checks_fn)f), share(votes, n->items),
                   share(n->overlap[f], n->items),
                   share(n->conflict[f], n->items), n->accept[f], n->reject[f],
                   n->why[f]);
    }
}

struct json_node *checks_json(const struct checks_counts *n)
{
    struct json_node *all = json_new_object(), *list = json_new_object();

    json_set_num(all, "items", (double)n->items);
    json_set_num(all, "accepted", (double)n->accepted);
    json_set_num(all, "aside", (double)n->aside);
    json_set_num(all, "rejected", (double)n->rejected);
    for (int f = 0; f < CHECKS; f++) {
        struct json_node *o = json_new_object();

        json_set_num(o, "accepts", (double)n->accept[f]);
        json_set_num(o, "rejects", (double)n->reject[f]);
        json_set_num(o, "overlap", (double)n->overlap[f]);
        json_set_num(o, "conflict", (double)n->conflict[f]);
        json_set_num(o, "decided", (double)n->why[f]);
        json_set(list, checks_name((enum checks_fn)f), o);
    }
    json_set(all, "functions", list);
    return all;
}
