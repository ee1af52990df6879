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

#include "base/intern.h"
#include "base/log.h"
#include "llm/emit.h"
#include "llm/purchase.h"
#include "net/replay.h"
#include "store/stage.h"

struct args {
    struct stage_args common;
    const char *texts, *provider, *template, *out, *answers, *model, *domain;
    int64_t positives, negatives, limit, concurrency;
    double temperature;
    int dry_run;
};

static const struct opt rows[] = {
    STAGE_ROWS(struct args, common),
    OPT_ROW_PATH('i', "texts", struct args, texts, OPT_IN_STORE, "STORE",
                 OPT_REQUIRED, "store whose texts are the anchors"),
    OPT_ROW_PATH('p', "provider", struct args, provider, OPT_IN_FILE, "FILE",
                 OPT_REQUIRED, "profile of the endpoint (JSON)"),
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
    OPT_ROW_INT(0, "concurrency", struct args, concurrency, "8", 1, 64,
                OPT_NO_RESULT, "requests under way at first"),
    OPT_ROW_FLAG(0, "dry-run", struct args, dry_run, OPT_NO_RESULT,
                 "print a prompt and what it would cost; no network"),
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
    struct provider provider;
    struct prompt prompt;
    struct replay *replay; /* NULL: a real endpoint */
    const char *key;       /* NULL: none needed */
    struct store *in, *answers;
    struct texts texts;
    struct intern anchors; /* distinct texts to ask about, in order */
    struct dialogue_plan plan;
    struct purchase_counts bought;
    /* of what is written */
    struct items_tally items;
    size_t how[REPAIR_CUT + 1], status[CHAT_ERROR + 1];
    double prompt_tokens, completion_tokens;
};

/* ---- set-up ---- */

static int load_provider(struct work *x, const struct args *a, struct err *err)
{
    int rc = provider_load(&x->provider, a->provider, err);

    if (rc == 0)
        rc = prompt_load(&x->prompt, a->template, err);
    if (rc == 0 && x->provider.replay[0])
        rc = replay_open(&x->replay, x->provider.replay, err);
    x->plan = (struct dialogue_plan){
        .provider = &x->provider,
        .prompt = &x->prompt,
        .model = a->model,
        .domain = a->domain,
        .positives = (int)a->positives,
        .negatives = (int)a->negatives,
        .temperature = a->temperature,
        .seed = a->common.seed,
    };
    return rc;
}

static void release(struct work *x)
{
    replay_close(x->replay);
    store_close(x->answers);
    intern_release(&x->anchors);
    texts_release(&x->texts);
    store_close(x->in);
    prompt_release(&x->prompt);
    provider_release(&x->provider);
}

/* The prompt's text, and canned answers, lie in files that an option and the
 * profile only name. */
static int identity(struct stage *st, struct err *err)
{
    static struct work x;
    int rc = load_provider(&x, st->args, err);

    if (rc == 0)
        stage_add_identity(st, "prompt", x.prompt.hash);
    if (rc == 0 && x.replay)
        stage_add_identity(st, "canned answers", replay_digest(x.replay));
    release(&x);
    return rc;
}

/* A dry run makes nothing: no lock, and an output that is there is no matter.
 */
static int resolve(struct stage *st, struct err *err)
{
    const struct args *a = st->args;

    (void)err;
    if (a->dry_run)
        st->out[0] = '\0';
    return 0;
}

static int pick_anchors(struct work *x, struct err *err)
{
    const uint64_t limit = (uint64_t)x->args->limit;
    size_t skipped = 0;
    int rc = store_open(&x->in, x->args->texts, err);

    if (rc == 0)
        rc = texts_load(&x->texts, x->in, err);
    for (uint32_t i = 0; rc == 0 && i < x->texts.n; i++) {
        uint32_t n;
        bool added;

        if (limit && x->anchors.n == limit)
            break;
        if (x->replay && !replay_knows(x->replay, x->texts.text[i]))
            skipped++;
        else
            rc = intern_add(&x->anchors, x->texts.text[i], &n, &added, err);
    }
    x->stage->n.seen += skipped;
    x->stage->n.rejected += skipped;
    if (skipped)
        log_info("%zu of %u texts have no canned answer and are left out",
                 skipped, x->texts.n);
    return rc;
}

/* ---- the dry run ---- */

static int dry_run(const struct work *x, struct err *err)
{
    struct buf b = BUF_INIT(16 << 20);
    size_t in = 0, out = 0;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < x->anchors.n; i++) {
        rc = dialogue_request(&b, &x->plan, x->anchors.text[i], err);
        in += b.len / 4;
        out += (size_t)dialogue_tokens(&x->plan, x->anchors.text[i]);
        if (rc == 0 && i == 0)
            printf("%s\n\n", buf_str(&b));
        buf_reset(&b);
    }
    if (rc == 0)
        printf("%u requests, about %zu tokens in, at most %zu out; nothing was "
               "sent\n",
               x->anchors.n, in, out);
    buf_release(&b);
    return rc;
}

