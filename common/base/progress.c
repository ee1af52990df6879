#include "base/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rate.h"

enum { LINE_BYTES = 1024 };

static struct {
    const char *unit;
    size_t total, done;
    double shown;
    struct rate rate;
    int active, drawn, quiet, tty;
} p;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void progress_quiet(int quiet)
{
    p.quiet = quiet;
}

void progress_start_after(const char *unit, size_t total, size_t before)
{
    int quiet = p.quiet;

    memset(&p, 0, sizeof(p));
    p.quiet = quiet;
    p.unit = unit;
    p.total = total;
    p.done = before;
    p.shown = now();
    rate_start(&p.rate, p.shown, (double)before);
    p.active = 1;
    p.tty = isatty(STDERR_FILENO);
}

void progress_start(const char *unit, size_t total)
{
    progress_start_after(unit, total, 0);
}

void progress_erase(void)
{
    if (p.drawn)
        fputs("\r\033[K", stderr);
    p.drawn = 0;
}

static void format_eta(char out[32], double seconds)
{
    long s = (long)(seconds + 0.5);

    if (s >= 3600)
        snprintf(out, 32, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, 32, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(out, 32, "%lds", s);
}

/* Columns of the terminal; a longer line would wrap, and stay there. */
static size_t columns(void)
{
    struct winsize w;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col
                                                                     : 80;
}

static void draw(double per_s, const char *note)
{
    char line[LINE_BYTES], part[96] = "", eta[32] = "";

    if (p.total) {
        snprintf(part, sizeof(part), "/%zu %s %3zu%%", p.total, p.unit,
                 p.done * 100 / p.total);
        if (per_s > 0.0)
            format_eta(eta, (double)(p.total - p.done) / per_s);
    } else {
        snprintf(part, sizeof(part), " %s", p.unit);
    }
    snprintf(line, sizeof(line), "%s: %zu%s %.*f/s%s%s%s%s", log_program(),
             p.done, part, per_s < 10.0 ? 1 : 0, per_s, eta[0] ? " eta " : "",
             eta, note ? " " : "", note ? note : "");
    fprintf(stderr, "\r%.*s\033[K", (int)columns() - 1, line);
    fflush(stderr);
    p.drawn = 1;
}

static void log_line(double per_s, const char *note)
{
    if (p.total)
        log_info("progress seen=%zu of=%zu unit=%s rate=%.1f/s eta_s=%.0f %s",
                 p.done, p.total, p.unit, per_s,
                 per_s > 0.0 ? (double)(p.total - p.done) / per_s : 0.0,
                 note ? note : "");
    else
        log_info("progress seen=%zu unit=%s rate=%.1f/s %s", p.done, p.unit,
                 per_s, note ? note : "");
}

void progress_update(size_t done, const char *note)
{
    double t, per_s;

    if (!p.active || p.quiet)
        return;
    t = now();
    p.done = p.total && done > p.total ? p.total : done;
    if (t - p.shown < (p.tty ? 0.1 : 10.0))
        return;
    per_s = rate_now(&p.rate, t, (double)p.done);
    p.shown = t;
    if (p.tty)
        draw(per_s, note);
    else
        log_line(per_s, note);
}

void progress_end(void)
{
    progress_erase();
    p.active = 0;
}
