/*
 * price.h - what tokens cost, from a table that users can edit: in a profile,
 * or in a file of its own that goes before it.
 *
 *   [{ "model": "deepseek-flash",   a name; one that ends in * stands for all
 *                                   that begin with it; left out: all models
 *      "provider": "deepseek",      left out: any
 *      "from": "2026-07-24",        first day, UTC; left out: always
 *      "currency": "USD",           [USD]
 *      "input": 0.15, "cached": 0.003, "output": 0.60,   per million tokens
 *      "batch": 0.5,                factor of the batch API
 *      "peak": { "factor": 2, "hours": ["Mon-Fri 01:00-04:00"],   UTC
 *                "off_days": ["2026-10-01"] } }]
 *
 * The last row that fits and has begun counts. cached left out: as input.
 * What no row gives is unknown, never 0.
 */
#ifndef NET_PRICE_H
#define NET_PRICE_H

#include <time.h>

#include "base/json.h"
#include "net/chat.h"

struct price {
    bool known;
    double input, cached, output; /* now, per million tokens */
    double factor;                /* in them; 1: off-peak */
    double batch;                 /* factor of the batch API; NaN: unknown */
    double dearest;               /* highest factor of the day */
    bool peak;
    double cheaper_s; /* seconds until the peak ends; 0: it is none */
    char currency[8];
};

/* rows NULL: nothing to check. ERR_FORMAT with its place. */
int price_check(const struct json *doc, const struct json_node *rows,
                struct err *err) MUST_CHECK;
/* The price of a model at some time. */
void price_at(struct price *p, const struct json_node *rows,
              const char *provider, const char *model, time_t at);
/* Money for the usage; NaN when the price or the usage is unknown. */
double price_of(const struct price *p, const struct chat_usage *u);

#endif
