/*
 * log.h - one line per event, on stderr only. stdout belongs to results.
 *
 * Format: "<program>: <level>: <message>". Messages carry key=value pairs and
 * no trailing newline, colour or cursor movement. Strings registered with
 * log_redact() never reach the output: its bytes are printed as "*".
 * The only writer of stderr, with base/progress.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

extern enum log_level log_threshold; /* default LOG_INFO; set once in main */

/* Take the program's name for the log lines from argv[0]. Descriptors 0 to 2
 * that are closed are taken, so that no file is opened as one of them and
 * written into by a message; using them fails as before. */
void log_init(const char *argv0);
/* The name log_init() found; "?" before. */
const char *log_program(void);
/* Never print this string (a key). The bytes stay the caller's and must live
 * until log_redact(NULL, 0), which forgets all. At most 64. */
void log_redact(const char *secret, size_t len);
void log_event(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_event(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)

#endif
