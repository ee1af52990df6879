/*
 * judge.h - a language model that looks at what another one (or itself) wrote:
 * which of an anchor's sentences mean the same as it?
 *
 * It is not told what was asked for, sees positives and negatives in an order
 * drawn by hash, and is asked twice, with the two sentences of each pair and
 * the order of the pairs the other way round: judges favour what stands first
 * (Zheng et al., "Judging LLM-as-a-judge", 2023). Where its two answers differ
 * it abstains.
 *
 * Its questions are requests like any other (llm/dialogue.h): stored, paid
 * once, in the ledger, under the caps. Order of calls: judge_load(),
 * judge_add() for each anchor in the order of the anchors, judge_sort(), then
 * buying by judge->inquiry[0] and [1] over judge->anchors, and judge_votes().
 */
#ifndef LLM_JUDGE_H
#define LLM_JUDGE_H

#include "llm/anchors.h"
#include "llm/inquiry.h"
#include "llm/opinion.h"
#include "llm/waste.h"

enum { JUDGE_SIDES = 2 };

struct judge;
struct judge_side {
    struct judge *judge;
    bool swapped;
};

struct judge_list; /* which sentences of an anchor */

struct judge {
    bool on;
    struct source_options how;
    struct sources sources;
    struct prompt prompt;
    struct dialogue_plan plan[JUDGE_SIDES];
    struct inquiry inquiry[JUDGE_SIDES];
    struct judge_side side[JUDGE_SIDES];
    struct anchors anchors; /* those with something to judge */
    /* private */
    const struct inquiry *asked; /* where the sentences are */
    struct judge_list *list;
    size_t lists, list_room;
    uint16_t *place; /* of sentences in their answer, positives first */
    size_t places, place_room;
};

struct judge_options {
    const char *template; /* "": judge-LANGUAGE of the asking prompt */
    const char *domain;
    int64_t seed;
    int most; /* sentences that an answer is asked for */
};

/* j->how is set. asked: who wrote the sentences. Errors of sources_load() and
 * prompt_load(); ERR_USAGE for a template without {items}. */
int judge_load(struct judge *j, const struct inquiry *asked,
               const struct judge_options *o, struct err *err) MUST_CHECK;
void judge_release(struct judge *j); /* {0} is fine */

/* Anchor i of from shall have these sentences judged: places in its answer,
 * positives first. */
int judge_add(struct judge *j, const struct anchors *from, uint32_t i,
              struct span anchor, const uint16_t *place, size_t n,
              struct err *err) MUST_CHECK;
void judge_sort(struct judge *j);

/* Set judge of the opinions of an answer; nothing where there are no answers
 * of both sides. a is the answer that places count in. What it cost goes to w
 * (may be NULL). */
int judge_votes(struct judge *j, struct opinion *of, struct span anchor,
                const struct chat_answer *a, struct waste *w,
                struct err *err) MUST_CHECK;

#endif
