#include "net/post.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"
#include "net/watch.h"

enum { HEADERS_MAX = 256 << 10, STALL_S = 60 };

struct slot {
    const char *body_at; /* what is left to send of it */
    size_t body_left;
    CURL *easy; /* kept: a connection is reused */
    struct curl_slist *headers;
    struct buf body;
    char *sent;
    size_t id;
    struct hints hints;
    struct watch watch;
    size_t header_bytes;
    bool busy, too_large;
    char error[CURL_ERROR_SIZE];
};

struct post {
    CURLM *multi;
    struct slot *slot;
    size_t slots, busy;
};

static size_t on_body(char *ptr, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    struct err none = ERR_INIT;

    if (buf_append(&s->body, ptr, size * n, &none) < 0) {
        s->too_large = true;
        return 0; /* libcurl ends the transfer */
    }
    return watch_feed(&s->watch, ptr, size * n) ? size * n : 0;
}

static size_t on_send(char *ptr, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;

    n *= size;
    n = n < s->body_left ? n : s->body_left;
    memcpy(ptr, s->body_at, n);
    s->body_at += n;
    s->body_left -= n;
    return n;
}

static size_t on_header(char *ptr, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;

    s->header_bytes += size * n;
    if (s->header_bytes > HEADERS_MAX) {
        s->too_large = true;
        return 0;
    }
    hints_line(&s->hints, ptr, size * n);
    return size * n;
}

/* Between bytes, too, time passes: once a second at least. */
static int on_tick(void *ctx, curl_off_t total, curl_off_t now,
                   curl_off_t up_total, curl_off_t up_now)
{
    struct slot *s = ctx;

    (void)total, (void)now, (void)up_total, (void)up_now;
    return watch_stalled(&s->watch);
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
    for (size_t i = 0; i < slots; i++)
        p->slot[i].body.max = POST_BODY_MAX;
    /* as many idle connections are kept as may be in use */
    curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)slots);
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
        watch_release(&s->watch);
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

static void set_options(struct slot *s, const struct post_request *r)
{
    CURL *e = s->easy;
    bool loopback;

    (void)http_may_call(r->url, &loopback); /* post_start() asked */
    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_URL, r->url);
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
    /* Many requests a connection, where the TLS handshake says at once whether
     * one takes many. Without TLS only the first answer says it: one request at
     * a time until then, and for ever with a server that closes each time. */
    curl_easy_setopt(e, CURLOPT_PIPEWAIT,
                     strncasecmp(r->url, "https:", 6) ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 1000L * r->timeout_s);
    curl_easy_setopt(e, r->method ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
    if (r->method)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
    /* A body that cannot be rewound: on a connection that breaks libcurl would
     * else send it once more by itself, and it might be paid for twice with
     * nobody counting. */
    s->body_at = s->sent;
    s->body_left = r->len;
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(e, CURLOPT_READDATA, s);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
    if (getenv("SSL_CERT_FILE")) /* as OpenSSL's own programs do */
        curl_easy_setopt(e, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_tick);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, s);
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

static int add_key(struct slot *s, const struct post_request *r)
{
    const char *name = r->key_header ? r->key_header : "Authorization";
    char line[8192];
    int rc = -1;

    if (snprintf(line, sizeof(line), "%s: %s%s", name,
                 r->key_header ? "" : "Bearer ", r->key) < (int)sizeof(line))
        rc = add_header(s, line);
    explicit_bzero(line, sizeof(line));
    return rc;
}

static int add_headers(struct slot *s, const struct post_request *r)
{
    const char *const *h = r->headers;
    char type[160];
    int rc;

    snprintf(type, sizeof(type), "Content-Type: %s",
             r->content_type ? r->content_type : "application/json");
    rc = add_header(s, type);

    /* no "Expect: 100-continue": it costs a round trip each */
    if (rc == 0)
        rc = add_header(s, "Expect:");
    for (; rc == 0 && h && *h; h++)
        rc = add_header(s, *h);
    return rc == 0 && r->key && r->key[0] ? add_key(s, r) : rc;
}

static struct slot *free_slot(struct post *p)
{
    for (size_t i = 0; i < p->slots; i++)
        if (!p->slot[i].busy)
            return &p->slot[i];
    return NULL;
}

static int fill(struct slot *s, const struct post_request *r)
{
    s->id = r->id;
    s->header_bytes = 0;
    s->too_large = false;
    s->error[0] = '\0';
    hints_init(&s->hints);
    watch_reset(&s->watch, r->stall_s ? r->stall_s : STALL_S);
    buf_reset(&s->body);
    s->body.max = r->body_max ? r->body_max : POST_BODY_MAX;
    if (!s->easy)
        s->easy = curl_easy_init();
    s->sent = malloc(r->len + 1);
    if (s->sent && r->len)
        memcpy(s->sent, r->body, r->len);
    if (s->sent)
        s->sent[r->len] = 0;
    return s->easy && s->sent ? add_headers(s, r) : -1;
}

int post_start(struct post *p, const struct post_request *r, struct err *err)
{
    struct slot *s = free_slot(p);

    assert(s);
    if (!http_may_call(r->url, NULL))
        return ERR_SET(err, ERR_USAGE,
                       "%.200s: expected an https:// URL (http:// only on this "
                       "machine)",
                       r->url);
    if (fill(s, r) < 0) {
        clear(s);
        return ERR_SET(err, ERR_NOMEM, "cannot copy a request");
    }
    set_options(s, r);
    if (curl_multi_add_handle(p->multi, s->easy) != CURLM_OK) {
        clear(s);
        return ERR_SET(err, ERR_IO, "cannot start a transfer");
    }
    s->busy = true;
    p->busy++;
    return 0;
}

/* Why a transfer ended early, in words. */
static const char *reason(const struct slot *s, CURLcode code)
{
    if (s->header_bytes > HEADERS_MAX)
        return "the header is larger than 256 KiB";
    if (s->too_large)
        return "the answer is larger than 8 MiB";
    if (s->watch.stalled)
        return "the stream stalled: no content came";
    return s->error[0] ? s->error : curl_easy_strerror(code);
}

static void finish(struct post *p, struct slot *s, CURLcode code,
                   struct post_done *done)
{
    curl_off_t us = 0, up = 0;
    struct err none = ERR_INIT;

    /* a stream that only writes blanks is cut, and counts as truncated; half
     * of an event goes */
    if (s->watch.blank && !s->too_large) {
        while (s->body.len && s->body.ptr[s->body.len - 1] != '\n')
            s->body.len--;
        if (buf_puts(&s->body, watch_ending(), &none) == 0)
            code = CURLE_OK;
    }
    *done =
        (struct post_done){ .id = s->id, .body = s->body, .hints = s->hints };
    s->body = (struct buf)BUF_INIT(POST_BODY_MAX); /* the caller's now */
    curl_easy_getinfo(s->easy, CURLINFO_TOTAL_TIME_T, &us);
    done->seconds = (double)us * 1e-6;
    curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    done->sent = up > 0 || s->body_at > s->sent;
    if (code == CURLE_OK) {
        curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &done->status);
    } else {
        snprintf(done->error, sizeof(done->error), "%s", reason(s, code));
        curl_easy_getinfo(s->easy, CURLINFO_LOCAL_PORT, &done->connection);
    }
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
