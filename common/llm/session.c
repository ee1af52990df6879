#include "llm/session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "llm/batch.h"
#include "llm/estimate.h"

/* ---- set-up ---- */

static int load_prompt(struct session *x, const struct session_args *a,
                       struct err *err)
{
    const struct brief_options o = {
        .kinds = a->kinds ? a->kinds : "",
        .grades = a->grades ? a->grades : "",
        .styles = a->styles ? a->styles : "",
        .notes = a->notes ? a->notes : "",
        .examples = a->examples ? a->examples : "",
        .avoid = a->avoid ? a->avoid : "",
        .shots = a->shots,
        .seed = (uint64_t)a->common.seed,
    };
    int rc = prompt_load(&x->prompt, a->template, err);

    if (rc == 0)
        rc = brief_load(&x->brief, &x->prompt, &o, err);
    if (rc == 0)
        rc = prompt_domain(&x->prompt, a->domain, &x->plan.domain, err);
    return rc == 0 ? checks_open(&x->checks, a->checks ? a->checks : "", err)
                   : rc;
}

int session_load(struct session *x, const struct session_args *a,
                 struct err *err)
{
    int rc;

    x->how = (struct source_options){
        .provider = a->provider,
        .model = a->model,
        .prices = a->prices,
        .key_file = a->key_file,
        .key_fd = (int)a->key_fd,
        .start = (size_t)a->concurrency,
        .max = (size_t)a->max_concurrency,
        .fixed = a->fixed,
        .rpm = a->rpm,
        .tpm = a->tpm,
        .timeout_s = (double)a->timeout,
        .thinking = strcmp(a->thinking, "on") == 0,
    };
    x->plan = (struct dialogue_plan){
        .prompt = &x->prompt,
        .positives = (int)a->positives,
        .negatives = (int)a->negatives,
        .temperature = a->temperature,
        .seed = a->common.seed,
        .thinking = x->how.thinking,
        .top_ups = (int)a->top_up,
        .checks = &x->checks,
        .fill = brief_fill,
        .fill_ctx = &x->brief,
    };
    x->inquiry = (struct inquiry){ .sources = &x->sources,
                                   .plan = &x->plan,
                                   .sample = (unsigned)a->sample };
    rc = sources_load(&x->sources, &x->how, err);
    if (rc == 0)
        rc = load_prompt(x, a, err);
    return rc == 0 ? session_load_judge(x, a, err) : rc;
}

void session_release(struct session *x)
{
    store_close(x->answers);
    anchors_close(&x->anchors);
    aside_abandon(&x->aside);
    corpus_close(&x->corpus);
    judge_release(&x->judge);
    opinions_release(&x->opinions);
    checks_close(&x->checks);
    brief_release(&x->brief);
    prompt_release(&x->prompt);
    sources_release(&x->sources);
}

static bool known(const void *ctx, struct span text)
{
    return sources_know(ctx, text);
}

int session_pick_anchors(struct session *x, struct err *err)
{
    const struct session_args *a = x->args;
    bool canned = false;
    int rc;

    for (size_t i = 0; i < x->sources.n; i++)
        canned |= x->sources.source[i].replay != NULL;
    rc = anchors_open(&x->anchors, a->texts, (uint64_t)a->limit,
                      canned ? known : NULL, &x->sources, err);
    if (rc < 0)
        return rc;
    x->all = x->anchors.n;
    x->stage->n.seen += x->anchors.skipped;
    x->stage->n.rejected += x->anchors.skipped;
    if (x->anchors.skipped)
        log_info("%u of %u texts have no canned answer and are left out",
                 x->anchors.skipped, x->all + x->anchors.skipped);
    if (a->pilot)
        rc = anchors_sample(&x->anchors, (uint32_t)a->pilot,
                            (uint64_t)a->common.seed, err);
    return rc;
}

int session_open_answers(struct session *x, struct err *err)
{
    int rc = answers_open(&x->answers, x->answers_path, err);

    x->inquiry.answers = x->answers;
    if (rc == 0)
        rc = ledger_load(&x->ledger, x->answers, err);
    return rc == 0 ? sources_recall(&x->sources, x->answers, err) : rc;
}

