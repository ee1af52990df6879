#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "llm/batch_parts.h"

enum { CREATE_TRIES = 6, LIST_PAGES = 50 };

/* ---- what to ask ---- */

/* Would it pass a cap? Then the run ends when what is under way is in. */
static bool may_pay(struct batch *b, const struct shard_ask *a)
{
    const char *full = budget_full(&b->budget, a->money, a->tokens);

    if (budget_reserve(&b->budget, a->money, a->tokens) == BUDGET_OK)
        return true;
    if (!b->why.code)
        ERR_SET(&b->why, ERR_AGAIN,
                "the cap on %s is reached: spent %.6g, %.0f tokens, %.0f "
                "requests; raise --max-%s and run the same command to go on",
                full, b->budget.spent.money, b->budget.spent.tokens,
                b->budget.spent.requests,
                strcmp(full, "money") == 0 ? "cost" : full);
    return false;
}

static void price_ask(const struct batch *b, const struct finding *f,
                      struct shard_ask *a)
{
    const struct price *p = source_price(b->job->inquiry->sources, 0);

    snprintf(a->id, sizeof(a->id), "%s-%u", f->dialogue.hash,
             f->dialogue.attempt);
    a->bytes = (double)f->dialogue.body.len;
    purchase_reserve(&a->money, &a->tokens, p, f->dialogue.body.len,
                     f->dialogue.cap);
    a->money = isnan(a->money) ? 0.0 : a->money * p->batch;
}

/* The body without what only a connection can do: stream the answer. */
static int put_body(struct buf *lines, const struct buf *body, struct err *err)
{
    struct json_node *o = json_new_object();
    const struct json_node *c;
    struct json *doc = NULL;
    int rc =
        json_parse(&doc, "request", body->ptr, body->len, JSON_STRICT, err);

    for (c = json_first(json_root(doc)); c; c = json_next(c))
        if (strcmp(json_key(c), "stream") != 0 &&
            strcmp(json_key(c), "stream_options") != 0)
            json_set_copy(o, json_key(c), c);
    if (rc == 0)
        rc = json_print(lines, o, false, err);
    json_node_free(o);
    json_free(doc);
    return rc;
}

static int put_line(struct buf *lines, const struct batch *b,
                    const struct shard_ask *a, const struct buf *body,
                    struct err *err)
{
    int rc = buf_printf(lines, err,
                        "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":"
                        "\"%s\",\"body\":",
                        a->id, b->limit.url);

    if (rc == 0)
        rc = put_body(lines, body, err);
    return rc == 0 ? buf_puts(lines, "}\n", err) : rc;
}

/* Is there room for one more? */
static bool fits(const struct batch *b, const struct shard *s,
                 const struct buf *lines, const struct shard_ask *a)
{
    double more = a->bytes + 300.0;

    if (s->asks == 0 && b->budget.held.requests == 0.0)
        return true;
    return (double)s->asks < b->limit.lines &&
           (double)lines->len + more <= b->limit.bytes &&
           b->budget.held.tokens + a->tokens <= b->limit.tokens;
}

/* The question about one anchor. 0: taken or nothing to ask; 1: no room. */
static int consider(struct batch *b, struct shard *s, struct buf *lines,
                    uint32_t i, struct err *err)
{
    const struct purchase *p = b->job;
    struct finding f = { .state = INQUIRY_CLOSED };
    struct shard_ask a = { .id = "" };
    struct batch_mark *m = NULL;
    struct span anchor;
    int rc = anchors_get(p->anchors, i, &anchor, err);

    if (rc == 0)
        rc = inquiry_find(&f, p->inquiry, anchor, NULL,
                          p->retry_failed && b->first, err);
    if (rc == 0 && (f.state == INQUIRY_USE || f.state == INQUIRY_FAILED)) {
        b->n->cached += b->first;
        b->n->failed += b->first && f.state == INQUIRY_FAILED;
    } else if (rc == 0) {
        price_ask(b, &f, &a);
        rc = batch_mark(&m, b, a.id, err);
        if (rc == 0 && !m->pending) {
            if (!fits(b, s, lines, &a) || !may_pay(b, &a))
                rc = 1;
            if (rc == 0)
                rc = put_line(lines, b, &a, &f.dialogue.body, err);
            if (rc == 0)
                rc = shard_add(s, &a, err);
            m->pending = rc == 0;
        }
    }
    finding_release(&f);
    return rc;
}

