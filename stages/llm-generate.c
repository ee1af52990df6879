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
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/rng.h"
#include "net/chat.h"
#include "net/limiter.h"
#include "net/post.h"
#include "net/replay.h"
#include "store/stage.h"
#include "text/normalise.h"

enum {
    ANSWERS_MAX = 3, /* paid answers per anchor: first, longer, corrected */
    TRANSPORT_TRIES = 4,
    SLOTS_MAX = 64,
};

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
    OPT_ROW_INT(0, "concurrency", struct args, concurrency, "8", 1, SLOTS_MAX,
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

struct tally {
    size_t anchors, requests, bought, cached, throttled, retried;
    size_t positives, negatives;
    size_t same_as_anchor, twice, both_sides, extra, too_long;
    size_t how[REPAIR_CUT + 1], status[CHAT_ERROR + 1];
    double prompt_tokens, completion_tokens;
};

struct work {
    const struct args *args;
    struct stage *stage;
    struct provider provider;
    struct prompt prompt;
    struct replay *replay;
    char url[1024];
    const char *key;
    struct texts texts;
    struct store *in, *answers;
    struct intern anchors; /* distinct texts to ask about, in order */
    struct post *post;
    struct limiter limiter;
    struct rng rng; /* jitter only */
    struct tally t;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- one anchor: what was answered, and what to do next ---- */

enum verdict {
    VERDICT_DONE,   /* answer: use its items */
    VERDICT_FAILED, /* will not get better by asking again */
    VERDICT_BUY,    /* body: the next request */
};

struct outcome {
    enum verdict verdict;
    unsigned attempt;          /* number of the answer to buy, from 0 */
    struct buf body;           /* of VERDICT_BUY */
    char hash[65];             /* of the first request: the anchor's key */
    struct chat_answer answer; /* of VERDICT_DONE, or the reason to fail */
};

static void outcome_release(struct outcome *o)
{
    buf_release(&o->body);
    chat_answer_release(&o->answer);
}

/* Room for N items each way at the anchor's length, and as much again. */
static int token_cap(const struct args *a, struct span anchor)
{
    size_t each = 16 + anchor.len / 2;

    return (int)(100 + 2 * each * (size_t)(a->positives + a->negatives));
}

static int make_body(const struct work *x, struct span anchor, int doubled,
                     const char *bad, struct buf *b, struct err *err)
{
    const struct args *a = x->args;
    struct chat_request r = {
        .provider = &x->provider,
        .prompt = &x->prompt,
        .values = { anchor, (int)a->positives, (int)a->negatives, a->domain },
        .model = a->model,
        .temperature = a->temperature,
        .seed = a->common.seed,
        .max_tokens = token_cap(a, anchor) << doubled,
        .bad = bad,
    };

    buf_reset(b);
    return chat_body(b, &r, err);
}

/* The anchor's key: profile and first request, without the key, the port of a
 * local server, or anything that changes no answer. */
static int hash_request(const struct work *x, const struct buf *body,
                        char hex[65], struct err *err)
{
    struct sha256 *h;
    int rc = sha256_new(&h, err);

    if (rc < 0)
        return rc;
    sha256_add(h, x->provider.name, strlen(x->provider.name) + 1);
    sha256_add(h, x->provider.base_url, strlen(x->provider.base_url) + 1);
    sha256_add(h, body->ptr, body->len);
    sha256_finish(h, hex);
    return 0;
}

static struct blob answer_key(char out[63], const char *hash, unsigned attempt)
{
    int n = snprintf(out, 63, "%.56s-%u", hash, attempt);

    return (struct blob){ out, (size_t)n };
}

/* The stored body of one answer: 0 found, 1 not. */
static int load_answer(struct work *x, const char *hash, unsigned attempt,
                       struct chat_answer *a, struct err *err)
{
    char key[63];
    struct blob b;
    struct json *doc;
    const char *body;
    int rc = store_get(x->answers, STORE_NOTES, answer_key(key, hash, attempt),
                       &b, err);

    if (rc == ERR_NOTFOUND)
        return 1;
    if (rc == 0)
        rc = json_parse(&doc, "stored answer", b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    body = json_str(json_get(json_root(doc), "body"), "");
    rc = chat_read(a, body, strlen(body), err);
    json_free(doc);
    return rc;
}

/* After an answer: is it good, hopeless, or worth one more request? Fills
 * o->body then. */
static int judge(const struct work *x, struct span anchor, struct outcome *o,
                 bool *longer, bool *corrected, struct err *err)
{
    switch (o->answer.status) {
    case CHAT_ITEMS:
        o->verdict = VERDICT_DONE;
        return 0;
    case CHAT_TRUNCATED:
        if (*longer) { /* asked once for more room: take what is whole */
            o->verdict = o->answer.positives + o->answer.negatives
                             ? VERDICT_DONE
                             : VERDICT_FAILED;
            return 0;
        }
        *longer = true;
        o->verdict = VERDICT_BUY;
        return make_body(x, anchor, 1, NULL, &o->body, err);
    case CHAT_EMPTY:
    case CHAT_UNPARSED:
        if (*corrected) {
            o->verdict = VERDICT_FAILED;
            return 0;
        }
        *corrected = true;
        o->verdict = VERDICT_BUY;
        return make_body(x, anchor, *longer,
                         o->answer.content ? o->answer.content : "(nothing)",
                         &o->body, err);
    case CHAT_FILTERED:
    case CHAT_ERROR:
        break;
    }
    o->verdict = VERDICT_FAILED;
    return 0;
}

/* Follow the stored answers of an anchor to where they end. */
static int settle(struct work *x, struct span anchor, struct outcome *o,
                  struct err *err)
{
    bool longer = false, corrected = false;
    int rc;

    memset(o, 0, sizeof(*o));
    o->body = (struct buf)BUF_INIT(16 << 20);
    o->verdict = VERDICT_BUY;
    rc = make_body(x, anchor, 0, NULL, &o->body, err);
    if (rc == 0)
        rc = hash_request(x, &o->body, o->hash, err);
    while (rc == 0 && o->verdict == VERDICT_BUY) {
        chat_answer_release(&o->answer);
        if (o->attempt == ANSWERS_MAX) {
            o->verdict = VERDICT_FAILED;
            break;
        }
        rc = load_answer(x, o->hash, o->attempt, &o->answer, err);
        if (rc == 1)
            return 0; /* this one is to be bought */
        o->attempt++;
        if (rc == 0)
            rc = judge(x, anchor, o, &longer, &corrected, err);
    }
    return rc;
}

/* ---- buying ---- */

struct ask {
    struct outcome o; /* its body is on the way */
    uint32_t anchor;
    unsigned tries;
    double sent, not_before;
    bool active, waiting; /* waiting: for not_before */
};

static int send_ask(struct work *x, struct ask *k, size_t id, struct err *err)
{
    char header[160];
    const char *headers[2] = { header, NULL };

    snprintf(header, sizeof(header), "Idempotency-Key: %s-%u", k->o.hash,
             k->o.attempt);
    k->sent = now();
    k->waiting = false;
    x->t.requests++;
    return post_start(x->post, id, x->url, headers, x->key, k->o.body.ptr,
                      k->o.body.len, x->provider.timeout_s, err);
}

/* A key that a server echoes must not be stored. */
static void redact(struct buf *body, const char *key)
{
    size_t n = key ? strlen(key) : 0;
    char *hit = n >= 8 ? strstr(body->ptr, key) : NULL;

    while (hit) {
        memset(hit, '*', n);
        hit = strstr(hit, key);
    }
}

static int keep_answer(struct work *x, const struct ask *k, struct post_done *d,
                       struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(64 << 20);
    char key[63];
    int rc;

    redact(&d->body, x->key);
    json_set_str(o, "body", buf_str(&d->body));
    json_set_num(o, "status", (double)d->status);
    json_set_num(o, "seconds", d->seconds);
    json_set_str(o, "template", x->prompt.hash);
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = store_put(x->answers, STORE_NOTES,
                       answer_key(key, k->o.hash, k->o.attempt),
                       (struct blob){ b.ptr, b.len }, err);
    if (rc == 0)
        rc = store_commit(x->answers, err);
    json_node_free(o);
    buf_release(&b);
    return rc;
}

/* What an error body names as its code or type. */
static void error_code(const struct post_done *d, char out[128])
{
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    const struct json_node *e;

    out[0] = '\0';
    if (json_parse(&doc, "answer", buf_str(&d->body), d->body.len, 0, &none) <
        0)
        return;
    e = json_get(json_root(doc), "error");
    snprintf(out, 128, "%s",
             json_str(json_get(e, "code"),
                      json_str(json_get(e, "type"),
                               json_str(json_get(e, "message"), ""))));
    json_free(doc);
}

/* Statuses that no retry can mend end the run, with what to do. */
static int fatal_status(const struct work *x, const struct post_done *d,
                        struct err *err)
{
    char code[128];

    error_code(d, code);
    if (d->status == 401 || d->status == 403)
        return ERR_SET(err, ERR_AUTH,
                       "%s refuses the key (HTTP %ld %s); it is taken from "
                       "the variable %s",
                       x->provider.name, d->status, code, x->provider.key_env);
    if (d->status == 402 || strcmp(code, "insufficient_quota") == 0)
        return ERR_SET(err, ERR_CONFIG,
                       "%s: the account has no credit left (HTTP %ld %s); "
                       "what was answered is kept",
                       x->provider.name, d->status, code);
    if (d->status >= 300 && d->status < 400)
        return ERR_SET(err, ERR_CONFIG,
                       "%s redirects (HTTP %ld): base_url is wrong; redirects "
                       "are not followed, they would carry the key away",
                       x->provider.name, d->status);
    if (x->t.bought == 0 && d->status >= 400 && d->status < 500 &&
        d->status != 408 && d->status != 409 && d->status != 429)
        return ERR_SET(err, ERR_CONFIG, "%s: HTTP %ld %s: %.200s",
                       x->provider.name, d->status, code, buf_str(&d->body));
    return 0;
}

/* The transfer brought no answer. Wait and try again, or give the anchor up
 * for this run: nothing is stored, so the next run asks again. */
static int no_answer(struct work *x, struct ask *k, const struct post_done *d,
                     struct err *err)
{
    int rc = d->status ? fatal_status(x, d, err) : 0;

    if (rc < 0)
        return rc;
    k->waiting = true;
    if (d->status == 429 || d->status == 503 || d->status == 529) {
        double wait = d->retry_after >= 0.0
                          ? d->retry_after
                          : limiter_backoff(1, rng_uniform(&x->rng));

        x->t.throttled++;
        limiter_throttle(&x->limiter, k->sent, now(), wait);
        k->not_before = now() + wait;
        return 0; /* no try is spent: the limiter slows down */
    }
    x->t.retried++;
    if (++k->tries >= TRANSPORT_TRIES ||
        (d->status >= 400 && d->status < 500)) {
        log_warn("anchor %u: no answer (%s%ld)", k->anchor,
                 d->error[0] ? d->error : "HTTP ", d->status);
        k->active = false;
        outcome_release(&k->o);
        return 0;
    }
    k->not_before = now() + limiter_backoff(k->tries, rng_uniform(&x->rng));
    return 0;
}

/* An answer came: store it, then see whether the anchor needs another. */
static int got_answer(struct work *x, struct ask *k, struct post_done *d,
                      struct err *err)
{
    struct span anchor = x->anchors.text[k->anchor];
    int rc = keep_answer(x, k, d, err);

    if (rc < 0)
        return rc;
    x->t.bought++;
    limiter_success(&x->limiter);
    outcome_release(&k->o);
    rc = settle(x, anchor, &k->o, err);
    k->active = rc == 0 && k->o.verdict == VERDICT_BUY;
    k->waiting = k->active;
    k->not_before = 0.0;
    k->tries = 0;
    if (!k->active)
        outcome_release(&k->o);
    return rc;
}

/* HTTP 200 with an error object and no choices is not an answer. */
static bool is_answer(const struct post_done *d)
{
    struct err none = ERR_INIT;
    struct chat_answer a;
    bool ok;

    if (d->status != 200 ||
        chat_read(&a, buf_str(&d->body), d->body.len, &none) < 0)
        return false;
    ok = a.status != CHAT_ERROR;
    chat_answer_release(&a);
    return ok;
}

static int take_one(struct work *x, struct ask *asks, struct err *err)
{
    struct post_done d;
    struct ask *k;
    int rc = post_wait(x->post, 100, &d, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    k = &asks[d.id];
    rc = is_answer(&d) ? got_answer(x, k, &d, err) : no_answer(x, k, &d, err);
    buf_release(&d.body);
    return rc;
}

/* The next anchor that needs a request, into k. */
static int next_ask(struct work *x, struct ask *k, uint32_t *at,
                    struct err *err)
{
    int rc = 0;

    k->active = false;
    while (rc == 0 && !k->active && *at < x->anchors.n) {
        rc = settle(x, x->anchors.text[*at], &k->o, err);
        k->anchor = *at;
        k->active = rc == 0 && k->o.verdict == VERDICT_BUY;
        k->waiting = true;
        k->not_before = 0.0;
        k->tries = 0;
        if (!k->active) {
            x->t.cached++;
            outcome_release(&k->o);
        }
        *at += 1;
    }
    return rc;
}

static int start_ready(struct work *x, struct ask *asks, uint32_t *at,
                       size_t *open, struct err *err)
{
    int rc = 0;

    *open = 0;
    for (size_t i = 0; rc == 0 && i < SLOTS_MAX; i++) {
        struct ask *k = &asks[i];
        bool room = limiter_allows(&x->limiter, post_busy(x->post), now());

        if (!k->active && room && !stage_stopped())
            rc = next_ask(x, k, at, err);
        if (rc == 0 && k->active && k->waiting && room &&
            now() >= k->not_before && !stage_stopped())
            rc = send_ask(x, k, i, err);
        *open += k->active;
    }
    *open += *at < x->anchors.n; /* more to come, though the door is shut */
    return rc;
}

static int buy(struct work *x, struct err *err)
{
    struct ask *asks = calloc(SLOTS_MAX, sizeof(*asks));
    uint32_t at = 0;
    size_t open = 1;
    int rc = asks ? post_new(&x->post, SLOTS_MAX, err)
                  : ERR_SET(err, ERR_NOMEM, "cannot hold requests");

    progress_start("anchors", x->anchors.n);
    while (rc == 0 && open > 0) {
        rc = start_ready(x, asks, &at, &open, err);
        if (rc == 0 && stage_stopped() && post_busy(x->post) == 0)
            rc = stage_stop(err); /* after what was under way came in */
        if (rc == 0 && open > 0)
            rc = take_one(x, asks, err);
        progress_update(at > post_busy(x->post) ? at - post_busy(x->post) : 0,
                        NULL);
    }
    progress_end();
    for (size_t i = 0; asks && i < SLOTS_MAX; i++)
        if (asks[i].active)
            outcome_release(&asks[i].o);
    free(asks);
    return rc;
}

/* ---- items ---- */

/* What two items must not share: letters and digits only, case and width
 * folded. */
static int fold(struct buf *b, struct span s, struct err *err)
{
    struct buf n = BUF_INIT(TEXT_MAX);
    const char *p, *end;
    int rc = normalise_text(&n, s, NORMALISE_NFKC, err);

    buf_reset(b);
    p = buf_str(&n);
    end = p + n.len;
    while (rc == 0 && p < end) {
        uint32_t c = normalise_lower(normalise_decode(&p, end));
        char utf8[4];

        if (normalise_is_word(c))
            rc = buf_append(b, utf8, normalise_encode(utf8, c), err);
    }
    buf_release(&n);
    return rc;
}

struct chosen {
    const struct chat_item *positive[CHAT_ITEMS_MAX];
    const struct chat_item *negative[CHAT_ITEMS_MAX];
    size_t positives, negatives;
};

/* Is the item new among those seen? Counts why not. */
static int is_new(struct work *x, struct intern *seen, struct span text,
                  size_t before, bool *fresh, struct err *err)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    uint32_t n;
    bool added = false;
    int rc = fold(&b, text, err);

    if (rc == 0)
        rc = intern_add(seen, (struct span){ buf_str(&b), b.len }, &n, &added,
                        err);
    buf_release(&b);
    *fresh = added;
    if (rc == 0 && !added) {
        x->t.same_as_anchor += n == 0;
        x->t.both_sides += n > 0 && n < before;
        x->t.twice += n >= before;
    }
    return rc;
}

static int choose_side(struct work *x, struct intern *seen, size_t before,
                       const struct chat_item *item, size_t n, size_t want,
                       const struct chat_item **out, size_t *got,
                       size_t anchor_len, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span s = span_of(item[i].text);
        bool fresh;

        if (*got == want) {
            x->t.extra++;
            continue;
        }
        if (s.len > 8 * anchor_len + 200) {
            x->t.too_long++;
            continue;
        }
        rc = is_new(x, seen, s, before, &fresh, err);
        if (rc == 0 && fresh)
            out[(*got)++] = &item[i];
    }
    return rc;
}

/* Positives first: a negative equal to one of them is dropped. */
static int choose(struct work *x, struct span anchor,
                  const struct chat_answer *a, struct chosen *c,
                  struct err *err)
{
    struct intern seen = INTERN_INIT;
    bool fresh;
    int rc = is_new(x, &seen, anchor, 0, &fresh, err);

    memset(c, 0, sizeof(*c));
    if (rc == 0)
        rc = choose_side(x, &seen, 1, a->positive, a->positives,
                         (size_t)x->args->positives, c->positive, &c->positives,
                         anchor.len, err);
    if (rc == 0)
        rc = choose_side(x, &seen, seen.n, a->negative, a->negatives,
                         (size_t)x->args->negatives, c->negative, &c->negatives,
                         anchor.len, err);
    intern_release(&seen);
    return rc;
}

/* ---- writing ---- */

static int write_note(struct work *x, struct writer *w, uint64_t ordinal,
                      const struct chat_item *item, enum repair_how how,
                      struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT(65536);
    int rc;

    json_set_str(o, "model",
                 x->args->model[0] ? x->args->model : x->provider.model);
    json_set_str(o, "provider", x->provider.name);
    json_set_str(o, "template", x->prompt.hash);
    if (item->kind[0])
        json_set_str(o, "kind", item->kind);
    json_set_str(o, "repair", repair_name(how));
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = writer_note(w, STORE_PAIRS, ordinal, (struct span){ b.ptr, b.len },
                         err);
    buf_release(&b);
    json_node_free(o);
    return rc;
}

static int write_item(struct work *x, struct writer *w, uint32_t anchor,
                      const struct chat_item *item, float label,
                      enum repair_how how, uint32_t *text, struct err *err)
{
    struct pair p = { anchor, 0, label, NAN, NAN, ORIGIN_LLM, 0 };
    uint64_t ordinal;
    int rc = writer_text(w, span_of(item->text), span_of(""), text, err);

    p.b = *text;
    if (rc == 0)
        rc = writer_pair(w, &p, &ordinal, err);
    return rc < 0 ? rc : write_note(x, w, ordinal, item, how, err);
}

static int write_anchor(struct work *x, struct writer *w, struct span anchor,
                        const struct chat_answer *a, struct err *err)
{
    uint32_t negative[CHAT_ITEMS_MAX], positive[CHAT_ITEMS_MAX], at;
    struct chosen c;
    int rc = choose(x, anchor, a, &c, err);

    if (rc == 0)
        rc = writer_text(w, anchor, span_of(""), &at, err);
    for (size_t i = 0; rc == 0 && i < c.positives; i++)
        rc = write_item(x, w, at, c.positive[i], 1.0f, a->how, &positive[i],
                        err);
    for (size_t i = 0; rc == 0 && i < c.negatives; i++)
        rc = write_item(x, w, at, c.negative[i], 0.0f, a->how, &negative[i],
                        err);
    for (size_t i = 0; rc == 0 && c.negatives && i < c.positives; i++) {
        struct triplet t = { at, positive[i], (uint32_t)c.negatives, negative };

        rc = writer_triplet(w, &t, NULL, err);
    }
    x->t.positives += c.positives;
    x->t.negatives += c.negatives;
    return rc;
}

static int fail_anchor(struct work *x, uint32_t i, const struct outcome *o,
                       struct err *err)
{
    char where[64], reason[600], text[512];

    snprintf(where, sizeof(where), "anchor %u", i);
    if (o->verdict == VERDICT_BUY)
        snprintf(reason, sizeof(reason), "no answer came; run again");
    else
        snprintf(reason, sizeof(reason), "%s: %s",
                 chat_status_name(o->answer.status), o->answer.message);
    snprintf(text, sizeof(text), "%.*s", (int)x->anchors.text[i].len,
             x->anchors.text[i].ptr);
    return stage_fail_record(x->stage, where, reason, text, err);
}

static int write_all(struct work *x, struct writer *w, struct err *err)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < x->anchors.n; i++) {
        struct outcome o;

        rc = settle(x, x->anchors.text[i], &o, err);
        if (rc == 0)
            x->t.status[o.answer.status] += o.verdict != VERDICT_BUY;
        if (rc == 0 && o.verdict == VERDICT_DONE) {
            x->t.how[o.answer.how]++;
            x->t.prompt_tokens += fmax(o.answer.prompt_tokens, 0.0);
            x->t.completion_tokens += fmax(o.answer.completion_tokens, 0.0);
            rc = write_anchor(x, w, x->anchors.text[i], &o.answer, err);
            x->stage->n.seen++;
            x->stage->n.kept++;
        } else if (rc == 0) {
            rc = fail_anchor(x, i, &o, err);
        }
        outcome_release(&o);
    }
    return rc;
}