/* ---- buying ---- */

static int buy(struct work *x, struct err *err)
{
    const struct provider *p = &x->provider;
    char url[1024], path[FILE_PATH_MAX + 16];
    struct purchase job = {
        .plan = &x->plan,
        .anchor = x->anchors.text,
        .n = x->anchors.n,
        .url = url,
        .concurrency = (size_t)x->args->concurrency,
        .stopped = stage_stopped,
    };
    int rc = 0;

    snprintf(path, sizeof(path), "%s%s",
             x->args->answers[0] ? x->args->answers : x->stage->out,
             x->args->answers[0] ? "" : ".answers");
    rc = provider_take_key(p, &job.key, err);
    if (rc == 0)
        rc = answers_open(&x->answers, path, err);
    if (rc == 0 && x->replay)
        rc = replay_serve(x->replay, err);
    if (rc < 0)
        return rc;
    snprintf(url, sizeof(url), "%s%s",
             x->replay ? replay_url(x->replay) : p->base_url, p->path);
    job.answers = x->answers;
    return purchase_run(&job, &x->bought, err);
}

/* ---- writing ---- */

static int write_anchor(struct work *x, struct writer *w, struct span anchor,
                        const struct chat_answer *a, struct err *err)
{
    struct emit_source from = {
        .provider = x->provider.name,
        .model = x->args->model[0] ? x->args->model : x->provider.model,
        .template = x->prompt.hash,
        .repair = a->how,
    };
    struct items it;
    int rc = items_choose(&it, &x->items, a, anchor, (size_t)x->args->positives,
                          (size_t)x->args->negatives, err);

    x->how[a->how]++;
    x->prompt_tokens += fmax(a->prompt_tokens, 0.0);
    x->completion_tokens += fmax(a->completion_tokens, 0.0);
    x->stage->n.seen++;
    x->stage->n.kept++;
    return rc < 0 ? rc : emit_items(w, anchor, &it, &from, err);
}

static int fail_anchor(struct work *x, uint32_t i, const struct dialogue *d,
                       struct err *err)
{
    char where[64], reason[600], text[512];

    snprintf(where, sizeof(where), "anchor %u", i);
    if (d->verdict == TURNS_ASK)
        snprintf(reason, sizeof(reason), "no answer came; run again");
    else
        snprintf(reason, sizeof(reason), "%s: %s",
                 chat_status_name(d->answer.status), d->answer.message);
    snprintf(text, sizeof(text), "%.*s", (int)x->anchors.text[i].len,
             x->anchors.text[i].ptr);
    return stage_fail_record(x->stage, where, reason, text, err);
}

static int write_all(struct work *x, struct writer *w, struct err *err)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < x->anchors.n; i++) {
        const struct span anchor = x->anchors.text[i];
        struct dialogue d;

        rc = dialogue_follow(&d, &x->plan, x->answers, anchor, err);
        if (rc == 0)
            x->status[d.answer.status] += d.verdict != TURNS_ASK;
        if (rc == 0 && d.verdict == TURNS_USE)
            rc = write_anchor(x, w, anchor, &d.answer, err);
        else if (rc == 0)
            rc = fail_anchor(x, i, &d, err);
        dialogue_release(&d);
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

static int make_output(struct work *x, struct err *err)
{
    struct store *out = NULL;
    struct writer *w = NULL;
    int rc = stage_create(x->stage, &out, "pairs", err);

    /* A refusal is a normal answer: a tenth may fail unless told otherwise. */
    if (x->stage->common->max_failures == 0)
        x->stage->common->max_failures = 1 + x->anchors.n / 10;
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
        if (x->how[h])
            printf(" %zu %s", x->how[h], repair_name((enum repair_how)h));
    printf("\ntokens of the answers used: %.0f in, %.0f out\n",
           x->prompt_tokens, x->completion_tokens);
}

static int run(struct stage *st, struct err *err)
{
    static struct work x;
    int rc;

    x.args = st->args;
    x.stage = st;
    x.anchors = (struct intern)INTERN_INIT;
    rc = load_provider(&x, st->args, err);
    if (rc == 0)
        rc = pick_anchors(&x, err);
    if (rc == 0 && x.args->dry_run) {
        rc = dry_run(&x, err);
    } else if (rc == 0) {
        rc = buy(&x, err);
        if (rc == 0)
            rc = make_output(&x, err);
        if (rc == 0)
            report(&x);
    }
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
