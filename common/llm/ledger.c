#include "llm/ledger.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
} columns[] = {
#define COLUMN(f) \
    { \
#f, offsetof(struct ledger_row, f) \
    }
    COLUMN(requests),    COLUMN(answers),    COLUMN(throttled),
    COLUMN(failed),      COLUMN(prompt),     COLUMN(cached),
    COLUMN(completion),  COLUMN(reasoning),  COLUMN(money),
    COLUMN(unknown),     COLUMN(held_money), COLUMN(held_tokens),
    COLUMN(lost_tokens), COLUMN(lost_money), COLUMN(bytes),
#undef COLUMN
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static double *column(struct ledger_row *r, size_t i)
{
    return (double *)(void *)((char *)r + columns[i].offset);
}

struct json_node *ledger_json(const struct ledger *l)
{
    struct json_node *list = json_new_array();

    for (size_t k = 0; k < l->n; k++) {
        struct ledger_row r = l->row[k];
        struct json_node *o = json_new_object();

        json_set_str(o, "source", r.source);
        for (size_t i = 0; i < COLUMNS; i++)
            json_set_num(o, columns[i].name, *column(&r, i));
        json_push(list, o);
    }
    return list;
}

int ledger_load(struct ledger *l, struct store *answers, struct err *err)
{
    struct err none = ERR_INIT;
    struct blob b;
    struct json *doc;
    int rc;

    memset(l, 0, sizeof(*l));
    rc = store_get_meta(answers, "ledger", &b, &none);
    if (rc == ERR_NOTFOUND)
        return 0;
    if (rc < 0) {
        *err = none;
        return rc;
    }
    rc = json_parse(&doc, "ledger", b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    for (const struct json_node *o = json_first(json_root(doc)); o;
         o = json_next(o)) {
        struct ledger_row *r =
            ledger_row(l, json_str(json_get(o, "source"), "?"));

        for (size_t i = 0; r && i < COLUMNS; i++)
            *column(r, i) = json_num(json_get(o, columns[i].name), 0.0);
    }
    json_free(doc);
    return 0;
}

int ledger_save(const struct ledger *l, struct store *answers, struct err *err)
{
    struct json_node *list = ledger_json(l);
    struct buf b = BUF_INIT(1 << 20);
    int rc = json_print(&b, list, false, err);

    if (rc == 0)
        rc = store_put_meta(answers, "ledger", (struct blob){ b.ptr, b.len },
                            err);
    json_node_free(list);
    buf_release(&b);
    return rc;
}

struct ledger_row *ledger_row(struct ledger *l, const char *source)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->row[i].source, source) == 0)
            return &l->row[i];
    if (l->n == LEDGER_ROWS)
        return NULL;
    snprintf(l->row[l->n].source, LEDGER_NAME, "%s", source);
    return &l->row[l->n++];
}

static void add_usage(struct ledger_row *r, const struct chat_usage *u,
                      size_t request_bytes)
{
    r->prompt += fmax(u->prompt, 0.0);
    r->cached += fmax(u->cached, 0.0);
    r->completion += fmax(u->completion, 0.0);
    r->reasoning += fmax(u->reasoning, 0.0);
    if (u->prompt >= 0.0)
        r->bytes += (double)request_bytes;
}

void ledger_add(struct ledger_row *r, const struct chat_usage *u, double money,
                bool kept, double held_money, double held_tokens,
                size_t request_bytes)
{
    double tokens = fmax(u->prompt, 0.0) + fmax(u->completion, 0.0);
    bool known = u->prompt >= 0.0 && u->completion >= 0.0;

    r->requests++;
    r->answers += kept;
    add_usage(r, u, request_bytes);
    if (!known)
        r->held_tokens += held_tokens;
    if (money >= 0.0) {
        r->money += money;
    } else {
        r->unknown++;
        r->held_money += held_money;
    }
    if (!kept) {
        r->lost_tokens += tokens;
        r->lost_money += fmax(money, 0.0);
    }
}

void ledger_spent(const struct ledger *l, struct budget_sum *sum)
{
    *sum = (struct budget_sum){ 0.0, 0.0, 0.0 };
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_row *r = &l->row[i];

        sum->money += r->money + r->held_money;
        sum->tokens += r->prompt + r->completion + r->held_tokens;
        sum->requests += r->requests;
    }
}

double ledger_tokens_per_byte(const struct ledger_row *r, double dflt)
{
    return r && r->bytes > 1000.0 ? r->prompt / r->bytes : dflt;
}
