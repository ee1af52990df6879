/*
 * redact.h - take a key out of what a server sent, before anything is stored
 * or said: as it is, backwards, with JSON's escaped slashes, percent-encoded,
 * in base64; of a long one also each piece of eight bytes. Its bytes become
 * '*'.
 */
#ifndef NET_REDACT_H
#define NET_REDACT_H

#include "base/buf.h"

/* "x", "none", "EMPTY": what a server gets that wants no key is a word that
 * sentences may have, and no secret. NULL: no. */
bool redact_is_secret(const char *key);

/* True: it was there. key NULL, "" or no secret: nothing to do. */
bool redact(char *text, size_t len, const char *key);

/* The same for an answer as it came. Where the key comes together only when the
 * answer is read, from several events or from \u escapes, the body becomes what
 * was read. ERR_NOMEM. */
int redact_body(struct buf *body, const char *key, struct err *err) MUST_CHECK;

#endif
