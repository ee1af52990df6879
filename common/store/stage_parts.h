/*
 * stage_parts.h - what the four files of a stage's frame share: stage.c
 * (main, signals, counts), stage_identity.c (fingerprint), stage_output.c
 * (part files, receipts, run record), stage_paths.c. Nobody else includes this.
 */
#ifndef STORE_STAGE_PARTS_H
#define STORE_STAGE_PARTS_H

#include <time.h>

#include "store/stage.h"

struct stage_state {
    const struct stage_spec *spec;
    struct json_node *parts; /* the fingerprint */
    int rejects_fd;          /* -1: none */
    int lock_fd;             /* of out.lock; -1: none */
    struct timespec begin;
    char command[4096]; /* for the run record */
};

/* Fill state->parts. */
int stage_fingerprint(struct stage *st, struct err *err) MUST_CHECK;
bool stage_same_fingerprint(const struct json_node *a,
                            const struct json_node *b);
/* Find the output's row and paths; "" when the stage has none. */
int stage_find_output(struct stage *st, struct err *err) MUST_CHECK;
/* No file is both read and written, or written twice: ERR_USAGE names the two
 * options. (stage_paths.c) */
int stage_check_paths(const struct stage *st, struct err *err) MUST_CHECK;
/* Warn of files asked for beside an output that is there already. */
void stage_tell_unwritten(const struct stage *st);
/* 1: the output is there and is what would be made; ERR_USAGE: it is there
 * and is something else. */
int stage_check_output(struct stage *st, struct err *err) MUST_CHECK;
/* One process at a time makes an output. ERR_AGAIN names the other. */
int stage_lock(struct stage *st, struct err *err) MUST_CHECK;
/* Let go; after a failure, remove what no later run can use. */
void stage_unlock(struct stage *st, bool failed);
double stage_seconds(const struct stage *st); /* since it began */
double stage_peak(void); /* bytes of memory at most so far */
/* How, where and with what: beside the output, since it differs each time. */
int stage_run_record(struct stage *st, struct err *err) MUST_CHECK;

#endif
