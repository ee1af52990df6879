/*
 * bill.h - what was paid, for people (stdout) and as JSON beside the answers.
 */
#ifndef LLM_BILL_H
#define LLM_BILL_H

#include "llm/checks.h"
#include "llm/ledger.h"
#include "llm/purchase.h"
#include "llm/waste.h"
#include "text/diversity.h"

struct bill {
    const struct ledger *ledger;               /* of all runs */
    const struct purchase_counts *bought;      /* by this one */
    const struct waste *waste;                 /* of what is written; or NULL */
    const struct checks_counts *votes;         /* ... or NULL */
    const struct diversity_figures *diversity; /* ... or NULL */
    const struct sources *sources;
    const char *template, *template_hash; /* the prompt's name, SHA-256 */
    const char *stopped; /* why the run ended early; "" = it did not */
    const char *currency;
};

/* Ledger, and price of a kept sentence. */
void bill_print(const struct bill *b);
/* PATH.report.json, replaced. */
int bill_write(const struct bill *b, const char *path,
               struct err *err) MUST_CHECK;
/* "USD 1.25", or "unknown" for NaN. */
const char *bill_money(char out[40], const char *currency, double money);

#endif
