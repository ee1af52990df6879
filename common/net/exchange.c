#include "net/exchange.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/limiter.h"
#include "net/redact.h"

enum { TRIES = 7, TIMEOUT_S = 600 };

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
    snprintf(x->error, sizeof(x->error), "%s", d.error);
    redact(x->error, strlen(x->error), x->key);
    return redact_body(&x->body, x->key, err);
}

static bool may_pass(long status)
{
    return status == 0 || status == 408 || status == 429 || status >= 500;
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
        if (rc < 0 || !again || !may_pass(x->status) || i == TRIES)
            break;
        rc = wait_for(x, limiter_backoff((unsigned)i, 1.0), err);
    }
    post_free(p);
    if (rc == 0 && x->status == 0)
        rc = ERR_SET(err, ERR_UNAVAIL, "%s %s: %s", method, url, x->error);
    return rc;
}

int exchange_json(const struct exchange *x, const char *path, struct json **doc,
                  struct err *err)
{
    struct err why = ERR_INIT;

    *doc = NULL;
    if (x->status / 100 == 2 && json_parse(doc, path, buf_str(&x->body),
                                           x->body.len, JSON_STRICT, &why) == 0)
        return 0;
    return ERR_SET(err, ERR_FORMAT, "%s: HTTP %ld: %.300s", path, x->status,
                   buf_str(&x->body));
}
