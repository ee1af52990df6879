/* Faults of addresses; the list of all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/plays.h"

void play_end(struct sim_play *p, enum sim_ending ending)
{
    p->ending = ending;
}

void play_fill(struct sim_play *p, const char *what, size_t len, uint64_t n)
{
    p->filler = what;
    p->filler_len = len;
    p->fill = n;
}

/* The whole completion, billed as said. finish NULL: null. */
void play_body(struct buf *b, const struct sim_request *r, const char *text,
               const char *finish, enum sim_billed how)
{
    struct buf content = BUF_INIT(SIM_OUT_MAX);
    size_t prompt = r->body.len / 4, completion;

    if (text)
        put(&content, text);
    else
        sim_content(&content, r);
    completion = content.len / 4 + 1;
    put_completion(b, (struct span){ content.ptr, content.len }, finish, prompt,
                   completion);
    sim_bill(r->key, how, prompt, completion);
    buf_release(&content);
}

void play_say(struct sim_play *p, const struct sim_request *r, const char *text,
              const char *finish)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, text, finish, SIM_WHOLE);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}

/* ---- places ---- */

static void redirect(struct sim_play *p, const struct sim_request *r,
                     int status, const char *to)
{
    char head[512];

    (void)r;
    if (to)
        snprintf(head, sizeof(head), "Location: %s\r\n", to);
    else
        snprintf(head, sizeof(head), "Location: http://127.0.0.1:%d/v1/x\r\n",
                 sim_opt.other_port);
    put_answer(&p->out, status, head, "text/plain", span_of("moved"));
}

#define REDIRECT(status) \
    static void redirect_##status(struct sim_play *p, \
                                  const struct sim_request *r) \
    { \
        redirect(p, r, status, NULL); \
    }
REDIRECT(301)
REDIRECT(302)
REDIRECT(303)
REDIRECT(307)
REDIRECT(308)

static void redirect_file(struct sim_play *p, const struct sim_request *r)
{
    redirect(p, r, 302, "file:///etc/passwd");
}

static void redirect_loop(struct sim_play *p, const struct sim_request *r)
{
    char to[256];

    snprintf(to, sizeof(to), "%.*s", (int)r->path.len, r->path.ptr);
    redirect(p, r, 307, to);
}

static void redirect_host(struct sim_play *p, const struct sim_request *r)
{
    redirect(p, r, 308, "https://elsewhere.invalid/v1/chat/completions");
}

static void redirect_http(struct sim_play *p, const struct sim_request *r)
{
    redirect(p, r, 307, "http://elsewhere.invalid/v1/chat/completions");
}

static void date_429(struct sim_play *p, const struct sim_request *r)
{
    time_t at = time(NULL) + 1;
    char head[128];
    struct tm tm;

    (void)r;
    gmtime_r(&at, &tm);
    strftime(head, sizeof(head), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
             &tm);
    sim_count_throttled();
    put_answer(&p->out, 429, head, "application/json",
               span_of("{\"error\":{\"code\":\"rate_limit_exceeded\"}}"));
}

#define PLAY(name, play) \
    { \
        name, 0, NULL, NULL, play \
    }
const struct sim_fault sim_plays[] = {
    PLAY("429-date", date_429),
    PLAY("silence", play_silence),
    PLAY("slow-header", play_slow_header),
    PLAY("slow-body", play_slow_body),
    PLAY("pieces", play_pieces),
    PLAY("keep-alive", play_keep_alive),
    PLAY("sse-keep-alive", play_sse_keep_alive),
    PLAY("queued", play_queued),
    PLAY("cut-length", play_cut_length),
    PLAY("cut-chunk", play_cut_chunk),
    PLAY("reset", play_reset),
    PLAY("reset-at-once", play_reset_at_once),
    PLAY("hang", play_hang),
    PLAY("bad-chunk", play_bad_chunk),
    PLAY("wrong-chunk", play_wrong_chunk),
    PLAY("two-lengths", play_two_lengths),
    PLAY("negative-length", play_negative_length),
    PLAY("short-length", play_short_length),
    PLAY("twice", play_twice),
    PLAY("huge", play_huge),
    PLAY("gzip-bomb", play_gzip_bomb),
    PLAY("gzip", play_gzip),
    PLAY("bom", play_bom),
    PLAY("long-header", play_long_header),
    PLAY("many-headers", play_many_headers),
    PLAY("deep", play_deep),
    PLAY("deep-content", play_deep_content),
    PLAY("split-utf8", play_split_utf8),
    PLAY("bad-utf8", play_bad_utf8),
    PLAY("nul", play_nul),
    PLAY("spaces", play_spaces),
    PLAY("blank", play_blank),
    PLAY("wrong-shape", play_wrong_shape),
    PLAY("wrong-types", play_wrong_types),
    PLAY("few", play_few),
    PLAY("many", play_many),
    PLAY("the-anchor", play_the_anchor),
    PLAY("chat", play_chat),
    PLAY("filtered", play_filtered),
    PLAY("truncated", play_truncated),
    PLAY("other-finish", play_other_finish),
    PLAY("odd-finish", play_odd_finish),
    PLAY("null-finish", play_null_finish),
    PLAY("fenced", play_fenced),
    PLAY("thinking", play_thinking),
    PLAY("half-thought", play_half_thought),
    PLAY("closing-tag", play_closing_tag),
    PLAY("reasoning", play_reasoning),
    PLAY("reasoning-content", play_reasoning_content),
    PLAY("parts", play_parts),
    PLAY("refusal", play_refusal),
    PLAY("null-content", play_null_content),
    PLAY("empty-choices", play_empty_choices),
    PLAY("null-choices", play_null_choices),
    PLAY("no-usage", play_no_usage),
    PLAY("cut-prompt", play_cut_prompt),
    PLAY("usage-null", play_usage_null),
    PLAY("usage-floats", play_usage_floats),
    PLAY("usage-strings", play_usage_strings),
    PLAY("usage-renamed", play_usage_renamed),
    PLAY("no-id", play_no_id),
    PLAY("other-model", play_other_model),
    PLAY("two-choices", play_two_choices),
    PLAY("reasons", play_reasons),
    PLAY("cached", play_cached),
    PLAY("other-id", play_other_id),
    PLAY("sse", play_sse),
    PLAY("sse-no-done", play_sse_no_done),
    PLAY("sse-null-finish", play_sse_null_finish),
    PLAY("sse-cut", play_sse_cut),
    PLAY("sse-error", play_sse_error),
    PLAY("sse-spaces", play_sse_spaces),
    PLAY("redirect-301", redirect_301),
    PLAY("redirect-302", redirect_302),
    PLAY("redirect-303", redirect_303),
    PLAY("redirect-307", redirect_307),
    PLAY("redirect-308", redirect_308),
    PLAY("redirect-file", redirect_file),
    PLAY("redirect-loop", redirect_loop),
    PLAY("redirect-host", redirect_host),
    PLAY("redirect-http", redirect_http),
    PLAY("redirect-key", play_redirect_key),
    PLAY("key-echo", play_key_echo),
    PLAY("key-in-answer", play_key_in_answer),
    PLAY("key-pieces", play_key_pieces),
    PLAY("key-part", play_key_part),
    PLAY("key-forms", play_key_forms),
    PLAY("key-escaped", play_key_escaped),
    PLAY("key-events", play_key_events),
    PLAY(NULL, NULL),
};
