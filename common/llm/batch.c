#include "llm/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/progress.h"
#include "llm/batch_parts.h"

struct store *batch_store(const struct batch *b)
{
    return b->job->inquiry->answers;
}

int batch_keep(struct batch *b, const struct shard *s, struct err *err)
{
    int rc = shard_save(s, batch_store(b), err);

    return rc == 0 ? store_commit(batch_store(b), err) : rc;
}

/* ---- marks ---- */

static struct batch_mark *find(struct batch_mark *table, size_t room,
                               uint64_t hash)
{
    size_t i = hash & (room - 1);

    while (table[i].hash && table[i].hash != hash)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static int grow(struct batch *b, struct err *err)
{
    size_t room = b->room ? 2 * b->room : 1024;
    struct batch_mark *more = calloc(room, sizeof(*more));

    if (!more)
        return ERR_SET(err, ERR_NOMEM, "%zu requests", room);
    for (size_t i = 0; i < b->room; i++)
        if (b->mark[i].hash)
            *find(more, room, b->mark[i].hash) = b->mark[i];
    free(b->mark);
    b->mark = more;
    b->room = room;
    return 0;
}

int batch_mark(struct batch_mark **m, struct batch *b, const char *id,
               struct err *err)
{
    uint64_t hash = hash64(id, strlen(id), 0) | 1;

    if (2 * b->marks >= b->room && grow(b, err) < 0)
        return err->code;
    *m = find(b->mark, b->room, hash);
    b->marks += (*m)->hash == 0;
    (*m)->hash = hash;
    return 0;
}

/* ---- time ---- */

int batch_wait(struct batch *b, double seconds, struct err *err)
{
    const struct timespec step = { 0, 50000000 };
    const double most = b->job->max_time_s;

    for (; seconds > 0.0; seconds -= 0.05) {
        if (b->job->stopped && b->job->stopped())
            return ERR_SET(err, ERR_STOPPED,
                           "interrupted; batches go on at the endpoint, run "
                           "the same command again to fetch them");
        if (most > 0.0 && difftime(time(NULL), (time_t)b->began) >= most)
            return ERR_SET(err, ERR_AGAIN,
                           "the time is up (%.0f s); batches go on at the "
                           "endpoint, run the same command again",
                           most);
        nanosleep(&step, NULL);
    }
    return 0;
}

/* ---- what is under way ---- */

static int hold(struct batch *b, const struct shard *s, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->asks; i++) {
        struct batch_mark *m;

        rc = batch_mark(&m, b, s->ask[i].id, err);
        if (rc == 0)
            m->pending = true;
        b->budget.held.money += s->ask[i].money;
        b->budget.held.tokens += s->ask[i].tokens;
        b->budget.held.requests++;
    }
    return rc;
}

static int recall_one(struct batch *b, unsigned number, struct err *err)
{
    struct shard s;
    int rc = shard_load(&s, batch_store(b), number, err);

    if (rc == 0 && (s.state == SHARD_SUBMITTED || !s.tidy) &&
        b->opens == BATCH_OPEN)
        rc = ERR_SET(err, ERR_FULL, "more than %d batches are under way",
                     BATCH_OPEN);
    if (rc == 0 && s.state == SHARD_INTENT && !s.tidy) {
        shard_sort(&s);
        rc = batch_recover(b, &s, err);
        if (rc == 1)
            rc = batch_abandon(b, &s, err);
    }
    if (rc == 0 && s.state == SHARD_SUBMITTED) {
        shard_sort(&s);
        rc = hold(b, &s, err);
    }
    if (rc == 0 && !(s.state == SHARD_OVER && s.tidy)) {
        b->open[b->opens++] = s;
        return 0;
    }
    shard_release(&s);
    return rc;
}

static int recall(struct batch *b, struct err *err)
{
    int rc = shard_count(&b->shards, batch_store(b), err);

    for (unsigned i = 0; rc == 0 && i < b->shards; i++)
        rc = recall_one(b, i, err);
    return rc;
}

static void copy_id(char out[SHARD_ID], const struct json_node *o,
                    const char *key)
{
    const char *id = json_str(json_get(o, key), "");

    memset(out, 0, SHARD_ID);
    memcpy(out, id, strnlen(id, SHARD_ID - 1));
}

/* Refused as a whole: too many tokens are queued, which passes, or wrong. */
static int refused(struct batch *b, struct shard *s, const struct json_node *o,
                   struct err *err)
{
    const struct json_node *e =
        json_first(json_get(json_get(o, "errors"), "data"));
    const char *code = json_str(json_get(e, "code"), "?");
    const char *message = json_str(json_get(e, "message"), "");
    bool passes = strcmp(code, "token_limit_exceeded") == 0;

    log_warn("batch %s failed: %s: %s%s", s->batch, code, message,
             passes ? "; it is sent again in smaller ones" : "");
    if (passes)
        b->limit.tokens = b->limit.tokens / 2.0;
    else if (!b->why.code)
        ERR_SET(&b->why, ERR_CONFIG, "batch %s failed: %s: %.200s", s->batch,
                code, message);
    return batch_merge(b, s, err);
}

