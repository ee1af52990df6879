#include "llm/items.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"

/* What has been taken of the answers. Number 0 is the anchor. */
struct chooser {
    struct intern seen;
    uint32_t positives_end; /* numbers from here on are negatives */
    size_t max_len;         /* bytes */
    const struct items_from *from;
    struct items *out;
    struct items_tally *tally;
    bool positive;         /* the side at work */
    struct facets *looked; /* [looks]: the anchor, then items as they come */
    size_t looks;
    struct facets *kept[CHAT_ITEMS_MAX]; /* of the side at work */
};

static void reject(struct chooser *c, const struct chat_item *item,
                   enum checks_fn why)
{
    struct items *o = c->out;

    if (o->rejects == ITEMS_REJECTED)
        return;
    o->rejected[o->rejects] = item;
    o->because[o->rejects++] = why;
    o->rejected_positives += c->positive;
}

/* Is it none of those seen? Counts why not. */
static int add(struct chooser *c, struct span text, bool *fresh,
               struct err *err)
{
    struct facets *f = &c->looked[c->looks++];
    uint32_t n = 0;
    int rc = facets_open(f, text, err);

    /* of a text without a letter nothing is left: compare it as it is */
    if (rc == 0)
        rc = intern_add(&c->seen, f->folded.len ? f->folded : text, &n, fresh,
                        err);
    if (rc < 0 || *fresh)
        return rc;
    c->tally->as_anchor += n == 0;
    c->tally->both_sides += n > 0 && n < c->positives_end;
    c->tally->twice += n >= c->positives_end;
    return 0;
}

static void count(struct chooser *c, const struct checks_result *r)
{
    if (c->from->counts)
        checks_count(c->from->counts, r);
}

static void reject_equal(struct chooser *c, const struct chat_item *item)
{
    struct checks_result r = { .vote = { VOTE_ABSTAIN } };

    r.vote[CHECK_EQUAL] = VOTE_REJECT;
    checks_decide(&r);
    count(c, &r);
    reject(c, item, CHECK_EQUAL);
}

/* Nearly equal to one of its side that is kept? */
static int is_near(struct chooser *c, bool *near, struct facets *text,
                   struct err *err)
{
    size_t n = c->positive ? c->out->positives : c->out->negatives;
    int rc = 0;

    *near = false;
    for (size_t i = 0; rc == 0 && !*near && i < n; i++)
        rc = checks_siblings(c->from->checks, near, text, c->kept[i], err);
    c->tally->twice += *near;
    return rc;
}

static void keep(struct chooser *c, const struct chat_item *item,
                 struct facets *text, const struct checks_result *r)
{
    struct items *o = c->out;

    if (r->verdict == CHECKS_ACCEPT)
        c->kept[c->positive ? o->positives : o->negatives] = text;

    if (r->verdict == CHECKS_ASIDE && o->asides < CHAT_ITEMS_MAX) {
        o->aside[o->asides] = item;
        o->aside_is[o->asides++] = *r;
        o->aside_positives += c->positive;
    } else if (r->verdict == CHECKS_ACCEPT && c->positive) {
        o->positive[o->positives] = item;
        o->positive_is[o->positives++] = *r;
    } else if (r->verdict == CHECKS_ACCEPT) {
        o->negative[o->negatives] = item;
        o->negative_is[o->negatives++] = *r;
    } else {
        reject(c, item, r->why);
    }
}

static int ask_corpus(struct chooser *c, struct checks_result *r,
                      const struct facets *text, struct err *err)
{
    bool is = false;
    int rc = 0;

    if (c->from->repeated)
        rc = c->from->repeated(c->from->ctx, &is, text, err);
    if (is) {
        r->vote[CHECK_REPEATED] = VOTE_REJECT;
        checks_decide(r);
    }
    return rc;
}

