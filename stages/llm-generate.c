/*
 * llm-generate - let a language model write sentences that mean the same and
 * sentences that only look alike, for each text of a store.
 *
 * in:  anchors (texts of any store), a provider profile
 * out: pairs (1: same meaning, 0: look-alike) and triplets, with notes
 *
 * Every answer is stored durably (--answers) before it is used, under the hash
 * of its request: nothing is bought twice, and a run that was killed goes on.
 * Buying and writing are two passes; the second is a function of the stored
 * answers alone, so the output has the same bytes however they came in.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "llm/bill.h"
#include "llm/emit.h"
#include "llm/estimate.h"
#include "llm/purchase.h"
#include "llm/waste.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    const char *texts, *provider, *template, *out, *answers, *model, *domain;
    const char *prices, *key_file, *thinking;
    int64_t positives, negatives, limit, sample, pilot, key_fd;
    int64_t concurrency, max_concurrency, timeout;
    double temperature, rpm, tpm;
    double max_cost, max_tokens, max_requests, max_time, max_wait;
    int dry_run, retry_failed, cache_only, offpeak, fixed;
    const char *check;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "store whose texts are the anchors"),
    OPT_ROW_PATH('p', "provider", struct args, provider, OPT_IN_FILE, "NAME",
                 OPT_REQUIRED,
                 "profile of the endpoint, by name or file, or a pool of them"),
    OPT_ROW_PATH('o', "out", struct args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of pairs and triplets to make"),
    OPT_ROW_STR(0, "template", struct args, template, "en", "NAME", 0,
                "prompt: en, zh, or a file"),
    OPT_ROW_INT(0, "positives", struct args, positives, "5", 0, 50, 0,
                "sentences of the same meaning to ask for per anchor"),
    OPT_ROW_INT(0, "negatives", struct args, negatives, "5", 0, 50, 0,
                "look-alikes to ask for per anchor"),
    OPT_ROW_STR(0, "domain", struct args, domain,
                "customer support of an online shop", "TEXT", 0,
                "what the sentences are about"),
    OPT_ROW_STR(0, "model", struct args, model, "", "NAME", 0,
                "model; the profile's unless given"),
    OPT_ROW_REAL(0, "temperature", struct args, temperature, "0.9", 0, 2, 0,
                 "sampling temperature"),
    OPT_ROW_INT(0, "limit", struct args, limit, "0", 0, 1e12, 0,
                "first anchors only; 0: all"),
    OPT_ROW_PATH(0, "answers", struct args, answers, OPT_STATE, "FILE",
                 OPT_NO_RESULT,
                 "store of raw answers, kept between runs; default: beside "
                 "--out"),
    OPT_ROW_INT(0, "sample", struct args, sample, "0", 0, 1e6, 0,
                "which answer to each question; another number buys anew"),
    OPT_ROW_CHOICE(0, "thinking", struct args, thinking, "off", "off|on", 0,
                   "let the model think first, where the profile knows how"),
    OPT_ROW_FLAG(0, "dry-run", struct args, dry_run, OPT_NO_RESULT,
                 "print a prompt and what it would cost; no network"),
    OPT_ROW_INT(0, "pilot", struct args, pilot, "0", 0, 1e9, OPT_NO_RESULT,
                "buy N drawn anchors only and project the rest; no output"),
    OPT_ROW_FLAG(0, "retry-failed", struct args, retry_failed, OPT_NO_RESULT,
                 "ask again what failed in an earlier run"),
    OPT_ROW_FLAG(0, "cache-only", struct args, cache_only, OPT_NO_RESULT,
                 "use the stored answers; no network, no key"),
    OPT_ROW_REAL(0, "max-cost", struct args, max_cost, "0", 0, 1e9,
                 OPT_NO_RESULT,
                 "most money to spend, all runs together; 0: no cap"),
    OPT_ROW_REAL(0, "max-tokens", struct args, max_tokens, "0", 0, 1e15,
                 OPT_NO_RESULT, "most tokens, in and out together; 0: no cap"),
    OPT_ROW_REAL(0, "max-requests", struct args, max_requests, "0", 0, 1e12,
                 OPT_NO_RESULT, "most requests, all runs together; 0: no cap"),
    OPT_ROW_REAL(0, "max-time", struct args, max_time, "0", 0, 1e9,
                 OPT_NO_RESULT, "seconds after which this run stops; 0: none"),
    OPT_ROW_REAL(0, "max-wait", struct args, max_wait, "3600", 1, 1e7,
                 OPT_NO_RESULT,
                 "longest pause, in seconds, that an endpoint may ask for"),
    OPT_ROW_FLAG(0, "only-offpeak", struct args, offpeak, OPT_NO_RESULT,
                 "wait for the hours that the price table calls cheap"),
    OPT_ROW_STR(0, "prices", struct args, prices, "", "FILE", OPT_NO_RESULT,
                "price table that goes before the profile's"),
    OPT_ROW_INT(0, "concurrency", struct args, concurrency, "0", 0,
                PROVIDER_MAX, OPT_NO_RESULT,
                "requests under way at first; 0: the profile's, mostly 8"),
    OPT_ROW_INT(0, "max-concurrency", struct args, max_concurrency, "0", 0,
                PROVIDER_MAX, OPT_NO_RESULT,
                "requests under way at most; 0: the profile's, mostly 64"),
    OPT_ROW_FLAG(0, "fixed", struct args, fixed, OPT_NO_RESULT,
                 "keep --concurrency as it is, throttled or not"),
    OPT_ROW_REAL(0, "rpm", struct args, rpm, "0", 0, 1e9, OPT_NO_RESULT,
                 "requests a minute of each key; 0: the profile's"),
    OPT_ROW_REAL(0, "tpm", struct args, tpm, "0", 0, 1e12, OPT_NO_RESULT,
                 "tokens a minute of each key; 0: the profile's"),
    OPT_ROW_INT(0, "timeout", struct args, timeout, "0", 0, 86400,
                OPT_NO_RESULT,
                "seconds that one attempt may take; 0: the profile's"),
    OPT_ROW_STR(0, "key-file", struct args, key_file, "", "FILE", OPT_NO_RESULT,
                "file with the API key, readable by its owner only"),
    OPT_ROW_INT(0, "key-fd", struct args, key_fd, "0", 0, 1e6, OPT_NO_RESULT,
                "open descriptor to read the API key from"),
    OPT_ROW_STR(0, "check", struct args, check, "", "NAME", OPT_NO_RESULT,
                "alone: make one small call to that profile, say what works"),
    OPT_ROW_END,
};

static const struct opt_spec opts = {
    .program = "llm-generate",
    .summary = "Let a language model write positives and look-alike "
               "negatives.",
    .example = "llm-generate --texts gold.lmdb --provider "
               "samples/llm/canned.json --out llm.lmdb",
    .opts = rows,
    .version = 1,
};

struct work {
    const struct args *args;
    struct stage *stage;
    struct source_options how;
    struct sources sources;
    struct prompt prompt;
    struct dialogue_plan plan;
    struct inquiry inquiry;
    struct anchors anchors;
    struct store *answers;
    struct ledger ledger;
    struct purchase_counts bought;
    char answers_path[FILE_PATH_MAX + 16];
    uint32_t all; /* anchors, of which a pilot has a part */
    /* of what is written */
    struct waste waste;
    struct items_tally items;
    size_t how_read[REPAIR_CUT + 1], status[CHAT_ERROR + 1];
    double prompt_tokens, completion_tokens;
};

