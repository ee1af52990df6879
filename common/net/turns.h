/*
 * turns.h - after each answer about one anchor: use it, give up, or ask once
 * more. A function of the answers alone, so that going over stored answers
 * again leads to the same next request.
 *
 * Cut off (finish_reason length): once more with twice the room, never
 * unchanged; then what is whole is used. Cut off in a run of blanks: once more
 * without JSON mode. No JSON: once more, showing what was
 * wrong. Empty: once more without JSON mode. Refused: given up.
 */
#ifndef NET_TURNS_H
#define NET_TURNS_H

#include "net/chat.h"

enum turns_verdict { TURNS_USE, TURNS_FAIL, TURNS_ASK };

struct turns {
    unsigned n;     /* answers so far */
    bool longer;    /* the next request has twice the room */
    bool corrected; /* ... is the second try at JSON */
    bool plain;     /* ... goes without JSON mode */
    int salvage;    /* answer that was cut off but has whole items; -1 none */
};
#define TURNS_INIT \
    { \
        0, false, false, false, -1 \
    }

/* TURNS_USE: answer number t->salvage if that is not -1, else this one. */
enum turns_verdict turns_after(struct turns *t, const struct chat_answer *a);

#endif
