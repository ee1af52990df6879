#include "net/price.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
                                    "Thu", "Fri", "Sat" };
enum { DAY_S = 86400, WEEK = 7 };

/* ---- dates and hours ---- */

static int digits(const char *s, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = 10 * v + s[i] - '0';
    }
    return v;
}

/* "2026-07-24" as the second it begins at, UTC; -1: not a date. */
static time_t day_of(const char *s)
{
    struct tm tm = { 0 };
    int y, m, d;

    if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
        return -1;
    y = digits(s, 4);
    m = digits(s + 5, 2);
    d = digits(s + 8, 2);
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > 31)
        return -1;
    tm.tm_year = y - 1900;
    tm.tm_mon = m - 1;
    tm.tm_mday = d;
    return timegm(&tm);
}

static int weekday(const char *s)
{
    for (int i = 0; i < WEEK; i++)
        if (strncmp(s, days[i], 3) == 0)
            return i;
    return -1;
}

/* Minutes of "01:30"; -1: not a time. */
static int minutes(const char *s)
{
    int h = digits(s, 2),
        m = s[0] && s[1] && s[2] == ':' ? digits(s + 3, 2) : -1;

    return h < 0 || h > 24 || m < 0 || m > 59 || 60 * h + m > 1440 ? -1
                                                                   : 60 * h + m;
}

struct hours {
    int first, last; /* day of the week, from Sunday */
    int from, to;    /* minutes of the day */
};

/* "Mon-Fri 01:00-04:00", "Sat 00:00-24:00" or "01:00-04:00". */
static bool read_hours(struct hours *h, const char *s)
{
    *h = (struct hours){ 0, 6, 0, 0 };
    if (weekday(s) >= 0) {
        h->first = h->last = weekday(s);
        s += 3;
        if (*s == '-') {
            h->last = weekday(s + 1);
            s += 1 + strnlen(s + 1, 3);
        }
        if (h->last < 0 || *s != ' ')
            return false;
        s++;
    }
    if (strlen(s) != 11 || s[5] != '-')
        return false;
    h->from = minutes(s);
    h->to = minutes(s + 6);
    return h->from >= 0 && h->to > h->from;
}

static bool within(const struct hours *h, int day, int minute)
{
    bool fits = h->first <= h->last ? day >= h->first && day <= h->last
                                    : day >= h->first || day <= h->last;

    return fits && minute >= h->from && minute < h->to;
}

static bool is_peak(const struct json_node *peak, time_t at)
{
    const struct json_node *c = json_first(json_get(peak, "off_days"));
    int day = (int)((at / DAY_S + 4) % WEEK); /* 1970-01-01: a Thursday */
    int minute = (int)(at % DAY_S / 60);
    struct hours h;

    for (; c; c = json_next(c))
        if (day_of(json_str(c, "")) == at - at % DAY_S)
            return false;
    for (c = json_first(json_get(peak, "hours")); c; c = json_next(c))
        if (read_hours(&h, json_str(c, "")) && within(&h, day, minute))
            return true;
    return false;
}

/* ---- the table ---- */

static int check_price(const struct json *doc, const struct json_node *row,
                       const char *key, struct err *err)
{
    const struct json_node *n = json_get(row, key);
    double v = json_num(n, -1.0);

    if (!n || json_type(n) == JSON_NULL || (v >= 0.0 && v <= 1e6))
        return 0;
    return JSON_ERR(err, doc, n,
                    "\"%s\" is no price, expected 0 to 1000000 per million "
                    "tokens",
                    key);
}

static int check_peak(const struct json *doc, const struct json_node *peak,
                      struct err *err)
{
    const struct json_node *c = json_first(json_get(peak, "hours"));
    struct hours h;

    if (peak && !(json_num(json_get(peak, "factor"), 0.0) >= 1.0))
        return JSON_ERR(err, doc, peak, "\"peak\" needs a \"factor\" from 1");
    for (; c; c = json_next(c))
        if (!read_hours(&h, json_str(c, "")))
            return JSON_ERR(err, doc, c,
                            "'%.40s' are no hours, expected like \"Mon-Fri "
                            "01:00-04:00\"",
                            json_str(c, ""));
    for (c = json_first(json_get(peak, "off_days")); c; c = json_next(c))
        if (day_of(json_str(c, "")) < 0)
            return JSON_ERR(err, doc, c,
                            "'%.40s' is no day, expected like \"2026-10-01\"",
                            json_str(c, ""));
    return 0;
}

