#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/progress.h"

enum log_level log_threshold = LOG_INFO;
static const char *program = "?";
static const char *secret;
static size_t secret_len;

void log_init(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');

    program = slash ? slash + 1 : argv0;
}

const char *log_program(void)
{
    return program;
}

void log_redact(const char *s, size_t len)
{
    secret = len ? s : NULL;
    secret_len = len;
}

static void redact(char *line)
{
    size_t len = strlen(line);
    char *hit = line;

    if (!secret)
        return;
    while ((size_t)(hit - line) + secret_len <= len) {
        if (memcmp(hit, secret, secret_len) == 0)
            memset(hit, '*', secret_len);
        hit++;
    }
}

void log_event(enum log_level level, const char *fmt, ...)
{
    static const char *const name[] = { "error", "warn", "info", "debug" };
    char line[2048];
    va_list ap;

    if (level > log_threshold)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    redact(line);
    progress_erase();
    fprintf(stderr, "%s: %s: %s\n", program, name[level], line);
}