int batch_gather(struct batch *b, struct shard *s, struct buf *lines,
                 struct err *err)
{
    int rc = 0;

    memset(s, 0, sizeof(*s));
    buf_reset(lines);
    while (rc == 0 && b->at < b->job->anchors->n && !b->why.code) {
        rc = consider(b, s, lines, b->at, err);
        b->at += rc == 0;
    }
    b->asked += s->asks;
    shard_sort(s);
    return rc < 0 ? rc : 0;
}

/* ---- submitting ---- */

/* Unlike any other run's: the first request's hash and the number. */
static int make_token(struct shard *s, struct err *err)
{
    char text[160], hex[HASH_HEX];
    int n = snprintf(text, sizeof(text), "%s/%u", s->ask[0].id, s->number);
    int rc = sha256_hex(hex, text, (size_t)n, err);

    snprintf(s->token, sizeof(s->token), "silversmith-%.24s", hex);
    return rc;
}

static int upload(struct batch *b, struct shard *s, const struct buf *lines,
                  struct err *err)
{
    char type[120];
    struct buf form = BUF_INIT((size_t)1 << 30);
    struct json *doc = NULL;
    int rc = buf_printf(&form, err,
                        "--%s\r\nContent-Disposition: form-data; "
                        "name=\"purpose\"\r\n\r\nbatch\r\n--%s\r\n"
                        "Content-Disposition: form-data; name=\"file\"; "
                        "filename=\"%s.jsonl\"\r\nContent-Type: "
                        "application/jsonl\r\n\r\n",
                        s->token, s->token, s->token);

    if (rc == 0)
        rc = buf_append(&form, lines->ptr, lines->len, err);
    if (rc == 0)
        rc = buf_printf(&form, err, "\r\n--%s--\r\n", s->token);
    snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", s->token);
    if (rc == 0)
        rc = exchange_call(&b->net, "POST", b->limit.files, type,
                           (struct span){ form.ptr, form.len }, true, err);
    if (rc == 0)
        rc = exchange_json(&b->net, b->limit.files, &doc, err);
    if (rc == 0)
        snprintf(s->file, sizeof(s->file), "%s",
                 json_str(json_get(json_root(doc), "id"), ""));
    json_free(doc);
    buf_release(&form);
    return rc;
}

static int create_body(struct buf *body, const struct batch *b,
                       const struct shard *s, struct err *err)
{
    struct json_node *o = json_new_object(), *meta = json_new_object();
    int rc;

    json_set_str(o, "input_file_id", s->file);
    json_set_str(o, "endpoint", b->limit.url);
    json_set_str(o, "completion_window", b->limit.window);
    json_set_str(meta, "silversmith", s->token);
    json_set(o, "metadata", meta);
    rc = json_print(body, o, false, err);
    json_node_free(o);
    return rc;
}

static bool not_found_yet(const struct exchange *x)
{
    return x->status == 404 ||
           (x->status == 400 && strstr(buf_str(&x->body), "annot find file"));
}

static int take_id(struct batch *b, struct shard *s, struct err *err)
{
    struct json *doc = NULL;
    int rc = exchange_json(&b->net, b->limit.path, &doc, err);

    if (rc == 0)
        snprintf(s->batch, sizeof(s->batch), "%s",
                 json_str(json_get(json_root(doc), "id"), ""));
    json_free(doc);
    if (rc == 0 && !s->batch[0])
        rc = ERR_SET(err, ERR_FORMAT, "%s: a batch without an id",
                     b->limit.path);
    return rc;
}

