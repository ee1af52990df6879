#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "llm/batch_parts.h"
#include "net/reply.h"

/* A request is given up after 4 failures, or 20 throttles. */
enum { COMMIT_LINES = 500, TRIES = 20, FAILURE = 5, THROTTLE = 1 };

/* ---- one line ---- */

struct line {
    struct shard_ask *ask;
    char hash[65];
    unsigned attempt;
    long status; /* 0: no response */
    const struct json_node *body;
    char code[REPLY_CODE];
};

static bool read_line(struct line *l, const struct shard *s,
                      const struct json_node *o)
{
    const struct json_node *r = json_get(o, "response");
    const struct json_node *e = json_get(o, "error");
    const char *id = json_str(json_get(o, "custom_id"), "");
    const char *dash = strrchr(id, '-');

    *l = (struct line){ .ask = shard_find(s, id) };
    if (!l->ask || !dash)
        return false;
    snprintf(l->hash, sizeof(l->hash), "%.*s", (int)(dash - id), id);
    l->attempt = (unsigned)strtoul(dash + 1, NULL, 10);
    l->status = (long)json_num(json_get(r, "status_code"), 0.0);
    l->body = json_get(r, "body");
    snprintf(l->code, sizeof(l->code), "%s",
             json_str(json_get(e, "code"), "no answer"));
    return true;
}

static int put_failure(struct batch *b, const struct line *l, struct err *err)
{
    char reason[REPLY_CODE + 40];

    b->n->net.gave_up++;
    if (l->status)
        snprintf(reason, sizeof(reason), "HTTP %ld %s", l->status, l->code);
    else
        snprintf(reason, sizeof(reason), "batch: %s", l->code);
    return answers_put_failure(batch_store(b), l->hash, l->attempt, reason,
                               err);
}

/* No answer, which another batch may bring. */
static int ask_again(struct batch *b, const struct line *l, unsigned spent,
                     struct err *err)
{
    struct batch_mark *m;
    int rc = batch_mark(&m, b, l->ask->id, err);

    if (rc < 0)
        return rc;
    b->n->net.retried++;
    m->tries += spent;
    return m->tries < TRIES ? 0 : put_failure(b, l, err);
}

static double pay(struct batch *b, const struct line *l,
                  const struct reply_said *said, bool kept)
{
    const struct sources *all = b->job->inquiry->sources;
    const struct price *p = &all->source[0].price;
    struct ledger_row *r = ledger_row(b->job->ledger, all->source[0].name);
    double money = price_of(p, &said->usage) * p->batch;

    if (!r)
        return -1.0;
    money = isnan(money) ? -1.0 : money;
    ledger_add(r, &said->usage, money, kept, l->ask->money, l->ask->tokens,
               (size_t)l->ask->bytes);
    return money;
}

static int put_answer(struct batch *b, const struct line *l, struct span body,
                      const struct reply_said *said, double money,
                      struct err *err)
{
    const struct inquiry *q = b->job->inquiry;
    const struct chat_usage *u = &said->usage;
    struct answer_record r = { .body = body,
                               .status = l->status,
                               .template = q->plan->prompt->hash,
                               .source = b->source->name,
                               .model = said->model,
                               .at = (double)time(NULL),
                               .tries = 1.0,
                               .prompt = u->prompt,
                               .cached = u->cached,
                               .completion = u->completion,
                               .reasoning = u->reasoning,
                               .money = money };

    b->n->net.answers++;
    return answers_put(q->answers, l->hash, l->attempt, &r, err);
}

static void end_with(struct batch *b, int code, const struct line *l,
                     const char *what)
{
    if (!b->why.code)
        ERR_SET(&b->why, code,
                "%s %s (HTTP %ld %s); what was answered is kept, run the same "
                "command again to go on",
                b->source->name, what, l->status, l->code);
}

static int take_line(struct batch *b, struct line *l, struct err *err)
{
    struct buf body = BUF_INIT(POST_BODY_MAX);
    struct reply_said said = { .usage = CHAT_USAGE_INIT };
    enum reply_class class = REPLY_TRANSIENT;
    bool kept;
    int rc = 0;

    if (l->status)
        rc = json_print(&body, l->body, false, err);
    if (rc == 0 && l->status) {
        class = reply_read(b->source->provider.errors, l->status,
                           buf_str(&body), body.len, &said);
        snprintf(l->code, sizeof(l->code), "%s", said.code);
    }
    kept = class == REPLY_ANSWER || class == REPLY_FILTERED;
    b->n->net.requests++;
    if (rc == 0 && kept) {
        double money = pay(b, l, &said, true);

        rc = put_answer(b, l, (struct span){ buf_str(&body), body.len }, &said,
                        money, err);
    } else if (rc == 0) {
        if (said.usage.prompt >= 0.0)
            (void)pay(b, l, &said, false);
        if (class == REPLY_BILLING)
            end_with(b, ERR_CREDIT, l, "has no credit left");
        else if (class == REPLY_AUTH)
            end_with(b, ERR_AUTH, l, "refuses the key");
        else if (class == REPLY_CONFIG || class == REPLY_MOVED)
            end_with(b, ERR_CONFIG, l, "has no such model or address");
        rc =
            class == REPLY_BAD_INPUT
                ? put_failure(b, l, err)
                : ask_again(b, l, reply_is_throttle(class) ? THROTTLE : FAILURE,
                            err);
    }
    buf_release(&body);
    return rc;
}

