#include <math.h>
#include <stdio.h>

#include "llm/session.h"

static int note_rejects(struct session *x, uint32_t i, const struct items *it,
                        struct err *err)
{
    char where[64], reason[120];
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < it->rejects; k++) {
        const bool positive = k < it->rejected_positives;

        snprintf(where, sizeof(where), "anchor %u, %s", i,
                 positive ? "positive" : "negative");
        snprintf(reason, sizeof(reason), "check: %s (%s)",
                 checks_name(it->because[k]),
                 checks_reason(it->because[k], positive));
        rc = stage_note_reject(x->stage, where, reason, it->rejected[k]->text,
                               err);
    }
    return rc;
}

static int repeated(void *ctx, bool *is, const struct facets *text,
                    struct err *err)
{
    return corpus_look(ctx, is, text->folded, err);
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
        .opinion = opinion,
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
    x->topped_up += f->dialogue.top_ups > 0;
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

static int write_one(struct session *x, void *writer, uint32_t i,
                     struct span anchor, const struct finding *f,
                     struct opinion *opinion, struct err *err)
{
    int rc = 0;

    x->status[f->dialogue.answer.status] += f->dialogue.verdict != TURNS_ASK;
    if (f->state != INQUIRY_USE)
        return fail_anchor(x, i, anchor, f, err);
    if (x->judge.on)
        rc = judge_votes(&x->judge, opinion, anchor, &f->dialogue.answer,
                         &x->waste, err);
    return rc == 0 ? write_anchor(x, writer, i, anchor, f, opinion, err) : rc;
}

int session_write(struct session *x, struct writer *w, struct err *err)
{
    const double likeness =
        x->checks.rules.off[CHECK_REPEATED] ? 0.0 : x->checks.rules.repeated;
    int rc = corpus_open(&x->corpus, likeness, &x->args->against, err);

    if (rc == 0)
        rc = session_windows(x, write_one, w, err);
    return rc == 0 ? diversity_figures(&x->diversity, x->corpus.diversity, err)
                   : rc;
}
