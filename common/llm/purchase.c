#include "llm/purchase.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/progress.h"
#include "llm/context.h"
#include "llm/top_up.h"

enum {
    TEMPLATE_TOKENS = 64, /* that a chat template may add */
    PEAK_TELL_S = 600,
};

struct state {
    const struct purchase *job;
    struct purchase_counts *n;
    struct budget budget;
    uint32_t at;                /* anchors looked at */
    struct buyer_attempt last;  /* accounted for */
    double money;               /* ... its money; below 0: unknown */
    bool warned[BUYER_SOURCES]; /* of thinking */
    struct context context[BUYER_SOURCES];
    struct err why;           /* to end the run, when its code is set */
    struct budget_sum before; /* spent by earlier runs */
    bool unsaved;             /* the ledger has changed since the commit */
    double began;             /* seconds, monotonic */
    double peak_told;         /* when waiting for cheaper hours was logged */
    char note[240];
};

static double clock_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- what to ask ---- */

static void fill_ask(struct buyer_ask *ask, uint32_t i, struct finding *f)
{
    buf_release(&ask->body);
    ask->id = i;
    ask->source = (unsigned)f->source;
    ask->sample = f->sample;
    ask->attempt = f->dialogue.attempt;
    ask->cap = f->dialogue.cap;
    ask->complete = false;
    memcpy(ask->hash, f->dialogue.hash, sizeof(ask->hash));
    ask->body = f->dialogue.body; /* ownership moves */
    memset(&f->dialogue.body, 0, sizeof(f->dialogue.body));
}

/* Move the next request about anchor i into *ask: 0. Nothing more about it, or
 * nobody to ask: 1. */
static int ask_about(struct state *x, uint32_t i, struct buyer_ask *ask,
                     const bool *open, bool retry, enum inquiry_state least,
                     struct finding *f, struct err *err)
{
    const struct purchase *p = x->job;
    struct span anchor;
    int rc = anchors_get(p->anchors, i, &anchor, err);

    if (rc < 0)
        return rc;
    rc = inquiry_find(f, p->inquiry, anchor, open, retry, err);
    if (rc < 0)
        return rc;
    if (f->state == INQUIRY_USE || f->state == INQUIRY_FAILED ||
        f->state < least)
        return 1;
    fill_ask(ask, i, f);
    return 0;
}

static int next(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    struct state *x = ctx;
    int rc = 1;

    while (rc == 1 && x->at < x->job->anchors->n) {
        struct finding f = { .state = INQUIRY_CLOSED };

        rc = ask_about(x, x->at++, ask, open, x->job->retry_failed,
                       INQUIRY_CLOSED, &f, err);
        x->n->cached += rc == 1 && f.state != INQUIRY_FAILED;
        x->n->failed += rc == 1 && f.state == INQUIRY_FAILED;
        finding_release(&f);
    }
    return rc;
}

static int again(struct state *x, struct buyer_ask *ask, const bool *open,
                 enum inquiry_state least, struct err *err)
{
    struct finding f = { .state = INQUIRY_CLOSED };
    int rc = ask_about(x, ask->id, ask, open, false, least, &f, err);

    finding_release(&f);
    return rc;
}

static int follow(void *ctx, struct buyer_ask *ask, struct err *err)
{
    return again(ctx, ask, NULL, INQUIRY_CLOSED, err);
}

static int move(void *ctx, struct buyer_ask *ask, const bool *open,
                struct err *err)
{
    return again(ctx, ask, open, INQUIRY_FRESH, err);
}

static int refused(void *ctx, struct buyer_ask *ask, const char *param,
                   struct err *err)
{
    struct state *x = ctx;
    struct source *s = &x->job->inquiry->sources->source[ask->source];

    return source_other_way(s, param) ? again(x, ask, NULL, INQUIRY_CLOSED, err)
                                      : 1;
}

static bool proven(void *ctx, unsigned source)
{
    const struct state *x = ctx;

    return x->job->inquiry->sources->source[source].proven;
}

/* ---- what it costs ---- */

void purchase_reserve(double *money, double *tokens, const struct price *p,
                      size_t bytes, double cap)
{
    double prompt = (double)bytes + TEMPLATE_TOKENS;
    double dearest = p->dearest / p->factor;

    *tokens = prompt + cap;
    *money =
        p->known ? (prompt * p->input + cap * p->output) * dearest * 1e-6 : NAN;
}

