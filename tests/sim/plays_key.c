/* The key of a request comes back, as it is and in disguise. */
#include <stdio.h>
#include <string.h>

#include "sim/plays.h"

static const char *key_of(const struct sim_request *r)
{
    return strncmp(r->auth, "Bearer ", 7) == 0 ? r->auth + 7 : r->auth;
}

void play_redirect_key(struct sim_play *p, const struct sim_request *r)
{
    char head[1700];

    snprintf(head, sizeof(head),
             "Location: http://%s@elsewhere.invalid/%s?key=%s\r\n", key_of(r),
             key_of(r), key_of(r));
    put_answer(&p->out, 307, head, "text/plain", span_of("moved"));
}

void play_key_echo(struct sim_play *p, const struct sim_request *r)
{
    char body[2048], head[700];

    snprintf(body, sizeof(body),
             "{\"error\":{\"message\":\"bad header '%s'\",\"type\":"
             "\"server_error\",\"code\":\"%s\"}}",
             r->auth, r->auth);
    snprintf(head, sizeof(head), "X-Your-Key: %s\r\n", r->auth);
    put_answer(&p->out, 500, head, "application/json", span_of(body));
}

/* `form` of the key in a sentence. */
static void say_key(struct sim_play *p, const struct sim_request *r,
                    const char *form)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    putf(&b,
         "{\"positives\":[\"my key is %s\",\"a sentence beside the key\"],"
         "\"negatives\":[\"another one\"]}",
         form);
    play_say(p, r, b.ptr, "stop");
    buf_release(&b);
}

void play_key_in_answer(struct sim_play *p, const struct sim_request *r)
{
    say_key(p, r, r->auth);
}

/* Some bytes at a time: no read has all of the key. */
void play_key_pieces(struct sim_play *p, const struct sim_request *r)
{
    say_key(p, r, r->auth);
    p->piece = 11;
    p->every = 0.002;
}

/* As far as its 20th character, as some say which key was wrong. */
void play_key_part(struct sim_play *p, const struct sim_request *r)
{
    char form[32];

    snprintf(form, sizeof(form), "%.20s", key_of(r));
    say_key(p, r, form);
}

/* Backwards, percent-encoded, and in base64 behind the scheme. */
void play_key_forms(struct sim_play *p, const struct sim_request *r)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    const char *key = key_of(r);
    const unsigned char *a = (const unsigned char *)r->auth;

    for (size_t i = strlen(key); i > 0; i--)
        put_len(&b, key + i - 1, 1);
    put(&b, " and ");
    for (const char *c = key; *c; c++)
        putf(&b, strchr("/+=", *c) ? "%%%02X" : "%c", *c);
    put(&b, " and ");
    for (size_t n = strlen(r->auth); n >= 3; n -= 3, a += 3) {
        unsigned v = a[0] * 65536u + a[1] * 256u + a[2];

        putf(&b, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63],
             digits[v >> 6 & 63], digits[v & 63]);
    }
    say_key(p, r, b.ptr);
    buf_release(&b);
}

/* With \u escapes: of the model's JSON, and of the JSON around that. */
void play_key_escaped(struct sim_play *p, const struct sim_request *r)
{
    struct buf form = BUF_INIT(SIM_OUT_MAX), whole = BUF_INIT(SIM_OUT_MAX);
    struct buf body = BUF_INIT(SIM_OUT_MAX);
    char *at;

    for (const char *c = key_of(r); *c; c++)
        putf(&form, "\\u%04x", *c);
    putf(&whole,
         "{\"positives\":[\"my key is %s\",\"or HERE\"],"
         "\"negatives\":[\"another one\"]}",
         form.ptr);
    play_body(&body, r, whole.ptr, "stop", SIM_WHOLE);
    at = strstr(body.ptr, "HERE");
    buf_reset(&whole);
    put_len(&whole, body.ptr, (size_t)(at - body.ptr));
    put(&whole, form.ptr);
    put(&whole, at + 4);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ whole.ptr, whole.len });
    buf_release(&form);
    buf_release(&whole);
    buf_release(&body);
}

/* Events of five characters each: none has all of the key. */
void play_key_events(struct sim_play *p, const struct sim_request *r)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    putf(&b,
         "{\"positives\":[\"my key is %s\",\"a sentence beside the key\"],"
         "\"negatives\":[\"another one\"]}",
         key_of(r));
    play_events_begin(p);
    for (size_t i = 0; i < b.len; i += 5)
        play_event(&p->out, b.ptr + i, b.len - i < 5 ? b.len - i : 5);
    play_events_end(p, r->body.len / 4, b.len / 4 + 1);
    put(&p->out, "0\r\n\r\n");
    sim_bill(r->key, SIM_WHOLE, r->body.len / 4, b.len / 4 + 1);
    buf_release(&b);
}