/* A sentence that nobody has seen yet: the last one looked at. */
static int judge(struct chooser *c, const struct chat_item *item,
                 const struct opinion *opinion, struct err *err)
{
    struct facets *text = &c->looked[c->looks - 1];
    struct checks_result r;
    bool near;
    int rc = is_near(c, &near, text, err);

    if (rc < 0)
        return rc;
    if (near) {
        reject_equal(c, item);
        return 0;
    }
    rc = checks_text(c->from->checks, &r, &c->looked[0], text, item->kind,
                     c->positive, err);
    if (rc < 0)
        return rc;
    if (opinion && c->from->checks)
        checks_opinion(c->from->checks, &r, c->positive, opinion->cosine,
                       opinion->cross, opinion->judge);
    if (r.verdict != CHECKS_REJECT)
        rc = ask_corpus(c, &r, text, err);
    if (rc < 0)
        return rc;
    count(c, &r);
    keep(c, item, text, &r);
    return 0;
}

static int take(struct chooser *c, const struct chat_item *item, size_t n,
                const struct opinion *opinion, struct err *err)
{
    const size_t want = c->positive ? c->from->positives : c->from->negatives;
    const size_t *taken = c->positive ? &c->out->positives : &c->out->negatives;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct span s = span_of(item[i].text);
        bool fresh = false;

        if (*taken == want && !c->positive) {
            c->tally->extra++;
            continue;
        }
        if (s.len > c->max_len) {
            c->tally->too_long++;
            continue;
        }
        rc = add(c, s, &fresh, err);
        if (rc == 0 && !fresh)
            reject_equal(c, &item[i]);
        else if (rc == 0 && *taken == want)
            c->tally->extra++;
        else if (rc == 0)
            rc = judge(c, &item[i], opinion ? opinion + i : NULL, err);
    }
    return rc;
}

/* One side of all answers. */
static int take_side(struct chooser *c, struct err *err)
{
    const struct opinion *opinion = c->from->opinion;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < c->from->answers; i++) {
        const struct chat_answer *a = c->from->answer[i];
        size_t skip = c->positive ? 0 : a->positives;

        rc = take(c, c->positive ? a->positive : a->negative,
                  c->positive ? a->positives : a->negatives,
                  opinion ? opinion + skip : NULL, err);
        if (opinion)
            opinion += a->positives + a->negatives;
    }
    return rc;
}

/* Room for the anchor and every item. */
static int make_room(struct chooser *c, struct err *err)
{
    size_t n = 1;

    for (size_t i = 0; i < c->from->answers; i++)
        n += c->from->answer[i]->positives + c->from->answer[i]->negatives;
    c->looked = calloc(n, sizeof(*c->looked));
    return c->looked ? 0 : ERR_SET(err, ERR_NOMEM, "cannot hold %zu items", n);
}

static void release(struct chooser *c)
{
    for (size_t i = 0; i < c->looks; i++)
        facets_release(&c->looked[i]);
    free(c->looked);
    intern_release(&c->seen);
}

int items_pick(struct items *out, struct items_tally *tally,
               const struct items_from *from, struct err *err)
{
    struct chooser c = { .seen = INTERN_INIT,
                         .positives_end = 1,
                         .max_len = 8 * from->anchor.len + 200,
                         .from = from,
                         .out = out,
                         .tally = tally,
                         .positive = true };
    bool fresh;
    int rc = make_room(&c, err);

    out->positives = out->negatives = out->asides = out->aside_positives = 0;
    out->rejects = out->rejected_positives = 0;
    if (rc == 0)
        rc = add(&c, from->anchor, &fresh, err);
    if (rc == 0)
        rc = take_side(&c, err);
    c.positives_end = c.seen.n;
    c.positive = false;
    if (rc == 0)
        rc = take_side(&c, err);
    release(&c);
    tally->positives += out->positives;
    tally->negatives += out->negatives;
    return rc;
}

int items_choose(struct items *out, struct items_tally *tally,
                 const struct chat_answer *a, struct span anchor,
                 size_t positives, size_t negatives, struct err *err)
{
    const struct items_from from = { .answer = &a,
                                     .answers = 1,
                                     .anchor = anchor,
                                     .positives = positives,
                                     .negatives = negatives };

    return items_pick(out, tally, &from, err);
}
