/*
 * repair.h - JSON out of what a language model wrote instead of JSON.
 *
 * In this order, the first that works wins: the text as it is; the last
 * fenced block; the last balanced {..} or [..] that parses; one repairing
 * pass that knows string state (single and full-width quotes, full-width
 * punctuation outside strings, trailing commas, comments, None/True/NaN,
 * inner quotes, bad escapes); the same, cut after the last complete item when
 * the text ends early. <think> blocks are dropped first. Linear time, no
 * recursion on the text, nothing is ever evaluated.
 */
#ifndef NET_REPAIR_H
#define NET_REPAIR_H

#include "base/json.h"

enum { REPAIR_DEPTH = 16, REPAIR_MAX = 1 << 20 };

enum repair_how {
    REPAIR_AS_IS,
    REPAIR_FENCE,
    REPAIR_SPAN,
    REPAIR_FIXED,
    REPAIR_CUT, /* the text was truncated: whole items were kept */
};
const char *repair_name(enum repair_how how);

/* ERR_FORMAT when no JSON object or array can be made of it. The caller
 * frees *out. */
int repair_json(struct json **out, enum repair_how *how, const char *text,
                size_t len, struct err *err) MUST_CHECK;

#endif
