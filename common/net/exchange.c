#include "net/exchange.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/limiter.h"
#include "net/redact.h"
#include "net/reply.h"

enum { TRIES = 7, TIMEOUT_S = 600, WAIT_MAX_S = 900 };

void exchange_release(struct exchange *x)
{
    buf_release(&x->body);
}

static bool is_stopped(const struct exchange *x)
{
    return x->stopped && x->stopped();
}

static int wait_for(const struct exchange *x, double seconds, struct err *err)
{
    const struct timespec step = { 0, 50000000 };

    for (; seconds > 0.0; seconds -= 0.05) {
        if (is_stopped(x))
            return ERR_SET(err, ERR_STOPPED,
                           "interrupted; run the same command again to go on");
        nanosleep(&step, NULL);
    }
    return 0;
}

/* One try; status 0 when nothing came. */
static int try_once(struct exchange *x, struct post *p,
                    const struct post_request *r, struct err *err)
{
    struct post_done d = { .status = 0 };
    int rc = post_start(p, r, err);

    while (rc == 0) {
        rc = post_wait(p, 100, &d, err);
        if (rc <= 0)
            break;
        rc = is_stopped(x)
                 ? ERR_SET(err, ERR_STOPPED,
                           "interrupted; run the same command again to go on")
                 : 0;
    }
    if (rc < 0)
        return rc;
    exchange_release(x);
    x->body = d.body;
    x->status = d.status;
    x->wait_s = hints_wait(&d.hints);
    snprintf(x->error, sizeof(x->error), "%s", d.error);
    redact(x->error, strlen(x->error), x->key);
    return redact_body(&x->body, x->key, err);
}

static enum reply_class class_of(const struct exchange *x)
{
    char code[REPLY_CODE];

    return reply_class(x->provider->errors, x->status, buf_str(&x->body),
                       x->body.len, code);
}

bool exchange_may_pass(const struct exchange *x)
{
    enum reply_class class;

    if (x->status / 100 == 2 || x->wait_s > WAIT_MAX_S)
        return false;
    class = class_of(x);
    return class == REPLY_TRANSIENT || reply_is_throttle(class);
}

int exchange_call(struct exchange *x, const char *method, const char *path,
                  const char *type, struct span body, bool again,
                  struct err *err)
{
    char url[2048];
    struct post_request r = { .url = url,
                              .key = x->key,
                              .key_header = x->provider->key_header,
                              .body = body.ptr,
                              .len = body.len,
                              .timeout_s = TIMEOUT_S,
                              .method = body.ptr ? NULL : method,
                              .content_type = type,
                              .body_max = EXCHANGE_BODY_MAX };
    struct post *p = NULL;
    int rc = post_new(&p, 1, err);

    snprintf(url, sizeof(url), "%s%s", x->provider->base_url, path);
    for (int i = 1; rc == 0; i++) {
        rc = try_once(x, p, &r, err);
        if (rc < 0 || !again || !exchange_may_pass(x) || i == TRIES)
            break;
        rc = wait_for(x, fmax(x->wait_s, limiter_backoff((unsigned)i, 1.0)),
                      err);
    }
    post_free(p);
    if (rc == 0 && x->status == 0)
        rc = ERR_SET(err, ERR_UNAVAIL, "%s %s: %s", method, url, x->error);
    return rc;
}

int exchange_refused(const struct exchange *x, const char *path,
                     struct err *err)
{
    int code = ERR_FORMAT;

    switch (class_of(x)) {
    case REPLY_THROTTLED:
    case REPLY_PAUSED:
        code = ERR_AGAIN;
        break;
    case REPLY_TRANSIENT:
        code = ERR_UNAVAIL;
        break;
    case REPLY_BILLING:
        code = ERR_CREDIT;
        break;
    case REPLY_AUTH:
        code = ERR_AUTH;
        break;
    case REPLY_MOVED:
    case REPLY_CONFIG:
        code = ERR_CONFIG;
        break;
    case REPLY_ANSWER:
    case REPLY_FILTERED:
    case REPLY_BAD_INPUT:
        break;
    }
    return ERR_SET(err, code, "%s: HTTP %ld: %.300s", path, x->status,
                   buf_str(&x->body));
}

int exchange_json(const struct exchange *x, const char *path, struct json **doc,
                  struct err *err)
{
    struct err why = ERR_INIT;

    *doc = NULL;
    if (x->status / 100 != 2)
        return exchange_refused(x, path, err);
    if (json_parse(doc, path, buf_str(&x->body), x->body.len, JSON_STRICT,
                   &why) == 0)
        return 0;
    return ERR_SET(err, ERR_FORMAT, "%s: HTTP %ld: %.300s", path, x->status,
                   buf_str(&x->body));
}
