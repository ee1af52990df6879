/*
 * answers.h - paid answers, kept between runs: a store that is never
 * finished. What answers_commit() returned for survives kill -9.
 *
 *   notes   key "<56 hex digits of the question's hash>-<number>"
 *           payload JSON {"body", "status", "seconds", "template", and what
 *           else is known of: "source", "model", "at", "tries", "throttles",
 *           "failed" (attempts before it),
 *           "prompt", "cached", "completion", "reasoning" (tokens), "money"}
 *   notes   key "<56 hex digits>-<number>!": no answer came to that
 *           payload JSON {"reason", "at"}; never taken for an answer
 *   meta    "ledger", "ways": the caller's, committed with the answers
 */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H

#include "store/store.h"

struct answer_record {
    struct span body; /* as it came; what is not UTF-8 is stored as U+FFFD */
    long status;      /* HTTP */
    double seconds;
    const char *template; /* hash of the prompt's template */
    const char *source;   /* endpoint and model that were asked; NULL: ? */
    const char *model;    /* as the answer names it */
    double at;            /* when it came, seconds since 1970; 0: ? */
    double tries, throttles;
    const char *failed; /* what came of the attempts before; NULL, "": none */
    /* tokens and money, below 0: unknown */
    double prompt, cached, completion, reasoning, money;
};

/* Errors as store_create(); ERR_AGAIN: another run writes it. */
int answers_open(struct store **out, const char *path,
                 struct err *err) MUST_CHECK;
int answers_put(struct store *s, const char *hash, unsigned number,
                const struct answer_record *a, struct err *err) MUST_CHECK;
/* 0: found, body and status are set; *doc owns them: json_free() it. 1: not
 * there. */
int answers_get(struct store *s, const char *hash, unsigned number,
                struct json **doc, struct answer_record *a,
                struct err *err) MUST_CHECK;

/* 0: there is that answer; 1: there is not. */
int answers_has(struct store *s, const char *hash, unsigned number,
                struct err *err) MUST_CHECK;

/* No answer came to that; what is there is replaced. */
int answers_put_failure(struct store *s, const char *hash, unsigned number,
                        const char *reason, struct err *err) MUST_CHECK;
/* 0: there is such a record, reason is filled; 1: there is none. */
int answers_get_failure(struct store *s, const char *hash, unsigned number,
                        char *reason, size_t size, struct err *err) MUST_CHECK;

#endif
