#include "net/replay.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

enum { REQUEST_MAX = 4 << 20 };

struct entry {
    struct json *doc; /* one line of the file */
    const char *anchor;
    atomic_int fails; /* left to play */
};

struct replay {
    struct MHD_Daemon *daemon;
    struct entry *entry;
    size_t n;
    char url[64];
    char digest[65];
};

/* ---- the file ---- */

static int add_line(struct replay *r, const char *path, size_t line,
                    const char *text, size_t len, struct err *err)
{
    struct entry *grown = realloc(r->entry, (r->n + 1) * sizeof(*grown));
    const struct json_node *anchor, *answers;
    struct json *doc;
    char name[FILE_PATH_MAX + 32];
    int rc;

    if (!grown)
        return ERR_SET(err, ERR_NOMEM, "cannot hold %zu answers", r->n);
    r->entry = grown;
    snprintf(name, sizeof(name), "%s:%zu", path, line);
    rc = json_parse(&doc, name, text, len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    rc = json_need(&anchor, json_root(doc), "anchor", JSON_STRING, err);
    if (rc == 0)
        rc = json_need(&answers, json_root(doc), "answers", JSON_ARRAY, err);
    if (rc == 0 && json_size(answers) == 0)
        rc = ERR_SET(err, ERR_FORMAT, "\"answers\" is empty");
    if (rc < 0) {
        json_free(doc);
        return err_prefix(err, "%s", name);
    }
    r->entry[r->n].doc = doc;
    r->entry[r->n].anchor = json_str(anchor, "");
    atomic_init(&r->entry[r->n].fails,
                (int)json_num(json_get(json_root(doc), "fail_first"), 0.0));
    r->n++;
    return 0;
}

static int load(struct replay *r, const char *path, struct err *err)
{
    struct buf b = BUF_INIT(256 << 20);
    const char *p;
    size_t line = 1;
    int rc = file_read(&b, path, err);

    for (p = buf_str(&b); rc == 0 && *p; line++) {
        size_t len = strcspn(p, "\n");

        if (len > strspn(p, " \t\r"))
            rc = add_line(r, path, line, p, len, err);
        p += len + (p[len] == '\n');
    }
    if (rc == 0 && r->n == 0)
        rc = ERR_SET(err, ERR_FORMAT, "%s: has no answers", path);
    if (rc == 0)
        rc = sha256_hex(r->digest, b.ptr, b.len, err);
    buf_release(&b);
    return rc;
}

bool replay_knows(const struct replay *r, struct span anchor)
{
    for (size_t i = 0; i < r->n; i++)
        if (span_is(anchor, r->entry[i].anchor))
            return true;
    return false;
}

/* ---- answers ---- */

struct reply {
    unsigned status;
    struct buf body;
    const struct json_node *headers; /* or NULL */
};

static struct entry *find(struct replay *r, const char *message)
{
    struct entry *best = NULL;

    for (size_t i = 0; i < r->n; i++)
        if (strstr(message, r->entry[i].anchor) &&
            (!best || strlen(r->entry[i].anchor) > strlen(best->anchor)))
            best = &r->entry[i];
    return best;
}

/* The first user message: later ones are corrective turns. */
static const char *user_message(const struct json_node *root)
{
    const struct json_node *m = json_first(json_get(root, "messages"));

    for (; m; m = json_next(m))
        if (strcmp(json_str(json_get(m, "role"), ""), "user") == 0)
            return json_str(json_get(m, "content"), "");
    return "";
}

static void error_body(struct reply *out, unsigned status, const char *text)
{
    struct json_node *o = json_new_object(), *e = json_new_object();
    struct err none = ERR_INIT;

    json_set_str(e, "message", text);
    json_set_str(e, "type", "invalid_request_error");
    json_set_null(e, "param");
    json_set_null(e, "code");
    json_set(o, "error", e);
    out->status = json_print(&out->body, o, false, &none) < 0 ? 500 : status;
    json_node_free(o);
}

static void completion(struct reply *out, const struct json_node *answer,
                       const char *model)
{
    struct json_node *o = json_new_object(), *list = json_new_array();
    struct json_node *choice = json_new_object(), *m = json_new_object();
    struct json_node *usage = json_new_object();
    const struct json_node *content = json_get(answer, "content");
    const struct json_node *refusal = json_get(answer, "refusal");
    struct err none = ERR_INIT;

    json_set_str(m, "role", "assistant");
    if (content)
        json_set_copy(m, "content", content);
    else
        json_set_null(m, "content");
    if (refusal)
        json_set_copy(m, "refusal", refusal);
    json_set_num(choice, "index", 0);
    json_set(choice, "message", m);
    json_set_str(choice, "finish_reason",
                 json_str(json_get(answer, "finish_reason"), "stop"));
    json_push(list, choice);
    json_set_str(o, "id", "chatcmpl-replay");
    json_set_str(o, "object", "chat.completion");
    json_set_str(o, "model", model);
    json_set(o, "choices", list);
    json_set_num(usage, "prompt_tokens", 300);
    json_set_num(usage, "completion_tokens",
                 (double)strlen(json_str(content, "")) / 4 + 1);
    json_set(o, "usage", usage);
    out->status = json_print(&out->body, o, false, &none) < 0 ? 500 : 200;
    json_node_free(o);
}

static void answer(struct replay *r, const struct json_node *root, int attempt,
                   struct reply *out)
{
    struct entry *e = find(r, user_message(root));
    const struct json_node *a, *fail;
    struct err none = ERR_INIT;

    if (!e) {
        error_body(out, 404, "no canned answer for this sentence");
        return;
    }
    fail = json_get(json_root(e->doc), "fail");
    if (fail && atomic_fetch_sub(&e->fails, 1) > 0) {
        out->status = (unsigned)json_num(json_get(fail, "status"), 500.0);
        out->headers = json_get(fail, "headers");
        if (buf_puts(&out->body, json_str(json_get(fail, "body"), ""), &none) <
            0)
            out->status = 500;
        return;
    }
    a = json_first(json_get(json_root(e->doc), "answers"));
    for (; attempt > 0 && json_next(a); attempt--)
        a = json_next(a);
    completion(out, a, json_str(json_get(root, "model"), "canned"));
}

/* ---- the server ---- */

static int attempt_of(struct MHD_Connection *c)
{
    const char *key =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Idempotency-Key");
    const char *dash = key ? strrchr(key, '-') : NULL;

    return dash ? (int)strtol(dash + 1, NULL, 10) : 0;
}

static enum MHD_Result send_reply(struct MHD_Connection *c,
                                  const struct reply *out)
{
    struct MHD_Response *resp = MHD_create_response_from_buffer(
        out->body.len, (void *)(uintptr_t)buf_str(&out->body),
        MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc;

    if (!resp)
        return MHD_NO;
    MHD_add_response_header(resp, "Content-Type", "application/json");
    for (const struct json_node *h = json_first(out->headers); h;
         h = json_next(h))
        MHD_add_response_header(resp, json_key(h), json_str(h, ""));
    rc = MHD_queue_response(c, out->status, resp);
    MHD_destroy_response(resp);
    return rc;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **con)
{
    struct buf *body = *con;
    struct reply out = { 404, BUF_INIT(REQUEST_MAX), NULL };
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    enum MHD_Result rc;

    (void)version;
    if (!body) { /* headers only: make room for what follows */
        body = calloc(1, sizeof(*body));
        if (!body)
            return MHD_NO;
        body->max = REQUEST_MAX;
        *con = body;
        return MHD_YES;
    }
    if (*size) {
        if (buf_append(body, data, *size, &err) < 0)
            return MHD_NO;
        *size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") != 0 || strcmp(url, "/v1/chat/completions") != 0)
        error_body(&out, 404, "POST /v1/chat/completions is all there is");
    else if (json_parse(&doc, "request", buf_str(body), body->len, JSON_STRICT,
                        &err) < 0)
        error_body(&out, 400, err.msg);
    else
        answer(ctx, json_root(doc), attempt_of(c), &out);
    rc = send_reply(c, &out);
    json_free(doc);
    buf_release(&out.body);
    return rc;
}

static void on_done(void *ctx, struct MHD_Connection *c, void **con,
                    enum MHD_RequestTerminationCode why)
{
    struct buf *body = *con;

    (void)ctx;
    (void)c;
    (void)why;
    if (body)
        buf_release(body);
    free(body);
    *con = NULL;
}

int replay_serve(struct replay *r, struct err *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const union MHD_DaemonInfo *info;

    r->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL,
        on_request, r, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_COMPLETED,
        on_done, NULL, MHD_OPTION_END);
    info = r->daemon ? MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT)
                     : NULL;
    if (!info)
        return ERR_SET(err, ERR_IO, "cannot serve on 127.0.0.1");
    snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%u/v1",
             (unsigned)info->port);
    return 0;
}

int replay_open(struct replay **out, const char *path, struct err *err)
{
    struct replay *r = calloc(1, sizeof(*r));
    int rc;

    *out = NULL;
    if (!r)
        return ERR_SET(err, ERR_NOMEM, "cannot hold answers");
    rc = load(r, path, err);
    if (rc < 0) {
        replay_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void replay_close(struct replay *r)
{
    if (!r)
        return;
    if (r->daemon)
        MHD_stop_daemon(r->daemon);
    for (size_t i = 0; i < r->n; i++)
        json_free(r->entry[i].doc);
    free(r->entry);
    free(r);
}

const char *replay_url(const struct replay *r)
{
    return r->url;
}

const char *replay_digest(const struct replay *r)
{
    return r->digest;
}

const char *replay_anchor(const struct replay *r)
{
    return r->entry[0].anchor;
}
