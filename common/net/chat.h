/*
 * chat.h - the chat-completions wire format: request bodies, what an answer
 * says, and the items in it. Knows no socket.
 *
 * A HTTP 200 can carry an error; choices may be absent; content may be null,
 * an array of parts, or in reasoning_content; usage is optional.
 */
#ifndef NET_CHAT_H
#define NET_CHAT_H

#include "base/json.h"
#include "net/prompt.h"
#include "net/provider.h"
#include "net/repair.h"

struct chat_request {
    const struct provider *provider;
    const struct prompt *prompt;
    struct prompt_values values;
    const char *model; /* "" = the provider's */
    double temperature;
    int64_t seed;
    int max_tokens;
    const char *bad; /* an answer without JSON: ask once again; or NULL */
    /* What is kept of earlier answers, as JSON: ask for so many more; or NULL
     */
    const char *kept;
    int more_positives, more_negatives;
    bool plain; /* without JSON mode, which some models answer emptily */
    enum provider_rung rung; /* way of asking for JSON, unless plain */
    const char *dropped;     /* "," and each member to leave out with a "," */
    bool thinking; /* merge the profile's "thinking"."on", not "off" */
};

/* The canonical body: same request, same bytes. */
int chat_body(struct buf *b, const struct chat_request *r,
              struct err *err) MUST_CHECK;

enum chat_status {
    CHAT_ITEMS,     /* whole: items are in it */
    CHAT_TRUNCATED, /* finish_reason length; items may be in it */
    CHAT_FILTERED,  /* refused, or stopped by a content filter */
    CHAT_EMPTY,     /* no content at all */
    CHAT_UNPARSED,  /* content without JSON, or of the wrong shape */
    CHAT_ERROR,     /* an error object, or not a chat completion */
};
const char *chat_status_name(enum chat_status s);

/* Tokens that were paid for; -1: not said. completion has reasoning in it, and
 * prompt has cached in it. */
struct chat_usage {
    double prompt, cached, completion, reasoning;
};
#define CHAT_USAGE_INIT \
    { \
        -1.0, -1.0, -1.0, -1.0 \
    }

enum { CHAT_ITEMS_MAX = 256 };
struct chat_item {
    char *text;       /* owned by the answer */
    const char *kind; /* of a negative; "" = not said; lives in doc */
};
struct chat_answer {
    enum chat_status status;
    enum repair_how how;
    struct chat_item positive[CHAT_ITEMS_MAX], negative[CHAT_ITEMS_MAX];
    size_t positives, negatives;
    double prompt_tokens, completion_tokens; /* -1 = not said */
    struct chat_usage usage;                 /* the same, and its parts */
    char model[128];                         /* as echoed; "" = not said */
    bool blank;        /* CHAT_TRUNCATED: the room went into blanks */
    char *content;     /* what the model wrote; owned; may be NULL */
    struct json *doc;  /* private */
    char message[512]; /* of CHAT_ERROR and CHAT_FILTERED */
};

/* Read a response body. Only memory can fail: everything else is a status. */
int chat_read(struct chat_answer *a, const char *body, size_t len,
              struct err *err) MUST_CHECK;
void chat_answer_release(struct chat_answer *a);

#endif
