#include "llm/items.h"

#include <string.h>

#include "base/intern.h"
#include "text/fold.h"

/* What has been taken of one answer. Number 0 is the anchor. */
struct chooser {
    struct intern seen;
    uint32_t positives_end; /* numbers from here on are negatives */
    size_t max_len;         /* bytes */
    struct items_tally *tally;
};

/* Is it none of those seen? Counts why not. */
static int add(struct chooser *c, struct span text, bool *fresh,
               struct err *err)
{
    struct buf b = BUF_INIT(24 * text.len + 64);
    uint32_t n = 0;
    int rc = fold_text(&b, text, err);

    /* of a text without a letter nothing is left: compare it as it is */
    if (rc == 0)
        rc = intern_add(&c->seen, b.len ? (struct span){ b.ptr, b.len } : text,
                        &n, fresh, err);
    buf_release(&b);
    if (rc < 0 || *fresh)
        return rc;
    c->tally->as_anchor += n == 0;
    c->tally->both_sides += n > 0 && n < c->positives_end;
    c->tally->twice += n >= c->positives_end;
    return 0;
}

static int take(struct chooser *c, const struct chat_item **out, size_t *taken,
                size_t want, const struct chat_item *item, size_t n,
                struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span s = span_of(item[i].text);
        bool fresh = false;

        if (*taken == want) {
            c->tally->extra++;
            continue;
        }
        if (s.len > c->max_len) {
            c->tally->too_long++;
            continue;
        }
        rc = add(c, s, &fresh, err);
        if (rc == 0 && fresh)
            out[(*taken)++] = &item[i];
    }
    return rc;
}

int items_choose(struct items *out, struct items_tally *tally,
                 const struct chat_answer *a, struct span anchor,
                 size_t positives, size_t negatives, struct err *err)
{
    struct chooser c = { INTERN_INIT, 1, 8 * anchor.len + 200, tally };
    bool fresh;
    int rc = add(&c, anchor, &fresh, err);

    out->positives = out->negatives = 0;
    if (rc == 0)
        rc = take(&c, out->positive, &out->positives, positives, a->positive,
                  a->positives, err);
    c.positives_end = c.seen.n;
    if (rc == 0)
        rc = take(&c, out->negative, &out->negatives, negatives, a->negative,
                  a->negatives, err);
    intern_release(&c.seen);
    tally->positives += out->positives;
    tally->negatives += out->negatives;
    return rc;
}
