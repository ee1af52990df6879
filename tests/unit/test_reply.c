#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "net/provider.h"
#include "net/reply.h"

#define DONE "{\"choices\":[{\"message\":{\"content\":\"hello\"}}]}"
#define ERROR(type, code, message) \
    "{\"error\":{\"message\":\"" message "\",\"type\":\"" type \
    "\",\"param\":null,\"code\":\"" code "\"}}"
#define CODE(code) ERROR("x", code, "m")

static const char *name_of(enum reply_class c)
{
    switch (c) {
    case REPLY_ANSWER:
        return "answer";
    case REPLY_FILTERED:
        return "filtered";
    case REPLY_BAD_INPUT:
        return "bad-input";
    case REPLY_THROTTLED:
        return "throttled";
    case REPLY_PAUSED:
        return "paused";
    case REPLY_TRANSIENT:
        return "transient";
    case REPLY_BILLING:
        return "billing";
    case REPLY_AUTH:
        return "auth";
    case REPLY_MOVED:
        return "moved";
    case REPLY_CONFIG:
        return "config";
    }
    return "?";
}

struct row {
    long status;
    const char *body, *class, *code;
};

static void assert_classes(const struct json_node *errors,
                           const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char code[REPLY_CODE];
        const char *got = name_of(reply_class(
            errors, row[i].status, row[i].body, strlen(row[i].body), code));

        if (strcmp(got, row[i].class) != 0)
            fail_msg("%ld %s: %s, expected %s", row[i].status, row[i].body, got,
                     row[i].class);
        assert_string_equal(code, row[i].code);
    }
}
#define ASSERT_CLASSES(errors, row) \
    assert_classes(errors, row, sizeof(row) / sizeof(row[0]))

/* The same with the "errors" of a profile in samples/. */
static void assert_profile(const char *path, const struct row *row, size_t n)
{
    struct err err = ERR_INIT;
    struct provider p;

    assert_ok(provider_load(&p, path, &err), &err);
    assert_classes(p.errors, row, n);
    provider_release(&p);
}
#define ASSERT_PROFILE(path, row) \
    assert_profile(path, row, sizeof(row) / sizeof(row[0]))

static void without_a_code_the_status_decides(void **state)
{
    static const struct row row[] = {
        { 0, "", "transient", "" },
        { 200, DONE, "answer", "" },
        { 200, "", "transient", "" },
        { 200, "<html></html>", "transient", "" },
        { 200, "{\"choices\":[]}", "transient", "" },
        { 200, "{\"choices\":null}", "transient", "" },
        { 200, "[]", "transient", "" },
        { 204, "", "transient", "" },
        { 301, "", "moved", "" },
        { 302, "", "moved", "" },
        { 303, "", "moved", "" },
        { 307, DONE, "moved", "" },
        { 308, "", "moved", "" },
        { 400, "", "bad-input", "" },
        { 401, "", "auth", "" },
        { 402, "", "billing", "" },
        { 403, "", "auth", "" },
        { 404, "<html></html>", "config", "" },
        { 405, "", "config", "" },
        { 408, "", "transient", "" },
        { 409, "", "transient", "" },
        { 413, "", "bad-input", "" },
        { 418, "", "bad-input", "" },
        { 422, "", "bad-input", "" },
        { 425, "", "transient", "" },
        { 429, "", "throttled", "" },
        { 429, "[1,2", "throttled", "" },
        { 500, "", "transient", "" },
        { 500, DONE, "transient", "" },
        { 502, "<html></html>", "transient", "" },
        { 503, "", "throttled", "" },
        { 504, "", "transient", "" },
        { 524, "", "transient", "" },
        { 529, "", "throttled", "" },
    };

    (void)state;
    ASSERT_CLASSES(NULL, row);
}

