/*
 * http.h - HTTP, the only user of libcurl.
 *
 * Common to all of it: https only, http for loopback; certificates are
 * checked; proxies as libcurl takes them from the environment (https_proxy,
 * no_proxy), never for loopback; no .netrc; no redirect is followed by
 * libcurl, which would take keys to other hosts.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* May a key be sent there? https anywhere, http to this machine only. A URL
 * with a user name in it may not. *loopback (may be NULL): this machine. */
bool http_may_call(const char *url, bool *loopback);
/* Seconds from now to a HTTP date, 0 for one in the past; -1: not a date. */
double http_date_wait(const char *date);

/* ---- download a file ---- */

/* done and total count the whole file's bytes, those of earlier runs too;
 * total 0: unknown. True: go on. False: stop, which is ERR_STOPPED. Called at
 * least once a second, also while nothing comes. */
typedef bool http_progress_fn(void *ctx, uint64_t done, uint64_t total);

struct http_download {
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; may be NULL.
                                   Only the URL's own origin gets them */
    uint64_t max_bytes;         /* a larger file is refused */
    int connect_ms;             /* 0: 10000 */
    int stall_s;                /* give up below 1 KiB/s for so long; 0: 30 */
    http_progress_fn *progress; /* may be NULL */
    void *ctx;
};

struct http_reply {
    long status;     /* of the last answer; 0: none came */
    uint64_t bytes;  /* size of the file now */
    char sha256[65]; /* X-Linked-Etag of the first host: the model hub's
                        digest of a large file; "" without one */
};

/*
 * GET url into path. Bytes that path has already are kept and the rest is
 * asked for (Range); a server that sends everything gets everything written
 * anew. Up to 5 redirects are followed, to https only, or from loopback to
 * loopback. A failure leaves what came, so that calling again goes on.
 *
 * Whether old and new bytes belong to one version of the file is the caller's
 * to check (a digest).
 *
 * Errors: ERR_UNAVAIL (no connection, cut, 5xx), ERR_NOTFOUND (404, 410),
 * ERR_AUTH (401, 403), ERR_AGAIN (429), ERR_FORMAT (other answers), ERR_FULL
 * (max_bytes, disk), ERR_IO, ERR_USAGE (not such a URL), ERR_STOPPED.
 */
int http_download(const struct http_download *d, const char *path,
                  struct http_reply *reply, struct err *err) MUST_CHECK;

#endif
