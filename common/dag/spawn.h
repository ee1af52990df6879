/*
 * spawn.h - start a program, wait for it, keep what it prints.
 */
#ifndef DAG_SPAWN_H
#define DAG_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { ARGV_MAX = 256 };

/* A command line that owns its words. */
struct argv {
    char *word[ARGV_MAX + 1]; /* NULL-terminated */
    size_t n;
};
#define ARGV_INIT \
    { \
        { NULL }, 0 \
    }
void argv_release(struct argv *a);
int argv_add(struct argv *a, const char *word, struct err *err) MUST_CHECK;
/* The words as one shell line, quoted where needed. */
int argv_text(struct buf *b, const struct argv *a, struct err *err) MUST_CHECK;

/* Run to the end; out gets its stdout; its stderr goes to ours, or nowhere
 * when quiet. *status is the exit status, 128+n for a signal. */
int spawn_capture(const struct argv *a, struct buf *out, int *status,
                  bool quiet, struct err *err) MUST_CHECK;

/* A running program. Its stdout goes to a file, its stderr comes through a
 * pipe: spawn_wait() copies it to a log file and to our stderr. */
struct job {
    pid_t pid;   /* 0: slot is free */
    int pipe_fd; /* -1 once closed */
    int log_fd;
    size_t id; /* the caller's */
};
/* share/shares: this job gets that part of our CPUs (0/1: all). */
int spawn_start(struct job *j, const struct argv *a, const char *stdout_path,
                const char *log_path, size_t share, size_t shares,
                struct err *err) MUST_CHECK;
/*
 * Wait until one of n jobs has ended; copies the output of all meanwhile.
 * *which is its index, *status its exit status; the slot is freed. On SIGINT
 * or SIGTERM (see spawn_stop_requested) the jobs get the signal once and are
 * waited for.
 */
int spawn_wait(struct job *jobs, size_t n, size_t *which, int *status,
               struct err *err) MUST_CHECK;

/* Install handlers for SIGINT and SIGTERM; the signal's number once one came,
 * else 0. */
void spawn_catch_signals(void);
int spawn_stop_requested(void);

#endif
