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
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "llm/probe.h"
#include "llm/session.h"
#include "model/critic.h"

/* The session's come first, so that its rows fit. */
struct args {
    struct session_args s;
    struct precision_choice choice; /* of the models */
};

static const struct opt rows[] = {
    STAGE_ROWS(struct session_args, common),
    OPT_ROW_PATH('i', "texts", struct session_args, texts, OPT_IN_STORE,
                 "STORE", OPT_REQUIRED, "store whose texts are the anchors"),
    OPT_ROW_PATH('p', "provider", struct session_args, provider, OPT_IN_FILE,
                 "NAME", OPT_REQUIRED,
                 "profile of the endpoint, by name or file, or a pool of them"),
    OPT_ROW_PATH('o', "out", struct session_args, out, OPT_OUT_STORE, "STORE",
                 OPT_REQUIRED, "store of pairs and triplets to make"),
    OPT_ROW_STR(0, "template", struct session_args, template, "en", "NAME", 0,
                "prompt: en, zh, or a file"),
    OPT_ROW_INT(0, "positives", struct session_args, positives, "5", 0, 50, 0,
                "sentences of the same meaning to ask for per anchor"),
    OPT_ROW_INT(0, "negatives", struct session_args, negatives, "5", 0, 50, 0,
                "look-alikes to ask for per anchor"),
    OPT_ROW_INT(0, "top-up", struct session_args, top_up, "1", 0, TOP_UPS_MAX,
                0, "requests for what is missing of an answer; 0: none"),
    OPT_ROW_STR(0, "domain", struct session_args, domain, "", "TEXT", 0,
                "what the sentences are about; the template's own unless "
                "given"),
    OPT_ROW_STR(0, "kinds", struct session_args, kinds, "", "LIST", 0,
                "kinds of negatives, with weights: negation=2,number; the "
                "template's alike unless given"),
    OPT_ROW_STR(0, "grades", struct session_args, grades, "", "LIST", 0,
                "similarities to ask of the negatives: 0.2,0.4,0.6; they "
                "become their labels"),
    OPT_ROW_STR(0, "styles", struct session_args, styles, "all", "LIST", 0,
                "style axes of the template to draw from; all, none"),
    OPT_ROW_PATH(0, "notes", struct session_args, notes, OPT_IN_FILE, "FILE", 0,
                 "text about the domain, for the prompt"),
    OPT_ROW_PATH(0, "examples", struct session_args, examples, OPT_IN_STORE,
                 "STORE", 0, "labelled pairs to show in the prompt"),
    OPT_ROW_INT(0, "shots", struct session_args, shots, "6", 1, 64, 0,
                "how many of them"),
    OPT_ROW_PATH(0, "avoid", struct session_args, avoid, OPT_IN_FILE, "FILE", 0,
                 "openings to avoid: lines, or a report that has them"),
    OPT_ROW_STR(0, "checks", struct session_args, checks, "", "LIST", 0,
                "settings of the checks: numbers=off,length=3; none"),
    OPT_ROW_PATH(0, "embedder", struct session_args, embedder, OPT_IN_MODEL,
                 "MODEL", 0, "sentence encoder whose cosine is one of them"),
    OPT_ROW_PATH(0, "cross-encoder", struct session_args, cross_encoder,
                 OPT_IN_MODEL, "MODEL", 0,
                 "cross-encoder whose score is one of them"),
    PRECISION_ROW(struct args, choice),
    OPT_ROW_PATH(0, "judge", struct session_args, judge, OPT_IN_FILE, "NAME", 0,
                 "profile of a model that is asked what means the same"),
    OPT_ROW_STR(0, "judge-model", struct session_args, judge_model, "", "NAME",
                0, "its model; the profile's unless given"),
    OPT_ROW_STR(0, "judge-template", struct session_args, judge_template, "",
                "NAME", 0, "its prompt: judge-en, judge-zh, or a file"),
    OPT_ROW_STR(0, "judge-key-file", struct session_args, judge_key, "", "FILE",
                OPT_NO_RESULT, "file with its API key"),
    OPT_ROW_CHOICE(0, "judged", struct session_args, judged, "doubts",
                   "doubts|all", 0,
                   "which sentences it sees: those that checks would put "
                   "aside, or all they leave"),
    OPT_ROW_PATHS(0, "against", struct session_args, against, OPT_IN_STORE,
                  "STORE", 0,
                  "earlier store: what is nearly one of its texts is dropped"),
    OPT_ROW_STR(0, "aside", struct session_args, aside, "", "STORE",
                OPT_NO_RESULT | OPT_WRITTEN,
                "store for what people should look at; else it is dropped"),
    OPT_ROW_STR(0, "model", struct session_args, model, "", "NAME", 0,
                "model; the profile's unless given"),
    OPT_ROW_REAL(0, "temperature", struct session_args, temperature, "0.9", 0,
                 2, 0, "sampling temperature"),
    OPT_ROW_INT(0, "limit", struct session_args, limit, "0", 0, 1e12, 0,
                "first anchors only; 0: all"),
    OPT_ROW_PATH(0, "answers", struct session_args, answers, OPT_STATE, "FILE",
                 OPT_NO_RESULT,
                 "store of raw answers, kept between runs; default: beside "
                 "--out"),
    OPT_ROW_INT(0, "sample", struct session_args, sample, "0", 0, 1e6, 0,
                "which answer to each question; another number buys anew"),
    OPT_ROW_CHOICE(0, "thinking", struct session_args, thinking, "off",
                   "off|on", 0,
                   "let the model think first, where the profile knows how"),
    OPT_ROW_FLAG(0, "dry-run", struct session_args, dry_run, OPT_NO_RESULT,
                 "print a few prompts and what all would cost; no network"),
    OPT_ROW_INT(0, "pilot", struct session_args, pilot, "0", 0, 1e9,
                OPT_NO_RESULT,
                "buy N drawn anchors only and project the rest; no output"),
    OPT_ROW_FLAG(0, "retry-failed", struct session_args, retry_failed,
                 OPT_NO_RESULT, "ask again what failed in an earlier run"),
    OPT_ROW_FLAG(0, "cache-only", struct session_args, cache_only,
                 OPT_NO_RESULT, "use the stored answers; no network, no key"),
    OPT_ROW_REAL(0, "max-cost", struct session_args, max_cost, "0", 0, 1e9,
                 OPT_NO_RESULT,
                 "most money to spend, all runs together; 0: no cap"),
    OPT_ROW_REAL(0, "max-tokens", struct session_args, max_tokens, "0", 0, 1e15,
                 OPT_NO_RESULT, "most tokens, in and out together; 0: no cap"),
    OPT_ROW_REAL(0, "max-requests", struct session_args, max_requests, "0", 0,
                 1e12, OPT_NO_RESULT,
                 "most requests, all runs together; 0: no cap"),
    OPT_ROW_REAL(0, "max-time", struct session_args, max_time, "0", 0, 1e9,
                 OPT_NO_RESULT, "seconds after which this run stops; 0: none"),
    OPT_ROW_REAL(0, "max-wait", struct session_args, max_wait, "3600", 1, 1e7,
                 OPT_NO_RESULT,
                 "longest pause, in seconds, that an endpoint may ask for"),
    OPT_ROW_FLAG(0, "only-offpeak", struct session_args, offpeak, OPT_NO_RESULT,
                 "wait for the hours that the price table calls cheap"),
    OPT_ROW_STR(0, "prices", struct session_args, prices, "", "FILE",
                OPT_NO_RESULT, "price table that goes before the profile's"),
    OPT_ROW_INT(0, "concurrency", struct session_args, concurrency, "0", 0,
                PROVIDER_MAX, OPT_NO_RESULT,
                "requests under way at first; 0: the profile's, mostly 8"),
    OPT_ROW_INT(0, "max-concurrency", struct session_args, max_concurrency, "0",
                0, PROVIDER_MAX, OPT_NO_RESULT,
                "requests under way at most; 0: the profile's, mostly 64"),
    OPT_ROW_FLAG(0, "fixed", struct session_args, fixed, OPT_NO_RESULT,
                 "keep --concurrency as it is, throttled or not"),
    OPT_ROW_REAL(0, "rpm", struct session_args, rpm, "0", 0, 1e9, OPT_NO_RESULT,
                 "requests a minute of each key; 0: the profile's"),
    OPT_ROW_REAL(0, "tpm", struct session_args, tpm, "0", 0, 1e12,
                 OPT_NO_RESULT,
                 "tokens a minute of each key; 0: the profile's"),
    OPT_ROW_INT(0, "timeout", struct session_args, timeout, "0", 0, 86400,
                OPT_NO_RESULT,
                "seconds that one attempt may take; 0: the profile's"),
    OPT_ROW_STR(0, "key-file", struct session_args, key_file, "", "FILE",
                OPT_NO_RESULT,
                "file with the API key, readable by its owner only"),
    OPT_ROW_INT(0, "key-fd", struct session_args, key_fd, "0", 0, 1e6,
                OPT_NO_RESULT, "open descriptor to read the API key from"),
    OPT_ROW_FLAG(0, "batch", struct session_args, batch, OPT_NO_RESULT,
                 "through the endpoint's batch API: half the price, within a "
                 "day"),
    OPT_ROW_STR(0, "check", struct session_args, check, "", "NAME",
                OPT_NO_RESULT,
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

/* ---- set-up ---- */

static void identify_judge(struct stage *st, const struct judge *j)
{
    stage_add_identity(st, "judge's prompt", j->prompt.hash);
    for (size_t i = 0; i < j->sources.n; i++) {
        const struct source *s = &j->sources.source[i];

        stage_add_identity(st, "judge", s->digest);
        if (s->replay)
            stage_add_identity(st, "judge's answers", replay_digest(s->replay));
    }
}

/* The prompt's text, canned answers, and the profiles of a pool lie in files
 * that an option and a profile only name. */
static int identity(struct stage *st, struct err *err)
{
    static struct session x;
    int rc = session_load(&x, st->args, err);

    if (rc == 0)
        stage_add_identity(st, "prompt", x.prompt.hash);
    for (size_t i = 0; rc == 0 && i < x.sources.n; i++) {
        const struct source *s = &x.sources.source[i];

        if (s->replay)
            stage_add_identity(st, "canned answers", replay_digest(s->replay));
        if (x.sources.n > 1)
            stage_add_identity(st, s->name, s->digest);
    }
    if (rc == 0 && x.judge.on)
        identify_judge(st, &x.judge);
    session_release(&x);
    return rc;
}

/* A dry run and a pilot make nothing: no lock, and an output that is there is
 * no matter. A profile's name becomes its file, which is an input. */
static int resolve(struct stage *st, struct err *err)
{
    static char path[FILE_PATH_MAX], judge[FILE_PATH_MAX];
    struct session_args *a = st->args;
    int rc = provider_find(path, a->provider, err);

    if (rc == 0 && a->positives + a->negatives == 0)
        return ERR_SET(err, ERR_USAGE,
                       "--positives and --negatives are both 0: there is "
                       "nothing to ask for");
    if (rc == 0 && a->judge[0])
        rc = provider_find(judge, a->judge, err);
    if (rc < 0)
        return rc;
    a->provider = path;
    a->judge = a->judge[0] ? judge : "";
    if (a->dry_run || a->pilot)
        st->out[0] = '\0';
    return critic_choose(&((struct args *)st->args)->choice, a->embedder,
                         a->cross_encoder, err);
}

static void record_facts(const struct session *x)
{
    const struct buyer_counts *n = &x->bought.net;

    json_set_num(x->stage->extra, "positives", (double)x->items.positives);
    json_set_num(x->stage->extra, "negatives", (double)x->items.negatives);
    json_set(x->stage->extra, "checks", checks_json(&x->votes));
    json_set(x->stage->extra, "diversity", diversity_json(&x->diversity));
    json_set_num(x->stage->run, "requests", (double)n->requests);
    json_set_num(x->stage->run, "answers", (double)n->answers);
    json_set_num(x->stage->run, "throttled", (double)n->throttled);
    json_set_num(x->stage->run, "retried", (double)n->retried);
    json_set_num(x->stage->run, "cached", (double)x->bought.cached);
}

/* A refusal is a normal answer: a tenth may fail unless told otherwise. */
static void allow_failures(const struct session *x)
{
    if (x->stage->common->max_failures == 0)
        x->stage->common->max_failures = 1 + x->anchors.n / 10;
}

static int make_output(struct session *x, struct err *err)
{
    struct store *out = NULL;
    struct writer *w = NULL;
    int rc = stage_create(x->stage, &out, "pairs", err);

    allow_failures(x);
    if (rc == 0)
        rc = writer_new(&w, out, err);
    if (rc == 0 && x->args->aside[0])
        rc = aside_open(&x->aside, x->args->aside, err);
    if (rc == 0)
        rc = session_write(x, w, err);
    if (rc == 0)
        rc = aside_finish(&x->aside, err);
    writer_free(w);
    if (rc < 0) {
        store_close(out);
        return rc;
    }
    record_facts(x);
    return stage_finish(x->stage, out, err);
}

/* ---- the ways it goes ---- */

/* No request, no key, no socket. */
static int use_stored(struct session *x, struct err *err)
{
    (void)source_price(&x->sources, 0);
    return session_open_answers(x, err);
}

static int pilot(struct session *x, struct err *err)
{
    int rc;

    if (x->anchors.n == 0)
        return ERR_SET(err, ERR_USAGE, "no anchors to try");
    x->stage->common->max_failures = (int64_t)x->anchors.n;
    rc = session_write(x, NULL, err);
    if (rc == 0)
        rc = session_report(x, err);
    if (rc == 0)
        session_project(x);
    return rc;
}

/* Models that vote on what came. */
static int open_critic(struct session *x, struct critic *c, struct err *err)
{
    const struct args *a = (const struct args *)x->args;
    int rc = critic_open(c, a->s.embedder, a->s.cross_encoder, &a->choice,
                         (size_t)a->s.common.threads, err);

    if (rc == 0 && (c->has_encoder || c->has_cross)) {
        x->opinions.ask = critic_score;
        x->opinions.ctx = c;
    }
    return rc;
}

static int work(struct session *x, struct err *err)
{
    int rc = session_pick_anchors(x, err);

    if (rc < 0)
        return rc;
    if (x->all + x->anchors.skipped == 0)
        log_warn("%s holds no texts: there is nothing to ask for",
                 x->args->texts);
    if (x->args->dry_run)
        return session_dry_run(x, err);
    if (x->args->aside[0] && !x->args->pilot)
        rc = aside_check(x->args->aside, x->stage->common->force, err);
    if (rc < 0)
        return rc;
    rc = x->args->cache_only ? use_stored(x, err) : session_buy(x, err);
    x->inquiry.settled = true;
    if (rc == 0)
        rc = session_judge(x, err);
    if (rc == 0 && x->args->pilot)
        return pilot(x, err);
    if (rc == 0)
        rc = make_output(x, err);
    return rc == 0 ? session_report(x, err) : rc;
}

static int run(struct stage *st, struct err *err)
{
    static struct session x;
    static struct critic critic;
    int rc;

    x.args = st->args;
    x.stage = st;
    snprintf(x.answers_path, sizeof(x.answers_path), "%s%s",
             x.args->answers[0] ? x.args->answers : x.args->out,
             x.args->answers[0] ? "" : ".answers");
    rc = session_load(&x, st->args, err);
    if (rc == 0 && !x.args->dry_run)
        rc = open_critic(&x, &critic, err);
    if (rc == 0)
        rc = work(&x, err);
    session_release(&x);
    critic_close(&critic);
    return rc;
}

/* ---- the check of a profile ---- */

static const struct opt check_rows[] = {
    STAGE_ROWS(struct session_args, common),
    OPT_ROW_STR(0, "check", struct session_args, check, NULL, "NAME",
                OPT_REQUIRED, "profile or pool, by name or file"),
    OPT_ROW_STR(0, "model", struct session_args, model, "", "NAME", 0,
                "model; the profile's unless given"),
    OPT_ROW_STR(0, "template", struct session_args, template, "en", "NAME", 0,
                "prompt: en, zh, or a file"),
    OPT_ROW_REAL(0, "temperature", struct session_args, temperature, "0.9", 0,
                 2, 0, "sampling temperature"),
    OPT_ROW_CHOICE(0, "thinking", struct session_args, thinking, "off",
                   "off|on", 0, "let the model think first"),
    OPT_ROW_STR(0, "prices", struct session_args, prices, "", "FILE",
                OPT_NO_RESULT, "price table that goes before the profile's"),
    OPT_ROW_INT(0, "timeout", struct session_args, timeout, "0", 0, 86400,
                OPT_NO_RESULT, "seconds that the call may take"),
    OPT_ROW_STR(0, "key-file", struct session_args, key_file, "", "FILE",
                OPT_NO_RESULT,
                "file with the API key, readable by its owner only"),
    OPT_ROW_INT(0, "key-fd", struct session_args, key_fd, "0", 0, 1e6,
                OPT_NO_RESULT, "open descriptor to read the API key from"),
    OPT_ROW_END,
};

static const struct opt_spec check_opts = {
    .program = "llm-generate",
    .summary = "Make one small call to an endpoint and say what works.",
    .example = "llm-generate --check samples/llm/canned.json",
    .opts = check_rows,
    .version = 1,
};

static int check(struct stage *st, struct err *err)
{
    static struct session x;
    struct session_args *a = st->args;
    struct probe probe = { .sources = &x.sources,
                           .prompt = &x.prompt,
                           .temperature = a->temperature,
                           .seed = a->common.seed,
                           .thinking = strcmp(a->thinking, "on") == 0,
                           .stopped = stage_stopped };
    int rc;

    a->provider = a->check;
    a->domain = "online shop";
    rc = session_load(&x, a, err);
    if (rc == 0)
        rc = sources_open(&x.sources, &x.how, err);
    if (rc == 0)
        rc = probe_run(&probe, err);
    session_release(&x);
    return rc;
}

static bool asks_to_check(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--check") == 0 ||
            strncmp(argv[i], "--check=", 8) == 0)
            return true;
    return false;
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
    static const struct stage_spec other = { .opts = &check_opts,
                                             .args = &args,
                                             .args_size = sizeof(args),
                                             .run = check };
    const struct stage_spec *const all[] = { asks_to_check(argc, argv)
                                                 ? &other
                                                 : &spec };

    provider_guard_keys();
    return stage_main(all, 1, argc, argv);
}
