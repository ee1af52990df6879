#include "llm/dialogue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "llm/top_up.h"
#include "net/reply.h"

enum { BODY_MAX = 16 << 20, TOKENS_MAX = 1 << 20, THINKING_TOKENS = 8192 };

int dialogue_tokens(const struct dialogue_plan *p, struct span anchor)
{
    /* items of the anchor's length, their kinds, and as much again */
    size_t each = 16 + anchor.len / 2;
    size_t n = 100 + 2 * each * (size_t)(p->positives + p->negatives);

    if (p->thinking) /* the cap covers what is thought */
        n += THINKING_TOKENS;
    return (int)(n < TOKENS_MAX ? n : TOKENS_MAX);
}

/* Most tokens of an answer with what is missing. */
static int top_up_tokens(const struct dialogue_plan *p, struct span anchor,
                         const struct top_up *missing)
{
    struct dialogue_plan less = *p;

    less.positives = missing->positives;
    less.negatives = missing->negatives;
    return dialogue_tokens(&less, anchor);
}

/* The request that the turns so far lead to. bad: what was not JSON. */
static int make_body(struct buf *b, const struct dialogue_plan *p,
                     struct span anchor, const struct turns *t, const char *bad,
                     const struct top_up *missing, struct err *err)
{
    struct chat_request r = {
        .provider = p->provider,
        .prompt = p->prompt,
        .values = { .anchor = anchor,
                    .positives = p->positives,
                    .negatives = p->negatives,
                    .domain = p->domain },
        .model = p->model,
        .temperature = p->temperature,
        .seed = p->seed + p->sample,
        .max_tokens = dialogue_tokens(p, anchor) << t->longer,
        .bad = t->corrected && !t->plain ? bad : NULL,
        .plain = t->plain,
        .rung = p->rung,
        .dropped = p->dropped,
        .thinking = p->thinking,
    };
    struct buf text = BUF_INIT(BODY_MAX);
    int rc = 0;

    if (missing) {
        r.max_tokens = top_up_tokens(p, anchor, missing);
        r.kept = buf_str(&missing->kept);
        r.more_positives = missing->positives;
        r.more_negatives = missing->negatives;
    }
    buf_reset(b);
    if (p->fill)
        rc = p->fill(p->fill_ctx, anchor, p->sample, &r.values, &text, err);
    if (rc == 0)
        rc = chat_body(b, &r, err);
    buf_release(&text);
    return rc;
}

int dialogue_request(struct buf *b, const struct dialogue_plan *p,
                     struct span anchor, struct err *err)
{
    struct turns t = TURNS_INIT;

    return make_body(b, p, anchor, &t, NULL, NULL, err);
}

static int hash_question(char hex[65], const struct dialogue_plan *plan,
                         const struct buf *body, struct err *err)
{
    const struct provider *p = plan->provider;
    struct sha256 *h;
    int rc = sha256_new(&h, err);

    if (rc < 0)
        return rc;
    sha256_add(h, p->name, strlen(p->name) + 1);
    sha256_add(h, p->base_url, strlen(p->base_url) + 1);
    sha256_add(h, body->ptr, body->len);
    if (plan->sample) /* not every body has a seed in it */
        sha256_add(h, &plan->sample, sizeof(plan->sample));
    sha256_finish(h, hex);
    return 0;
}

static void count(struct dialogue *d, unsigned n, const struct answer_record *r,
                  enum chat_status status)
{
    struct dialogue_cost *c = &d->cost[status];

    d->counted = n + 1;
    c->answers++;
    c->tokens += fmax(r->prompt, 0.0) + fmax(r->completion, 0.0);
    c->money += fmax(r->money, 0.0);
    c->unknown += r->money < 0.0;
}

/* Answer number n into *to: 0 it is there, 1 it is not. */
static int load(struct dialogue *d, struct chat_answer *to,
                const struct dialogue_plan *p, struct store *answers,
                unsigned n, struct err *err)
{
    char code[REPLY_CODE];
    struct answer_record r;
    struct json *doc;
    int rc = answers_get(answers, d->hash, n, &doc, &r, err);

    if (rc != 0)
        return rc;
    chat_answer_release(to);
    rc = chat_read(to, r.body.ptr, r.body.len, err);
    /* some refuse by an error of their own */
    if (rc == 0 && to->status == CHAT_ERROR &&
        reply_class(p->provider->errors, r.status, r.body.ptr, r.body.len,
                    code) == REPLY_FILTERED)
        to->status = CHAT_FILTERED;
    if (rc == 0 && n >= d->counted)
        count(d, n, &r, to->status);
    json_free(doc);
    return rc;
}