static void words_in_a_message_decide_nothing(void **state)
{
    static const struct row row[] = {
        { 400,
          ERROR("invalid_request_error", "",
                "rate limit of temperature exceeded, check quota"),
          "bad-input", "invalid_request_error" },
        { 429, ERROR("", "", "You exceeded your current quota"), "throttled",
          "You exceeded your current quota" },
        { 400, "{\"error\":\"insufficient_quota\"}", "bad-input", "" },
        { 400, CODE("my_insufficient_quota"), "bad-input",
          "my_insufficient_quota" },
        { 400, CODE("insufficient_quota_x"), "bad-input",
          "insufficient_quota_x" },
    };

    (void)state;
    ASSERT_CLASSES(NULL, row);
}

static void an_error_in_a_200_counts(void **state)
{
    static const struct row row[] = {
        { 200, CODE("rate_limit_exceeded"), "throttled",
          "rate_limit_exceeded" },
        { 200, CODE("insufficient_quota"), "billing", "insufficient_quota" },
        { 200, "{\"object\":\"error\",\"message\":\"m\",\"code\":404}",
          "config", "404" },
        { 200, "{\"error\":{\"message\":\"m\",\"code\":429}}", "throttled",
          "429" },
        { 200, "{\"error\":{\"message\":\"m\",\"code\":\"502\"}}", "transient",
          "502" },
        { 200, "[{\"error\":{\"message\":\"m\",\"code\":403}}]", "auth",
          "403" },
        { 200, "{\"code\":336501,\"msg\":\"m\"}", "throttled", "336501" },
        { 200, "{\"error_code\":336502,\"error_msg\":\"m\"}", "throttled",
          "336502" },
        { 200, "{\"code\":7,\"msg\":\"what\"}", "transient", "7" },
        { 200,
          "{\"error\":{\"message\":\"m\"},\"choices\":[{\"message\":"
          "{\"content\":\"x\"}}]}",
          "transient", "m" },
        /* the status goes first when it says more than 200 */
        { 500, "{\"error\":{\"message\":\"m\",\"code\":404}}", "transient",
          "404" },
    };

    (void)state;
    ASSERT_CLASSES(NULL, row);
}

static void openai(void **state)
{
    static const struct row row[] = {
        { 429, ERROR("requests", "rate_limit_exceeded", "m"), "throttled",
          "rate_limit_exceeded" },
        { 429, CODE("slow_down"), "throttled", "slow_down" },
        { 503, ERROR("server_is_overloaded", "", "m"), "throttled",
          "server_is_overloaded" },
        { 429, ERROR("insufficient_quota", "insufficient_quota", "m"),
          "billing", "insufficient_quota" },
        { 429, ERROR("insufficient_quota", "credit_balance_exhausted", "m"),
          "billing", "credit_balance_exhausted" },
        { 429, ERROR("insufficient_quota", "something_new", "m"), "billing",
          "something_new" },
        { 429, CODE("organization_spend_limit_exceeded"), "billing",
          "organization_spend_limit_exceeded" },
        { 429, CODE("project_spend_limit_exceeded"), "billing",
          "project_spend_limit_exceeded" },
        { 429, CODE("organization_usage_limit_exceeded"), "billing",
          "organization_usage_limit_exceeded" },
        { 401, ERROR("invalid_request_error", "invalid_api_key", "m"), "auth",
          "invalid_api_key" },
        { 404, ERROR("invalid_request_error", "model_not_found", "m"), "config",
          "model_not_found" },
        { 400, ERROR("invalid_request_error", "context_length_exceeded", "m"),
          "bad-input", "context_length_exceeded" },
        { 400, CODE("content_policy_violation"), "filtered",
          "content_policy_violation" },
    };

    (void)state;
    ASSERT_PROFILE("pipelines/profiles/openai.json", row);
}

