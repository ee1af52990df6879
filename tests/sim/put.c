#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "sim/sim.h"

static void need(int rc, const struct err *err)
{
    if (rc < 0) {
        fprintf(stderr, "sim: %s\n", err->msg);
        exit(1);
    }
}

void put_len(struct buf *b, const void *p, size_t n)
{
    struct err err = ERR_INIT;

    if (b->max == 0)
        b->max = SIM_OUT_MAX;
    need(buf_append(b, p, n, &err), &err);
}

void put(struct buf *b, const char *s)
{
    put_len(b, s, strlen(s));
}

void putf(struct buf *b, const char *fmt, ...)
{
    char text[8192];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put(b, text);
}

void put_json_str(struct buf *b, const char *s, size_t len)
{
    size_t from = 0;

    put_len(b, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put_len(b, s + from, i - from);
        if (c < 0x20)
            putf(b, "\\u%04x", c);
        else
            putf(b, "\\%c", c);
        from = i + 1;
    }
    put_len(b, s + from, len - from);
    put_len(b, "\"", 1);
}

void put_answer(struct buf *b, int status, const char *head, const char *type,
                struct span body)
{
    putf(
        b,
        "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
        status, type, body.len, head);
    put_len(b, body.ptr, body.len);
}

void put_completion(struct buf *b, struct span content, const char *finish,
                    size_t prompt, size_t completion)
{
    put(b, "{\"id\":\"sim-1\",\"object\":\"chat.completion\",\"created\":1,"
           "\"model\":\"sim\",\"choices\":[{\"index\":0,\"message\":{"
           "\"role\":\"assistant\",\"content\":");
    put_json_str(b, content.ptr, content.len);
    putf(b,
         "},\"finish_reason\":%s%s%s}],\"usage\":{\"prompt_tokens\":%zu,"
         "\"completion_tokens\":%zu,\"total_tokens\":%zu}}",
         finish ? "\"" : "", finish ? finish : "null", finish ? "\"" : "",
         prompt, completion, prompt + completion);
}

void sim_header(char *out, size_t size, struct span head, const char *name)
{
    const char *p = head.ptr, *end = head.ptr + head.len;
    size_t n = strlen(name);

    out[0] = '\0';
    while (p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        const char *stop = eol ? eol : end;

        if ((size_t)(stop - p) > n && strncasecmp(p, name, n) == 0 &&
            p[n] == ':') {
            p += n + 1;
            while (p < stop && (*p == ' ' || *p == '\t'))
                p++;
            while (stop > p && (stop[-1] == '\r' || stop[-1] == ' '))
                stop--;
            snprintf(out, size, "%.*s", (int)(stop - p), p);
            return;
        }
        p = eol ? eol + 1 : end;
    }
}

double sim_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}
