#include "net/post.h"

#include <assert.h>
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "net/http.h"

enum { ABSURD_S = 10000000 }; /* to wait a third of a year */

struct slot {
    CURL *easy; /* kept: a connection is reused */
    struct curl_slist *headers;
    struct buf body;
    char *sent;
    size_t id;
    double retry_after;
    bool busy, too_large, exact; /* exact: retry_after was in ms */
    char error[CURL_ERROR_SIZE];
};

struct post {
    CURLM *multi;
    struct slot *slot;
    size_t slots, busy;
};

double post_retry_after(const char *value)
{
    char *end;
    double s = strtod(value, &end);
    bool number = end != value;
    time_t at;

    if (number && !end[strspn(end, " \t\r\n")])
        return s >= 0.0 && s < ABSURD_S ? s : -1.0;
    at = strlen(value) < 20 ? -1 : curl_getdate(value, NULL);
    if (at < 0)
        return -1.0;
    s = fmax(0.0, difftime(at, time(NULL)));
    return s < ABSURD_S ? s : -1.0;
}

static size_t on_body(char *ptr, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    struct err none = ERR_INIT;

    if (buf_append(&s->body, ptr, size * n, &none) < 0) {
        s->too_large = true;
        return 0; /* libcurl ends the transfer */
    }
    return size * n;
}

/* The value of a header line when its name is the given one. */
static bool header_is(char value[64], const char *line, size_t len,
                      const char *name)
{
    size_t skip = strlen(name);

    if (len <= skip || strncasecmp(line, name, skip) != 0)
        return false;
    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    snprintf(value, 64, "%.*s", (int)(len - skip), line + skip);
    return true;
}

static size_t on_header(char *ptr, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    double wait;
    char value[64];

    if (header_is(value, ptr, size * n, "retry-after-ms:")) {
        wait = post_retry_after(value);
        if (wait >= 0.0)
            s->retry_after = wait / 1000.0;
        s->exact = wait >= 0.0;
    } else if (!s->exact && header_is(value, ptr, size * n, "retry-after:")) {
        s->retry_after = post_retry_after(value);
    }
    return size * n;
}

int post_new(struct post **out, size_t slots, struct err *err)
{
    struct post *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p) {
        p->slot = calloc(slots, sizeof(*p->slot));
        p->multi = curl_multi_init();
    }
    if (!p || !p->slot || !p->multi) {
        post_free(p);
        return ERR_SET(err, ERR_NOMEM, "cannot make %zu connections", slots);
    }
    p->slots = slots;
    for (size_t i = 0; i < slots; i++) {
        p->slot[i].body.max = POST_BODY_MAX;
        p->slot[i].easy = curl_easy_init();
        if (!p->slot[i].easy) {
            post_free(p);
            return ERR_SET(err, ERR_NOMEM, "cannot make %zu connections",
                           slots);
        }
    }
    *out = p;
    return 0;
}

static void clear(struct slot *s)
{
    for (struct curl_slist *l = s->headers; l; l = l->next)
        explicit_bzero(l->data, strlen(l->data)); /* the key */
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    if (s->sent)
        explicit_bzero(s->sent, strlen(s->sent));
    free(s->sent);
    s->sent = NULL;
    s->busy = false;
}

void post_free(struct post *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->slots; i++) {
        struct slot *s = &p->slot[i];

        if (s->busy)
            curl_multi_remove_handle(p->multi, s->easy);
        clear(s);
        buf_release(&s->body);
        curl_easy_cleanup(s->easy);
    }
    curl_multi_cleanup(p->multi);
    free(p->slot);
    free(p);
}

size_t post_busy(const struct post *p)
{
    return p->busy;
}

static void set_options(struct slot *s, const char *url, size_t len,
                        int timeout_s)
{
    CURL *e = s->easy;
    bool loopback;

    (void)http_may_call(url, &loopback); /* post_start() asked */
    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR,
                     loopback ? "http,https" : "https");
#else
    curl_easy_setopt(
        e, CURLOPT_PROTOCOLS,
        (long)(loopback ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
#endif
    if (loopback)
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, ""); /* all it can decode */
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 1000L * timeout_s);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, s->sent);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
    curl_easy_setopt(e, CURLOPT_PRIVATE, s);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "silversmith/" VERSION);
}