static void deepseek(void **state)
{
    static const struct row row[] = {
        { 402,
          ERROR("unknown_error", "invalid_request_error",
                "Insufficient Balance"),
          "billing", "invalid_request_error" },
        { 422, ERROR("invalid_request_error", "", "m"), "config",
          "invalid_request_error" },
        { 400, ERROR("invalid_request_error", "", "m"), "bad-input",
          "invalid_request_error" },
        { 429, "", "throttled", "" },
        { 503, "", "throttled", "" },
        { 500, "", "transient", "" },
        { 401, ERROR("authentication_error", "invalid_request_error", "m"),
          "auth", "invalid_request_error" },
        { 200,
          "{\"choices\":[{\"message\":{\"content\":\"{\"},\"finish_reason\":"
          "\"insufficient_system_resource\"}]}",
          "transient", "" },
        { 200, "\n\n\n" DONE, "answer", "" },
    };

    (void)state;
    ASSERT_PROFILE("pipelines/profiles/deepseek.json", row);
}

static void dashscope(void **state)
{
    static const struct row row[] = {
        /* the wording and the code that mean "no credit" at OpenAI */
        { 429,
          ERROR("insufficient_quota", "insufficient_quota",
                "You exceeded your current quota, check your plan and billing "
                "details"),
          "throttled", "insufficient_quota" },
        { 429,
          ERROR("insufficient_quota", "insufficient_quota",
                "Allocated quota exceeded, please increase your quota"),
          "throttled", "insufficient_quota" },
        { 429,
          ERROR("insufficient_quota", "insufficient_quota",
                "Free allocated quota exceeded."),
          "billing", "insufficient_quota" },
        /* the beginning only, and case by case */
        { 429,
          ERROR("insufficient_quota", "insufficient_quota",
                "free allocated quota exceeded."),
          "throttled", "insufficient_quota" },
        { 429,
          ERROR("insufficient_quota", "insufficient_quota",
                "Too many requests. Free allocated quota exceeded"),
          "throttled", "insufficient_quota" },
        { 429,
          "{\"code\":\"Throttling.AllocationQuota\",\"message\":\"Free "
          "allocated quota exceeded.\",\"request_id\":\"1\"}",
          "billing", "Throttling.AllocationQuota" },
        { 429, CODE("limit_requests"), "throttled", "limit_requests" },
        { 429, CODE("limit_burst_rate"), "throttled", "limit_burst_rate" },
        { 429, CODE("Throttling.RateQuota"), "throttled",
          "Throttling.RateQuota" },
        { 429, CODE("Throttling.AllocationQuota"), "throttled",
          "Throttling.AllocationQuota" },
        { 429,
          ERROR("x", "Throttling.AllocationQuota",
                "Free allocated quota exceeded"),
          "billing", "Throttling.AllocationQuota" },
        { 429, CODE("Throttling.BurstRate"), "throttled",
          "Throttling.BurstRate" },
        { 429, CODE("PrepaidBillOverdue"), "billing", "PrepaidBillOverdue" },
        { 429, CODE("PostpaidBillOverdue"), "billing", "PostpaidBillOverdue" },
        { 429, CODE("CommodityNotPurchased"), "billing",
          "CommodityNotPurchased" },
        { 500, CODE("ModelServingError"), "throttled", "ModelServingError" },
        { 503, CODE("ModelUnavailable"), "throttled", "ModelUnavailable" },
        { 500, CODE("RequestTimeOut"), "transient", "RequestTimeOut" },
        { 400, CODE("Arrearage"), "billing", "Arrearage" },
        { 403, CODE("AllocationQuota.FreeTierOnly"), "billing",
          "AllocationQuota.FreeTierOnly" },
        { 403, CODE("AccessDenied.Unpurchased"), "auth",
          "AccessDenied.Unpurchased" },
        { 401, CODE("invalid_api_key"), "auth", "invalid_api_key" },
        { 400, CODE("DataInspectionFailed"), "filtered",
          "DataInspectionFailed" },
        { 400, CODE("data_inspection_failed"), "filtered",
          "data_inspection_failed" },
        { 400,
          ERROR("invalid_request_error", "invalid_parameter_error",
                "Range of input length should be [1, 30720]"),
          "bad-input", "invalid_parameter_error" },
        { 413, "", "bad-input", "" },
    };

    (void)state;
    ASSERT_PROFILE("pipelines/profiles/dashscope.json", row);
}

