/*
 * ledger.h - every token that was paid for, by source (endpoint and model):
 * what answers took, and what went into requests that brought nothing. Kept in
 * the store of the answers and committed with them, so that its sums are those
 * of all runs.
 *
 * Money is in the currency of the price table, by the price of the moment of
 * sending. What is unknown (no price, no usage, an answer that broke off) is
 * counted as unknown, never as 0; a budget goes on holding what was reserved
 * for it.
 */
#ifndef LLM_LEDGER_H
#define LLM_LEDGER_H

#include "net/budget.h"
#include "net/chat.h"
#include "store/store.h"

enum { LEDGER_ROWS = 32, LEDGER_NAME = 160 };

/* All counts are sums; doubles, as JSON has them. */
struct ledger_row {
    char source[LEDGER_NAME];
    double requests, answers, throttled, failed;  /* failed: spent a try */
    double prompt, cached, completion, reasoning; /* tokens */
    double money;
    double unknown;                 /* requests of unknown price */
    double held_money, held_tokens; /* reserved for them */
    double lost_tokens, lost_money; /* of the sums: brought no answer */
    double bytes;                   /* of requests whose prompt is known */
};

struct ledger {
    struct ledger_row row[LEDGER_ROWS];
    size_t n;
};

/* What is in the store; empty when there is nothing. */
int ledger_load(struct ledger *l, struct store *answers,
                struct err *err) MUST_CHECK;
/* Put it; the caller commits. */
int ledger_save(const struct ledger *l, struct store *answers,
                struct err *err) MUST_CHECK;
/* The row of a source, made when new; NULL: there are too many. */
struct ledger_row *ledger_row(struct ledger *l, const char *source);
/* One request more. money below 0: unknown, then held_... is kept. kept: an
 * answer came of it. */
void ledger_add(struct ledger_row *r, const struct chat_usage *u, double money,
                bool kept, double held_money, double held_tokens,
                size_t request_bytes);
/* What a budget must take for spent. */
void ledger_spent(const struct ledger *l, struct budget_sum *sum);
/* Prompt tokens of a byte of request, by what was paid for; dflt while nothing
 * is known. */
double ledger_tokens_per_byte(const struct ledger_row *r, double dflt);
/* As a JSON array of objects. */
struct json_node *ledger_json(const struct ledger *l);

#endif
