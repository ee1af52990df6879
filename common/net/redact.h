/*
 * redact.h - take a key out of what a server sent, before anything is stored
 * or said: as it is, with JSON's escaped slashes, percent-encoded, in base64.
 * Its bytes become '*'.
 */
#ifndef NET_REDACT_H
#define NET_REDACT_H

#include <stddef.h>

/* key NULL or "": nothing to do. */
void redact(char *text, size_t len, const char *key);

#endif