/* The turn after answer d->attempt: the next request, or the end. */
static int take_turn(struct dialogue *d, struct turns *t, char **bad,
                     const struct dialogue_plan *p, struct store *answers,
                     struct span anchor, struct err *err)
{
    d->verdict = turns_after(t, &d->answer);
    d->attempt++;
    if (d->verdict == TURNS_USE && t->salvage >= 0)
        return load(d, &d->answer, p, answers, (unsigned)t->salvage, err);
    if (d->verdict != TURNS_ASK)
        return 0;
    if (d->answer.status == CHAT_UNPARSED) {
        free(*bad);
        *bad = d->answer.content; /* ownership moves */
        d->answer.content = NULL;
    }
    return make_body(&d->body, p, anchor, t, *bad, NULL, err);
}

/* The answer to a request for what is missing: 0 its items have joined, 1 it is
 * not there, 2 it has none. */
static int take_top_up(struct dialogue *d, const struct dialogue_plan *p,
                       struct store *answers, struct err *err)
{
    struct chat_answer more;
    int rc;

    memset(&more, 0, sizeof(more));
    rc = load(d, &more, p, answers, d->attempt, err);
    if (rc == 0) {
        d->attempt++;
        rc = top_up_join(&d->answer, &more, &d->doc[d->top_ups]) ? 0 : 2;
        d->top_ups += rc == 0;
    }
    chat_answer_release(&more);
    return rc;
}

/* There is an answer to use: is something missing? */
static int top_up(struct dialogue *d, const struct dialogue_plan *p,
                  struct store *answers, struct span anchor, struct err *err)
{
    const struct turns t = TURNS_INIT;
    struct top_up missing = TOP_UP_INIT;
    int rc = 0;

    while (rc == 0 && d->top_ups < p->top_ups && d->top_ups < TOP_UPS_MAX) {
        /* nothing to join and nothing to ask: what is missing is no matter */
        if (p->settled)
            rc = answers_has(answers, d->hash, d->attempt, err);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        rc = top_up_look(&missing, p, anchor, &d->answer, err);
        if (rc < 0 || missing.positives + missing.negatives == 0)
            break;
        rc = take_top_up(d, p, answers, err);
    }
    if (rc == 1) {
        d->usable = true;
        d->verdict = TURNS_ASK;
        d->cap = top_up_tokens(p, anchor, &missing);
        rc = make_body(&d->body, p, anchor, &t, NULL, &missing, err);
    }
    buf_release(&missing.kept);
    return rc < 0 ? rc : 0;
}

int dialogue_follow(struct dialogue *d, const struct dialogue_plan *p,
                    struct store *answers, struct span anchor, struct err *err)
{
    struct turns t = TURNS_INIT;
    char *bad = NULL;
    int rc;

    memset(d, 0, sizeof(*d));
    d->body = (struct buf)BUF_INIT(BODY_MAX);
    d->verdict = TURNS_ASK;
    rc = make_body(&d->body, p, anchor, &t, NULL, NULL, err);
    if (rc == 0)
        rc = hash_question(d->hash, p, &d->body, err);
    while (rc == 0 && d->verdict == TURNS_ASK) {
        rc = load(d, &d->answer, p, answers, d->attempt, err);
        if (rc == 0)
            rc = take_turn(d, &t, &bad, p, answers, anchor, err);
    }
    free(bad);
    d->cap = (double)dialogue_tokens(p, anchor) * (t.longer ? 2.0 : 1.0);
    if (rc == 0 && d->verdict == TURNS_USE && top_up_may(p))
        rc = top_up(d, p, answers, anchor, err);
    return rc == 1 ? 0 : rc;
}

void dialogue_release(struct dialogue *d)
{
    buf_release(&d->body);
    chat_answer_release(&d->answer);
    for (int i = 0; i < d->top_ups; i++)
        json_free(d->doc[i]);
}