/* ---- set-up ---- */

static int load(struct work *x, const struct args *a, struct err *err)
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
    };
    x->plan = (struct dialogue_plan){
        .prompt = &x->prompt,
        .domain = a->domain,
        .positives = (int)a->positives,
        .negatives = (int)a->negatives,
        .temperature = a->temperature,
        .seed = a->common.seed,
        .thinking = strcmp(a->thinking, "on") == 0,
    };
    x->inquiry = (struct inquiry){ .sources = &x->sources,
                                   .plan = &x->plan,
                                   .sample = (unsigned)a->sample };
    rc = sources_load(&x->sources, &x->how, err);
    return rc == 0 ? prompt_load(&x->prompt, a->template, err) : rc;
}

static void release(struct work *x)
{
    store_close(x->answers);
    anchors_close(&x->anchors);
    prompt_release(&x->prompt);
    sources_release(&x->sources);
}

/* The prompt's text, canned answers, and the profiles of a pool lie in files
 * that an option and a profile only name. */
static int identity(struct stage *st, struct err *err)
{
    static struct work x;
    int rc = load(&x, st->args, err);

    if (rc == 0)
        stage_add_identity(st, "prompt", x.prompt.hash);
    for (size_t i = 0; rc == 0 && i < x.sources.n; i++) {
        const struct source *s = &x.sources.source[i];

        if (s->replay)
            stage_add_identity(st, "canned answers", replay_digest(s->replay));
        if (x.sources.n > 1)
            stage_add_identity(st, s->name, s->digest);
    }
    release(&x);
    return rc;
}

