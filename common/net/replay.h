/*
 * replay.h - a local provider: a real HTTP server on 127.0.0.1 that answers
 * chat completions from a file, so that the flow runs without a key. The only
 * user of libmicrohttpd.
 *
 * The file is JSON lines:
 *   {"anchor": TEXT, "answers": [{"content": TEXT, "finish_reason": "stop"}],
 *    "fail_first": N, "fail": {"status": 429, "headers": {...}, "body": TEXT}}
 * The anchor of a request is the longest known one in its first user message
 * (later ones are corrective turns).
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

/* Read the file; ERR_FORMAT with its line. */
int replay_open(struct replay **out, const char *path,
                struct err *err) MUST_CHECK;
/* Serve it in a thread until replay_close(). */
int replay_serve(struct replay *r, struct err *err) MUST_CHECK;
void replay_close(struct replay *r); /* NULL is fine */
/* "http://127.0.0.1:PORT/v1"; "" before replay_serve() */
const char *replay_url(const struct replay *r);
/* SHA-256 of the file, as hex. */
const char *replay_digest(const struct replay *r);
/* The first anchor that it has answers for. */
const char *replay_anchor(const struct replay *r);
/* Is there an answer for this anchor? */
bool replay_knows(const struct replay *r, struct span anchor);

#endif
