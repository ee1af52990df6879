/*
 * events.h - a chat completion that came as a stream of server-sent events.
 * Some models can do nothing else, and some servers do it unasked.
 *
 *   data: {"choices":[{"delta":{"content":"..."},"finish_reason":null}]}
 *   : a comment, which keeps the line open
 *   data: {"choices":[],"usage":{...}}
 *   data: [DONE]
 */
#ifndef NET_EVENTS_H
#define NET_EVENTS_H

#include "base/json.h"

/* Does a stream begin like that? */
bool events_begin(const char *body, size_t len);

/*
 * The completion, as it would have come in one piece; json_node_free() it.
 * With neither a finish_reason nor [DONE] the stream was cut, and has no
 * choices; nor has one with an event that cannot be read. An error among the
 * events becomes "error".
 */
int events_join(struct json_node **out, const char *body, size_t len,
                struct err *err) MUST_CHECK;

#endif
