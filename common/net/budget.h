/*
 * budget.h - caps on money, tokens and requests that hold while many requests
 * are under way: what a request may cost at most is reserved before it is
 * sent, and settled when it is over. Usage that is not known keeps the whole
 * reserve.
 */
#ifndef NET_BUDGET_H
#define NET_BUDGET_H

#include <stddef.h>

struct budget_sum {
    double money, tokens, requests;
};

struct budget {
    struct budget_sum cap;   /* 0: none */
    struct budget_sum spent; /* so far, earlier runs included */
    struct budget_sum held;  /* by what is under way */
};

enum budget_verdict {
    BUDGET_OK,   /* reserved */
    BUDGET_WAIT, /* it may fit when what is under way is settled */
    BUDGET_OVER, /* it does not fit */
};

/* Reserve one request of at most so much money and so many tokens. */
enum budget_verdict budget_reserve(struct budget *b, double money,
                                   double tokens);
/* A request that reserved held.. is over and took used... */
void budget_settle(struct budget *b, double held_money, double held_tokens,
                   double used_money, double used_tokens);
/* "money", "tokens" or "requests": the cap that such a request would break;
 * "" when none. */
const char *budget_full(const struct budget *b, double money, double tokens);

#endif
