/*
 * reply.h - what a HTTP answer of a chat endpoint means for the run.
 *
 * Decided by status, and by error.code and error.type, which may also come
 * with status 200; never by words in free text, which occur in any sentence.
 */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include <stddef.h>

enum reply_class {
    REPLY_ANSWER,    /* a chat completion: keep it */
    REPLY_FILTERED,  /* the input was refused by a filter: keep, never retry */
    REPLY_BAD_INPUT, /* another 4xx: retrying the same cannot help */
    REPLY_THROTTLED, /* slow down and send it again */
    REPLY_TRANSIENT, /* try again, a few times */
    REPLY_BILLING,   /* no credit: stop */
    REPLY_AUTH,      /* the key is refused: stop */
    REPLY_MOVED,     /* a redirect: stop */
};

enum { REPLY_CODE = 160 };

/* status 0: no answer came. code gets what the endpoint calls the error, ""
 * when it says nothing. */
enum reply_class reply_class(long status, const char *body, size_t len,
                             char code[REPLY_CODE]);

#endif
