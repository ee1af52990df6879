#include <math.h>
#include <stdio.h>
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

static int note_rejects(struct session *x, uint32_t i, const struct items *it,
                        struct err *err)
{
    char where[64], reason[64];
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < it->rejects; k++) {
        snprintf(where, sizeof(where), "anchor %u, %s", i,
                 k < it->rejected_positives ? "positive" : "negative");
        snprintf(reason, sizeof(reason), "check: %s",
                 checks_name(it->because[k]));
        rc = stage_note_reject(x->stage, where, reason, it->rejected[k]->text,
                               err);
    }
    return rc;
}

static int repeated(void *ctx, bool *is, struct span text, struct err *err)
{
    return corpus_look(ctx, is, text, err);
}

static int pick(struct session *x, struct items *it, struct span anchor,
                const struct finding *f, const struct opinion *opinion,
                struct err *err)
{
    const struct chat_answer *a = &f->dialogue.answer;
    const struct items_from answers = {
        .answer = &a,
        .answers = 1,
        .anchor = anchor,
        .positives = (size_t)x->args->positives,
        .negatives = (size_t)x->args->negatives,
        .opinion = x->opinions.ask ? opinion : NULL,
        .repeated = repeated,
        .ctx = &x->corpus,
        .checks = &x->checks,
        .counts = &x->votes,
    };
    int rc;

    corpus_next(&x->corpus);
    rc = items_pick(it, &x->items, &answers, err);
    return rc == 0 ? corpus_count(&x->corpus, it, err) : rc;
}

static int write_anchor(struct session *x, struct writer *w, uint32_t i,
                        struct span anchor, const struct finding *f,
                        const struct opinion *opinion, struct err *err)
{
    const struct chat_answer *a = &f->dialogue.answer;
    const struct source *s = &x->sources.source[f->source];
    struct emit_source from = { .provider = s->provider.name,
                                .model = s->model,
                                .template = x->prompt.hash,
                                .repair = a->how,
                                .brief = &x->brief,
                                .negatives = (int)x->args->negatives };
    static struct items it;
    int rc = pick(x, &it, anchor, f, opinion, err);

    if (rc < 0)
        return rc;
    x->how_read[a->how]++;
    x->prompt_tokens += fmax(a->prompt_tokens, 0.0);
    x->completion_tokens += fmax(a->completion_tokens, 0.0);
    waste_add(&x->waste, s->name, &f->dialogue, it.positives + it.negatives,
              a->positives + a->negatives);
    x->stage->n.seen++;
    x->stage->n.kept++;
    if (!w)
        return 0;
    rc = note_rejects(x, i, &it, err);
    if (rc == 0)
        rc = aside_write(&x->aside, anchor, &it, s->model, err);
    return rc == 0 ? emit_items(w, anchor, &it, &from, err) : rc;
}

static int fail_anchor(struct session *x, uint32_t i, struct span anchor,
                       const struct finding *f, struct err *err)
{
    char where[64], text[512];

    waste_add(&x->waste, x->sources.source[f->source].name, &f->dialogue, 0, 0);
    snprintf(where, sizeof(where), "anchor %u", i);
    snprintf(text, sizeof(text), "%.*s", (int)anchor.len, anchor.ptr);
    return stage_fail_record(
        x->stage, where,
        f->state == INQUIRY_FAILED ? f->reason : "no answer came; run again",
        text, err);
}

/* ---- windows ---- */

static void empty_window(struct window *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->anchor[i]);
        finding_release(&v->finding[i]);
    }
    v->n = 0;
}

static int load_anchor(struct session *x, struct window *v, struct err *err)
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
    if (rc == 0)
        x->status[f->dialogue.answer.status] +=
            f->dialogue.verdict != TURNS_ASK;
    return rc == 0 && f->state == INQUIRY_USE
               ? opinions_add(&x->opinions, span_of(v->anchor[v->n - 1]),
                              &f->dialogue.answer, &v->opinion[v->n - 1], err)
               : rc;
}

static int write_window(struct session *x, struct writer *w,
                        const struct window *v, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < v->n; i++) {
        const struct finding *f = &v->finding[i];
        uint32_t number = v->first + (uint32_t)i;
        struct span anchor = span_of(v->anchor[i]);

        rc = f->state == INQUIRY_USE
                 ? write_anchor(x, w, number, anchor, f,
                                x->opinions.of + v->opinion[i], err)
                 : fail_anchor(x, number, anchor, f, err);
    }
    return rc;
}

int session_write(struct session *x, struct writer *w, struct err *err)
{
    static struct window v;
    const double likeness =
        x->checks.rules.off[CHECK_REPEATED] ? 0.0 : x->checks.rules.repeated;
    int rc = corpus_open(&x->corpus, likeness, &x->args->against, err);

    for (v.first = 0; rc == 0 && v.first < x->anchors.n; v.first += WINDOW) {
        opinions_reset(&x->opinions);
        while (rc == 0 && v.n < WINDOW && v.first + v.n < x->anchors.n)
            rc = load_anchor(x, &v, err);
        if (rc == 0)
            rc = opinions_ask(&x->opinions, err);
        if (rc == 0)
            rc = write_window(x, w, &v, err);
        empty_window(&v);
        if (rc == 0 && stage_stopped())
            rc = stage_stop(err);
    }
    return rc == 0 ? diversity_figures(&x->diversity, x->corpus.diversity, err)
                   : rc;
}
