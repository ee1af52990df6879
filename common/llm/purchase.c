#include "llm/purchase.h"

#include <string.h>

#include "base/progress.h"

struct state {
    const struct purchase *job;
    struct purchase_counts *n;
    uint32_t at; /* anchors looked at */
};

/* Move the next request about anchor i into *ask: 0. Nothing more about it: 1.
 */
static int ask_about(struct state *x, uint32_t i, struct buyer_ask *ask,
                     struct err *err)
{
    const struct purchase *p = x->job;
    struct dialogue d;
    int rc = dialogue_follow(&d, p->plan, p->answers, p->anchor[i], err);

    if (rc == 0 && d.verdict == TURNS_ASK) {
        buf_release(&ask->body);
        ask->id = i;
        ask->attempt = d.attempt;
        memcpy(ask->hash, d.hash, sizeof(ask->hash));
        ask->body = d.body; /* ownership moves */
        memset(&d.body, 0, sizeof(d.body));
    } else if (rc == 0) {
        rc = 1;
    }
    dialogue_release(&d);
    return rc;
}

static int next(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    struct state *x = ctx;
    int rc = 1;

    (void)open;

    while (rc == 1 && x->at < x->job->n) {
        rc = ask_about(x, x->at++, ask, err);
        x->n->cached += rc == 1;
    }
    return rc;
}

static int follow(void *ctx, struct buyer_ask *ask, struct err *err)
{
    return ask_about(ctx, ask->id, ask, err);
}

static int keep(void *ctx, const struct buyer_ask *ask, struct post_done *d,
                struct err *err)
{
    struct state *x = ctx;
    struct answer_record r = { .status = d->status,
                               .seconds = d->seconds,
                               .template = x->job->plan->prompt->hash };

    r.body = (struct span){ buf_str(&d->body), d->body.len };
    return answers_put(x->job->answers, ask->hash, ask->attempt, &r, err);
}

static int commit(void *ctx, struct err *err)
{
    struct state *x = ctx;

    return store_commit(x->job->answers, err);
}

static void show(void *ctx, const struct buyer_view *v)
{
    struct state *x = ctx;

    progress_update(x->at > v->open ? x->at - v->open : 0, NULL);
}

int purchase_run(const struct purchase *p, struct purchase_counts *n,
                 struct err *err)
{
    struct state x = { p, n, 0 };
    const struct provider *pr = p->plan->provider;
    const struct buyer_lane lane = { .provider = pr,
                                     .name = pr->name,
                                     .url = p->url,
                                     .key = p->key,
                                     .key_from = pr->key_env,
                                     .start = p->concurrency,
                                     .max = 64 };
    struct buyer_job job = {
        .lane = &lane,
        .lanes = 1,
        .seed = (uint64_t)p->plan->seed,
        .ctx = &x,
        .next = next,
        .keep = keep,
        .commit = commit,
        .follow = follow,
        .stopped = p->stopped,
        .show = show,
    };
    int rc;

    memset(n, 0, sizeof(*n));
    progress_start("anchors", p->n);
    rc = buyer_run(&job, &n->net, err);
    progress_end();
    return rc;
}
