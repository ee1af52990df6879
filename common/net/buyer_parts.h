/*
 * buyer_parts.h - private to buyer*.c: the loop's state. buyer.c is the loop,
 * buyer_send.c sends, buyer_take.c sees what came back.
 */
#ifndef NET_BUYER_PARTS_H
#define NET_BUYER_PARTS_H

#include "base/rng.h"
#include "net/buyer.h"
#include "net/lane.h"

struct buyer_slot {
    struct buyer_ask ask;
    unsigned lane, tries, throttles;
    char failed[BUYER_FAILED]; /* what came of the attempts so far */
    double sent, not_before;
    struct buyer_quote quote; /* as reserved */
    bool active;              /* has an ask */
    bool waiting;             /* ... that is to be sent after not_before */
    bool answered;            /* ... whose answer waits for commit() */
};

/* One source, as its lanes make it. */
struct buyer_source {
    size_t busy;
    bool proven;       /* its way of asking has been answered */
    bool no_other_way; /* all were tried, since it only crashed */
};

struct buyer {
    const struct buyer_job *job;
    struct buyer_counts *n;
    struct post *post;
    struct rng rng;
    struct lane *lane; /* [job->lanes] */
    struct buyer_source source[BUYER_SOURCES];
    bool open[BUYER_SOURCES];
    struct buyer_slot *slot; /* [slots] */
    size_t slots;
    bool no_more, stopping;
    struct err why;        /* of stopping */
    double began, stop_at; /* seconds, monotonic */
    double idle, told;     /* nothing is under way since; last said so */
};

double buyer_now(void);
/* Fill why by ERR_SET() first; the first reason counts. */
void buyer_stop(struct buyer *b, const struct err *why);
/* After a lane stopped: which sources are left; none ends the run. */
void buyer_lane_stopped(struct buyer *b, struct lane *l);
void buyer_drop(struct buyer_slot *s);
/* No attempt at what it asks has been made. */
void buyer_begin(struct buyer_slot *s);
/* Give back what the slot's request held. */
int buyer_account(struct buyer *b, struct buyer_slot *s,
                  struct buyer_attempt *a, struct err *err) MUST_CHECK;

/* What waits and may go now. */
int buyer_send_waiting(struct buyer *b, struct err *err) MUST_CHECK;
/* New ones, as long as each can go out at once or another source may. */
int buyer_send_new(struct buyer *b, struct err *err) MUST_CHECK;

/* One that is over. */
int buyer_take(struct buyer *b, struct post_done *d,
               struct err *err) MUST_CHECK;
/* The answers of this turn: commit them, then see what each leads to. */
int buyer_follow_all(struct buyer *b, struct err *err) MUST_CHECK;
/* Hand in what a lane's endpoint is not to blame for. */
int buyer_flush_lost(struct buyer *b, struct lane *l,
                     struct err *err) MUST_CHECK;

#endif
