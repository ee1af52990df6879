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
    struct buf body; /* without the key, even if the server echoed it */
    char error[256];
};
#define EXCHANGE_BODY_MAX ((size_t)1 << 30)

void exchange_release(struct exchange *x);

/* path: after base_url. body NULL: none. What may pass (no connection, 429,
 * 5xx) is tried again for about two minutes if again. 0: an answer with any
 * status came; ERR_UNAVAIL: none did; ERR_STOPPED. */
int exchange_call(struct exchange *x, const char *method, const char *path,
                  const char *type, struct span body, bool again,
                  struct err *err) MUST_CHECK;
/* The last answer as JSON; ERR_FORMAT with the path when it is not 2xx or not
 * JSON; then also its status and beginning are named. */
int exchange_json(const struct exchange *x, const char *path, struct json **doc,
                  struct err *err) MUST_CHECK;

#endif