static void report(const struct work *x)
{
    const struct tally *t = &x->t;

    printf("anchors %u: %zu positives, %zu negatives kept\n", x->anchors.n,
           t->positives, t->negatives);
    printf("dropped: %zu equal to the anchor, %zu twice, %zu on both sides, "
           "%zu too long, %zu more than asked\n",
           t->same_as_anchor, t->twice, t->both_sides, t->too_long, t->extra);
    printf("answers:");
    for (int s = 0; s <= CHAT_ERROR; s++)
        if (t->status[s])
            printf(" %zu %s", t->status[s],
                   chat_status_name((enum chat_status)s));
    printf("; JSON:");
    for (int h = 0; h <= REPAIR_CUT; h++)
        if (t->how[h])
            printf(" %zu %s", t->how[h], repair_name((enum repair_how)h));
    printf("\ntokens of the answers used: %.0f in, %.0f out\n",
           t->prompt_tokens, t->completion_tokens);
}

/* ---- set-up ---- */

static int pick_anchors(struct work *x, struct err *err)
{
    size_t skipped = 0;
    int rc = texts_load(&x->texts, x->in, err);

    for (uint32_t i = 0; rc == 0 && i < x->texts.n; i++) {
        uint32_t n;
        bool added;

        if (x->args->limit && x->anchors.n == (uint64_t)x->args->limit)
            break;
        if (x->replay && !replay_knows(x->replay, x->texts.text[i])) {
            skipped++;
            continue;
        }
        rc = intern_add(&x->anchors, x->texts.text[i], &n, &added, err);
    }
    x->stage->n.seen += skipped;
    x->stage->n.rejected += skipped;
    if (skipped)
        log_info("%zu of %u texts have no canned answer and are left out",
                 skipped, x->texts.n);
    return rc;
}

