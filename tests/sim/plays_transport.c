/* Faults of time, of broken transfers, of too much, and of odd bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/plays.h"

static const char ok_head[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                              "application/json\r\n";
static const char events_head[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                                  "text/event-stream\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";

/* A body that is not what play_say() makes, billed or not. */
static void raw(struct sim_play *p, const struct sim_request *r,
                const char *body, size_t len, bool billed)
{
    if (billed)
        sim_bill(r->key, SIM_CUT, r->body.len / 4, 10);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ body, len });
}

/* ---- time ---- */

void play_silence(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    play_end(p, SIM_HANG);
}

void play_slow_header(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, NULL, "stop", SIM_CUT);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    p->piece = 1;
    p->every = 1.0;
    buf_release(&b);
}

void play_slow_body(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    put(&p->out, ok_head);
    put(&p->out, "Content-Length: 5000\r\n\r\n{\"id\":\"");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
    p->piece = 1;
    p->every = 1.0;
    play_fill(p, "a", 1, 5000);
    play_end(p, SIM_HANG);
}

/* A whole answer, in pieces of a few bytes. */
void play_pieces(struct sim_play *p, const struct sim_request *r)
{
    play_say(p, r, NULL, "stop");
    p->piece = 97;
    p->every = 0.01;
}

void play_keep_alive(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    put(&p->out, ok_head);
    put(&p->out, "Transfer-Encoding: chunked\r\n\r\n");
    p->piece = 6;
    p->every = 0.2;
    play_fill(p, "1\r\n\n\r\n", 6, UINT64_MAX);
}

void play_sse_keep_alive(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    put(&p->out, events_head);
    p->piece = 20;
    p->every = 0.2;
    play_fill(p, "e\r\n: keep-alive\n\n\r\n", 19, UINT64_MAX);
}

/* Blank lines first, as a queue sends them, then the answer. */
void play_queued(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    put(&b, "\n\n\n\n\n\n\n\n");
    play_body(&b, r, NULL, "stop", SIM_WHOLE);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ b.ptr, b.len });
    buf_release(&b);
}

/* ---- broken transfers ---- */

/* share of a whole answer goes out, then the end. */
static void cut_at(struct sim_play *p, const struct sim_request *r,
                   const char *head, double share, enum sim_ending ending)
{
    bool chunked = strstr(head, "chunked");
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, NULL, "stop", strstr(head, ": 10") ? SIM_WHOLE : SIM_CUT);
    put(&p->out, ok_head);
    put(&p->out, head);
    putf(&p->out, chunked ? "%zx\r\n" : "%zu\r\n\r\n", b.len);
    put_len(&p->out, b.ptr, (size_t)((double)b.len * share));
    play_end(p, ending);
    buf_release(&b);
}

void play_cut_length(struct sim_play *p, const struct sim_request *r)
{
    cut_at(p, r, "Content-Length: ", 0.6, SIM_CLOSE);
}

void play_cut_chunk(struct sim_play *p, const struct sim_request *r)
{
    cut_at(p, r, "Transfer-Encoding: chunked\r\n\r\n", 0.6, SIM_CLOSE);
}

void play_reset(struct sim_play *p, const struct sim_request *r)
{
    cut_at(p, r, "Content-Length: ", 0.5, SIM_RESET);
}

void play_hang(struct sim_play *p, const struct sim_request *r)
{
    cut_at(p, r, "Content-Length: ", 0.5, SIM_HANG);
}

void play_bad_chunk(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    put(&p->out, ok_head);
    put(&p->out, "Transfer-Encoding: chunked\r\n\r\nzzzz\r\n{\"id\":1}\r\n");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
    play_end(p, SIM_CLOSE);
}

/* The chunk goes on behind its length. */
void play_wrong_chunk(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r, NULL, "stop", SIM_CUT);
    put(&p->out, ok_head);
    putf(&p->out, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", b.len / 2);
    put_len(&p->out, b.ptr, b.len);
    put(&p->out, "\r\n0\r\n\r\n");
    play_end(p, SIM_CLOSE);
    buf_release(&b);
}

void play_two_lengths(struct sim_play *p, const struct sim_request *r)
{
    /* of two lengths libcurl takes the last, so the answer arrives; it shall
     * not send the next request here before it hears of the end */
    cut_at(p, r,
           "Content-Length: 10\r\nConnection: close\r\nContent-Length: ", 1.0,
           SIM_CLOSE);
}

void play_negative_length(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    put(&p->out, ok_head);
    put(&p->out, "Content-Length: -5\r\n\r\n{}");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
    play_end(p, SIM_CLOSE);
}

