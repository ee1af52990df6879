#include "net/reply.h"

#include <stdio.h>
#include <string.h>

#include "net/chat.h"

/* A name that ends in * stands for all that begin with it. */
static const struct {
    const char *name;
    enum reply_class class;
} codes[] = {
    { "rate_limit_exceeded", REPLY_THROTTLED },
    { "slow_down", REPLY_THROTTLED },
    { "server_is_overloaded", REPLY_THROTTLED },
    { "overloaded_error", REPLY_THROTTLED },
    { "limit_requests", REPLY_THROTTLED },
    { "limit_burst_rate", REPLY_THROTTLED },
    { "rpm_rate_limit_exceeded", REPLY_THROTTLED },
    { "tpm_rate_limit_exceeded", REPLY_THROTTLED },
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
    { "invalid_api_key", REPLY_AUTH },
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

/* What the body of an error says: a class, or REPLY_ANSWER for nothing. A
 * number as its code is a HTTP status. */
static enum reply_class read_error(const char *body, size_t len, long *status,
                                   char code[REPLY_CODE])
{
    struct err none = ERR_INIT;
    struct json *doc;
    const struct json_node *error;
    enum reply_class class;
    const char *name, *type;
    double number;

    if (json_parse(&doc, "answer", body, len, JSON_STRICT, &none) < 0)
        return REPLY_ANSWER;
    error = json_get(json_root(doc), "error");
    if (json_type(error) != JSON_OBJECT)
        error = json_root(doc);
    name = json_str(json_get(error, "code"), "");
    type = json_str(json_get(error, "type"), "");
    number = json_num(json_get(error, "code"), 0.0);
    if (number >= 400.0 && number < 600.0 && *status == 200)
        *status = (long)number;
    snprintf(code, REPLY_CODE, "%s",
             name[0]   ? name
             : type[0] ? type
                       : json_str(json_get(error, "message"), ""));
    class = by_name(name);
    if (class == REPLY_ANSWER)
        class = by_name(type);
    json_free(doc);
    return class;
}

static bool is_completion(const char *body, size_t len)
{
    struct err none = ERR_INIT;
    struct chat_answer a;
    bool ok = false;

    if (chat_read(&a, body, len, &none) == 0) {
        ok = a.status != CHAT_ERROR;
        chat_answer_release(&a);
    }
    return ok;
}

enum reply_class reply_class(long status, const char *body, size_t len,
                             char code[REPLY_CODE])
{
    enum reply_class class;

    code[0] = '\0';
    if (status == 0)
        return REPLY_TRANSIENT;
    if (status == 200 && is_completion(body, len))
        return REPLY_ANSWER;
    class = read_error(body, len, &status, code);
    return class == REPLY_ANSWER ? by_status(status) : class;
}
