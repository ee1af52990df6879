/*
 * session.h - one run of llm-generate: what its options ask for, the sources,
 * the anchors, the stored answers, and what became of them. The steps are
 * those of the stage's run(): load, pick, then a dry run, or buying and going
 * over the answers.
 */
#ifndef LLM_SESSION_H
#define LLM_SESSION_H

#include "base/file.h"
#include "llm/aside.h"
#include "llm/bill.h"
#include "llm/brief.h"
#include "llm/corpus.h"
#include "llm/emit.h"
#include "llm/judge.h"
#include "llm/purchase.h"
#include "llm/waste.h"
#include "store/stage.h"

/* The options, as the stage's table fills them. */
struct session_args {
    struct stage_args common;
    const char *texts, *provider, *template, *out, *answers, *model, *domain;
    const char *prices, *key_file, *thinking;
    int64_t positives, negatives, top_up, limit, sample, pilot, key_fd;
    int64_t concurrency, max_concurrency, timeout;
    double temperature, rpm, tpm;
    double max_cost, max_tokens, max_requests, max_time, max_wait;
    int dry_run, retry_failed, cache_only, offpeak, fixed, batch;
    const char *check;
    const char *kinds, *grades, *styles, *notes, *examples, *avoid;
    const char *checks, *aside;
    const char *embedder, *cross_encoder; /* the stage loads them */
    struct opt_list against;
    const char *judge, *judge_model, *judge_template, *judge_key, *judged;
    int64_t shots;
};

struct session {
    const struct session_args *args;
    struct stage *stage;
    struct source_options how;
    struct sources sources;
    struct prompt prompt;
    struct brief brief;
    struct dialogue_plan plan;
    struct inquiry inquiry;
    struct anchors anchors;
    struct store *answers;
    struct ledger ledger;
    struct purchase_counts bought;
    char answers_path[FILE_PATH_MAX + 16];
    uint32_t all; /* anchors, of which a pilot has a part */
    /* of what is written */
    struct waste waste;
    struct items_tally items;
    struct checks checks;
    struct checks_counts votes;
    struct opinions opinions; /* its ask is the stage's */
    struct judge judge;
    struct corpus corpus;
    struct diversity_figures diversity;
    struct aside aside;
    size_t how_read[REPAIR_CUT + 1], status[CHAT_ERROR + 1];
    size_t topped_up; /* anchors */
    double prompt_tokens, completion_tokens;
};

/* Profiles, prices, prompt; no key, no socket. */
int session_load(struct session *x, const struct session_args *a,
                 struct err *err) MUST_CHECK;
void session_release(struct session *x);
int session_pick_anchors(struct session *x, struct err *err) MUST_CHECK;
/* The store of answers, its ledger, and ways of asking. */
int session_open_answers(struct session *x, struct err *err) MUST_CHECK;
/* Print a request and what all would cost. */
int session_dry_run(struct session *x, struct err *err) MUST_CHECK;
/* Buy what is missing; the report is written however it ends. */
int session_buy(struct session *x, struct err *err) MUST_CHECK;

/* Have sentences judged: see which, buy what is missing (unless --cache-only).
 * Nothing without --judge. (session_judge.c) */
int session_judge(struct session *x, struct err *err) MUST_CHECK;

/* Go over the answers, a window of anchors at a time; w NULL: count only.
 * (yield.c) */
int session_write(struct session *x, struct writer *w,
                  struct err *err) MUST_CHECK;
/* Counts and money, to stdout and beside the answers. (session_report.c) */
int session_report(const struct session *x, struct err *err) MUST_CHECK;
/* What all anchors would take, by those of a pilot. */
void session_project(const struct session *x);

/* For the parts of a session. */
/* An anchor, what was answered, and opinions of the answer's sentences (if it
 * is in use). All anchors in order. (window.c) */
typedef int session_anchor_fn(struct session *x, void *ctx, uint32_t i,
                              struct span anchor, const struct finding *f,
                              struct opinion *opinion, struct err *err);
int session_windows(struct session *x, session_anchor_fn *each, void *ctx,
                    struct err *err) MUST_CHECK;
int session_load_judge(struct session *x, const struct session_args *a,
                       struct err *err) MUST_CHECK;
int session_check_prices(struct session *x, struct sources *s,
                         struct err *err) MUST_CHECK;
struct bill session_bill(const struct session *x, const char *stopped);

#endif
