/* What providers say when they refuse, and who gets to hear it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sim/plays.h"

#define ERROR(code, type, message) \
    "{\"error\":{\"message\":\"" message "\",\"type\":\"" type \
    "\",\"param\":null,\"code\":\"" code "\"}}"
#define LIMITED ERROR("rate_limit_exceeded", "requests", "Rate limit reached")
#define DASH_QUOTA \
    ERROR("insufficient_quota", "insufficient_quota", \
          "You exceeded your current quota, check your plan and billing")

static const struct sim_fault said[] = {
    { "429", 429, "", LIMITED, NULL },
    { "429-seconds", 429, "Retry-After: 1\r\n", LIMITED, NULL },
    { "429-float", 429, "Retry-After: 0.25\r\n", LIMITED, NULL },
    { "429-ms", 429, "retry-after-ms: 200\r\n", LIMITED, NULL },
    { "429-negative", 429, "Retry-After: -7\r\n", LIMITED, NULL },
    { "429-absurd", 429, "Retry-After: 1000000000\r\n", LIMITED, NULL },
    { "429-past", 429, "Retry-After: Mon, 23 Nov 2020 01:00:00 GMT\r\n",
      LIMITED, NULL },
    { "429-words", 429, "Retry-After: soon\r\n", LIMITED, NULL },
    { "429-reset", 429,
      "x-ratelimit-remaining-requests: 0\r\n"
      "x-ratelimit-reset-requests: 120ms\r\n",
      LIMITED, NULL },
    { "429-plain", 429, "", "<html>Too Many Requests</html>", NULL },
    { "slow-down", 429, "", ERROR("slow_down", "requests", "Slow down"), NULL },
    { "overloaded", 503, "",
      ERROR("server_is_overloaded", "server_error", "Busy"), NULL },
    { "quota", 429, "", DASH_QUOTA, NULL },
    { "spend-limit", 429, "",
      ERROR("project_spend_limit_exceeded", "insufficient_quota", "Spent"),
      NULL },
    { "402", 402, "", ERROR("", "unknown_error", "Insufficient Balance"),
      NULL },
    { "arrearage", 400, "", ERROR("Arrearage", "Arrearage", "Overdue"), NULL },
    { "free-tier", 403, "",
      ERROR("AllocationQuota.FreeTierOnly", "", "Free tier used up"), NULL },
    { "dash-rate", 429, "",
      "{\"request_id\":\"1\",\"code\":\"Throttling.RateQuota\","
      "\"message\":\"Requests rate limit exceeded\"}",
      NULL },
    { "dash-burst", 429, "",
      ERROR("limit_burst_rate", "limit_burst_rate",
            "Request rate increased too quickly"),
      NULL },
    { "ark-overdue", 403, "",
      ERROR("AccountOverdueError", "Forbidden", "Overdue"), NULL },
    { "ark-set-limit", 429, "",
      ERROR("SetLimitExceeded", "TooManyRequests", "Your own limit"), NULL },
    { "ark-rpm", 429, "",
      ERROR("RateLimitExceeded.EndpointRPMExceeded", "TooManyRequests", "RPM"),
      NULL },
    { "ark-filter", 400, "",
      ERROR("OutputTextRiskDetection", "BadRequest", "Risk"), NULL },
    { "ark-filter-broke", 400, "",
      ERROR("ContentSecurityDetectionError", "BadRequest", "Filter failed"),
      NULL },
    { "qianfan-200", 200, "",
      "{\"code\":\"336502\",\"msg\":\"tpm limit reached\"}", NULL },
    { "qianfan-v1", 200, "",
      "{\"error_code\":336501,\"error_msg\":\"rpm limit reached\"}", NULL },
    { "qianfan-rpm", 429, "",
      "{\"error\":{\"code\":\"rpm_rate_limit_exceeded\",\"message\":\"rpm\","
      "\"type\":\"rate_limit\"},\"id\":\"as-1\"}",
      NULL },
    { "filter", 400, "",
      ERROR("data_inspection_failed", "data_inspection_failed", "Refused"),
      NULL },
    { "too-long", 400, "",
      ERROR("context_length_exceeded", "invalid_request_error", "Too long"),
      NULL },
    { "413", 413, "", "<html>Request Entity Too Large</html>", NULL },
    { "401", 401, "", ERROR("invalid_api_key", "auth", "Wrong key"), NULL },
    { "404", 404, "", ERROR("model_not_found", "model", "No such model"),
      NULL },
    { "408", 408, "", "", NULL },
    { "409", 409, "", ERROR("conflict", "conflict", "Again"), NULL },
    { "500", 500, "", ERROR("internal_error", "server_error", "Oops"), NULL },
    { "502", 502, "", "<html><h1>502 Bad Gateway</h1></html>", NULL },
    { "503", 503, "", "", NULL },
    { "504", 504, "", "<html>Gateway Time-out</html>", NULL },
    { "529", 529, "", ERROR("overloaded_error", "overloaded_error", "Busy"),
      NULL },
    { "html", 200, "", "<!doctype html><html>Please log in</html>", NULL },
    { "empty", 200, "", "", NULL },
    { "200-error", 200, "",
      ERROR("internal_error", "server_error", "Not in the mood"), NULL },
    { "proxy-error", 200, "",
      "{\"object\":\"error\",\"message\":\"no worker\",\"code\":503}", NULL },
};
enum { SAID = sizeof(said) / sizeof(said[0]) };

/* What the command line says. */
static const struct sim_fault *said_there(void)
{
    static struct sim_fault f = { "said", 0, "", NULL, NULL };
    char *body;

    f.status = (int)strtol(sim_opt.said, &body, 10);
    f.body = body + strspn(body, " ");
    return &f;
}

