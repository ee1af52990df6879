#include "llm/bill.h"

#include <math.h>
#include <stdio.h>

#include "base/file.h"

const char *bill_money(char out[40], const char *currency, double money)
{
    if (isnan(money))
        snprintf(out, 40, "unknown");
    else
        snprintf(out, 40, "%s %.*f", currency,
                 money > 0.0 && money < 0.01 ? 6 : 4, money);
    return out;
}

/* ", 67 %" where there are any. */
static const char *share(char out[16], double part, double whole)
{
    out[0] = '\0';
    if (part > 0.0 && whole > 0.0)
        snprintf(out, 16, ", %.0f %%", 100.0 * part / whole);
    return out;
}

static void print_row(const struct bill *b, const struct ledger_row *r)
{
    char paid[40], lost[40], part[16];
    double known = r->unknown > 0.0 && r->money <= 0.0 ? NAN : r->money;

    printf("paid to %s: %.0f requests, %.0f answers; tokens %.0f in (%.0f "
           "cached%s), %.0f out (%.0f reasoning); %s",
           r->source, r->requests, r->answers, r->prompt, r->cached,
           share(part, r->cached, r->prompt), r->completion, r->reasoning,
           bill_money(paid, b->currency, known));
    if (r->unknown > 0.0 && !isnan(known))
        printf(" and %.0f requests of unknown price", r->unknown);
    printf("\n");
    if (r->throttled + r->failed > 0.0)
        printf("  without an answer: %.0f throttled, %.0f failed; lost %.0f "
               "tokens, %s\n",
               r->throttled, r->failed, r->lost_tokens,
               bill_money(lost, b->currency, r->lost_money));
}

/* What became of the tokens, where not all went into kept sentences. */
static void print_waste(const struct bill *b)
{
    struct dialogue_cost all, kept = { 0 };
    double items;
    char each[40];

    waste_sum(b->waste, &all, &items);
    for (size_t i = 0; i < b->waste->n; i++) {
        kept.tokens += b->waste->row[i].kept.tokens;
        kept.money += b->waste->row[i].kept.money;
    }
    if (items <= 0.0 || all.tokens <= 0.0)
        return;
    printf("of the tokens of these answers %.1f %% went into kept sentences; a "
           "kept sentence cost %.1f tokens, %s\n",
           100.0 * kept.tokens / all.tokens, all.tokens / items,
           bill_money(each, b->currency,
                      all.unknown > 0.0 ? NAN : all.money / items));
}

void bill_print(const struct bill *b)
{
    for (size_t i = 0; i < b->ledger->n; i++)
        print_row(b, &b->ledger->row[i]);
    if (b->waste)
        print_waste(b);
}

static struct json_node *run_json(const struct bill *b)
{
    const struct purchase_counts *n = b->bought;
    struct json_node *o = json_new_object();

    json_set_num(o, "requests", (double)n->net.requests);
    json_set_num(o, "answers", (double)n->net.answers);
    json_set_num(o, "throttled", (double)n->net.throttled);
    json_set_num(o, "retried", (double)n->net.retried);
    json_set_num(o, "gave_up", (double)n->net.gave_up);
    json_set_num(o, "filtered", (double)n->net.filtered);
    json_set_num(o, "refused", (double)n->net.refused);
    json_set_num(o, "cached", (double)n->cached);
    json_set_num(o, "failed_before", (double)n->failed);
    json_set_num(o, "seconds", n->seconds);
    json_set_str(o, "stopped", b->stopped);
    return o;
}

static struct json_node *ways_json(const struct bill *b)
{
    struct json_node *o = json_new_object();

    for (size_t i = 0; i < b->sources->n; i++) {
        const struct source *s = &b->sources->source[i];

        json_set_str(o, s->name, provider_rung_name(s->provider.rung[s->rung]));
    }
    return o;
}

int bill_write(const struct bill *b, const char *path, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf text = BUF_INIT(1 << 20);
    char name[FILE_PATH_MAX];
    int rc;

    json_set_str(o, "currency", b->currency);
    json_set_str(o, "template", b->template);
    json_set_str(o, "template_hash", b->template_hash);
    json_set(o, "run", run_json(b));
    json_set(o, "ledger", ledger_json(b->ledger));
    json_set(o, "json", ways_json(b));
    if (b->waste)
        json_set(o, "use", waste_json(b->waste));
    if (b->votes)
        json_set(o, "checks", checks_json(b->votes));
    if (b->diversity) {
        json_set(o, "diversity", diversity_json(b->diversity));
        json_set(o, "avoid", diversity_avoid(b->diversity));
    }
    rc = json_print(&text, o, true, err);
    if (rc == 0 && snprintf(name, sizeof(name), "%s.report.json", path) >=
                       (int)sizeof(name))
        rc = ERR_SET(err, ERR_FULL, "%.200s...: too long a path", path);
    if (rc == 0)
        rc = file_write(name, text.ptr, text.len, err);
    json_node_free(o);
    buf_release(&text);
    return rc;
}
