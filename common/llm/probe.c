#include "llm/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "llm/bill.h"

struct state {
    const struct probe *probe;
    size_t at;
    struct hints hints;
    struct reply_said said;
};

static int make_ask(struct state *x, struct buyer_ask *ask, size_t source,
                    struct err *err)
{
    const struct probe *p = x->probe;
    const struct source *s = &p->sources->source[source];
    const struct dialogue_plan plan = {
        .provider = &s->provider,
        .prompt = p->prompt,
        .model = s->model,
        .domain = "online shop",
        .positives = 1,
        .negatives = 1,
        .temperature = p->temperature,
        .seed = p->seed,
        .rung = s->provider.rung[s->rung],
        .dropped = s->dropped[0] ? s->dropped : NULL,
        .thinking = p->thinking,
    };
    struct span anchor =
        span_of(s->replay ? replay_anchor(s->replay) : "Where is my parcel?");
    int rc;

    buf_release(&ask->body);
    ask->body = (struct buf)BUF_INIT(1 << 20);
    ask->id = ask->source = (unsigned)source;
    ask->cap = dialogue_tokens(&plan, anchor);
    rc = dialogue_request(&ask->body, &plan, anchor, err);
    return rc == 0 ? sha256_hex(ask->hash, ask->body.ptr, ask->body.len, err)
                   : rc;
}

static int next(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    struct state *x = ctx;

    (void)open;
    return x->at < x->probe->sources->n ? make_ask(x, ask, x->at++, err) : 1;
}

static int refused(void *ctx, struct buyer_ask *ask, const char *param,
                   struct err *err)
{
    struct state *x = ctx;
    struct source *s = &x->probe->sources->source[ask->source];

    return source_other_way(s, param) ? make_ask(x, ask, ask->source, err) : 1;
}

static int renew(void *ctx, struct buyer_ask *ask, struct err *err)
{
    return make_ask(ctx, ask, ask->source, err);
}

static bool proven(void *ctx, unsigned source)
{
    (void)ctx;
    (void)source;
    return false;
}

static int account(void *ctx, struct buyer_attempt *a, struct err *err)
{
    struct state *x = ctx;

    (void)err;
    x->hints = a->done->hints;
    x->said = *a->said;
    return 0;
}

/* ---- what to say ---- */

static void print_answer(const struct state *x, const struct post_done *d,
                         const struct chat_answer *a)
{
    printf("  connection  HTTP %ld after %.2f s\n", d->status, d->seconds);
    printf("  model       %s\n", a->model[0] ? a->model : "not said");
    if (a->status == CHAT_ITEMS)
        printf("  answer      %zu positives, %zu negatives; JSON %s\n",
               a->positives, a->negatives, repair_name(a->how));
    else
        printf("  answer      %s: %s\n", chat_status_name(a->status),
               a->message);
    if (x->said.usage.prompt >= 0.0)
        printf("  usage       %.0f in (%.0f cached), %.0f out\n",
               x->said.usage.prompt, fmax(x->said.usage.cached, 0.0),
               x->said.usage.completion);
    else
        printf("  usage       not said: costs stay unknown, caps count the "
               "most it may be\n");
    if (x->said.usage.reasoning > 0.0)
        printf("  thinking    %.0f tokens%s\n", x->said.usage.reasoning,
               x->probe->thinking ? "" : ", although switched off");
    else
        printf("  thinking    none\n");
}

static void print_limits(const struct hints *h)
{
    static const char *const kinds[] = { "requests", "tokens" };

    for (int k = 0; k < HINTS_KINDS; k++)
        if (h->limit[k] > 0.0)
            printf("  limit       %.0f %s a minute, by its headers\n",
                   h->limit[k], kinds[k]);
}

static void print_price(const struct state *x, size_t source)
{
    const struct price *p = source_price(x->probe->sources, source);
    char cost[40];

    if (!p->known) {
        printf("  price       unknown: put it into the profile, or into a file "
               "for --prices\n");
        return;
    }
    printf("  price       %s %g in, %g cached, %g out per million tokens%s; "
           "this call %s\n",
           p->currency, p->input, p->cached, p->output,
           p->peak          ? " (peak)"
           : p->dearest > 1 ? " (off-peak)"
                            : "",
           bill_money(cost, p->currency, price_of(p, &x->said.usage)));
}

static int keep(void *ctx, struct buyer_ask *ask, struct post_done *d,
                struct err *err)
{
    struct state *x = ctx;
    const struct source *s = &x->probe->sources->source[ask->source];
    struct chat_answer a;
    int rc = chat_read(&a, buf_str(&d->body), d->body.len, err);

    if (rc < 0)
        return rc;
    printf("%s at %s\n", s->name, s->url);
    print_answer(x, d, &a);
    printf("  asked by    %s%s%s\n",
           provider_rung_name(s->provider.rung[s->rung]),
           s->dropped[0] ? ", without " : "", s->dropped);
    print_limits(&x->hints);
    print_price(x, ask->source);
    chat_answer_release(&a);
    return 0;
}

static int commit(void *ctx, struct err *err)
{
    (void)ctx;
    (void)err;
    return 0;
}

static int follow(void *ctx, struct buyer_ask *ask, struct err *err)
{
    (void)ctx;
    (void)ask;
    (void)err;
    return 1;
}

int probe_run(const struct probe *p, struct err *err)
{
    struct state x = { .probe = p };
    struct buyer_counts n = { 0 };
    const struct buyer_job job = {
        .lane = p->sources->lane,
        .lanes = p->sources->lanes,
        .seed = (uint64_t)p->seed,
        .max_wait_s = 60.0,
        .ctx = &x,
        .next = next,
        .account = account,
        .keep = keep,
        .commit = commit,
        .follow = follow,
        .refused = refused,
        .renew = renew,
        .proven = proven,
        .stopped = p->stopped,
    };

    return buyer_run(&job, &n, err);
}