/* ---- the files ---- */

static int checkpoint(struct batch *b, struct shard *s, double lines,
                      struct err *err)
{
    int rc = ledger_save(b->job->ledger, batch_store(b), err);

    s->merged = lines;
    return rc == 0 ? batch_keep(b, s, err) : rc;
}

/* Lines of the file in b->net.body; *at counts those of both files. */
static int take_file(struct batch *b, struct shard *s, double *at,
                     struct err *err)
{
    const char *p = buf_str(&b->net.body), *end = p + b->net.body.len;
    int rc = 0;

    for (const char *eol; rc == 0 && p < end; p = eol + 1) {
        struct json *doc = NULL;
        struct err bad = ERR_INIT;
        struct line l;

        eol = memchr(p, '\n', (size_t)(end - p));
        eol = eol ? eol : end;
        if (eol == p)
            continue;
        if (json_parse(&doc, "batch", p, (size_t)(eol - p), JSON_STRICT, &bad) <
            0)
            log_warn("%s: a line of its answers is no JSON: %s", s->batch,
                     bad.msg);
        else if (read_line(&l, s, json_root(doc)) && !l.ask->done) {
            l.ask->done = true;
            if (*at >= s->merged)
                rc = take_line(b, &l, err);
        }
        json_free(doc);
        *at += 1.0;
        if (rc == 0 && *at > s->merged && fmod(*at, COMMIT_LINES) == 0.0)
            rc = checkpoint(b, s, *at, err);
    }
    return rc;
}

static int fetch(struct batch *b, const char *file, struct err *err)
{
    char path[512];
    int rc;

    snprintf(path, sizeof(path), "%s/%s/content", b->limit.files, file);
    rc = exchange_call(&b->net, "GET", path, NULL, (struct span){ NULL, 0 },
                       true, err);
    if (rc == 0 && b->net.status / 100 != 2)
        rc = exchange_refused(&b->net, path, err);
    return rc;
}

/* Providers keep few files; one that stays is no harm. */
static int tidy(struct batch *b, struct shard *s, struct err *err)
{
    const char *files[] = { s->file, s->output, s->errors };
    char path[512];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 3; i++) {
        struct err none = ERR_INIT;

        if (!files[i][0])
            continue;
        snprintf(path, sizeof(path), "%s/%s", b->limit.files, files[i]);
        rc = exchange_call(&b->net, "DELETE", path, NULL,
                           (struct span){ NULL, 0 }, true, &none);
        if (rc < 0 && rc != ERR_STOPPED)
            log_warn("%s", none.msg);
        if (rc == ERR_STOPPED)
            *err = none;
        rc = rc == ERR_STOPPED ? rc : 0;
    }
    s->tidy = rc == 0;
    return rc == 0 ? batch_keep(b, s, err) : rc;
}

static void forget_pending(struct batch *b, const struct shard *s)
{
    struct err none = ERR_INIT;

    for (size_t i = 0; i < s->asks; i++) {
        struct batch_mark *m;

        b->budget.held.money -= s->ask[i].money;
        b->budget.held.tokens -= s->ask[i].tokens;
        if (batch_mark(&m, b, s->ask[i].id, &none) == 0)
            m->pending = false;
    }
    b->budget.held.requests -= (double)s->asks;
}

int batch_merge(struct batch *b, struct shard *s, struct err *err)
{
    double at = 0.0;
    int rc = 0;

    if (s->state == SHARD_SUBMITTED) {
        if (s->output[0])
            rc = fetch(b, s->output, err);
        if (rc == 0 && s->output[0])
            rc = take_file(b, s, &at, err);
        if (rc == 0 && s->errors[0])
            rc = fetch(b, s->errors, err);
        if (rc == 0 && s->errors[0])
            rc = take_file(b, s, &at, err);
        if (rc < 0)
            return rc;
        s->state = SHARD_OVER;
        rc = checkpoint(b, s, at, err);
        forget_pending(b, s);
        ledger_spent(b->job->ledger, &b->budget.spent);
    }
    return rc == 0 ? tidy(b, s, err) : rc;
}