/* The key: from the environment, wiped there, never printed. */
static void take_key(struct work *x)
{
    static char key[512];
    char *env = x->provider.key_env[0] ? getenv(x->provider.key_env) : NULL;

    (void)prctl(PR_SET_DUMPABLE, 0);
    if (!env || x->replay)
        return;
    snprintf(key, sizeof(key), "%s", env);
    explicit_bzero(env, strlen(env));
    unsetenv(x->provider.key_env);
    log_redact(key, strlen(key));
    x->key = key;
}

static int open_provider(struct work *x, struct err *err)
{
    const char *base;
    int rc = provider_load(&x->provider, x->args->provider, err);

    if (rc == 0)
        rc = prompt_load(&x->prompt, x->args->template, err);
    if (rc == 0 && x->provider.replay[0])
        rc = replay_start(&x->replay, x->provider.replay, err);
    if (rc < 0)
        return rc;
    base = x->replay ? replay_url(x->replay) : x->provider.base_url;
    snprintf(x->url, sizeof(x->url), "%s%s", base, x->provider.path);
    take_key(x);
    return 0;
}

static int open_answers(struct work *x, struct err *err)
{
    char path[FILE_PATH_MAX + 16];
    bool resumed;

    if (x->args->answers[0])
        snprintf(path, sizeof(path), "%s", x->args->answers);
    else
        snprintf(path, sizeof(path), "%s.answers", x->stage->out);
    return store_create(&x->answers, path, "answers", &resumed, err);
}

