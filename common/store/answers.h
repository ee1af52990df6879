/*
 * answers.h - paid answers, kept between runs: a store that is never
 * finished. What answers_commit() returned for survives kill -9.
 *
 *   notes   key "<56 hex digits of the question's hash>-<number>"
 *           payload JSON {"body", "status", "seconds", "template"}
 */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H

#include "store/store.h"

struct answer_record {
    struct span body; /* as it came; what is not UTF-8 is stored as U+FFFD */
    long status;      /* HTTP */
    double seconds;
    const char *template; /* hash of the prompt's template */
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

#endif
