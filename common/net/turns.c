#include "net/turns.h"

/* Nothing more will come. */
static enum turns_verdict give_up(const struct turns *t)
{
    return t->salvage >= 0 ? TURNS_USE : TURNS_FAIL;
}

static enum turns_verdict ask_longer(struct turns *t)
{
    if (t->longer)
        return give_up(t);
    t->longer = true;
    return TURNS_ASK;
}

static enum turns_verdict ask_again(struct turns *t, bool plain)
{
    if (t->corrected)
        return give_up(t);
    t->corrected = true;
    t->plain = plain;
    return TURNS_ASK;
}

enum turns_verdict turns_after(struct turns *t, const struct chat_answer *a)
{
    int number = (int)t->n++;

    switch (a->status) {
    case CHAT_ITEMS:
        t->salvage = -1;
        return TURNS_USE;
    case CHAT_TRUNCATED:
        if (a->positives + a->negatives)
            t->salvage = number;
        /* more room would be filled with blanks as well */
        return a->blank ? ask_again(t, true) : ask_longer(t);
    case CHAT_EMPTY:
        return ask_again(t, true);
    case CHAT_UNPARSED:
        return ask_again(t, false);
    case CHAT_FILTERED:
    case CHAT_ERROR:
        break;
    }
    return give_up(t);
}