static int dry_run(struct work *x, struct err *err)
{
    struct buf b = BUF_INIT(16 << 20);
    size_t bytes = 0;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < x->anchors.n; i++) {
        rc = make_body(x, x->anchors.text[i], 0, NULL, &b, err);
        bytes += b.len;
        if (rc == 0 && i == 0)
            printf("%s\n\n", buf_str(&b));
    }
    if (rc == 0)
        printf("%u requests, about %zu tokens in; no more than %zu tokens out "
               "each\n",
               x->anchors.n, bytes / 4,
               x->anchors.n ? (size_t)token_cap(x->args, x->anchors.text[0])
                            : 0);
    buf_release(&b);
    return rc;
}

static int make_output(struct work *x, struct err *err)
{
    struct stage *st = x->stage;
    struct store *out = NULL;
    struct writer *w = NULL;
    int rc = stage_create(st, &out, "pairs", err);

    if (rc == 0)
        rc = writer_new(&w, out, err);
    if (rc == 0)
        rc = write_all(x, w, err);
    writer_free(w);
    if (rc == 0) {
        json_set_num(st->extra, "positives", (double)x->t.positives);
        json_set_num(st->extra, "negatives", (double)x->t.negatives);
        json_set_num(st->run, "requests", (double)x->t.requests);
        json_set_num(st->run, "bought", (double)x->t.bought);
        json_set_num(st->run, "throttled", (double)x->t.throttled);
        rc = stage_finish(st, out, err);
        out = NULL;
    }
    store_close(out);
    return rc;
}

