#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set_(struct err *err, int code, const char *file, int line,
             const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    err->file = file;
    err->line = line;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    return code;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
    char tail[sizeof(err->msg)];
    va_list ap;
    int n;

    memcpy(tail, err->msg, sizeof(tail));
    va_start(ap, fmt);
    n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->msg))
        snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", tail);
    return err->code;
}

static const struct {
    int code, status;
    const char *name;
} table[] = {
    { 0, 0, "success" },
    { ERR_NOMEM, 1, "out of memory" },
    { ERR_IO, 74, "I/O error" },
    { ERR_FORMAT, 65, "malformed data" },
    { ERR_NOTFOUND, 1, "not found" },
    { ERR_FULL, 74, "capacity exceeded" },
    { ERR_USAGE, 2, "bad usage" },
    { ERR_NUMERIC, 1, "non-finite number" },
    { ERR_AGAIN, 75, "try again later" },
    { ERR_UNAVAIL, 69, "service unavailable" },
    { ERR_AUTH, 77, "credentials refused" },
    { ERR_CONFIG, 78, "configuration error" },
    { ERR_STOPPED, 130, "interrupted" },
    { ERR_CREDIT, 76, "no credit" },
};

int err_exit_status(int code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return table[i].status;
    return 1;
}

const char *err_name(int code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return table[i].name;
    return "unknown error";
}