static void quote(void *ctx, const struct buyer_ask *ask, struct buyer_quote *q)
{
    struct state *x = ctx;
    struct sources *all = x->job->inquiry->sources;
    const struct price *p = source_price(all, ask->source);
    struct ledger_row *row =
        ledger_row(x->job->ledger, all->source[ask->source].name);

    purchase_reserve(&q->money, &q->tokens, p, ask->body.len, ask->cap);
    if (isnan(q->money)) /* no cap on money without a price: stage's check */
        q->money = 0.0;
    q->likely =
        (double)ask->body.len * ledger_tokens_per_byte(row, 0.35) + ask->cap;
    if (!x->job->offpeak || !p->peak)
        return;
    q->wait_s = p->cheaper_s;
    if (clock_s() - x->peak_told < PEAK_TELL_S)
        return;
    x->peak_told = clock_s();
    log_info("%s is %gx as dear now: waiting %.0f s for the cheaper hours",
             all->source[ask->source].name, p->factor, p->cheaper_s);
}

static void guard_thinking(struct state *x, const struct buyer_attempt *a,
                           const struct price *p)
{
    const struct source *s = &x->job->inquiry->sources->source[a->ask->source];
    double thought = a->said->usage.reasoning;

    if (thought <= 0.0 || x->job->inquiry->plan->thinking ||
        x->warned[a->ask->source])
        return;
    x->warned[a->ask->source] = true;
    log_warn("%s thinks although it is told not to: %.0f of %.0f tokens of "
             "this answer%s; see \"thinking\" in its profile",
             s->name, thought, a->said->usage.completion,
             p->known ? ", paid for like the rest" : "");
}

static void guard_prompt(struct state *x, const struct buyer_attempt *a)
{
    const struct source *s = &x->job->inquiry->sources->source[a->ask->source];
    struct err why = ERR_INIT;

    /* canned answers say what they like */
    if (!s->replay && !x->why.code &&
        context_look(&x->context[a->ask->source], s->name,
                     (double)a->ask->body.len, &a->said->usage, &why) < 0)
        x->why = why;
}

static bool spoilt(void *ctx, struct err *why)
{
    const struct state *x = ctx;

    if (x->why.code)
        *why = x->why;
    return x->why.code != 0;
}

static int commit(void *ctx, struct err *err)
{
    struct state *x = ctx;
    struct store *answers = x->job->inquiry->answers;
    int rc = 0;

    if (x->unsaved)
        rc = ledger_save(x->job->ledger, answers, err);
    x->unsaved = false;
    return rc == 0 ? store_commit(answers, err) : rc;
}

static int account(void *ctx, struct buyer_attempt *a, struct err *err)
{
    struct state *x = ctx;
    struct sources *all = x->job->inquiry->sources;
    const struct price *p = source_price(all, a->ask->source);
    const struct chat_usage *u = &a->said->usage;
    struct ledger_row *r =
        ledger_row(x->job->ledger, all->source[a->ask->source].name);
    bool kept = a->class == REPLY_ANSWER || a->class == REPLY_FILTERED;
    bool billed = a->perhaps || u->prompt >= 0.0 || a->class == REPLY_ANSWER;
    double money = billed ? price_of(p, u) : 0.0;

    if (!r)
        return ERR_SET(err, ERR_FULL, "the ledger has %d sources already",
                       LEDGER_ROWS);
    money = isnan(money) ? -1.0 : money;
    ledger_add(r, u, money, kept, billed ? a->held_money : 0.0,
               billed ? a->held_tokens : 0.0, a->ask->body.len);
    r->throttled += reply_is_throttle(a->class);
    r->failed += a->class == REPLY_TRANSIENT;
    a->money = money >= 0.0 ? money : a->held_money;
    a->tokens = !billed ? 0.0
                : u->prompt >= 0.0 && u->completion >= 0.0
                    ? u->prompt + u->completion
                    : a->held_tokens;
    x->last = *a;
    x->money = money;
    guard_thinking(x, a, p);
    guard_prompt(x, a);
    x->unsaved = true;
    /* what an answer cost is committed with it; this one has none */
    return billed && !kept ? commit(x, err) : 0;
}

/* ---- what came ---- */

/* The first answer proves a source's way of asking. */
static int prove(struct state *x, const struct buyer_ask *ask, struct err *err)
{
    struct sources *all = x->job->inquiry->sources;
    struct source *s = &all->source[ask->source];

    if (s->proven || x->last.class != REPLY_ANSWER)
        return 0;
    s->proven = true;
    return sources_record(all, x->job->inquiry->answers, err);
}

/* As dialogue_follow() would find, which takes longer. */
static int is_complete(bool *complete, const struct state *x,
                       const struct buyer_ask *ask, struct span body,
                       struct err *err)
{
    struct top_up missing = TOP_UP_INIT;
    struct dialogue_plan plan;
    struct chat_answer a;
    struct span anchor;
    int rc;