const struct sim_fault *sim_fault(const char *name)
{
    if (strcmp(name, "said") == 0)
        return said_there();
    for (int i = 0; i < SAID; i++)
        if (strcmp(said[i].name, name) == 0)
            return &said[i];
    for (const struct sim_fault *f = sim_plays; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

void sim_fault_names(void)
{
    for (int i = 0; i < SAID; i++)
        puts(said[i].name);
    for (const struct sim_fault *f = sim_plays; f->name; f++)
        puts(f->name);
}

/* A number in [0, 1) for this request. Its key depends on the port, which is
 * another one each time; its body does not. */
static double draw(const struct sim_request *r)
{
    uint64_t h = hash64(r->body.ptr, r->body.len, sim_opt.seed + r->seen);

    return (double)(h >> 11) / 9007199254740992.0;
}

static const struct sim_fault *drawn(const struct sim_request *r)
{
    const char *p = sim_opt.faults;
    double x = draw(r);

    while (*p) {
        size_t n = strcspn(p, "=");
        char name[64];
        char *end;

        snprintf(name, sizeof(name), "%.*s", (int)n, p);
        x -= strtod(p + n + (p[n] == '='), &end);
        if (x < 0.0)
            return sim_fault(name);
        p = *end == ',' ? end + 1 : end;
    }
    return NULL;
}

const struct sim_fault *sim_fate(const struct sim_request *r)
{
    static double until;

    if (sim_opt.storm && sim_requests() % sim_opt.storm == 0)
        until = sim_now() + 1e-3 * sim_opt.storm_len;
    if (sim_now() < until)
        return sim_fault("429-float");
    if (sim_opt.always[0])
        return r->seen < sim_opt.times ? sim_fault(sim_opt.always) : NULL;
    return drawn(r);
}

/* ---- an answer ---- */

static void refuse(struct sim_play *p, const struct sim_fault *f)
{
    if (f->status == 429)
        sim_count_throttled();
    put_answer(&p->out, f->status, f->head,
               f->body[0] == '<' ? "text/html" : "application/json",
               span_of(f->body));
}

static void serve(struct sim_play *p, const struct sim_request *r)
{
    struct buf content = BUF_INIT(SIM_OUT_MAX), body = BUF_INIT(SIM_OUT_MAX);
    size_t prompt, completion;

    sim_content(&content, r);
    prompt = r->body.len / 4;
    completion = content.len / 4 + 1;
    put_completion(&body, (struct span){ content.ptr, content.len }, "stop",
                   prompt, completion);
    put_answer(&p->out, 200, "", "application/json",
               (struct span){ body.ptr, body.len });
    sim_bill(r->key, SIM_WHOLE, prompt, completion);
    buf_release(&content);
    buf_release(&body);
}

/* What it does not take: a member of the request, which it names or not. */
static bool refuse_member(struct sim_play *p, const struct sim_request *r)
{
    for (const char *s = sim_opt.refuse; *s; s += *s == '|') {
        const char *text = strchr(s, '@') + 1;
        size_t n = strcspn(text, "|");

        if (memmem(r->body.ptr, r->body.len, text, n)) {
            struct buf b = BUF_INIT(SIM_OUT_MAX);

            putf(&b,
                 "{\"error\":{\"message\":\"not supported\",\"type\":"
                 "\"invalid_request_error\",\"param\":\"%.*s\",\"code\":"
                 "\"unsupported_parameter\"}}",
                 (int)(text - 1 - s), s);
            put_answer(&p->out, 400, "", "application/json",
                       (struct span){ b.ptr, b.len });
            buf_release(&b);
            return true;
        }
        s = text + n;
    }
    return false;
}

void sim_answer(struct sim_play *p, const struct sim_request *r,
                const struct sim_fault *f)
{
    if (refuse_member(p, r))
        return;
    if (!f && memmem(r->body.ptr, r->body.len, "\"stream\":true", 13))
        play_sse(p, r);
    else if (!f)
        serve(p, r);
    else if (f->play)
        f->play(p, r);
    else
        refuse(p, f);
}