/* 0: it is over and merged; 1: not yet. */
static int look(struct batch *b, struct shard *s, struct err *err)
{
    char path[512];
    struct json *doc = NULL;
    const struct json_node *o;
    const char *status;
    int rc;

    if (s->state == SHARD_OVER)
        return batch_merge(b, s, err);
    snprintf(path, sizeof(path), "%s/%s", b->limit.path, s->batch);
    rc = exchange_call(&b->net, "GET", path, NULL, (struct span){ NULL, 0 },
                       true, err);
    if (rc == 0)
        rc = exchange_json(&b->net, path, &doc, err);
    if (rc < 0)
        return rc;
    o = json_root(doc);
    status = json_str(json_get(o, "status"), "");
    copy_id(s->output, o, "output_file_id");
    copy_id(s->errors, o, "error_file_id");
    if (strcmp(status, "failed") == 0)
        rc = refused(b, s, o, err);
    else if (strcmp(status, "completed") == 0 ||
             strcmp(status, "expired") == 0 || strcmp(status, "cancelled") == 0)
        rc = batch_merge(b, s, err);
    else
        rc = 1;
    json_free(doc);
    return rc;
}

static int look_at_all(struct batch *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < b->opens;) {
        rc = look(b, &b->open[i], err);
        if (rc == 0) {
            shard_release(&b->open[i]);
            b->open[i] = b->open[--b->opens];
        } else {
            i++;
        }
    }
    return rc < 0 ? rc : 0;
}

/* ---- the run ---- */

static int send_all(struct batch *b, struct err *err)
{
    struct buf lines = BUF_INIT((size_t)1 << 30);
    int rc = 0;

    while (rc == 0 && b->opens < BATCH_OPEN && !b->why.code) {
        struct shard *s = &b->open[b->opens];

        rc = batch_gather(b, s, &lines, err);
        if (rc == 0 && s->asks > 0) {
            rc = batch_submit(b, s, &lines, err);
            b->opens++;
            continue;
        }
        shard_release(s);
        break;
    }
    buf_release(&lines);
    return rc;
}

static int loop(struct batch *b, struct err *err)
{
    int rc = look_at_all(b, err);

    while (rc == 0) {
        rc = send_all(b, err);
        progress_update(b->at, "");
        if (rc < 0)
            break;
        if (b->opens > 0) {
            rc = batch_wait(b, b->limit.poll_s, err);
            if (rc == 0)
                rc = look_at_all(b, err);
        } else if (b->why.code) {
            *err = b->why;
            return err->code;
        } else if (b->at == b->job->anchors->n) {
            if (b->asked == 0)
                break;
            b->at = 0; /* what the answers lead to, and what is missing */
            b->asked = 0;
            b->first = false;
        }
    }
    return rc;
}

static void read_limits(struct batch *b)
{
    const struct json_node *o = b->source->provider.batch;

    b->limit = (struct batch_limits){
        .path = json_str(json_get(o, "path"), "/batches"),
        .files = json_str(json_get(o, "files"), "/files"),
        .url = json_str(json_get(o, "url"), "/v1/chat/completions"),
        .window = json_str(json_get(o, "window"), "24h"),
        .lines = json_num(json_get(o, "lines"), 10000.0),
        .bytes = json_num(json_get(o, "bytes"), 1e8),
        .tokens = json_num(json_get(o, "tokens"), 2e6),
        .poll_s = json_num(json_get(o, "poll_s"), 60.0),
    };
    if (b->limit.lines > 10000.0) /* an answer file is held in memory */
        b->limit.lines = 10000.0;
}

/* The way of asking is proven, and the key, by the first anchor alone. */
static int prove(struct batch *b, struct err *err)
{
    struct anchors one = *b->job->anchors;
    struct purchase job = *b->job;

    if (b->source->proven || one.n == 0)
        return 0;
    log_info("the first anchor is asked without a batch, to see that %s takes "
             "such requests",
             b->source->name);
    one.n = 1;
    job.anchors = &one;
    return purchase_run(&job, b->n, err);
}

static int check(const struct sources *all, struct err *err)
{
    const struct price *p = &all->source[0].price;

    if (all->lanes != 1 || all->source[0].replay)
        return ERR_SET(err, ERR_USAGE,
                       "--batch takes one profile of a real endpoint with one "
                       "key");
    if (!all->source[0].provider.batch)
        return ERR_SET(err, ERR_USAGE,
                       "the profile %s has no \"batch\": it has no batch API",
                       all->source[0].name);
    if (p->known && !(p->batch >= 0.0))
        log_warn("the price table has no \"batch\" factor for %s: what is "
                 "paid is unknown",
                 all->source[0].name);
    return 0;
}

int batch_run(const struct purchase *p, struct purchase_counts *n,
              struct err *err)
{
    struct sources *all = p->inquiry->sources;
    struct batch b = { .job = p,
                       .n = n,
                       .source = &all->source[0],
                       .first = true,
                       .budget.cap = p->cap,
                       .began = (double)time(NULL) };
    int rc;

    memset(n, 0, sizeof(*n));
    (void)source_price(all, 0);
    rc = check(all, err);
    if (rc == 0)
        rc = prove(&b, err);
    if (rc < 0)
        return rc;
    read_limits(&b);
    b.net = (struct exchange){ .provider = &b.source->provider,
                               .key = all->lane[0].key,
                               .stopped = p->stopped };
    ledger_spent(p->ledger, &b.budget.spent);
    progress_start("anchors", p->anchors->n);
    rc = recall(&b, err);
    if (rc == 0)
        rc = loop(&b, err);
    progress_end();
    for (size_t i = 0; i < b.opens; i++)
        shard_release(&b.open[i]);
    exchange_release(&b.net);
    free(b.mark);
    n->seconds = difftime(time(NULL), (time_t)b.began);
    return rc;
}
