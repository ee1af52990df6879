/*
 * reply.h - what a HTTP answer of a chat endpoint means for the run.
 *
 * Decided by status, and by error.code and error.type, which may also come
 * with status 200; never by words in free text, which occur in any sentence.
 *
 * The same code means the opposite at two providers (insufficient_quota: no
 * credit, or too many tokens a minute), so a profile's "errors" goes before
 * what is built in:
 *
 *   { "insufficient_quota": "throttled",
 *     "insufficient_quota: Free allocated": "billing",   message's beginning
 *     "418": "transient" }                               status
 *
 * Messages are compared from their beginning, case and all: "Free allocated
 * quota exceeded" has "allocated quota exceeded" in it.
 */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include "base/json.h"
#include "net/chat.h"

enum reply_class {
    REPLY_ANSWER,    /* a chat completion: keep it */
    REPLY_FILTERED,  /* the input was refused by a filter: keep, never retry */
    REPLY_BAD_INPUT, /* another 4xx: retrying the same cannot help */
    REPLY_THROTTLED, /* slow down and send it again */
    REPLY_PAUSED,    /* the same, in ten minutes: a limit of unknown kind */
    REPLY_TRANSIENT, /* try again, a few times */
    REPLY_BILLING,   /* no credit: stop */
    REPLY_AUTH,      /* the key is refused: stop */
    REPLY_MOVED,     /* a redirect: stop */
    REPLY_CONFIG,    /* no such model or address: stop */
};
/* "throttled", ...: what a profile may say. False: no such class. */
bool reply_class_of(enum reply_class *class, const char *name);

/* Does it slow a lane down, and take no try from the request? */
bool reply_is_throttle(enum reply_class class);

enum { REPLY_CODE = 160 };

/* What an answer says of itself besides its class. */
struct reply_said {
    char code[REPLY_CODE];   /* what the endpoint calls the error; "" */
    char param[64];          /* the member of the request it is about; "" */
    struct chat_usage usage; /* of a completion, also a broken one */
    char model[128];         /* that answered, by its own word; "" */
    bool
        complete; /* read as the first answer, it ends the dialogue (turns.h) */
};

/* status 0: no answer came. errors: of the profile, or NULL. */
enum reply_class reply_read(const struct json_node *errors, long status,
                            const char *body, size_t len,
                            struct reply_said *said);
/* The same, for the class and the code alone. */
enum reply_class reply_class(const struct json_node *errors, long status,
                             const char *body, size_t len,
                             char code[REPLY_CODE]);

#endif
