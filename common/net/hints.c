#include "net/hints.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http.h"

enum { ABSURD_S = 10000000 }; /* to wait a third of a year */

static double sane(double s)
{
    return s >= 0.0 && s < ABSURD_S ? s : -1.0;
}

/* -1: it is none. */
static double number(const char *value)
{
    char *end;
    double s = strtod(value, &end);

    return end != value && !end[strspn(end, " \t\r\n")] ? s : -1.0;
}

/* Seconds of the unit at *p, which moves behind it; 0: no such unit. */
static double unit(const char **p)
{
    static const struct {
        const char *name;
        double s;
    } units[] = { { "ms", 1e-3 }, { "us", 1e-6 },   { "\xC2\xB5s", 1e-6 },
                  { "ns", 1e-9 }, { "h", 3600.0 },  { "m", 60.0 },
                  { "s", 1.0 },   { "d", 86400.0 }, { "", 0.0 } };
    size_t i = 0;

    while (strncmp(*p, units[i].name, strlen(units[i].name)) != 0)
        i++;
    *p += strlen(units[i].name);
    return units[i].s;
}

double hints_duration(const char *value)
{
    const char *p = value + strspn(value, " \t");
    double sum = 0.0;
    bool any = false;

    while (isdigit((unsigned char)*p) || *p == '.') {
        char *end;
        double n = strtod(p, &end), s;

        if (end == p)
            return -1.0;
        p = end;
        s = unit(&p);
        if (s == 0.0 && any)
            return -1.0;
        sum += n * (s == 0.0 ? 1.0 : s);
        any = true;
    }
    return any && !p[strspn(p, " \t\r\n")] ? sane(sum) : -1.0;
}

double hints_retry_after(const char *value)
{
    double s;

    value += strspn(value, " \t");
    s = hints_duration(value);
    return s >= 0.0 || strlen(value) < 20 ? s : sane(http_date_wait(value));
}

void hints_init(struct hints *h)
{
    *h = (struct hints){ .retry_after = -1.0, .should_retry = -1 };
    for (int k = 0; k < HINTS_KINDS; k++)
        h->limit[k] = h->left[k] = h->reset[k] = -1.0;
}

static void take_rate(struct hints *h, const char *name, const char *value)
{
    static const char *const kinds[] = { "-requests", "-tokens" };

    for (int k = 0; k < HINTS_KINDS; k++) {
        size_t n = strlen(name), m = strlen(kinds[k]);
        double v = hints_duration(value);

        if (n <= m || strcasecmp(name + n - m, kinds[k]) != 0)
            continue;
        if (strncasecmp(name, "limit", 5) == 0)
            h->limit[k] = v > 0.0 ? v : -1.0;
        else if (strncasecmp(name, "remaining", 9) == 0)
            h->left[k] = v;
        else if (strncasecmp(name, "reset", 5) == 0)
            h->reset[k] = v;
    }
}

/* A user's name, a path or a query may carry a secret: only where it leads is
 * kept. */
static void take_location(struct hints *h, const char *value)
{
    const char *slashes = strstr(value, "//"), *host, *at;
    size_t n;

    h->location[0] = '\0';
    if (!slashes)
        return;
    host = slashes + 2;
    n = strcspn(host, "/?#\r\n");
    at = memrchr(host, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    snprintf(h->location, sizeof(h->location), "%.*s%.*s",
             (int)(slashes + 2 - value), value, (int)n, host);
}

static void take(struct hints *h, const char *name, const char *value)
{
    static const char rate[] = "x-ratelimit-";
    double s = hints_retry_after(value);

    if (strcasecmp(name, "retry-after-ms") == 0) {
        s = sane(number(value));
        if (s >= 0.0)
            h->retry_after = s / 1000.0;
        h->exact = s >= 0.0;
    } else if (strcasecmp(name, "retry-after") == 0) {
        if (!h->exact)
            h->retry_after = s;
    } else if (strcasecmp(name, "x-should-retry") == 0) {
        h->should_retry = strncasecmp(value, "true", 4) == 0    ? 1
                          : strncasecmp(value, "false", 5) == 0 ? 0
                                                                : -1;
    } else if (strcasecmp(name, "location") == 0) {
        take_location(h, value);
    } else if (strncasecmp(name, rate, sizeof(rate) - 1) == 0) {
        take_rate(h, name + sizeof(rate) - 1, value);
    }
}

void hints_line(struct hints *h, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    char name[64], value[256];
    size_t n = colon ? (size_t)(colon - line) : 0, from = n + 1;

    if (n == 0 || n >= sizeof(name))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)n, line);
    while (from < len && (line[from] == ' ' || line[from] == '\t'))
        from++;
    snprintf(value, sizeof(value), "%.*s", (int)(len - from), line + from);
    take(h, name, value);
}

double hints_wait(const struct hints *h)
{
    double wait = h->retry_after;

    for (int k = 0; k < HINTS_KINDS; k++)
        if (h->left[k] == 0.0)
            wait = fmax(wait, h->reset[k]);
    return wait;
}
