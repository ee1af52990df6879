/* Answers as a stream of events. */
#include <stdio.h>
#include <string.h>

#include "sim/plays.h"

static const char events_head[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                                  "text/event-stream\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";

static void put_chunk(struct buf *b, const char *text)
{
    putf(b, "%zx\r\n", strlen(text));
    put(b, text);
    put(b, "\r\n");
}

void play_event(struct buf *b, const char *text, size_t len)
{
    struct buf e = BUF_INIT(SIM_OUT_MAX);

    put(&e, "data: {\"id\":\"s\",\"object\":\"chat.completion.chunk\","
            "\"model\":\"sim\",\"choices\":[{\"index\":0,\"delta\":{"
            "\"content\":");
    put_json_str(&e, text, len);
    put(&e, "},\"finish_reason\":null}]}\n\n");
    put_chunk(b, e.ptr);
    buf_release(&e);
}

void play_events_begin(struct sim_play *p)
{
    put(&p->out, events_head);
    put_chunk(&p->out, ": keep-alive\n\n");
}

void play_events_end(struct sim_play *p, size_t prompt, size_t completion)
{
    char usage[400];

    snprintf(usage, sizeof(usage),
             "data: {\"id\":\"s\",\"object\":\"chat.completion.chunk\","
             "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
             "\"stop\"}],\"usage\":{\"prompt_tokens\":%zu,"
             "\"completion_tokens\":%zu,\"total_tokens\":%zu}}\n\n",
             prompt, completion, prompt + completion);
    put_chunk(&p->out, usage);
}

/* As far as `share` of the content; the rest is the caller's. */
static void events(struct sim_play *p, const struct sim_request *r,
                   double share, enum sim_billed how)
{
    struct buf text = BUF_INIT(SIM_OUT_MAX);
    size_t n, step = 40;

    sim_content(&text, r);
    n = (size_t)((double)text.len * share);
    play_events_begin(p);
    for (size_t i = 0; i < n; i += step)
        play_event(&p->out, text.ptr + i, i + step < n ? step : n - i);
    if (share == 1.0)
        play_events_end(p, r->body.len / 4, n / 4 + 1);
    sim_bill(r->key, how, r->body.len / 4, n / 4 + 1);
    buf_release(&text);
}

void play_sse(struct sim_play *p, const struct sim_request *r)
{
    events(p, r, 1.0, SIM_WHOLE);
    put_chunk(&p->out, "data: [DONE]\n\n");
    put(&p->out, "0\r\n\r\n");
}

void play_sse_no_done(struct sim_play *p, const struct sim_request *r)
{
    events(p, r, 1.0, SIM_WHOLE);
    put(&p->out, "0\r\n\r\n");
}

/* As if it had not ended, but for [DONE]. */
void play_sse_null_finish(struct sim_play *p, const struct sim_request *r)
{
    struct buf out = BUF_INIT(SIM_OUT_MAX);
    const char *reason;

    play_sse(p, r);
    reason = strstr(p->out.ptr, "\"stop\"");
    put_len(&out, p->out.ptr, (size_t)(reason - p->out.ptr));
    put(&out, "null  ");
    put(&out, reason + 6);
    buf_release(&p->out);
    p->out = out;
}

void play_sse_cut(struct sim_play *p, const struct sim_request *r)
{
    events(p, r, 0.5, SIM_CUT);
    put_chunk(&p->out, "data: {\"id\":\"s\",\"choices\":[{\"index\":0,\"del");
    play_end(p, SIM_CLOSE);
}

void play_sse_error(struct sim_play *p, const struct sim_request *r)
{
    events(p, r, 0.3, SIM_CUT);
    put_chunk(&p->out, "event: error\ndata: {\"error\":{\"message\":\"gone\","
                       "\"type\":\"server_error\",\"code\":"
                       "\"internal_error\"}}\n\n");
    put(&p->out, "0\r\n\r\n");
}

/* Some of the content, and then blanks of it without end, where JSON mode is
 * asked for. */
void play_sse_spaces(struct sim_play *p, const struct sim_request *r)
{
    static struct buf blanks = BUF_INIT(SIM_OUT_MAX);

    if (!memmem(r->body.ptr, r->body.len, "\"response_format\"", 17)) {
        play_sse(p, r);
        return;
    }
    if (blanks.len == 0)
        play_event(&blanks, "\n        ", 9);
    events(p, r, 0.3, SIM_CUT);
    play_fill(p, blanks.ptr, blanks.len, UINT64_MAX);
    p->every = 0.01;
    p->piece = 4 * blanks.len;
}
