#include <stdlib.h>
#include <string.h>

#include "llm/session.h"

enum { WINDOW = 64 }; /* anchors that models are asked about at once */

/* A run of anchors and what was answered about them. */
struct window {
    uint32_t first;
    size_t n;
    char *anchor[WINDOW];
    struct finding finding[WINDOW];
    size_t opinion[WINDOW]; /* number of the first one */
};

static void empty(struct window *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->anchor[i]);
        finding_release(&v->finding[i]);
    }
    v->n = 0;
}

static int load(struct session *x, struct window *v, struct err *err)
{
    struct finding *f = &v->finding[v->n];
    struct span anchor;
    int rc = anchors_get(&x->anchors, v->first + (uint32_t)v->n, &anchor, err);

    if (rc < 0)
        return rc;
    *f = (struct finding){ .state = INQUIRY_CLOSED };
    v->anchor[v->n] = strndup(anchor.ptr, anchor.len);
    if (!v->anchor[v->n])
        return ERR_SET(err, ERR_NOMEM, "cannot hold an anchor");
    v->n++;
    rc = inquiry_find(f, &x->inquiry, anchor, NULL, false, err);
    return rc == 0 && f->state == INQUIRY_USE
               ? opinions_add(&x->opinions, span_of(v->anchor[v->n - 1]),
                              &f->dialogue.answer, &v->opinion[v->n - 1], err)
               : rc;
}

int session_windows(struct session *x, session_anchor_fn *each, void *ctx,
                    struct err *err)
{
    static struct window v;
    int rc = 0;

    for (v.first = 0; rc == 0 && v.first < x->anchors.n; v.first += WINDOW) {
        opinions_reset(&x->opinions);
        while (rc == 0 && v.n < WINDOW && v.first + v.n < x->anchors.n)
            rc = load(x, &v, err);
        if (rc == 0)
            rc = opinions_ask(&x->opinions, err);
        for (size_t i = 0; rc == 0 && i < v.n; i++)
            rc = each(x, ctx, v.first + (uint32_t)i, span_of(v.anchor[i]),
                      &v.finding[i], x->opinions.of + v.opinion[i], err);
        empty(&v);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    return rc;
}
