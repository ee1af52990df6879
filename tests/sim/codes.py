"""Every error that the shipped profiles know, over HTTP, each under the profile of who says it.

A row: profile, status, code, type, message, what it means. Throttled and transient: it is asked again and kept. Stops: exit
code, and nothing is kept. The same body under another profile means what that one says.
"""
import json, os, re, shutil, tempfile

import lib

EXIT = {"throttled": 0, "transient": 0, "filtered": 0, "billing": 76, "auth": 77, "config": 78, "bad-input": 78}
QUOTA = "You exceeded your current quota, check your plan and billing details"
ROWS = [("openai", 429, c, "requests", "m", "throttled") for c in ("rate_limit_exceeded", "slow_down")]
ROWS += [("openai", 429, c, "insufficient_quota", QUOTA, "billing") for c in (
    "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded")]
ROWS += [("openai", 503, "server_is_overloaded", "server_error", "m", "throttled"),
         ("openai", 401, "invalid_api_key", "invalid_request_error", "m", "auth"),
         ("openai", 404, "model_not_found", "invalid_request_error", "m", "config"),
         ("openai", 400, "context_length_exceeded", "invalid_request_error", "m", "bad-input"),
         ("deepseek", 402, "invalid_request_error", "unknown_error", "Insufficient Balance", "billing"),
         ("deepseek", 422, "", "invalid_request_error", "m", "config"), ("deepseek", 429, "", "", "m", "throttled"),
         ("deepseek", 503, "", "", "m", "throttled"), ("deepseek", 500, "", "", "m", "transient"),
         ("deepseek", 401, "invalid_request_error", "authentication_error", "m", "auth")]
ROWS += [("dashscope", 429, c, c, m, "throttled") for c, m in (
    ("Throttling.RateQuota", "Requests rate limit exceeded"), ("limit_requests", "You exceeded your current requests list"),
    ("Throttling.AllocationQuota", "Allocated quota exceeded"), ("insufficient_quota", QUOTA),
    ("insufficient_quota", "Too many requests. Batch requests are being throttled"),
    ("Throttling.BurstRate", "Request rate increased too quickly"), ("limit_burst_rate", "Request rate increased too quickly"))]
ROWS += [("dashscope", 429, c, c, "Free allocated quota exceeded", "billing") for c in ("insufficient_quota", "Throttling.AllocationQuota")]
ROWS += [("dashscope", 429, c, "", "m", "billing") for c in ("CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue")]
ROWS += [("dashscope", 500, "ModelServingError", "", "m", "throttled"), ("dashscope", 503, "ModelUnavailable", "", "m", "throttled"),
         ("dashscope", 500, "RequestTimeOut", "", "m", "transient"), ("dashscope", 400, "Arrearage", "", "m", "billing"),
         ("dashscope", 403, "AllocationQuota.FreeTierOnly", "", "m", "billing"), ("dashscope", 403, "AccessDenied.Unpurchased", "", "m", "auth"),
         ("dashscope", 401, "invalid_api_key", "", "m", "auth"), ("dashscope", 400, "DataInspectionFailed", "", "m", "filtered"),
         ("dashscope", 400, "data_inspection_failed", "", "m", "filtered"),
         ("dashscope", 400, "invalid_parameter_error", "", "Range of input length should be [1, 30720]", "bad-input"),
         ("dashscope", 413, "", "", "m", "bad-input")]
ROWS += [("ark", 429, c, "TooManyRequests", "m", "throttled") for c in (
    "RateLimitExceeded.EndpointRPMExceeded", "RateLimitExceeded.EndpointTPMExceeded", "ModelAccountRpmRateLimitExceeded",
    "ModelAccountTpmRateLimitExceeded", "APIAccountRpmRateLimitExceeded", "AccountRateLimitExceeded", "ServerOverloaded", "RequestBurstTooFast",
    "InflightBatchsizeExceeded")]
