#include "text/words.h"

#include <stdbool.h>
#include <string.h>

#include "text/normalise.h"

enum { TERM_MAX = 200 };

struct term {
    char bytes[TERM_MAX + 4];
    size_t len;
};

static void append(struct term *t, uint32_t cp)
{
    if (t->len < TERM_MAX)
        t->len += normalise_encode(t->bytes + t->len, cp);
}

static int flush(struct term *t, words_fn *fn, void *ctx, struct err *err)
{
    int rc = t->len ? fn(ctx, (struct span){ t->bytes, t->len }, err) : 0;

    t->len = 0;
    return rc;
}

/* One ideograph, and the pair it makes with the one before it. */
static int ideograph(struct term *t, uint32_t cp, uint32_t before, words_fn *fn,
                     void *ctx, struct err *err)
{
    int rc;

    append(t, cp);
    rc = flush(t, fn, ctx, err);
    if (rc < 0 || before == 0)
        return rc;
    append(t, before);
    append(t, cp);
    return flush(t, fn, ctx, err);
}

int words_each(struct span text, words_fn *fn, void *ctx, struct err *err)
{
    const struct normalise_bert options = { true, false, true, true };
    struct normalise_stream s;
    struct term t = { .len = 0 };
    uint32_t cp, before = 0; /* the last ideograph, if the last of all */
    int rc = 0;

    normalise_start(&s, text, options);
    for (cp = normalise_next(&s); rc == 0 && cp != NORMALISE_END;
         cp = normalise_next(&s)) {
        if (normalise_is_cjk(cp)) {
            rc = flush(&t, fn, ctx, err);
            if (rc == 0)
                rc = ideograph(&t, cp, before, fn, ctx, err);
            before = cp;
            continue;
        }
        before = 0;
        if (normalise_is_word(cp))
            append(&t, cp);
        else
            rc = flush(&t, fn, ctx, err);
    }
    return rc < 0 ? rc : flush(&t, fn, ctx, err);
}
