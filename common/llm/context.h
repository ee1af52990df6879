/*
 * context.h - does an endpoint read the whole of a prompt? One whose context is
 * too short may cut it without a word, and what it answers then is about
 * something else. It shows in the usage: far fewer tokens than the request can
 * have, or prompt and answer that come to the size of a context each time.
 */
#ifndef LLM_CONTEXT_H
#define LLM_CONTEXT_H

#include "net/chat.h"

struct context {
    unsigned cut;  /* in a row: too few tokens for the request */
    unsigned same; /* in a row: this total */
    double total;
};

/* One answer more, to a request of so many bytes; {0} is ready. ERR_CONFIG: it
 * is cut, three times in a row; or five totals are the same multiple of 1024
 * tokens. */
int context_look(struct context *c, const char *source, double bytes,
                 const struct chat_usage *u, struct err *err) MUST_CHECK;

#endif
