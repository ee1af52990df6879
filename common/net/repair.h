/*
 * repair.h - JSON out of what a language model wrote instead of JSON.
 *
 * In this order, the first that fits wins: the text as it is; what follows the
 * last </think>; the last fenced block; the last balanced {..} or [..] that
 * parses; a fenced block or the text after mending (mend.h); the same, cut
 * after the last complete item when the text ends early; a balanced value
 * inside one that never ends. Of a <think> that is never closed only a whole
 * value counts: the rest is what the model thought of saying. Linear time, no
 * recursion on the text, nothing is ever evaluated.
 */
#ifndef NET_REPAIR_H
#define NET_REPAIR_H

#include "base/json.h"

enum { REPAIR_MAX = 1 << 20 };

enum repair_how {
    REPAIR_AS_IS,
    REPAIR_FENCE,
    REPAIR_SPAN,
    REPAIR_FIXED,
    REPAIR_CUT, /* the text was truncated: whole items were kept */
};
const char *repair_name(enum repair_how how);

/* Is this what was asked for? An answer may hold other JSON besides. */
typedef bool repair_fits_fn(const struct json_node *root);

/* ERR_FORMAT when no object or array that fits can be made of it; fits NULL:
 * any that is not empty. The caller frees *out. */
int repair_json(struct json **out, enum repair_how *how, const char *text,
                size_t len, repair_fits_fn *fits, struct err *err) MUST_CHECK;

/* The first object of what a server wrote, mended where strict JSON refuses it:
 * halves of surrogate pairs, raw control characters, bytes that are not UTF-8.
 * Not its end: ERR_FORMAT. The caller frees *out. */
int repair_object(struct json **out, const char *text, size_t len,
                  struct err *err) MUST_CHECK;

#endif