static void release(struct work *x)
{
    post_free(x->post);
    replay_stop(x->replay);
    store_close(x->answers);
    intern_release(&x->anchors);
    texts_release(&x->texts);
    store_close(x->in);
    prompt_release(&x->prompt);
    provider_release(&x->provider);
}

/* A tenth of the anchors may fail unless told otherwise: a refusal is a
 * normal answer. */
static void allow_failures(struct work *x)
{
    if (x->stage->common->max_failures == 0)
        x->stage->common->max_failures = 1 + x->anchors.n / 10;
}

static int run(struct stage *st, struct err *err)
{
    static struct work x;
    int rc;

    x.args = st->args;
    x.stage = st;
    x.anchors = (struct intern)INTERN_INIT;
    rng_init(&x.rng, (uint64_t)st->common->seed, 0);
    limiter_init(&x.limiter, (size_t)x.args->concurrency, SLOTS_MAX);
    rc = open_provider(&x, err);
    if (rc == 0)
        rc = store_open(&x.in, x.args->texts, err);
    if (rc == 0)
        rc = pick_anchors(&x, err);
    if (rc == 0 && x.args->dry_run) {
        rc = dry_run(&x, err);
        st->out[0] = '\0'; /* nothing was made */
        release(&x);
        return rc;
    }
    if (rc == 0)
        rc = open_answers(&x, err);
    if (rc == 0)
        rc = buy(&x, err);
    if (rc == 0) {
        allow_failures(&x);
        rc = make_output(&x, err);
    }
    if (rc == 0)
        report(&x);
    release(&x);
    return rc;
}

int main(int argc, char **argv)
{
    static struct args args;
    static const struct stage_spec spec = { &opts, &args, sizeof(args), run,
                                            false };
    const struct stage_spec *const all[] = { &spec };

    return stage_main(all, 1, argc, argv);
}
