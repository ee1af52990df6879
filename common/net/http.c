#include "net/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECT_MS = 10000,
    STALL_S = 30,
    STALL_BYTES = 1024, /* a second */
    REDIRECTS = 5,
    ERROR_PAGE = 1 << 20, /* bytes of it that are read */
};

/* ---- URLs ---- */

struct place {
    CURLU *url;
    bool loopback;
};

static bool is_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 ||
           strcmp(host, "localhost") == 0;
}

/* Set p to url, which may be relative to what p has. */
static int place_set(struct place *p, const char *url, struct err *err)
{
    char *scheme = NULL, *host = NULL;
    bool before = p->loopback, ok;

    ok = curl_url_set(p->url, CURLUPART_URL, url, 0) == CURLUE_OK &&
         curl_url_get(p->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
         curl_url_get(p->url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    p->loopback = ok && is_loopback(host);
    if (ok && strcmp(scheme, "https") != 0)
        ok = strcmp(scheme, "http") == 0 && p->loopback;
    ok = ok && (before || !p->loopback);
    curl_free(scheme);
    curl_free(host);
    if (!ok)
        return ERR_SET(err, ERR_USAGE,
                       "%.*s: expected an https:// URL (http:// only on "
                       "this machine)",
                       (int)strcspn(url, "?"), url);
    return 0;
}

bool http_may_call(const char *url, bool *loopback)
{
    struct place p = { curl_url(), true };
    struct err none = ERR_INIT;
    char *user = NULL;
    bool ok = p.url && place_set(&p, url, &none) == 0 &&
              curl_url_get(p.url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER;

    if (loopback)
        *loopback = ok && p.loopback;
    curl_free(user);
    curl_url_cleanup(p.url);
    return ok;
}

double http_date_wait(const char *date)
{
    time_t at = curl_getdate(date, NULL);

    return at < 0 ? -1.0 : fmax(0.0, difftime(at, time(NULL)));
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *x = NULL, *y = NULL;
    bool same;

    same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           strcasecmp(x, y) == 0;
    curl_free(x);
    curl_free(y);
    return same;
}

static bool same_origin(CURLU *a, CURLU *b)
{
    return same_part(a, b, CURLUPART_SCHEME) &&
           same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);
}

/* ---- one transfer ---- */

struct download {
    const struct http_download *want;
    struct http_reply *reply;
    CURL *curl;
    CURLU *origin;
    struct place place;
    struct curl_slist *headers;
    const char *path;
    int fd;
    uint64_t start, done, total; /* start: bytes there before this request */
    uint64_t page;               /* bytes of an error page */
    bool first_hop, began;       /* began: the answer's first bytes are in */
    char location[4096];
    char range[64]; /* value of Content-Range */
    int failed;     /* err code of a callback, its message is in err */
    struct err *err;
};

static int curl_fail(struct err *err, const char *url, CURLcode code)
{
    int to = ERR_UNAVAIL;

    if (code == CURLE_OUT_OF_MEMORY)
        to = ERR_NOMEM;
    else if (code == CURLE_URL_MALFORMAT)
        to = ERR_USAGE;
    return ERR_SET(err, to, "%.200s: %s", url, curl_easy_strerror(code));
}

static int status_fail(struct err *err, const char *url, long status)
{
    int to = ERR_FORMAT;

    if (status == 401 || status == 403)
        to = ERR_AUTH;
    else if (status == 404 || status == 410)
        to = ERR_NOTFOUND;
    else if (status == 429)
        to = ERR_AGAIN;
    else if (status >= 500)
        to = ERR_UNAVAIL;
    return ERR_SET(err, to, "%.200s: HTTP status %ld", url, status);
}

static int full_fail(struct download *d)
{
    return ERR_SET(d->err, ERR_FULL, "%.200s: larger than %llu bytes",
                   d->want->url, (unsigned long long)d->want->max_bytes);
}

/* The value of a header line when its name is the given one, else NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    for (line += n + 1; *line == ' ' || *line == '\t';)
        line++;
    return line;
}

static void take_digest(char out[65], const char *value)
{
    size_t n = 0;

    if (*value == '"')
        value++;
    while (n < 64 && isxdigit((unsigned char)value[n]))
        n++;
    if (n == 64 && !isalnum((unsigned char)value[64]))
        snprintf(out, 65, "%.64s", value);
}

static void keep(char *out, size_t size, const char *value)
{
    size_t n = strcspn(value, "\r\n");

    snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), value);
    if (n >= size)
        out[0] = '\0'; /* a cut address is worse than none */
}

static size_t on_header(char *ptr, size_t size, size_t n, void *ctx)
{
    struct download *d = ctx;
    char line[8192];
    const char *v;

    n *= size;
    if (n >= sizeof(line))
        return n;
    memcpy(line, ptr, n);
    line[n] = '\0';
    v = value_of(line, "Location");
    if (v)
        keep(d->location, sizeof(d->location), v);
    v = value_of(line, "Content-Range");
    if (v)
        keep(d->range, sizeof(d->range), v);
    v = d->first_hop ? value_of(line, "X-Linked-Etag") : NULL;
    if (v)
        take_digest(d->reply->sha256, v);
    return n;
}

/* The first bytes of a 2xx answer: do they go where we think? */
static int begin_body(struct download *d, long status)
{
    unsigned long long from = 0;
    curl_off_t length = -1;

    d->began = true;
    if (status == 206) {
        const char *p = d->range;

        if (strncmp(p, "bytes ", 6) == 0)
            from = strtoull(p + 6, NULL, 10);
        if (strncmp(p, "bytes ", 6) != 0 || from != d->start)
            return ERR_SET(d->err, ERR_FORMAT,
                           "%.200s: asked for the bytes from %llu, got "
                           "\"%.60s\"",
                           d->want->url, (unsigned long long)d->start, p);
    } else if (ftruncate(d->fd, 0) != 0 || lseek(d->fd, 0, SEEK_SET) < 0) {
        return ERR_SET(d->err, ERR_IO, "%s: %s", d->path, strerror(errno));
    } else {
        d->start = d->done = 0;
    }
    curl_easy_getinfo(d->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0)
        d->total = d->start + (uint64_t)length;
    return d->total > d->want->max_bytes ? full_fail(d) : 0;
}

static int write_body(struct download *d, const char *ptr, size_t n)
{
    if (d->done + n > d->want->max_bytes)
        return full_fail(d);
    while (n > 0) {
        ssize_t k = write(d->fd, ptr, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return ERR_SET(d->err, errno == ENOSPC ? ERR_FULL : ERR_IO,
                           "%s: cannot write: %s", d->path, strerror(errno));
        ptr += k;
        n -= (size_t)k;
        d->done += (uint64_t)k;
    }
    return 0;
}

static size_t on_body(char *ptr, size_t size, size_t n, void *ctx)
{
    struct download *d = ctx;
    long status = 0;
    int rc = 0;

    n *= size;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return (d->page += n) > ERROR_PAGE ? CURL_WRITEFUNC_ERROR : n;
    if (!d->began)
        rc = begin_body(d, status);
    if (rc == 0)
        rc = write_body(d, ptr, n);
    if (rc == 0)
        return n;
    d->failed = rc;
    return CURL_WRITEFUNC_ERROR;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now,
                       curl_off_t up_total, curl_off_t up_now)
{
    struct download *d = ctx;

    (void)total, (void)now, (void)up_total, (void)up_now;
    if (!d->want->progress ||
        d->want->progress(d->want->ctx, d->done, d->total))
        return 0;
    d->failed = ERR_SET(d->err, ERR_STOPPED, "interrupted");
    return 1;
}

static void set_limits(CURL *c, const struct http_download *want)
{
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(c, CURLOPT_PROTOCOLS,
                     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(want->connect_ms ? want->connect_ms : CONNECT_MS));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
                     (long)(want->stall_s ? want->stall_s : STALL_S));
    curl_easy_setopt(c, CURLOPT_USERAGENT, "silversmith/" VERSION);
}

static void set_callbacks(struct download *d)
{
    curl_easy_setopt(d->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(d->curl, CURLOPT_HEADERDATA, d);
    curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(d->curl, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(d->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(d->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(d->curl, CURLOPT_XFERINFODATA, d);
}

/* One request. 0: an answer came, *status says which. */
static int request(struct download *d, long *status)
{
    CURLcode code;
    char from[32];

    d->location[0] = d->range[0] = '\0';
    d->began = false;
    d->failed = 0;
    d->page = 0;
    d->start = d->done;
    snprintf(from, sizeof(from), "%llu-", (unsigned long long)d->start);
    curl_easy_setopt(d->curl, CURLOPT_CURLU, d->place.url);
    curl_easy_setopt(d->curl, CURLOPT_NOPROXY, d->place.loopback ? "*" : NULL);
    curl_easy_setopt(d->curl, CURLOPT_RANGE, d->start ? from : NULL);
    curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER,
                     same_origin(d->origin, d->place.url) ? d->headers : NULL);
    code = curl_easy_perform(d->curl);
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, status);
    d->reply->status = *status;
    if (d->failed)
        return d->failed;
    /* a redirect's address may carry a signature: name the first one */
    if (code != CURLE_OK && d->page <= ERROR_PAGE)
        return curl_fail(d->err, d->want->url, code);
    return 0;
}

static int restart(struct download *d)
{
    if (ftruncate(d->fd, 0) != 0 || lseek(d->fd, 0, SEEK_SET) < 0)
        return ERR_SET(d->err, ERR_IO, "%s: %s", d->path, strerror(errno));
    d->done = 0;
    return 0;
}

/* 416: there is nothing after what we have. Complete, or another file? */
static int past_the_end(struct download *d)
{
    const char *slash = strchr(d->range, '/');

    if (slash && strtoull(slash + 1, NULL, 10) == d->done)
        return 1;
    return restart(d);
}

/* Requests until the file is there or something is wrong. */
static int follow(struct download *d)
{
    for (int hop = 0; hop <= REDIRECTS; hop++) {
        long status = 0;
        int rc = request(d, &status);

        d->first_hop = false;
        if (rc < 0)
            return rc;
        if (status == 200 || status == 206) /* an empty body began nothing */
            return d->began ? 0 : begin_body(d, status);
        if (status == 416 && d->start > 0) {
            rc = past_the_end(d);
            if (rc != 0)
                return rc < 0 ? rc : 0;
            continue;
        }
        if (status / 100 != 3 || !d->location[0])
            return status_fail(d->err, d->want->url, status);
        rc = place_set(&d->place, d->location, d->err);
        if (rc < 0)
            return err_prefix(d->err, "redirect from %.120s", d->want->url);
    }
    return ERR_SET(d->err, ERR_FORMAT, "%.200s: more than %d redirects",
                   d->want->url, REDIRECTS);
}

/* ---- set-up ---- */

/* They may hold a token: leave none behind in freed memory. */
static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *l = list; l; l = l->next)
        explicit_bzero(l->data, strlen(l->data));
    curl_slist_free_all(list);
}

static int prepare(struct download *d)
{
    const char *const *h = d->want->headers;

    d->curl = curl_easy_init();
    d->origin = curl_url();
    d->place.url = curl_url();
    d->place.loopback = true; /* the first URL may be */
    if (!d->curl || !d->origin || !d->place.url)
        return ERR_SET(d->err, ERR_NOMEM, "%.200s", d->want->url);
    for (; h && *h; h++) {
        struct curl_slist *more = curl_slist_append(d->headers, *h);

        if (!more)
            return ERR_SET(d->err, ERR_NOMEM, "%.200s", d->want->url);
        d->headers = more;
    }
    set_limits(d->curl, d->want);
    set_callbacks(d);
    if (curl_url_set(d->origin, CURLUPART_URL, d->want->url, 0) != CURLUE_OK)
        return ERR_SET(d->err, ERR_USAGE, "%.200s: not a URL", d->want->url);
    return place_set(&d->place, d->want->url, d->err);
}

static int open_file(struct download *d)
{
    off_t size;

    d->fd = open(d->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    size = d->fd < 0 ? -1 : lseek(d->fd, 0, SEEK_END);
    if (size < 0)
        return ERR_SET(d->err, ERR_IO, "%s: cannot open: %s", d->path,
                       strerror(errno));
    d->done = (uint64_t)size;
    return 0;
}

int http_download(const struct http_download *want, const char *path,
                  struct http_reply *reply, struct err *err)
{
    struct download d = { .want = want,
                          .reply = reply,
                          .path = path,
                          .fd = -1,
                          .first_hop = true,
                          .err = err };
    int rc;

    memset(reply, 0, sizeof(*reply));
    rc = prepare(&d);
    if (rc == 0)
        rc = open_file(&d);
    if (rc == 0)
        rc = follow(&d);
    reply->bytes = d.done;
    if (d.fd >= 0 && close(d.fd) != 0 && rc == 0)
        rc = ERR_SET(err, ERR_IO, "%s: %s", path, strerror(errno));
    curl_easy_cleanup(d.curl);
    free_headers(d.headers);
    curl_url_cleanup(d.origin);
    curl_url_cleanup(d.place.url);
    return rc;
}