static void ark(void **state)
{
    static const struct row row[] = {
        { 429, CODE("RateLimitExceeded.EndpointRPMExceeded"), "throttled",
          "RateLimitExceeded.EndpointRPMExceeded" },
        { 429, CODE("RateLimitExceeded.EndpointTPMExceeded"), "throttled",
          "RateLimitExceeded.EndpointTPMExceeded" },
        { 429, CODE("ModelAccountRpmRateLimitExceeded"), "throttled",
          "ModelAccountRpmRateLimitExceeded" },
        { 429, CODE("ModelAccountTpmRateLimitExceeded"), "throttled",
          "ModelAccountTpmRateLimitExceeded" },
        { 429, CODE("APIAccountRpmRateLimitExceeded"), "throttled",
          "APIAccountRpmRateLimitExceeded" },
        { 429, CODE("AccountRateLimitExceeded"), "throttled",
          "AccountRateLimitExceeded" },
        { 429, CODE("ServerOverloaded"), "throttled", "ServerOverloaded" },
        { 429, CODE("RequestBurstTooFast"), "throttled",
          "RequestBurstTooFast" },
        { 429, CODE("InflightBatchsizeExceeded"), "throttled",
          "InflightBatchsizeExceeded" },
        { 429, CODE("SetLimitExceeded"), "billing", "SetLimitExceeded" },
        { 429, ERROR("x", "QuotaExceeded", "Your free trial is used up"),
          "paused", "QuotaExceeded" },
        { 429,
          ERROR("x", "QuotaExceeded", "the request has exceeded the quota"),
          "paused", "QuotaExceeded" },
        { 429,
          ERROR("x", "QuotaExceeded",
                "The request has exceeded the quota. Try later."),
          "throttled", "QuotaExceeded" },
        { 403, CODE("AccountOverdueError"), "billing", "AccountOverdueError" },
        { 403, CODE("OperationDenied.ServiceOverdue"), "billing",
          "OperationDenied.ServiceOverdue" },
        { 404, CODE("ModelNotOpen"), "config", "ModelNotOpen" },
        { 404, CODE("InvalidEndpointOrModel.ModelIDAccessDisabled"), "config",
          "InvalidEndpointOrModel.ModelIDAccessDisabled" },
        { 400, CODE("InvalidEndpoint.ClosedEndpoint"), "transient",
          "InvalidEndpoint.ClosedEndpoint" },
        { 400, CODE("InputTextRiskDetection"), "filtered",
          "InputTextRiskDetection" },
        { 400, CODE("OutputTextRiskDetection"), "filtered",
          "OutputTextRiskDetection" },
        { 400, CODE("SensitiveContentDetected"), "filtered",
          "SensitiveContentDetected" },
        { 400, CODE("SensitiveContentDetected.SevereViolation"), "filtered",
          "SensitiveContentDetected.SevereViolation" },
        { 400, CODE("InputTextSensitiveContentDetected.Violence"), "filtered",
          "InputTextSensitiveContentDetected.Violence" },
        { 400, CODE("OutputTextSensitiveContentDetected"), "filtered",
          "OutputTextSensitiveContentDetected" },
        { 400, CODE("ContentSecurityDetectionError"), "transient",
          "ContentSecurityDetectionError" },
    };

    (void)state;
    ASSERT_PROFILE("pipelines/profiles/ark.json", row);
}

static void qianfan(void **state)
{
    static const struct row row[] = {
        { 429, CODE("rpm_rate_limit_exceeded"), "throttled",
          "rpm_rate_limit_exceeded" },
        { 200, CODE("tpm_rate_limit_exceeded"), "throttled",
          "tpm_rate_limit_exceeded" },
        { 400, CODE("malformed_json"), "bad-input", "malformed_json" },
        { 400, CODE("invalid_model"), "config", "invalid_model" },
        { 400, CODE("characters_too_long"), "bad-input",
          "characters_too_long" },
        { 400, CODE("tokens_too_long"), "bad-input", "tokens_too_long" },
        { 400, CODE("invalid_messages"), "bad-input", "invalid_messages" },
        { 400, CODE("invalid_argument"), "bad-input", "invalid_argument" },
        { 400, ERROR("unsafe_request", "", "m"), "filtered", "unsafe_request" },
        { 200, "{\"code\":336501,\"msg\":\"m\"}", "throttled", "336501" },
        { 200, "{\"error_code\":336502,\"error_msg\":\"m\"}", "throttled",
          "336502" },
    };

    (void)state;
    ASSERT_PROFILE("pipelines/profiles/qianfan.json", row);
}

