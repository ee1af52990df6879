#include "llm/inquiry.h"

#include <stdio.h>
#include <string.h>

void inquiry_plan(struct dialogue_plan *out, const struct inquiry *q,
                  size_t source, unsigned sample)
{
    const struct source *s = &q->sources->source[source];

    *out = *q->plan;
    out->provider = &s->provider;
    out->model = s->model;
    out->rung = s->provider.rung[s->rung];
    out->dropped = s->dropped[0] ? s->dropped : NULL;
    out->sample = sample;
    out->settled = q->settled;
    if (s->replay) /* has one answer to each anchor */
        out->top_ups = 0;
}

static void use_as_is(struct finding *f)
{
    f->state = INQUIRY_USE;
    f->dialogue.verdict = TURNS_USE;
}

void finding_release(struct finding *f)
{
    dialogue_release(&f->dialogue);
}

/* One sample of one source. */
static int look_at(struct finding *f, const struct inquiry *q,
                   struct span anchor, bool retry, struct err *err)
{
    struct dialogue *d = &f->dialogue;
    struct dialogue_plan plan;
    int rc;

    inquiry_plan(&plan, q, f->source, f->sample);
    rc = dialogue_follow(d, &plan, q->answers, anchor, err);
    if (rc < 0)
        return rc;
    if (d->verdict == TURNS_USE) {
        f->state = INQUIRY_USE;
    } else if (d->verdict == TURNS_FAIL) {
        f->state = INQUIRY_FAILED;
        snprintf(f->reason, sizeof(f->reason), "%s: %s",
                 chat_status_name(d->answer.status), d->answer.message);
    } else {
        bool begun = d->attempt > 0 || f->sample > q->sample;

        rc = answers_get_failure(q->answers, d->hash, d->attempt, f->reason,
                                 sizeof(f->reason), err);
        f->state = rc == 0 && !retry ? INQUIRY_FAILED
                   : begun           ? INQUIRY_GOES_ON
                                     : INQUIRY_FRESH;
        if (d->usable && (q->settled || f->state == INQUIRY_FAILED))
            use_as_is(f);
    }
    return rc < 0 ? rc : 0;
}

/* The last sample of a source that there is, or the one to ask for. */
static int look(struct finding *f, const struct inquiry *q, struct span anchor,
                bool retry, struct err *err)
{
    struct finding next;
    int rc = look_at(f, q, anchor, retry, err);

    while (rc == 0 && f->state == INQUIRY_FAILED &&
           f->dialogue.verdict == TURNS_FAIL) {
        memset(&next, 0, sizeof(next));
        next.source = f->source;
        next.sample = f->sample + 1;
        rc = look_at(&next, q, anchor, retry, err);
        /* nothing of that sample is there, and none is asked for */
        if (rc < 0 || (next.state == INQUIRY_GOES_ON &&
                       next.dialogue.attempt == 0 && !retry)) {
            finding_release(&next);
            break;
        }
        finding_release(f);
        *f = next;
    }
    return rc;
}

int inquiry_find(struct finding *f, const struct inquiry *q, struct span anchor,
                 const bool *open, bool retry, struct err *err)
{
    size_t order[BUYER_SOURCES] = { 0 };
    int rc = 0;

    sources_order(q->sources, anchor, order);
    memset(f, 0, sizeof(*f));
    for (size_t i = 0; rc == 0 && i < q->sources->n; i++) {
        struct finding g;

        memset(&g, 0, sizeof(g));
        g.source = order[i];
        g.sample = q->sample;
        rc = look(&g, q, anchor, retry, err);
        if (open && !open[g.source] &&
            (g.state == INQUIRY_FRESH || g.state == INQUIRY_GOES_ON)) {
            g.state = INQUIRY_CLOSED;
            if (g.dialogue.usable)
                use_as_is(&g);
        }
        if (i == 0 || g.state > f->state) {
            finding_release(f);
            *f = g;
        } else {
            finding_release(&g);
        }
        if (f->state == INQUIRY_USE)
            break;
    }
    return rc;
}
