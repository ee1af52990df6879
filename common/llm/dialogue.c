#include "llm/dialogue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
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

/* The request that the turns so far lead to. bad: what was not JSON. */
static int make_body(struct buf *b, const struct dialogue_plan *p,
                     struct span anchor, const struct turns *t, const char *bad,
                     struct err *err)
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

    return make_body(b, p, anchor, &t, NULL, err);
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

static void count(struct dialogue *d, unsigned n, const struct answer_record *r)
{
    struct dialogue_cost *c = &d->cost[d->answer.status];

    d->counted = n + 1;
    c->answers++;
    c->tokens += fmax(r->prompt, 0.0) + fmax(r->completion, 0.0);
    c->money += fmax(r->money, 0.0);
    c->unknown += r->money < 0.0;
}

/* Answer number n: 0 it is there, 1 it is not. */
static int load(struct dialogue *d, const struct dialogue_plan *p,
                struct store *answers, unsigned n, struct err *err)
{
    char code[REPLY_CODE];
    struct answer_record r;
    struct json *doc;
    int rc = answers_get(answers, d->hash, n, &doc, &r, err);

    if (rc != 0)
        return rc;
    chat_answer_release(&d->answer);
    rc = chat_read(&d->answer, r.body.ptr, r.body.len, err);
    /* some refuse by an error of their own */
    if (rc == 0 && d->answer.status == CHAT_ERROR &&
        reply_class(p->provider->errors, r.status, r.body.ptr, r.body.len,
                    code) == REPLY_FILTERED)
        d->answer.status = CHAT_FILTERED;
    if (rc == 0 && n >= d->counted)
        count(d, n, &r);
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
        return load(d, p, answers, (unsigned)t->salvage, err);
    if (d->verdict != TURNS_ASK)
        return 0;
    if (d->answer.status == CHAT_UNPARSED) {
        free(*bad);
        *bad = d->answer.content; /* ownership moves */
        d->answer.content = NULL;
    }
    return make_body(&d->body, p, anchor, t, *bad, err);
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
    rc = make_body(&d->body, p, anchor, &t, NULL, err);
    if (rc == 0)
        rc = hash_question(d->hash, p, &d->body, err);
    while (rc == 0 && d->verdict == TURNS_ASK) {
        rc = load(d, p, answers, d->attempt, err);
        if (rc == 0)
            rc = take_turn(d, &t, &bad, p, answers, anchor, err);
    }
    free(bad);
    d->cap = (double)dialogue_tokens(p, anchor) * (t.longer ? 2.0 : 1.0);
    return rc == 1 ? 0 : rc;
}

void dialogue_release(struct dialogue *d)
{
    buf_release(&d->body);
    chat_answer_release(&d->answer);
}
