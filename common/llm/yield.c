#include "llm/session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int write_anchor(struct session *x, struct writer *w, struct span anchor,
                        const struct finding *f, struct err *err)
{
    const struct chat_answer *a = &f->dialogue.answer;
    const struct source *s = &x->sources.source[f->source];
    struct emit_source from = { .provider = s->provider.name,
                                .model = s->model,
                                .template = x->prompt.hash,
                                .repair = a->how,
                                .brief = &x->brief,
                                .negatives = (int)x->args->negatives };
    const struct items_from answers = {
        .answer = &a,
        .answers = 1,
        .anchor = anchor,
        .positives = (size_t)x->args->positives,
        .negatives = (size_t)x->args->negatives,
        .checks = &x->checks,
        .counts = &x->votes,
    };
    static struct items it;
    int rc = items_pick(&it, &x->items, &answers, err);

    if (rc < 0)
        return rc;
    x->how_read[a->how]++;
    x->prompt_tokens += fmax(a->prompt_tokens, 0.0);
    x->completion_tokens += fmax(a->completion_tokens, 0.0);
    waste_add(&x->waste, s->name, &f->dialogue, it.positives + it.negatives,
              a->positives + a->negatives);
    x->stage->n.seen++;
    x->stage->n.kept++;
    rc = w ? aside_write(&x->aside, anchor, &it, s->model, err) : 0;
    return w && rc == 0 ? emit_items(w, anchor, &it, &from, err) : rc;
}

static int fail_anchor(struct session *x, uint32_t i, struct span anchor,
                       const struct finding *f, struct err *err)
{
    char where[64], text[512];

    waste_add(&x->waste, x->sources.source[f->source].name, &f->dialogue, 0, 0);
    snprintf(where, sizeof(where), "anchor %u", i);
    snprintf(text, sizeof(text), "%.*s", (int)anchor.len, anchor.ptr);
    return stage_fail_record(
        x->stage, where,
        f->state == INQUIRY_FAILED ? f->reason : "no answer came; run again",
        text, err);
}

/* w NULL: count only. */
int session_write(struct session *x, struct writer *w, struct err *err)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < x->anchors.n; i++) {
        struct finding f = { .state = INQUIRY_CLOSED };
        struct span anchor;

        rc = anchors_get(&x->anchors, i, &anchor, err);
        if (rc == 0)
            rc = inquiry_find(&f, &x->inquiry, anchor, NULL, false, err);
        if (rc == 0)
            x->status[f.dialogue.answer.status] +=
                f.dialogue.verdict != TURNS_ASK;
        if (rc == 0 && f.state == INQUIRY_USE)
            rc = write_anchor(x, w, anchor, &f, err);
        else if (rc == 0)
            rc = fail_anchor(x, i, anchor, &f, err);
        finding_release(&f);
    }
    return rc;
}

/* ---- what came of it ---- */

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
    printf("; JSON:");
    for (int h = 0; h <= REPAIR_CUT; h++)
        if (x->how_read[h])
            printf(" %zu %s", x->how_read[h], repair_name((enum repair_how)h));
    printf("\ntokens of the answers used: %.0f in, %.0f out\n",
           x->prompt_tokens, x->completion_tokens);
}

int session_report(const struct session *x, struct err *err)
{
    struct bill b = session_bill(x, "");

    report(x);
    b.waste = &x->waste;
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
