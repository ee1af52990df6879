/*
 * err.h - one error type for the whole tree.
 *
 * Every function that can fail returns int: 0 on success, a negative
 * enum err_code on failure. Iterators also return 1 for "no more items".
 * The function that detects a failure fills *err; callers clean up and return
 * the code unchanged. Programming errors are assert()ed, not returned.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
    ERR_NOMEM = -1,    /* an allocation failed */
    ERR_IO = -2,       /* the operating system refused a read or a write */
    ERR_FORMAT = -3,   /* bytes on disk or wire are not what we expect */
    ERR_NOTFOUND = -4, /* a key, tensor or file asked for is absent */
    ERR_FULL = -5,     /* a fixed capacity or the disk is used up */
    ERR_USAGE = -6,    /* the command line or a pipeline file is wrong */
    ERR_NUMERIC = -7,  /* NaN or infinity where a finite number must be */
    ERR_AGAIN = -8,    /* may work later: lock, rate limit, spent budget */
    ERR_UNAVAIL = -9,  /* a service did not answer */
    ERR_AUTH = -10,    /* a service refused our credentials */
    ERR_CONFIG = -11,  /* a service or a file cannot work as configured */
    ERR_STOPPED = -12, /* SIGINT or SIGTERM: work is kept, run it again */
    ERR_CREDIT = -13,  /* an account has no credit: people must act first */
};

struct err {
    int code;
    int line;         /* where the failure was detected ... */
    const char *file; /* ... for the debug log only */
    char msg[512];    /* one line, no trailing newline or full stop */
};

#define ERR_INIT \
    { \
        0, 0, "", "" \
    }
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fill *err and return code, so that "return ERR_SET(...)" is one step. */
#define ERR_SET(err, code, ...) \
    err_set_((err), (code), __FILE__, __LINE__, __VA_ARGS__)
int err_set_(struct err *err, int code, const char *file, int line,
             const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Put "context: " before the message. For boundaries only: a record key, a
 * path. Returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The process exit status for code: 0 done, 1 failed, 2 usage, 65 bad data,
 * 69 service unavailable, 74 I/O or full disk, 75 try again, 77 credentials,
 * 78 configuration (sysexits.h), 76 no credit. Only 69 and 75 are worth a try
 * by a program. ERR_STOPPED is main()'s affair: 128+signal. */
int err_exit_status(int code);

/* Short constant name of a code ("out of memory"). Never NULL. */
const char *err_name(int code);

#endif
