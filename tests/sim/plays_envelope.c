/* Answers that are as they should be, in other shapes than the documented. */
#include <stdio.h>
#include <string.h>

#include "base/zip.h"
#include "sim/plays.h"

/* ---- the transfer ---- */

static void put_le(struct buf *b, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8)
        put_len(b, &(char){ (char)(v & 255) }, 1);
}

/* One stored block of deflate. */
void play_gzip(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX), zip = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, NULL, "stop", SIM_WHOLE);
    put_len(&zip, "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01", 11);
    put_le(&zip, (uint32_t)b.len, 2);
    put_le(&zip, ~(uint32_t)b.len, 2);
    put_len(&zip, b.ptr, b.len);
    put_le(&zip, zip_crc32(0, b.ptr, b.len), 4);
    put_le(&zip, (uint32_t)b.len, 4);
    put_answer(&p->out, 200, "Content-Encoding: gzip\r\n", "application/json",
               (struct span){ zip.ptr, zip.len });
    buf_release(&b);
    buf_release(&zip);
}

/* The usual answer with something before it. */
void play_bom(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    put(&b, "\xEF\xBB\xBF");
    play_body(&b, r, NULL, "stop", SIM_WHOLE);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}

/* ---- the envelope ---- */

/* The usual answer, but from `from` to `to`, which stays, stands `with`. */
static void swapped(struct sim_play *p, const struct sim_request *r,
                    const char *from, const char *to, const char *with)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX), out = BUF_INIT(SIM_OUT_MAX);
    const char *begin, *end;

    play_body(&b, r, NULL, "stop", SIM_WHOLE);
    begin = strstr(b.ptr, from);
    end = strstr(begin, to);
    put_len(&out, b.ptr, (size_t)(begin - b.ptr));
    put(&out, with);
    put(&out, end);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ out.ptr, out.len });
    buf_release(&b);
    buf_release(&out);
}

void play_no_id(struct sim_play *p, const struct sim_request *r)
{
    swapped(p, r, "\"id\":", "\"object\":", "");
}

void play_other_model(struct sim_play *p, const struct sim_request *r)
{
    swapped(p, r, "\"model\":", ",\"choices\"", "\"model\":\"sim-2\"");
}

/* The content in the member that is named, and as a list of parts. */
static void elsewhere(struct sim_play *p, const struct sim_request *r,
                      const char *member, bool parts)
{
    struct buf text = BUF_INIT(SIM_OUT_MAX), b = BUF_INIT(SIM_OUT_MAX);
    size_t half;

    sim_content(&text, r);
    half = text.len / 3;
    putf(&b, "%s:", member);
    if (parts) {
        put(&b, "[{\"type\":\"text\",\"text\":");
        put_json_str(&b, text.ptr, half);
        put(&b, "},{\"type\":\"text\",\"text\":");
        put_json_str(&b, text.ptr + half, text.len - half);
        put(&b, "}]");
    } else {
        put_json_str(&b, text.ptr, text.len);
    }
    swapped(p, r, "\"content\":", "},\"finish_reason\"", b.ptr);
    buf_release(&text);
    buf_release(&b);
}

void play_parts(struct sim_play *p, const struct sim_request *r)
{
    elsewhere(p, r, "\"content\"", true);
}

void play_reasoning(struct sim_play *p, const struct sim_request *r)
{
    elsewhere(p, r, "\"content\":null,\"reasoning\"", false);
}

void play_reasoning_content(struct sim_play *p, const struct sim_request *r)
{
    elsewhere(p, r, "\"content\":\"\",\"reasoning_content\"", false);
}

void play_closing_tag(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    put(&b, "They want {five} of each.\n</think>\n");
    sim_content(&b, r);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_odd_finish(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, NULL, "because");
}

void play_null_finish(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, NULL, NULL);
}

/* ---- the usage ---- */

/* What stands before the tokens of the prompt, before those of the answer, and
 * after each. */
static void usage(struct sim_play *p, const struct sim_request *r,
                  const char *in, const char *out, const char *more)
{
    struct buf text = BUF_INIT(SIM_OUT_MAX);
    char with[200];

    sim_content(&text, r);
    snprintf(with, sizeof(with), ",\"usage\":{%s%zu%s,%s%zu%s", in,
             r->body.len / 4, more, out, text.len / 4 + 1, more);
    swapped(p, r, ",\"usage\":", "}", with);
    buf_release(&text);
}

void play_usage_floats(struct sim_play *p, const struct sim_request *r)
{
    usage(p, r, "\"prompt_tokens\":", "\"completion_tokens\":", ".0");
}

void play_usage_strings(struct sim_play *p, const struct sim_request *r)
{
    usage(p, r, "\"prompt_tokens\":\"", "\"completion_tokens\":\"", "\"");
}

void play_usage_renamed(struct sim_play *p, const struct sim_request *r)
{
    usage(p, r, "\"input_tokens\":", "\"output_tokens\":", "");
}

void play_usage_null(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    char *at;

    play_body(&b, r, NULL, "stop", SIM_CUT);
    at = strstr(b.ptr, "\"usage\":") + 8;
    b.len = (size_t)(at - b.ptr);
    put(&b, "null}");
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}