ROWS += [("ark", 429, "SetLimitExceeded", "TooManyRequests", "m", "billing"),
         ("ark", 429, "QuotaExceeded", "", "The request has exceeded the quota", "throttled"),
         ("ark", 403, "AccountOverdueError", "Forbidden", "m", "billing"), ("ark", 403, "OperationDenied.ServiceOverdue", "", "m", "billing"),
         ("ark", 404, "ModelNotOpen", "", "m", "config"), ("ark", 404, "InvalidEndpointOrModel.ModelIDAccessDisabled", "", "m", "config"),
         ("ark", 400, "InvalidEndpoint.ClosedEndpoint", "", "m", "transient"), ("ark", 400, "ContentSecurityDetectionError", "", "m", "transient")]
ROWS += [("ark", 400, c, "BadRequest", "m", "filtered") for c in (
    "InputTextRiskDetection", "OutputTextRiskDetection", "SensitiveContentDetected", "SensitiveContentDetected.SevereViolation",
    "InputTextSensitiveContentDetected.Violence", "OutputTextSensitiveContentDetected")]
ROWS += [("qianfan", s, c, "", "m", "throttled") for s in (429, 200) for c in ("rpm_rate_limit_exceeded", "tpm_rate_limit_exceeded")]
ROWS += [("qianfan", 400, c, "invalid_request_error", "m", "bad-input") for c in (
    "malformed_json", "invalid_messages", "invalid_argument", "characters_too_long", "tokens_too_long")]
ROWS += [("qianfan", 400, "invalid_model", "", "m", "config"), ("qianfan", 400, "", "unsafe_request", "m", "filtered")]


def of_profile(folder, name, port):
    """The shipped profile but for the address, the key and the ways of asking."""
    with open(os.path.join(lib.ROOT, "pipelines/profiles", name + ".json"), encoding="utf-8") as f:
        p = json.loads(re.sub(r"(?m)^\s*//.*$", "", f.read()))
    keep = {k: p[k] for k in ("errors",) if k in p}
    return lib.profile(folder, port, name=name, json=["json_object"], **keep)


def paused():
    """An error that may last or not: the endpoint is left alone for longer than the run waits, and the run can go on later."""
    folder, bad = tempfile.mkdtemp(), []
    body = json.dumps({"error": {"message": "Your free trial quota is used up", "type": "", "code": "QuotaExceeded"}})
    with lib.Sim("--always", "said", "--said", "429 " + body) as s:
        prof = of_profile(folder, "ark", s.port)
        r = lib.run(folder, lib.texts(folder, 3), prof, "--max-wait", 60)
        again = lib.run(folder, os.path.join(folder, "anchors.lmdb"), prof)
    if r.code != 75 or "QuotaExceeded may last" not in r.err or again.code or again.done.get("kept") != "3":
        bad.append("exit %d, then %d" % (r.code, again.code))
    shutil.rmtree(folder)
    return "ark: QuotaExceeded with words that nobody knows is a pause", bad, r.err + again.err


def said(row):
    profile, status, code, kind, message, means = row
    folder, bad = tempfile.mkdtemp(), []
    body = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})
    with lib.Sim("--always", "said", "--said", "%d %s" % (status, body)) as s:
        r = lib.run(folder, lib.texts(folder, 3), of_profile(folder, profile, s.port), "--max-failures", 100)
        requests = s.bill()["requests"]
    kept = 3 if means in ("throttled", "transient") else 0
    if r.code != EXIT[means] or (r.code == 0 and int(r.done["kept"]) != kept):
        bad.append("exit %d, kept %s, expected %d, %d" % (r.code, r.done.get("kept"), EXIT[means], kept))
    if means == "filtered" and (requests != 3 or r.done.get("failed") != "3"):
        bad.append("%d requests, %s" % (requests, r.done))
    if r.code == 0 and kept:
        with open(os.path.join(folder, "out.lmdb.run.json")) as f:
            run = json.load(f)
        if not run["retried" if means == "transient" else "throttled"]:
            bad.append("retried %s, throttled %s" % (run["retried"], run["throttled"]))
    shutil.rmtree(folder)
    return "%s: %d %s%s is %s" % (profile, status, code or kind or "alone", " (%s)" % message[:12] if message != "m" else "", means), bad, r.err


JOBS = [(said, row) for row in ROWS] + [(paused,)]
