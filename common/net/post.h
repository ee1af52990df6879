/*
 * post.h - many HTTPS POSTs at once, in one thread, through libcurl's multi
 * interface. The same rules as http.h: https only (http for loopback),
 * certificates checked, no redirect followed (a redirect would take the key and
 * the body to another host), no .netrc.
 */
#ifndef NET_POST_H
#define NET_POST_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { POST_BODY_MAX = 8 << 20 }; /* bytes of an answer; more is an error */

struct post; /* a pool of transfers */

struct post_done {
    size_t id;          /* the caller's */
    long status;        /* HTTP status; 0: none came, see error */
    struct buf body;    /* the caller's to release */
    double retry_after; /* seconds the server asked for; -1 = not said */
    double seconds;     /* the transfer took */
    char error[256];    /* transport error, "" = none */
};

/* Up to slots transfers at a time. ERR_NOMEM. */
int post_new(struct post **out, size_t slots, struct err *err) MUST_CHECK;
void post_free(struct post *p); /* drops what is under way; NULL is fine */
size_t post_busy(const struct post *p);

/*
 * Start one; there must be a free slot (assert). ERR_USAGE: a URL that
 * http_may_call() refuses. headers: "Name: value", ends
 * with NULL; everything is copied. key (NULL = none) goes out as
 * "Authorization: Bearer KEY", at most 8000 bytes.
 */
int post_start(struct post *p, size_t id, const char *url,
               const char *const *headers, const char *key, const char *body,
               size_t len, int timeout_s, struct err *err) MUST_CHECK;

/* Wait at most wait_ms for one to end. 0: *done is it; 1: none ended. */
int post_wait(struct post *p, int wait_ms, struct post_done *done,
              struct err *err) MUST_CHECK;

/* Retry-After: seconds, also as a fraction, or a HTTP date; one in the past is
 * 0. -1: not valid, negative, or a third of a year and more. */
double post_retry_after(const char *value);

#endif
