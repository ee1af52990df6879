#include "llm/estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A request for the anchor, when one is needed: 0. None: 1. */
static int request_for(struct finding *f, const struct inquiry *q,
                       struct span anchor, bool retry, struct err *err)
{
    size_t order[BUYER_SOURCES] = { 0 };
    struct dialogue_plan plan;
    int rc;

    if (q->answers) {
        rc = inquiry_find(f, q, anchor, NULL, retry, err);
        return rc < 0 ? rc
                      : f->state == INQUIRY_USE || f->state == INQUIRY_FAILED;
    }
    sources_order(q->sources, anchor, order);
    memset(f, 0, sizeof(*f));
    f->source = order[0];
    f->dialogue.body = (struct buf)BUF_INIT(16 << 20);
    inquiry_plan(&plan, q, f->source, q->sample);
    f->dialogue.cap = dialogue_tokens(&plan, anchor);
    return dialogue_request(&f->dialogue.body, &plan, anchor, err);
}

static void add(struct estimate *e, struct sources *s, struct ledger *l,
                const struct finding *f)
{
    const struct source *x = &s->source[f->source];
    const struct price *p = source_price(s, f->source);
    struct ledger_row *row = ledger_row(l, x->name);
    double bytes = (double)f->dialogue.body.len, cap = f->dialogue.cap;
    double in = bytes * ledger_tokens_per_byte(row, 0.28);
    double out = cap / 2.0;

    e->requests++;
    e->in += in;
    e->out += out;
    e->out_most += cap;
    snprintf(e->currency, sizeof(e->currency), "%s", p->currency);
    if (!p->known)
        snprintf(e->unknown, sizeof(e->unknown), "%s", x->name);
    e->money += (in * p->input + out * p->output) * 1e-6;
    e->money_most +=
        (in * p->input + cap * p->output) * p->dearest / p->factor * 1e-6;
}

int estimate_run(struct estimate *e, const struct inquiry *q,
                 const struct anchors *a, struct ledger *l, bool retry,
                 struct buf *shown, struct err *err)
{
    int rc = 0;

    *e = (struct estimate){ .anchors = a->n };
    snprintf(e->currency, sizeof(e->currency), "%s",
             source_price(q->sources, 0)->currency);
    for (uint32_t i = 0; rc == 0 && i < a->n; i++) {
        struct finding f = { .state = INQUIRY_FRESH };
        struct span anchor;

        rc = anchors_get(a, i, &anchor, err);
        if (rc == 0)
            rc = request_for(&f, q, anchor, retry, err);
        if (rc == 0) {
            add(e, q->sources, l, &f);
            if (e->requests <= ESTIMATE_SHOWN)
                rc = buf_printf(shown, err, "%.*s\n\n",
                                (int)f.dialogue.body.len, f.dialogue.body.ptr);
        } else if (rc == 1) {
            e->answered += f.state == INQUIRY_USE;
            e->failed += f.state == INQUIRY_FAILED;
            rc = 0;
        }
        finding_release(&f);
    }
    return rc;
}