/* One try each: whether a lost answer was a batch is looked up, not guessed. */
static int create(struct batch *b, struct shard *s, struct err *err)
{
    struct buf body = BUF_INIT(1 << 20);
    const struct err none = ERR_INIT;
    int rc = create_body(&body, b, s, err);

    for (int i = 0; rc == 0 && i < CREATE_TRIES; i++) {
        rc = exchange_call(&b->net, "POST", b->limit.path, NULL,
                           (struct span){ body.ptr, body.len }, false, err);
        if (rc == ERR_UNAVAIL || (rc == 0 && b->net.status >= 500)) {
            *err = none;
            rc = batch_recover(b, s, err);
            if (rc <= 0)
                break;
            rc = 0;
        } else if (rc < 0 ||
                   !(not_found_yet(&b->net) || exchange_may_pass(&b->net)))
            break;
        rc = batch_wait(
            b,
            fmax(b->net.wait_s, fmin(0.5 * (double)(1 << i), b->limit.poll_s)),
            err);
    }
    if (rc == 0 && !s->batch[0])
        rc = take_id(b, s, err);
    buf_release(&body);
    return rc;
}

int batch_submit(struct batch *b, struct shard *s, const struct buf *lines,
                 struct err *err)
{
    int rc;

    s->number = b->shards;
    s->state = SHARD_INTENT;
    rc = make_token(s, err);
    if (rc == 0)
        rc = batch_keep(b, s, err);
    if (rc < 0)
        return rc;
    b->shards++;
    rc = upload(b, s, lines, err);
    if (rc == 0)
        rc = batch_keep(b, s, err);
    if (rc == 0)
        rc = create(b, s, err);
    if (rc < 0)
        return rc;
    s->state = SHARD_SUBMITTED;
    rc = batch_keep(b, s, err);
    if (rc == 0)
        log_info("batch %s: %zu requests, %zu bytes", s->batch, s->asks,
                 lines->len);
    return rc;
}

/* ---- after a crash ---- */

/* Does an element of a list carry our token? */
static bool is_ours(const struct shard *s, const struct json_node *o)
{
    const char *meta =
        json_str(json_get(json_get(o, "metadata"), "silversmith"), "");
    const char *name = json_str(json_get(o, "filename"), "");
    size_t n = strlen(s->token);

    return strcmp(meta, s->token) == 0 ||
           (strncmp(name, s->token, n) == 0 && strcmp(name + n, ".jsonl") == 0);
}

/* Look for our token in one page. 0: found, as id; 1: not in it. cursor is
 * moved, "" at the end. */
static int search_page(struct batch *b, const struct shard *s, const char *from,
                       char cursor[SHARD_ID], char id[SHARD_ID],
                       struct err *err)
{
    const struct json_node *c;
    char path[512], last[SHARD_ID] = "";
    struct json *doc = NULL;
    int rc;

    snprintf(path, sizeof(path), "%s?limit=100%s%s", from,
             cursor[0] ? "&after=" : "", cursor);
    rc = exchange_call(&b->net, "GET", path, NULL, (struct span){ NULL, 0 },
                       true, err);
    if (rc == 0)
        rc = exchange_json(&b->net, path, &doc, err);
    if (rc < 0)
        return rc;
    c = json_first(json_get(json_root(doc), "data"));
    for (rc = 1; rc == 1 && c; c = json_next(c)) {
        snprintf(last, sizeof(last), "%s", json_str(json_get(c, "id"), ""));
        if (is_ours(s, c))
            rc = 0;
    }
    if (rc == 0)
        memcpy(id, last, SHARD_ID);
    if (!json_bool(json_get(json_root(doc), "has_more"), false))
        last[0] = '\0';
    memcpy(cursor, last, SHARD_ID);
    json_free(doc);
    return rc;
}

static int search(struct batch *b, const struct shard *s, const char *from,
                  char id[SHARD_ID], struct err *err)
{
    char cursor[SHARD_ID] = "";
    int rc = 1;

    for (int i = 0; rc == 1 && i < LIST_PAGES && (i == 0 || cursor[0]); i++)
        rc = search_page(b, s, from, cursor, id, err);
    return rc;
}

int batch_recover(struct batch *b, struct shard *s, struct err *err)
{
    int rc = search(b, s, b->limit.path, s->batch, err);

    if (rc != 0)
        return rc;
    s->state = SHARD_SUBMITTED;
    log_info("batch %s was submitted before", s->batch);
    return batch_keep(b, s, err);
}

int batch_abandon(struct batch *b, struct shard *s, struct err *err)
{
    int rc = s->file[0] ? 0 : search(b, s, b->limit.files, s->file, err);

    s->state = SHARD_OVER;
    return rc < 0 ? rc : batch_merge(b, s, err);
}
