#include "net/budget.h"

#include <math.h>
#include <stdbool.h>

/* Sums of thousandths of cents are not exact. */
static bool breaks(double cap, double sum)
{
    return cap > 0.0 && sum > cap * (1.0 + 1e-9);
}

const char *budget_full(const struct budget *b, double money, double tokens)
{
    if (breaks(b->cap.money, b->spent.money + b->held.money + money))
        return "money";
    if (breaks(b->cap.tokens, b->spent.tokens + b->held.tokens + tokens))
        return "tokens";
    if (breaks(b->cap.requests, b->spent.requests + b->held.requests + 1.0))
        return "requests";
    return "";
}

enum budget_verdict budget_reserve(struct budget *b, double money,
                                   double tokens)
{
    if (budget_full(b, money, tokens)[0])
        return b->held.requests > 0.5 ? BUDGET_WAIT : BUDGET_OVER;
    b->held.money += money;
    b->held.tokens += tokens;
    b->held.requests += 1.0;
    return BUDGET_OK;
}

void budget_settle(struct budget *b, double held_money, double held_tokens,
                   double used_money, double used_tokens)
{
    b->held.money = fmax(0.0, b->held.money - held_money);
    b->held.tokens = fmax(0.0, b->held.tokens - held_tokens);
    b->held.requests -= 1.0;
    if (b->held.requests < 0.5) /* nothing is under way: no rounding stays */
        b->held = (struct budget_sum){ 0.0, 0.0, 0.0 };
    b->spent.money += used_money;
    b->spent.tokens += used_tokens;
    b->spent.requests += 1.0;
}