/* libcurl copies each header line. */
static int add_header(struct slot *s, const char *line)
{
    struct curl_slist *l = curl_slist_append(s->headers, line);

    if (!l)
        return -1;
    s->headers = l;
    return 0;
}

static int add_headers(struct slot *s, const char *const *headers,
                       const char *key)
{
    char line[8192];
    int rc = add_header(s, "Content-Type: application/json");

    /* no "Expect: 100-continue": it costs a round trip each */
    if (rc == 0)
        rc = add_header(s, "Expect:");
    for (; rc == 0 && headers && *headers; headers++)
        rc = add_header(s, *headers);
    if (rc < 0 || !key || !key[0])
        return rc;
    if (snprintf(line, sizeof(line), "Authorization: Bearer %s", key) <
        (int)sizeof(line))
        rc = add_header(s, line);
    else
        rc = -1;
    explicit_bzero(line, sizeof(line));
    return rc;
}

int post_start(struct post *p, size_t id, const char *url,
               const char *const *headers, const char *key, const char *body,
               size_t len, int timeout_s, struct err *err)
{
    struct slot *s = NULL;

    for (size_t i = 0; i < p->slots && !s; i++)
        if (!p->slot[i].busy)
            s = &p->slot[i];
    assert(s);
    if (!http_may_call(url, NULL))
        return ERR_SET(err, ERR_USAGE,
                       "%.200s: expected an https:// URL (http:// only on this "
                       "machine)",
                       url);
    s->id = id;
    s->retry_after = -1.0;
    s->too_large = s->exact = false;
    s->error[0] = '\0';
    buf_reset(&s->body);
    s->sent = strndup(body, len);
    if (!s->sent || add_headers(s, headers, key) < 0) {
        clear(s);
        return ERR_SET(err, ERR_NOMEM, "cannot copy a request");
    }
    set_options(s, url, len, timeout_s);
    if (curl_multi_add_handle(p->multi, s->easy) != CURLM_OK) {
        clear(s);
        return ERR_SET(err, ERR_IO, "cannot start a transfer");
    }
    s->busy = true;
    p->busy++;
    return 0;
}

static void finish(struct post *p, struct slot *s, CURLcode code,
                   struct post_done *done)
{
    curl_off_t us = 0;

    *done = (struct post_done){ .id = s->id,
                                .body = s->body,
                                .retry_after = s->retry_after };
    s->body = (struct buf)BUF_INIT(POST_BODY_MAX); /* the caller's now */
    curl_easy_getinfo(s->easy, CURLINFO_TOTAL_TIME_T, &us);
    done->seconds = (double)us * 1e-6;
    if (code == CURLE_OK)
        curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &done->status);
    else
        snprintf(done->error, sizeof(done->error), "%s",
                 s->too_large  ? "the answer is larger than 8 MiB"
                 : s->error[0] ? s->error
                               : curl_easy_strerror(code));
    curl_multi_remove_handle(p->multi, s->easy);
    clear(s);
    p->busy--;
}

static bool take_done(struct post *p, struct post_done *done)
{
    CURLMsg *m;
    int left;

    do {
        m = curl_multi_info_read(p->multi, &left);
    } while (m && m->msg != CURLMSG_DONE);
    if (m) {
        struct slot *s = NULL;
        CURLcode code = m->data.result;

        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        finish(p, s, code, done);
    }
    return m != NULL;
}

int post_wait(struct post *p, int wait_ms, struct post_done *done,
              struct err *err)
{
    int running = 0;
    CURLMcode rc;

    if (take_done(p, done))
        return 0;
    rc = curl_multi_perform(p->multi, &running);
    if (rc == CURLM_OK && take_done(p, done))
        return 0;
    if (rc == CURLM_OK)
        rc = curl_multi_poll(p->multi, NULL, 0, wait_ms, NULL);
    if (rc == CURLM_OK)
        rc = curl_multi_perform(p->multi, &running);
    if (rc != CURLM_OK)
        return ERR_SET(err, ERR_IO, "curl: %s", curl_multi_strerror(rc));
    return take_done(p, done) ? 0 : 1;
}
