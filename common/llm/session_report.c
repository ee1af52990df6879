#include <math.h>
#include <stdio.h>

#include "llm/session.h"

static void report(const struct session *x)
{
    const struct items_tally *t = &x->items;

    printf("anchors %u: %zu positives, %zu negatives kept\n", x->anchors.n,
           t->positives, t->negatives);
    printf("dropped: %zu equal to the anchor, %zu twice, %zu on both sides, "
           "%zu too long, %zu more than asked\n",
           t->as_anchor, t->twice, t->both_sides, t->too_long, t->extra);
    checks_print(&x->votes);
    printf("answers:");
    for (int s = 0; s <= CHAT_ERROR; s++)
        if (x->status[s])
            printf(" %zu %s", x->status[s],
                   chat_status_name((enum chat_status)s));
    if (x->topped_up)
        printf(", %zu of them topped up", x->topped_up);
    printf("; JSON:");
    for (int h = 0; h <= REPAIR_CUT; h++)
        if (x->how_read[h])
            printf(" %zu %s", x->how_read[h], repair_name((enum repair_how)h));
    printf("\ntokens of the answers used: %.0f in, %.0f out\n",
           x->prompt_tokens, x->completion_tokens);
}

static int print_diversity(const struct session *x, struct err *err)
{
    struct buf text = BUF_INIT(1 << 16);
    int rc = 0;

    if (x->diversity.texts)
        rc = diversity_print(&text, &x->diversity, err);
    if (rc == 0)
        printf("%s", buf_str(&text));
    buf_release(&text);
    return rc;
}

int session_report(const struct session *x, struct err *err)
{
    struct bill b = session_bill(x, "");
    int rc;

    report(x);
    rc = print_diversity(x, err);
    if (rc < 0)
        return rc;
    b.waste = &x->waste;
    b.votes = &x->votes;
    b.diversity = &x->diversity;
    bill_print(&b);
    return bill_write(&b, x->answers_path, err);
}

void session_project(const struct session *x)
{
    const struct items_tally *t = &x->items;
    const double n = x->anchors.n, kept = (double)(t->positives + t->negatives);
    const double asked = n * (double)(x->args->positives + x->args->negatives);
    struct dialogue_cost c;
    char one[40], all[40];
    double items;

    waste_sum(&x->waste, &c, &items);
    printf("pilot: %.0f of %u anchors; %.1f %% answered, %.1f %% of the "
           "sentences asked for were kept\n",
           n, x->all, 100.0 * (double)x->stage->n.kept / n,
           100.0 * kept / fmax(asked, 1.0));
    printf("projected for all: %.0f sentences, %.0f tokens, %s; an anchor "
           "takes %.0f tokens, %s\n",
           kept * x->all / n, c.tokens * x->all / n,
           bill_money(all, x->sources.source[0].price.currency,
                      c.unknown > 0.0 ? NAN : c.money * x->all / n),
           c.tokens / n,
           bill_money(one, x->sources.source[0].price.currency,
                      c.unknown > 0.0 ? NAN : c.money / n));
}