/* A dry run and a pilot make nothing: no lock, and an output that is there is
 * no matter. A profile's name becomes its file, which is an input. */
static int resolve(struct stage *st, struct err *err)
{
    static char path[FILE_PATH_MAX];
    struct args *a = st->args;
    int rc = provider_find(path, a->provider, err);

    if (rc < 0)
        return rc;
    a->provider = path;
    if (a->dry_run || a->pilot)
        st->out[0] = '\0';
    return 0;
}

static bool known(const void *ctx, struct span text)
{
    return sources_know(ctx, text);
}

static int pick_anchors(struct work *x, struct err *err)
{
    const struct args *a = x->args;
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

static int open_answers(struct work *x, struct err *err)
{
    int rc = answers_open(&x->answers, x->answers_path, err);

    x->inquiry.answers = x->answers;
    if (rc == 0)
        rc = ledger_load(&x->ledger, x->answers, err);
    return rc == 0 ? sources_recall(&x->sources, x->answers, err) : rc;
}

/* ---- the dry run ---- */

static int dry_run(struct work *x, struct err *err)
{
    struct buf first = BUF_INIT(16 << 20);
    struct estimate e;
    char likely[40], most[40];
    int rc = 0;

    /* what is bought already needs no request */
    if (file_exists(x->answers_path))
        rc = open_answers(x, err);
    if (rc == 0)
        rc = estimate_run(&e, &x->inquiry, &x->anchors, &x->ledger,
                          x->args->retry_failed, &first, err);
    if (rc == 0 && first.len)
        printf("%s\n\n", buf_str(&first));
    if (rc == 0)
        printf("%zu anchors: %zu answered, %zu failed before\n"
               "%zu requests, about %.0f tokens in, %.0f out, at most %.0f "
               "out\nmoney: about %s, at most %s%s%s\nnothing was sent\n",
               e.anchors, e.answered, e.failed, e.requests, e.in, e.out,
               e.out_most, bill_money(likely, e.currency, e.money),
               bill_money(most, e.currency, e.money_most),
               e.unknown[0] ? "; no price of " : "", e.unknown);
    buf_release(&first);
    return rc;
}

/* ---- buying ---- */

/* A cap on money needs prices, and one currency. */
static int check_prices(struct work *x, struct err *err)
{
    const char *currency = source_price(&x->sources, 0)->currency;

    for (size_t i = 0; i < x->sources.n; i++) {
        const struct price *p = source_price(&x->sources, i);
        const char *name = x->sources.source[i].name;

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

static void warn_ignored(const struct work *x)
{
    for (size_t i = 0; i < x->sources.n; i++) {
        const struct source *s = &x->sources.source[i];
        const struct json_node *c = json_first(s->provider.ignores);

        for (; x->plan.thinking && c; c = json_next(c))
            log_warn("%s ignores \"%s\" while it thinks", s->name,
                     json_str(c, ""));
    }
}

static struct bill bill_of(const struct work *x, const char *stopped)
{
    return (struct bill){ .ledger = &x->ledger,
                          .bought = &x->bought,
                          .sources = &x->sources,
                          .stopped = stopped,
                          .currency = x->sources.source[0].price.currency };
}

static int buy(struct work *x, struct err *err)
{
    const struct args *a = x->args;
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
    int rc = check_prices(x, err);

    if (rc == 0)
        rc = sources_open(&x->sources, &x->how, err);
    if (rc == 0)
        rc = open_answers(x, err);
    if (rc < 0)
        return rc;
    warn_ignored(x);
    rc = purchase_run(&job, &x->bought, err);
    bill = bill_of(x, rc < 0 ? err->msg : "");
    if (bill_write(&bill, x->answers_path, &none) < 0)
        log_warn("%s", none.msg);
    if (rc < 0)
        bill_print(&bill);
    return rc;
}

/* No request, no key, no socket. */
static int use_stored(struct work *x, struct err *err)
{
    (void)source_price(&x->sources, 0);
    return open_answers(x, err);
}

/* ---- writing ---- */

static int write_anchor(struct work *x, struct writer *w, struct span anchor,
                        const struct finding *f, struct err *err)
{
    const struct chat_answer *a = &f->dialogue.answer;
    const struct source *s = &x->sources.source[f->source];
    struct emit_source from = { .provider = s->provider.name,
                                .model = s->model,
                                .template = x->prompt.hash,
                                .repair = a->how };
    struct items it;
    int rc = items_choose(&it, &x->items, a, anchor, (size_t)x->args->positives,
                          (size_t)x->args->negatives, err);

    if (rc < 0)
        return rc;
    x->how_read[a->how]++;
    x->prompt_tokens += fmax(a->prompt_tokens, 0.0);
    x->completion_tokens += fmax(a->completion_tokens, 0.0);
    waste_add(&x->waste, s->name, &f->dialogue, it.positives + it.negatives,
              a->positives + a->negatives);
    x->stage->n.seen++;
    x->stage->n.kept++;
    return w ? emit_items(w, anchor, &it, &from, err) : 0;
}

static int fail_anchor(struct work *x, uint32_t i, struct span anchor,
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
static int write_all(struct work *x, struct writer *w, struct err *err)
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

static void record_facts(const struct work *x)
{
    const struct buyer_counts *n = &x->bought.net;

    json_set_num(x->stage->extra, "positives", (double)x->items.positives);
    json_set_num(x->stage->extra, "negatives", (double)x->items.negatives);
    json_set_num(x->stage->run, "requests", (double)n->requests);
    json_set_num(x->stage->run, "answers", (double)n->answers);
    json_set_num(x->stage->run, "throttled", (double)n->throttled);
    json_set_num(x->stage->run, "retried", (double)n->retried);
    json_set_num(x->stage->run, "cached", (double)x->bought.cached);
}

/* A refusal is a normal answer: a tenth may fail unless told otherwise. */
static void allow_failures(const struct work *x)
{
    if (x->stage->common->max_failures == 0)
        x->stage->common->max_failures = 1 + x->anchors.n / 10;
}

static int make_output(struct work *x, struct err *err)
{
    struct store *out = NULL;
    struct writer *w = NULL;
    int rc = stage_create(x->stage, &out, "pairs", err);

    allow_failures(x);
    if (rc == 0)
        rc = writer_new(&w, out, err);
    if (rc == 0)
        rc = write_all(x, w, err);
    writer_free(w);
    if (rc < 0) {
        store_close(out);
        return rc;
    }
    record_facts(x);
    return stage_finish(x->stage, out, err);
}

static void report(const struct work *x)
{
    const struct items_tally *t = &x->items;

    printf("anchors %u: %zu positives, %zu negatives kept\n", x->anchors.n,
           t->positives, t->negatives);
    printf("dropped: %zu equal to the anchor, %zu twice, %zu on both sides, "
           "%zu too long, %zu more than asked\n",
           t->as_anchor, t->twice, t->both_sides, t->too_long, t->extra);
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

static int report_all(const struct work *x, struct err *err)
{
    struct bill b = bill_of(x, "");

    report(x);
    b.waste = &x->waste;
    bill_print(&b);
    return bill_write(&b, x->answers_path, err);
}

/* ---- the pilot ---- */

static void project(const struct work *x)
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

static int pilot(struct work *x, struct err *err)
{
    int rc;

    if (x->anchors.n == 0)
        return ERR_SET(err, ERR_USAGE, "no anchors to try");
    x->stage->common->max_failures = (int64_t)x->anchors.n;
    rc = write_all(x, NULL, err);
    if (rc == 0)
        rc = report_all(x, err);
    if (rc == 0)
        project(x);
    return rc;
}

/* ---- all of it ---- */

static int work(struct work *x, struct err *err)
{
    int rc = pick_anchors(x, err);

    if (rc < 0)
        return rc;
    if (x->args->dry_run)
        return dry_run(x, err);
    rc = x->args->cache_only ? use_stored(x, err) : buy(x, err);
    if (rc == 0 && x->args->pilot)
        return pilot(x, err);
    if (rc == 0)
        rc = make_output(x, err);
    return rc == 0 ? report_all(x, err) : rc;
}

static int run(struct stage *st, struct err *err)
{
    static struct work x;
    int rc;

    x.args = st->args;
    x.stage = st;
    snprintf(x.answers_path, sizeof(x.answers_path), "%s%s",
             x.args->answers[0] ? x.args->answers : x.args->out,
             x.args->answers[0] ? "" : ".answers");
    rc = load(&x, st->args, err);
    if (rc == 0)
        rc = work(&x, err);
    release(&x);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = { .opts = &opts,
                                            .args = &args,
                                            .args_size = sizeof(args),
                                            .run = run,
                                            .resolve = resolve,
                                            .identity = identity };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
