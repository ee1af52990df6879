#include "net/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/chat.h"
#include "net/turns.h"

/* A name that ends in * stands for all that begin with it. */
static const struct {
    const char *name;
    enum reply_class class;
} codes[] = {
    { "rate_limit_exceeded", REPLY_THROTTLED },
    { "slow_down", REPLY_THROTTLED },
    { "server_is_overloaded", REPLY_THROTTLED },
    { "overloaded_error", REPLY_THROTTLED },
    { "rate_limit_error", REPLY_THROTTLED },
    { "limit_requests", REPLY_THROTTLED },
    { "limit_burst_rate", REPLY_THROTTLED },
    { "rpm_rate_limit_exceeded", REPLY_THROTTLED },
    { "tpm_rate_limit_exceeded", REPLY_THROTTLED },
    { "336501", REPLY_THROTTLED }, /* requests a minute, in older answers */
    { "336502", REPLY_THROTTLED }, /* tokens */
    { "Throttling*", REPLY_THROTTLED },
    { "ModelServingError", REPLY_THROTTLED },
    { "ModelUnavailable", REPLY_THROTTLED },
    { "RateLimitExceeded*", REPLY_THROTTLED },
    { "ModelAccountRpmRateLimitExceeded", REPLY_THROTTLED },
    { "ModelAccountTpmRateLimitExceeded", REPLY_THROTTLED },
    { "APIAccountRpmRateLimitExceeded", REPLY_THROTTLED },
    { "AccountRateLimitExceeded", REPLY_THROTTLED },
    { "ServerOverloaded", REPLY_THROTTLED },
    { "RequestBurstTooFast", REPLY_THROTTLED },
    { "InflightBatchsizeExceeded", REPLY_THROTTLED },
    { "ContentSecurityDetectionError", REPLY_TRANSIENT },
    { "InvalidEndpoint.ClosedEndpoint", REPLY_TRANSIENT },
    { "insufficient_quota", REPLY_BILLING },
    { "credit_balance_exhausted", REPLY_BILLING },
    { "organization_spend_limit_exceeded", REPLY_BILLING },
    { "organization_usage_limit_exceeded", REPLY_BILLING },
    { "project_spend_limit_exceeded", REPLY_BILLING },
    { "Arrearage", REPLY_BILLING },
    { "AccountOverdueError", REPLY_BILLING },
    { "SetLimitExceeded", REPLY_BILLING },
    { "PrepaidBillOverdue", REPLY_BILLING },
    { "PostpaidBillOverdue", REPLY_BILLING },
    { "CommodityNotPurchased", REPLY_BILLING },
    { "AllocationQuota.FreeTierOnly", REPLY_BILLING },
    { "OperationDenied.ServiceOverdue", REPLY_BILLING },
    { "invalid_api_key", REPLY_AUTH },
    { "AccessDenied*", REPLY_AUTH },
    { "model_not_found", REPLY_CONFIG },
    { "invalid_model", REPLY_CONFIG },
    { "ModelNotOpen", REPLY_CONFIG },
    { "InvalidEndpointOrModel*", REPLY_CONFIG },
    { "content_filter", REPLY_FILTERED },
    { "content_policy_violation", REPLY_FILTERED },
    { "data_inspection_failed", REPLY_FILTERED },
    { "DataInspectionFailed", REPLY_FILTERED },
    { "unsafe_request", REPLY_FILTERED },
    { "InputTextRiskDetection", REPLY_FILTERED },
    { "OutputTextRiskDetection", REPLY_FILTERED },
    { "SensitiveContentDetected*", REPLY_FILTERED },
    { "InputTextSensitiveContentDetected*", REPLY_FILTERED },
    { "OutputTextSensitiveContentDetected*", REPLY_FILTERED },
};

/* REPLY_ANSWER stands for "says nothing". */
static enum reply_class by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        size_t n = strlen(codes[i].name);
        bool same = codes[i].name[n - 1] == '*'
                        ? strncmp(name, codes[i].name, n - 1) == 0
                        : strcmp(name, codes[i].name) == 0;

        if (same)
            return codes[i].class;
    }
    return REPLY_ANSWER;
}

static enum reply_class by_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return REPLY_AUTH;
    case 402:
        return REPLY_BILLING;
    case 404:
    case 405:
        return REPLY_CONFIG;
    case 429:
    case 503:
    case 529:
        return REPLY_THROTTLED;
    case 408:
    case 409:
    case 425:
        return REPLY_TRANSIENT;
    default:
        break;
    }
    if (status >= 300 && status < 400)
        return REPLY_MOVED;
    return status >= 400 && status < 500 ? REPLY_BAD_INPUT : REPLY_TRANSIENT;
}

