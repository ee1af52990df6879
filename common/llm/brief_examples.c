#include <stdio.h>

#include "base/hash.h"
#include "llm/brief.h"
#include "store/records.h"

/* Labels that say clearly one or the other. */
#define SAME_LEAST 0.8f
#define DIFFER_MOST 0.4f

enum { SHOWN_MAX = 64, LONG = 400 };

/* The pairs with the smallest hash, of one side. */
struct drawn {
    size_t n, most;
    uint64_t hash[SHOWN_MAX];
    const struct pair *pair[SHOWN_MAX];
};

static void draw(struct drawn *d, const struct pair *p, uint64_t hash)
{
    size_t at = d->n;

    if (d->most == 0 || (at == d->most && hash >= d->hash[at - 1]))
        return;
    if (at == d->most)
        at--;
    else
        d->n++;
    for (; at > 0 && d->hash[at - 1] > hash; at--) {
        d->hash[at] = d->hash[at - 1];
        d->pair[at] = d->pair[at - 1];
    }
    d->hash[at] = hash;
    d->pair[at] = p;
}

static int show(struct buf *out, const struct texts *t, const struct drawn *d,
                struct span form, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->n; i++) {
        char a[LONG + 1], b[LONG + 1];
        const char *const pairs[] = { "{a}", a, "{b}", b, NULL };
        struct span x = t->text[d->pair[i]->a], y = t->text[d->pair[i]->b];

        snprintf(a, sizeof(a), "%.*s", (int)x.len, x.ptr);
        snprintf(b, sizeof(b), "%.*s", (int)y.len, y.ptr);
        rc = buf_puts(out, "\n", err); /* the list begins on a new line */
        if (rc == 0)
            rc = brief_replace(out, form, pairs, err);
    }
    return rc;
}

static void pick(struct drawn *same, struct drawn *differ,
                 const struct texts *t, const struct pairs *all, uint64_t seed)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct pair *p = &all->pair[i];
        struct span a = t->text[p->a], b = t->text[p->b];
        uint64_t hash = hash64(b.ptr, b.len, hash64(a.ptr, a.len, seed));

        if (a.len > LONG || b.len > LONG)
            continue;
        if (p->label >= SAME_LEAST)
            draw(same, p, hash);
        else if (p->label <= DIFFER_MOST)
            draw(differ, p, hash);
    }
}

int brief_show_gold(struct buf *out, const struct prompt *p, const char *path,
                    size_t shots, uint64_t seed, struct err *err)
{
    struct drawn same = { .most = (shots + 1) / 2 };
    struct drawn differ = { .most = shots / 2 };
    struct store *s = NULL;
    struct texts t = { NULL, NULL, 0 };
    struct pairs all = { NULL, 0 };
    int rc = store_open(&s, path, err);

    if (rc == 0)
        rc = texts_load(&t, s, err);
    if (rc == 0)
        rc = pairs_load(&all, s, err);
    if (rc == 0)
        pick(&same, &differ, &t, &all, seed);
    if (rc == 0 && same.n + differ.n == 0)
        rc = ERR_SET(err, ERR_USAGE,
                     "%s: no pair with a label of %g or more, or %g or less, "
                     "to show as an example",
                     path, (double)SAME_LEAST, (double)DIFFER_MOST);
    if (rc == 0)
        rc = show(out, &t, &same,
                  p->same.len ? p->same : span_of("same: \"{a}\" / \"{b}\""),
                  err);
    if (rc == 0)
        rc = show(out, &t, &differ,
                  p->differ.len ? p->differ
                                : span_of("differ: \"{a}\" / \"{b}\""),
                  err);
    pairs_release(&all);
    texts_release(&t);
    store_close(s);
    return rc;
}
