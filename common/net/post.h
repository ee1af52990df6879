/*
 * post.h - many HTTPS POSTs at once, in one thread, through libcurl's multi
 * interface. The same rules as http.h: https only (http for loopback),
 * certificates checked (against $SSL_CERT_FILE if set), no redirect followed (a
 * redirect would take the key and the body to another host), no .netrc.
 */
#ifndef NET_POST_H
#define NET_POST_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/hints.h"

enum { POST_BODY_MAX = 8 << 20 }; /* bytes of an answer; more is an error */

struct post; /* a pool of transfers */

struct post_done {
    size_t id;          /* the caller's */
    long status;        /* HTTP status; 0: none came, see error */
    struct buf body;    /* the caller's to release */
    struct hints hints; /* of its header lines */
    double seconds;     /* the transfer took */
    bool sent;          /* the request went out: it may have been billed */
    long connection;    /* its local port, with an error; else or unknown: 0 */
    char error[256];    /* transport error, "" = none */
};

/* Up to slots transfers at a time. ERR_NOMEM. */
int post_new(struct post **out, size_t slots, struct err *err) MUST_CHECK;
void post_free(struct post *p); /* drops what is under way; NULL is fine */
size_t post_busy(const struct post *p);

/* What to send; all of it is copied. */
struct post_request {
    size_t id; /* the caller's */
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; may be NULL */
    const char *key;            /* NULL = none; at most 8000 bytes */
    const char *key_header;     /* NULL: "Authorization: Bearer KEY", else the
                                   name of a header that is KEY alone */
    const char *body;
    size_t len;
    int timeout_s;      /* of the whole attempt */
    int stall_s;        /* of a stream, between pieces of content; 0: 60 */
    const char *method; /* NULL: POST; GET and DELETE have no body */
    const char *content_type; /* NULL: application/json */
    size_t body_max;          /* of the answer; 0: POST_BODY_MAX */
};

/*
 * Start one; there must be a free slot (assert). ERR_USAGE: a URL that
 * http_may_call() refuses. An answer that is a stream of events is watched:
 * without content for stall_s after its first piece, or with 200 blank
 * characters of content in a row, it is cut off (watch.h).
 */
int post_start(struct post *p, const struct post_request *r,
               struct err *err) MUST_CHECK;

/* Wait at most wait_ms for one to end. 0: *done is it; 1: none ended. */
int post_wait(struct post *p, int wait_ms, struct post_done *done,
              struct err *err) MUST_CHECK;

#endif