bool reply_class_of(enum reply_class *class, const char *name)
{
    static const struct {
        const char *name;
        enum reply_class class;
    } row[] = {
        { "filtered", REPLY_FILTERED },   { "bad-input", REPLY_BAD_INPUT },
        { "throttled", REPLY_THROTTLED }, { "transient", REPLY_TRANSIENT },
        { "billing", REPLY_BILLING },     { "auth", REPLY_AUTH },
        { "config", REPLY_CONFIG },       { "paused", REPLY_PAUSED },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (strcmp(row[i].name, name) == 0) {
            *class = row[i].class;
            return true;
        }
    return false;
}

bool reply_is_throttle(enum reply_class class)
{
    return class == REPLY_THROTTLED || class == REPLY_PAUSED;
}

/* What the body of an error says. */
struct said {
    char code[64], type[64], param[64], message[REPLY_CODE];
};

/* Does a key of the profile's table mean this error? How exactly: 3 for code
 * and message, 2 for the code, 1 for the status, 0 for no. */
static int matches(const char *key, long status, const struct said *e)
{
    size_t n = strcspn(key, ":");
    const char *begin = key + n + (key[n] == ':');
    char digits[32];

    begin += strspn(begin, " ");
    snprintf(digits, sizeof(digits), "%ld", status);
    if (strcmp(key, digits) == 0)
        return 1;
    if (n == 0 || ((strlen(e->code) != n || memcmp(key, e->code, n) != 0) &&
                   (strlen(e->type) != n || memcmp(key, e->type, n) != 0)))
        return 0;
    if (key[n] != ':')
        return 2;
    return strncmp(e->message, begin, strlen(begin)) == 0 ? 3 : 0;
}

static enum reply_class by_profile(const struct json_node *errors, long status,
                                   const struct said *e)
{
    enum reply_class class = REPLY_ANSWER;
    const struct json_node *c = json_first(errors);
    int best = 0;

    for (; c; c = json_next(c)) {
        int m = matches(json_key(c), status, e);

        if (m > best && reply_class_of(&class, json_str(c, "")))
            best = m;
    }
    return class;
}

/* A string, or a number as one. */
static void copy_code(char *out, size_t size, const struct json_node *n)
{
    double v = json_num(n, 0.0);

    if (v >= 1.0 && v < 1e9)
        snprintf(out, size, "%.0f", v);
    else
        snprintf(out, size, "%s", json_str(n, ""));
}

static void read_error(struct said *e, const char *body, size_t len)
{
    struct err none = ERR_INIT;
    struct json *doc;
    const struct json_node *root, *error, *code, *text;

    memset(e, 0, sizeof(*e));
    if (json_parse(&doc, "answer", body, len, JSON_STRICT, &none) < 0)
        return;
    root = json_root(doc);
    if (json_type(root) == JSON_ARRAY)
        root = json_first(root);
    error = json_get(root, "error");
    if (json_type(error) != JSON_OBJECT)
        error = root;
    code = json_get(error, "code");
    text = json_get(error, "message");
    text = text ? text : json_get(error, "error_msg");
    copy_code(e->code, sizeof(e->code),
              code ? code : json_get(error, "error_code"));
    copy_code(e->type, sizeof(e->type), json_get(error, "type"));
    copy_code(e->param, sizeof(e->param), json_get(error, "param"));
    snprintf(e->message, sizeof(e->message), "%s",
             json_str(text ? text : json_get(error, "msg"), ""));
    json_free(doc);
}

/* An error that came with status 200 may have the real one as its code. */
static long status_of(long status, const struct said *e)
{
    long code = strtol(e->code, NULL, 10);

    return status == 200 && code >= 400 && code < 600 ? code : status;
}

static bool is_completion(const char *body, size_t len, struct reply_said *said)
{
    struct err none = ERR_INIT;
    struct turns first = TURNS_INIT;
    struct chat_answer a;
    bool ok = false;

    if (chat_read(&a, body, len, &none) == 0) {
        ok = a.status != CHAT_ERROR;
        said->usage = a.usage;
        said->complete =
            turns_after(&first, &a) == TURNS_USE && first.salvage < 0;
        memcpy(said->model, a.model, sizeof(said->model));
        chat_answer_release(&a);
    }
    return ok;
}

enum reply_class reply_read(const struct json_node *errors, long status,
                            const char *body, size_t len,
                            struct reply_said *said)
{
    enum reply_class class;
    struct said e;

    *said = (struct reply_said){ .usage = CHAT_USAGE_INIT };
    if (status == 0)
        return REPLY_TRANSIENT;
    if (status == 200 && is_completion(body, len, said))
        return REPLY_ANSWER;
    read_error(&e, body, len);
    snprintf(said->code, sizeof(said->code), "%s",
             e.code[0]   ? e.code
             : e.type[0] ? e.type
                         : e.message);
    snprintf(said->param, sizeof(said->param), "%s", e.param);
    class = by_profile(errors, status, &e);
    if (class == REPLY_ANSWER)
        class = by_name(e.code);
    if (class == REPLY_ANSWER)
        class = by_name(e.type);
    return class == REPLY_ANSWER ? by_status(status_of(status, &e)) : class;
}

enum reply_class reply_class(const struct json_node *errors, long status,
                             const char *body, size_t len,
                             char code[REPLY_CODE])
{
    struct reply_said said;
    enum reply_class class = reply_read(errors, status, body, len, &said);

    memcpy(code, said.code, sizeof(said.code));
    return class;
}
