/*
 * exchange.h - one call to an endpoint's own interface (files, batches) at a
 * time, beside the many of post.h, under the same rules.
 */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "base/json.h"
#include "net/post.h"
#include "net/provider.h"

struct exchange {
    const struct provider *provider;
    const char *key;       /* NULL: none */
    bool (*stopped)(void); /* a signal came; may be NULL */
    /* of the last call */
    long status;     /* 0: no answer, see error */
    double wait_s;   /* it asks to wait so long; -1: it does not */
    struct buf body; /* without the key, even if the server echoed it */
    char error[256];
};
#define EXCHANGE_BODY_MAX ((size_t)1 << 30)

void exchange_release(struct exchange *x);

/* path: after base_url. body NULL: none. What may pass (no connection, a
 * throttle, 5xx) is tried again for about two minutes if again, or as the
 * server asks, up to a quarter of an hour each time. 0: an answer with any
 * status came; ERR_UNAVAIL: none did; ERR_STOPPED. */
int exchange_call(struct exchange *x, const char *method, const char *path,
                  const char *type, struct span body, bool again,
                  struct err *err) MUST_CHECK;
/* The last answer was not 2xx: the error that this is for the run, by the
 * profile (reply.h), with path, status and the beginning of the body. */
int exchange_refused(const struct exchange *x, const char *path,
                     struct err *err) MUST_CHECK;
/* May the same call work later? */
bool exchange_may_pass(const struct exchange *x);
/* The last answer as JSON. Not 2xx: as exchange_refused(); no JSON:
 * ERR_FORMAT. */
int exchange_json(const struct exchange *x, const char *path, struct json **doc,
                  struct err *err) MUST_CHECK;

#endif