void play_short_length(struct sim_play *p, const struct sim_request *r)
{
    cut_at(p, r, "Content-Length: 40\r\nX-Length: ", 1.0, SIM_CLOSE);
}

void play_reset_at_once(struct sim_play *p, const struct sim_request *r)
{
    (void)r;
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 0);
    play_end(p, SIM_RESET);
}

void play_twice(struct sim_play *p, const struct sim_request *r)
{
    struct buf once = BUF_INIT(SIM_OUT_MAX);

    play_say(p, r, NULL, "stop");
    put_len(&once, p->out.ptr, p->out.len);
    put_len(&p->out, once.ptr, once.len);
    buf_release(&once);
}

/* ---- too much ---- */

void play_huge(struct sim_play *p, const struct sim_request *r)
{
    static char blank[65536];

    memset(blank, ' ', sizeof(blank));
    put(&p->out, ok_head);
    put(&p->out, "Content-Length: 4294967296\r\n\r\n");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
    play_fill(p, blank, sizeof(blank), UINT64_C(4294967296));
}

/* Eight copies of 258 bytes from one byte back fill 13 bytes of deflate with
 * fixed codes, so a bomb of any size is one pattern repeated. */
void play_gzip_bomb(struct sim_play *p, const struct sim_request *r)
{
    static unsigned char pattern[13],
        start[12] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
    unsigned at = 3; /* bits of start[10..], after the block's header */

    /* final block, fixed codes; the literal 'a' is 0x91, high bit first */
    start[10] = 3;
    start[11] = 0;
    for (int k = 7; k >= 0; k--, at++)
        start[10 + at / 8] |= (unsigned char)((0x91 >> k & 1) << at % 8);
    /* eight times: length 258 is 11000101, distance 1 is 00000; the pattern
     * begins at bit 3 of a byte, so the first byte's low bits close it */
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < 8; k++) {
            unsigned bit = (3 + 13 * i + k) % 104;

            if (0xC5 >> (7 - k) & 1)
                pattern[bit / 8] |= (unsigned char)(1u << bit % 8);
        }
    start[11] |= pattern[0] & 0xF8;
    put(&p->out, ok_head);
    put(&p->out, "Content-Encoding: gzip\r\nContent-Length: 100000011\r\n\r\n");
    put_len(&p->out, start, 12);
    p->filler_at = 1;
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
    play_fill(p, (const char *)pattern, 13, 100000000);
}

void play_long_header(struct sim_play *p, const struct sim_request *r)
{
    static char line[1 << 20];

    memset(line, 'h', sizeof(line));
    put(&p->out, ok_head);
    put(&p->out, "X-Long: ");
    put_len(&p->out, line, sizeof(line));
    put(&p->out, "\r\nContent-Length: 2\r\n\r\n{}");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
}

void play_many_headers(struct sim_play *p, const struct sim_request *r)
{
    put(&p->out, ok_head);
    for (int i = 0; i < 10000; i++)
        putf(&p->out, "X-Header-%d: %d of ten thousand header lines\r\n", i, i);
    put(&p->out, "Content-Length: 2\r\n\r\n{}");
    sim_bill(r->key, SIM_CUT, r->body.len / 4, 1);
}

void play_deep(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    for (int i = 0; i < 100000; i++)
        put(&b, "[");
    raw(p, r, b.ptr, b.len, true);
    buf_release(&b);
}

void play_deep_content(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    for (int i = 0; i < 100000; i++)
        put(&b, "[");
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

/* ---- odd bytes ---- */

void play_split_utf8(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    play_body(&b, r,
              "{\"positives\":[\"怎么退货\",\"如何退货呢\"],"
              "\"negatives\":[{\"text\":\"怎么换货\",\"kind\":\"entity\"},"
              "\"不能退货吗\"]}",
              "stop", SIM_WHOLE);
    put(&p->out, ok_head);
    put(&p->out, "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < b.len; i++) {
        put(&p->out, "1\r\n");
        put_len(&p->out, b.ptr + i, 1);
        put(&p->out, "\r\n");
    }
    put(&p->out, "0\r\n\r\n");
    p->piece = 500;
    p->every = 0.002;
    buf_release(&b);
}

/* A byte in the middle of the content is another one. */
static void spoil(struct sim_play *p, const struct sim_request *r, char with)
{
    char *at;

    play_say(p, r, NULL, "stop");
    at = memmem(p->out.ptr, p->out.len, "positives", 9);
    if (at && at + 20 < p->out.ptr + p->out.len)
        at[16] = with;
}

void play_bad_utf8(struct sim_play *p, const struct sim_request *r)
{
    spoil(p, r, (char)0xFF);
}

void play_nul(struct sim_play *p, const struct sim_request *r)
{
    spoil(p, r, '\0');
}
