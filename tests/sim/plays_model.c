/* What a model says instead of sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/plays.h"

/* ---- what the model says ---- */

void play_spaces(struct sim_play *p, const struct sim_request *r)
{
    char text[4000];

    memset(text, ' ', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    play_say(p, r, text, "length");
}

void play_blank(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "   ", "stop");
}

void play_wrong_shape(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "{\"weather\":\"fine\"}", "stop");
}

void play_wrong_types(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "{\"positives\":0.5,\"negatives\":[[\"a\"],null,true]}",
             "stop");
}

void play_chat(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "I would love to help you with sentences!", "stop");
}

void play_filtered(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "", "content_filter");
}

void play_few(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    sim_content_as(&b, r, SIM_FEW);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_many(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    sim_content_as(&b, r, SIM_MANY);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_the_anchor(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    sim_content_as(&b, r, SIM_ANCHOR);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_truncated(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    sim_content(&b, r);
    b.ptr[b.len * 2 / 3] = '\0';
    play_say(p, r, b.ptr, "length");
    buf_release(&b);
}

void play_other_finish(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, NULL, "eos");
}

static void wrapped(struct sim_play *p, const struct sim_request *r,
                    const char *before, const char *after)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    put(&b, before);
    sim_content(&b, r);
    put(&b, after);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_fenced(struct sim_play *p, const struct sim_request *r)
{
    wrapped(p, r, "Sure! Here you are:\n```json\n", "\n```\nAnything else?");
}

void play_thinking(struct sim_play *p, const struct sim_request *r)
{
    wrapped(p, r, "<think>Let {me} see [what] \"they\" want</think>\n", "");
}

void play_half_thought(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, "<think>The user wants sentences. Let me", "length");
}

/* An envelope of its own around the usual usage. */
static void envelope(struct sim_play *p, const struct sim_request *r,
                     const char *choices, enum sim_billed how)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    putf(&b,
         "{\"id\":\"x\",\"object\":\"chat.completion\",\"choices\":%s,"
         "\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":3,"
         "\"total_tokens\":%zu}}",
         choices, r->body.len / 4, r->body.len / 4 + 3);
    sim_bill(r->key, how, r->body.len / 4, 3);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}

void play_refusal(struct sim_play *p, const struct sim_request *r)
{
    envelope(p, r,
             "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
             "null,\"refusal\":\"I cannot help with that\"},"
             "\"finish_reason\":\"stop\"}]",
             SIM_WHOLE);
}

void play_null_content(struct sim_play *p, const struct sim_request *r)
{
    envelope(p, r,
             "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
             "null},\"finish_reason\":\"stop\"}]",
             SIM_WHOLE);
}

void play_empty_choices(struct sim_play *p, const struct sim_request *r)
{
    envelope(p, r, "[]", SIM_WASTE);
}

void play_null_choices(struct sim_play *p, const struct sim_request *r)
{
    envelope(p, r, "null", SIM_WASTE);
}

/* Two choices where one was asked for; both are paid. */
void play_two_choices(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX), one = BUF_INIT(SIM_OUT_MAX);
    char *from, *end;

    play_body(&one, r, NULL, "stop", SIM_WHOLE);
    from = strstr(one.ptr, "{\"index\"");
    end = strstr(one.ptr, "],\"usage\"");
    put_len(&b, one.ptr, (size_t)(end - one.ptr));
    put(&b, ",");
    put_len(&b, from, (size_t)(end - from));
    put(&b, end);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&one);
    buf_release(&b);
}

/* An answer with a detail of its usage, "prompt" or "completion". */
static void detailed(struct sim_play *p, const struct sim_request *r,
                     const char *of, const char *name, size_t tokens)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, NULL, "stop", SIM_WHOLE);
    b.len -= 2;
    putf(&b, ",\"%s_tokens_details\":{\"%s_tokens\":%zu}}}", of, name, tokens);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}

void play_reasons(struct sim_play *p, const struct sim_request *r)
{
    detailed(p, r, "completion", "reasoning", 17);
}

/* What a request begins with that the one before it began with as well comes
 * from the cache, as where the provider has one of prefixes. */
void play_cached(struct sim_play *p, const struct sim_request *r)
{
    static struct buf last = BUF_INIT(SIM_OUT_MAX);
    size_t n = 0;

    while (n < last.len && n < r->body.len && last.ptr[n] == r->body.ptr[n])
        n++;
    last.len = 0;
    put_len(&last, r->body.ptr, r->body.len);
    detailed(p, r, "prompt", "cached", n / 4);
}

void play_no_usage(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    char *usage;

    play_body(&b, r, NULL, "stop", SIM_CUT);
    usage = strstr(b.ptr, ",\"usage\"");
    usage[0] = '}';
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, (size_t)(usage + 1 - b.ptr) });
    buf_release(&b);
}

/* Ollama's way with a prompt that is longer than its context. */
void play_cut_prompt(struct sim_play *p, const struct sim_request *r)
{
    struct buf content = BUF_INIT(SIM_OUT_MAX), body = BUF_INIT(SIM_OUT_MAX);
    size_t completion;

    sim_content(&content, r);
    completion = content.len / 4 + 1;
    put_completion(&body, (struct span){ content.ptr, content.len }, "stop",
                   4096 - completion, completion);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ body.ptr, body.len });
    sim_bill(r->key, SIM_WHOLE, 4096 - completion, completion);
    buf_release(&content);
    buf_release(&body);
}

void play_other_id(struct sim_play *p, const struct sim_request *r)
{
    play_say(
        p, r,
        "{\"id\":\"another\",\"positives\":[\"a sentence of another request "
        "altogether\"],\"negatives\":[]}",
        "stop");
}