    *complete = ask->attempt == 0 && x->last.said->complete;
    inquiry_plan(&plan, x->job->inquiry, ask->source, ask->sample);
    if (!*complete || !top_up_may(&plan))
        return 0;
    rc = chat_read(&a, body.ptr, body.len, err);
    if (rc == 0)
        rc = anchors_get(x->job->anchors, ask->id, &anchor, err);
    if (rc == 0)
        rc = top_up_look(&missing, &plan, anchor, &a, err);
    *complete = missing.positives + missing.negatives == 0;
    buf_release(&missing.kept);
    chat_answer_release(&a);
    return rc;
}

static int keep(void *ctx, struct buyer_ask *ask, struct post_done *d,
                struct err *err)
{
    struct state *x = ctx;
    const struct inquiry *q = x->job->inquiry;
    const struct chat_usage *u = &x->last.said->usage;
    struct answer_record r = {
        .body = { buf_str(&d->body), d->body.len },
        .status = d->status,
        .seconds = d->seconds,
        .template = q->plan->prompt->hash,
        .source = q->sources->source[ask->source].name,
        .model = x->last.said->model,
        .at = (double)time(NULL),
        .tries = x->last.tries + 1.0,
        .throttles = x->last.throttles,
        .failed = x->last.failed,
        .prompt = u->prompt,
        .cached = u->cached,
        .completion = u->completion,
        .reasoning = u->reasoning,
        .money = x->money,
    };
    int rc = prove(x, ask, err);

    if (rc == 0)
        rc = answers_put(q->answers, ask->hash, ask->attempt, &r, err);
    return rc < 0 ? rc : is_complete(&ask->complete, x, ask, r.body, err);
}

static int fail(void *ctx, const struct buyer_ask *ask, const char *reason,
                struct err *err)
{
    struct state *x = ctx;

    return answers_put_failure(x->job->inquiry->answers, ask->hash,
                               ask->attempt, reason, err);
}

/* ---- how far it is ---- */

/* What all anchors may take in the end, by those bought so far. */
static double projected(const struct state *x, size_t done, double money)
{
    size_t free = x->n->cached + x->n->failed;
    size_t bought = done > free ? done - free : 0;
    size_t left = x->job->anchors->n - done;

    if (bought == 0)
        return money;
    return money + (money - x->before.money) / (double)bought * (double)left;
}

static void show(void *ctx, const struct buyer_view *v)
{
    struct state *x = ctx;
    const struct buyer_counts *n = v->counts;
    size_t done = x->at > v->open ? x->at - v->open : 0;
    double minutes = (clock_s() - x->began) / 60.0;
    struct budget_sum sum;
    int used = 0;

    ledger_spent(x->job->ledger, &sum);
    /* what matters most comes first: a narrow terminal cuts the rest off */
    if (sum.money > 0.0)
        used = snprintf(x->note, sizeof(x->note), "money=%.4g projected=%.4g ",
                        sum.money, projected(x, done, sum.money));
    snprintf(x->note + used, sizeof(x->note) - (size_t)used,
             "failed=%zu filtered=%zu refused=%zu throttled=%zu retried=%zu "
             "under_way=%zu of=%.0f tokens_min=%.0f cached=%zu",
             n->gave_up + x->n->failed, n->filtered, n->refused, n->throttled,
             n->retried, v->busy, v->limit,
             minutes > 0.0 ? (sum.tokens - x->before.tokens) / minutes : 0.0,
             x->n->cached);
    progress_update(done, x->note);
}

int purchase_run(const struct purchase *p, struct purchase_counts *n,
                 struct err *err)
{
    struct state x = { .job = p,
                       .n = n,
                       .budget.cap = p->cap,
                       .began = clock_s(),
                       .peak_told = -1e9 };
    const struct sources *all = p->inquiry->sources;
    struct buyer_job job = {
        .lane = all->lane,
        .lanes = all->lanes,
        .seed = (uint64_t)p->inquiry->plan->seed,
        .max_time_s = p->max_time_s,
        .max_wait_s = p->max_wait_s,
        .budget = &x.budget,
        .ctx = &x,
        .next = next,
        .move = move,
        .quote = quote,
        .account = account,
        .keep = keep,
        .fail = fail,
        .commit = commit,
        .follow = follow,
        .refused = refused,
        .renew = follow,
        .proven = proven,
        .stopped = p->stopped,
        .spoilt = spoilt,
        .show = show,
    };
    struct err none = ERR_INIT;
    int rc, last;

    memset(n, 0, sizeof(*n));
    ledger_spent(p->ledger, &x.budget.spent);
    x.before = x.budget.spent;
    progress_start("anchors", p->anchors->n);
    rc = buyer_run(&job, &n->net, err);
    progress_end();
    last = commit(&x, rc < 0 ? &none : err);
    if (rc == 0)
        rc = last;
    n->seconds = clock_s() - x.began;
    return rc;
}
