#include "llm/context.h"

#include <math.h>

enum {
    CUT = 3,
    SAME = 5,
    LEAST_BYTES = 1000, /* of a request that can tell */
    BYTES_EACH = 16,    /* of a token, at most: four is usual */
    STEP = 1024,        /* contexts are multiples of it */
};

static bool is_cut(double bytes, const struct chat_usage *u)
{
    return bytes >= LEAST_BYTES && u->prompt * BYTES_EACH < bytes;
}

int context_look(struct context *c, const char *source, double bytes,
                 const struct chat_usage *u, struct err *err)
{
    double total = u->prompt + u->completion;

    if (u->prompt < 0.0 || u->completion < 0.0)
        return 0;
    c->cut = is_cut(bytes, u) ? c->cut + 1 : 0;
    c->same = total == c->total ? c->same + 1 : 1;
    c->total = total;
    if (c->cut >= CUT)
        return ERR_SET(err, ERR_CONFIG,
                       "%s read %.0f tokens of a request of %.0f bytes: its "
                       "context is too short",
                       source, u->prompt, bytes);
    if (c->same >= SAME && total > 0.0 && fmod(total, STEP) == 0.0)
        return ERR_SET(err, ERR_CONFIG,
                       "%s took %.0f tokens for each of %d answers: its "
                       "context is too short, prompts are cut",
                       source, total, SAME);
    return 0;
}