static void a_profile_decides_first_and_the_closest_key_wins(void **state)
{
    static const char text[] =
        "{\"429\":\"billing\",\"busy\":\"transient\","
        "\"busy: Model\":\"config\",\"rate_limit_exceeded\":\"auth\","
        "\"444\":\"filtered\"}";
    static const struct row row[] = {
        { 429, "", "billing", "" },
        { 429, CODE("busy"), "transient", "busy" },
        { 429, ERROR("x", "busy", "Model is loading"), "config", "busy" },
        { 429, ERROR("x", "busy", "A Model"), "transient", "busy" },
        { 400, ERROR("busy", "y", "m"), "transient", "y" },
        { 429, CODE("rate_limit_exceeded"), "auth", "rate_limit_exceeded" },
        { 444, "", "filtered", "" },
        { 445, "", "bad-input", "" },
        { 200, DONE, "answer", "" },
    };
    struct err err = ERR_INIT;
    struct json *doc;

    (void)state;
    assert_ok(json_parse(&doc, "errors", text, strlen(text), JSON_STRICT, &err),
              &err);
    ASSERT_CLASSES(json_root(doc), row);
    json_free(doc);
}

static void a_long_code_is_cut(void **state)
{
    char body[1024], code[REPLY_CODE];

    (void)state;
    memset(body, 'x', sizeof(body));
    memcpy(body, "{\"message\":\"", 12);
    memcpy(body + sizeof(body) - 3, "\"}", 3);
    assert_int_equal(reply_class(NULL, 400, body, strlen(body), code),
                     REPLY_BAD_INPUT);
    assert_int_equal(strlen(code), REPLY_CODE - 1);
}

static void an_answer_that_needs_no_other_is_complete(void **state)
{
#define SAYS(content, finish) \
    "{\"choices\":[{\"message\":{\"content\":\"" content "\"}," \
    "\"finish_reason\":\"" finish "\"}]}"
#define ITEMS "{\\\"positives\\\":[\\\"a\\\"],\\\"negatives\\\":[\\\"b\\\"]}"
    static const struct {
        const char *body;
        bool complete;
    } row[] = {
        { SAYS(ITEMS, "stop"), true },
        { SAYS(ITEMS, "length"), true }, /* whole, if only just */
        { SAYS("{\\\"positives\\\":[\\\"a\\\",\\\"b", "length"), false },
        { SAYS("Here you are.", "stop"), false },
        { SAYS("", "stop"), false },
        { SAYS(ITEMS, "content_filter"), false },
        { "{\"error\":{\"code\":\"x\"}}", false },
        { "{\"choices\":[]}", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct reply_said said;

        (void)reply_read(NULL, 200, row[i].body, strlen(row[i].body), &said);
        if (said.complete != row[i].complete)
            fail_msg("%s: %scomplete", row[i].body,
                     row[i].complete ? "in" : "");
    }
#undef SAYS
#undef ITEMS
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_code_the_status_decides),
        cmocka_unit_test(words_in_a_message_decide_nothing),
        cmocka_unit_test(an_error_in_a_200_counts),
        cmocka_unit_test(openai),
        cmocka_unit_test(deepseek),
        cmocka_unit_test(dashscope),
        cmocka_unit_test(ark),
        cmocka_unit_test(qianfan),
        cmocka_unit_test(a_profile_decides_first_and_the_closest_key_wins),
        cmocka_unit_test(a_long_code_is_cut),
        cmocka_unit_test(an_answer_that_needs_no_other_is_complete),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
