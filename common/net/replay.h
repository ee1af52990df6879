/*
 * replay.h - a local provider: a real HTTP server on 127.0.0.1 that answers
 * chat completions from a file, so that the flow runs without a key. The only
 * user of libmicrohttpd.
 *
 * The file is JSON lines:
 *   {"anchor": TEXT, "answers": [{"content": TEXT, "finish_reason": "stop"}],
 *    "fail_first": N, "fail": {"status": 429, "headers": {...}, "body": TEXT}}
 * The anchor of a request is the longest known one in its last user message.
 * Attempt k (header Idempotency-Key: <hash>-<k>) gets answer k, or the last
 * one: so what comes does not depend on what was asked before, and a killed
 * run goes on to the same end. Only fail_first counts, in memory.
 */
#ifndef NET_REPLAY_H
#define NET_REPLAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct replay;

/* Read the file (ERR_FORMAT with its line) and serve it in a thread. */
int replay_start(struct replay **out, const char *path,
                 struct err *err) MUST_CHECK;
void replay_stop(struct replay *r); /* NULL is fine */
/* "http://127.0.0.1:PORT/v1" */
const char *replay_url(const struct replay *r);
/* Is there an answer for this anchor? */
bool replay_knows(const struct replay *r, struct span anchor);

#endif