/* ---- the dry run ---- */

int session_dry_run(struct session *x, struct err *err)
{
    struct buf shown = BUF_INIT(64 << 20);
    struct estimate e;
    char likely[40], most[40];
    int rc = 0;

    /* what is bought already needs no request */
    if (file_exists(x->answers_path))
        rc = session_open_answers(x, err);
    if (rc == 0)
        rc = estimate_run(&e, &x->inquiry, &x->anchors, &x->ledger,
                          x->args->retry_failed, &shown, err);
    if (rc == 0)
        printf("%s%zu anchors: %zu answered, %zu failed before\n"
               "%zu requests, about %.0f tokens in, %.0f out, at most %.0f "
               "out\nmoney: about %s, at most %s%s%s\nnothing was sent\n",
               buf_str(&shown), e.anchors, e.answered, e.failed, e.requests,
               e.in, e.out, e.out_most, bill_money(likely, e.currency, e.money),
               bill_money(most, e.currency, e.money_most),
               e.unknown[0] ? "; no price of " : "", e.unknown);
    if (rc == 0 && x->judge.on)
        printf("the judge's questions depend on the answers and are not "
               "counted\n");
    buf_release(&shown);
    return rc;
}

/* ---- buying ---- */

/* A cap on money needs prices, and one currency. */
int session_check_prices(struct session *x, struct sources *s, struct err *err)
{
    const char *currency = source_price(&x->sources, 0)->currency;

    for (size_t i = 0; i < s->n; i++) {
        const struct price *p = source_price(s, i);
        const char *name = s->source[i].name;

        if (x->args->max_cost > 0.0 && !p->known)
            return ERR_SET(err, ERR_USAGE,
                           "--max-cost needs the price of %s: put it into its "
                           "profile, or into a file for --prices",
                           name);
        if (strcmp(p->currency, currency) != 0)
            return ERR_SET(err, ERR_USAGE,
                           "%s is paid in %s, others in %s: no sum can be made",
                           name, p->currency, currency);
    }
    return 0;
}

static void warn_ignored(const struct session *x)
{
    for (size_t i = 0; i < x->sources.n; i++) {
        const struct source *s = &x->sources.source[i];
        const struct json_node *c = json_first(s->provider.ignores);

        for (; x->plan.thinking && c; c = json_next(c))
            log_warn("%s ignores \"%s\" while it thinks", s->name,
                     json_str(c, ""));
    }
}

struct bill session_bill(const struct session *x, const char *stopped)
{
    return (struct bill){ .ledger = &x->ledger,
                          .bought = &x->bought,
                          .sources = &x->sources,
                          .template = x->args->template,
                          .template_hash = x->prompt.hash,
                          .stopped = stopped,
                          .currency = x->sources.source[0].price.currency };
}

int session_buy(struct session *x, struct err *err)
{
    const struct session_args *a = x->args;
    const struct purchase job = {
        .inquiry = &x->inquiry,
        .anchors = &x->anchors,
        .ledger = &x->ledger,
        .cap = { a->max_cost, a->max_tokens, a->max_requests },
        .max_time_s = a->max_time,
        .max_wait_s = a->max_wait,
        .retry_failed = a->retry_failed,
        .offpeak = a->offpeak,
        .stopped = stage_stopped,
    };
    struct err none = ERR_INIT;
    struct bill bill;
    int rc = session_check_prices(x, &x->sources, err);

    if (rc == 0)
        rc = sources_open(&x->sources, &x->how, err);
    if (rc == 0)
        rc = session_open_answers(x, err);
    if (rc < 0)
        return rc;
    warn_ignored(x);
    rc = a->batch ? batch_run(&job, &x->bought, err)
                  : purchase_run(&job, &x->bought, err);
    bill = session_bill(x, rc < 0 ? err->msg : "");
    if (bill_write(&bill, x->answers_path, &none) < 0)
        log_warn("%s", none.msg);
    if (rc < 0)
        bill_print(&bill);
    return rc;
}