static int check_row(const struct json *doc, const struct json_node *row,
                     struct err *err)
{
    static const char *const known[] = { "model",    "provider", "from",
                                         "currency", "input",    "cached",
                                         "output",   "batch",    "peak",
                                         "source" };
    static const char *const prices[] = { "input", "cached", "output",
                                          "batch" };
    const struct json_node *from = json_get(row, "from");
    int rc = 0;

    for (const struct json_node *c = json_first(row); c; c = json_next(c)) {
        size_t i = 0;

        while (i < 10 && strcmp(known[i], json_key(c)) != 0)
            i++;
        if (i == 10)
            return JSON_ERR(err, doc, c, "unknown key \"%s\" of a price",
                            json_key(c));
    }
    for (size_t i = 0; rc == 0 && i < 4; i++)
        rc = check_price(doc, row, prices[i], err);
    if (rc == 0 && !json_get(row, "input") != !json_get(row, "output"))
        rc = JSON_ERR(err, doc, row,
                      "a price has \"%s\" and no \"%s\"; null stands for "
                      "an unknown one",
                      json_get(row, "input") ? "input" : "output",
                      json_get(row, "input") ? "output" : "input");
    if (rc == 0 && from && day_of(json_str(from, "")) < 0)
        rc = JSON_ERR(err, doc, from,
                      "\"from\" is no day, expected like \"2026-07-24\"");
    return rc == 0 ? check_peak(doc, json_get(row, "peak"), err) : rc;
}

int price_check(const struct json *doc, const struct json_node *rows,
                struct err *err)
{
    const struct json_node *c = json_first(rows);
    int rc = 0;

    for (; rc == 0 && c; c = json_next(c)) {
        if (json_type(c) != JSON_OBJECT)
            return JSON_ERR(err, doc, c, "a price is %s, expected object",
                            json_type_name(json_type(c)));
        rc = check_row(doc, c, err);
    }
    return rc;
}

/* A pattern may end in *; "" fits all. */
static bool fits(const char *pattern, const char *name)
{
    size_t n = strlen(pattern);

    if (n == 0)
        return true;
    return pattern[n - 1] == '*' ? strncmp(pattern, name, n - 1) == 0
                                 : strcmp(pattern, name) == 0;
}

static double until_cheaper(const struct json_node *peak, time_t at)
{
    time_t t = at - at % 60;

    while (is_peak(peak, t) && t - at < (time_t)WEEK * DAY_S)
        t += 60;
    return difftime(t, at);
}

static void fill(struct price *p, const struct json_node *row, time_t at)
{
    const struct json_node *peak = json_get(row, "peak");

    p->dearest = json_num(json_get(peak, "factor"), 1.0);
    p->peak = is_peak(peak, at);
    p->factor = p->peak ? p->dearest : 1.0;
    p->cheaper_s = p->peak ? until_cheaper(peak, at) : 0.0;
    p->input = p->factor * json_num(json_get(row, "input"), NAN);
    p->cached = p->factor * json_num(json_get(row, "cached"), NAN);
    p->output = p->factor * json_num(json_get(row, "output"), NAN);
    p->batch = json_num(json_get(row, "batch"), NAN);
    if (isnan(p->cached))
        p->cached = p->input;
    p->known = !isnan(p->input) && !isnan(p->output);
    snprintf(p->currency, sizeof(p->currency), "%s",
             json_str(json_get(row, "currency"), "USD"));
}

void price_at(struct price *p, const struct json_node *rows,
              const char *provider, const char *model, time_t at)
{
    time_t best = -1;

    *p = (struct price){ .input = NAN,
                         .cached = NAN,
                         .output = NAN,
                         .factor = 1.0,
                         .dearest = 1.0,
                         .batch = NAN,
                         .currency = "USD" };
    for (const struct json_node *c = json_first(rows); c; c = json_next(c)) {
        const char *from = json_str(json_get(c, "from"), "1970-01-01");

        if (!fits(json_str(json_get(c, "model"), ""), model) ||
            !fits(json_str(json_get(c, "provider"), ""), provider) ||
            day_of(from) > at || day_of(from) < best)
            continue;
        best = day_of(from);
        fill(p, c, at);
    }
}

double price_of(const struct price *p, const struct chat_usage *u)
{
    double cached = fmax(u->cached, 0.0);

    if (!p->known || u->prompt < 0.0 || u->completion < 0.0)
        return NAN;
    cached = fmin(cached, u->prompt);
    return ((u->prompt - cached) * p->input + cached * p->cached +
            u->completion * p->output) *
           1e-6;
}
