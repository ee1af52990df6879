#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"

enum log_level log_threshold = LOG_INFO;
static const char *program = "?";
enum { SECRETS = 64 };
static struct {
    const char *ptr;
    size_t len;
} secret[SECRETS];
static size_t secrets;

static void hold_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void log_init(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');

    hold_standard();
    program = slash ? slash + 1 : argv0;
}

const char *log_program(void)
{
    return program;
}

void log_redact(const char *s, size_t len)
{
    if (len == 0)
        secrets = 0;
    else if (secrets < SECRETS) {
        secret[secrets].ptr = s;
        secret[secrets++].len = len;
    }
}

static void redact(char *line, const char *s, size_t n)
{
    size_t len = strlen(line);

    for (char *hit = line; (size_t)(hit - line) + n <= len; hit++)
        if (memcmp(hit, s, n) == 0)
            memset(hit, '*', n);
}

/* A record is one line, whatever a server or a file wrote into it. */
static void one_line(char *line)
{
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
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
    one_line(line);
    for (size_t i = 0; i < secrets; i++)
        redact(line, secret[i].ptr, secret[i].len);
    progress_erase();
    fprintf(stderr, "%s: %s: %s\n", program, name[level], line);
}
