#include "llm/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "intent", "submitted", "over" };

static void meta_name(char out[32], unsigned number)
{
    snprintf(out, 32, "batch:%06u", number);
}

/* ---- in and out of the store ---- */

int shard_count(unsigned *n, struct store *answers, struct err *err)
{
    struct err none = ERR_INIT;
    char name[32];
    struct blob b;
    int rc = 0;

    for (*n = 0; rc == 0; *n += rc == 0) {
        meta_name(name, *n);
        rc = store_get_meta(answers, name, &b, &none);
    }
    if (rc == ERR_NOTFOUND)
        return 0;
    *err = none;
    return rc;
}

static void read_string(char out[SHARD_ID], const struct json_node *o,
                        const char *key)
{
    snprintf(out, SHARD_ID, "%s", json_str(json_get(o, key), ""));
}

static int read_asks(struct shard *s, const struct json_node *list,
                     struct err *err)
{
    int rc = 0;

    for (const struct json_node *c = json_first(list); rc == 0 && c;
         c = json_next(c)) {
        const struct json_node *v = json_first(c);
        struct shard_ask a = { .id = "" };

        snprintf(a.id, sizeof(a.id), "%s", json_str(v, ""));
        v = json_next(v);
        a.bytes = json_num(v, 0.0);
        v = json_next(v);
        a.money = json_num(v, 0.0);
        v = json_next(v);
        a.tokens = json_num(v, 0.0);
        rc = shard_add(s, &a, err);
    }
    return rc;
}

/* One that is taken for another may be paid for twice. */
static int read_state(struct shard *s, const char *state, const char *name,
                      struct err *err)
{
    int i = 0;

    while (i < 3 && strcmp(state, names[i]) != 0)
        i++;
    if (i == 3 || (i == SHARD_SUBMITTED && !s->batch[0]))
        return ERR_SET(err, ERR_FORMAT, "%s: state \"%s\", batch \"%s\"", name,
                       state, s->batch);
    s->state = (enum shard_state)i;
    return 0;
}

int shard_load(struct shard *s, struct store *answers, unsigned number,
               struct err *err)
{
    char name[32], state[SHARD_ID];
    const struct json_node *o;
    struct json *doc;
    struct blob b;
    int rc;

    memset(s, 0, sizeof(*s));
    s->number = number;
    meta_name(name, number);
    rc = store_get_meta(answers, name, &b, err);
    if (rc == 0)
        rc = json_parse(&doc, name, b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    o = json_root(doc);
    read_string(state, o, "state");
    snprintf(s->token, sizeof(s->token), "%s",
             json_str(json_get(o, "token"), ""));
    read_string(s->file, o, "file");
    read_string(s->batch, o, "batch");
    read_string(s->output, o, "output");
    read_string(s->errors, o, "errors");
    s->merged = json_num(json_get(o, "merged"), 0.0);
    s->tidy = json_bool(json_get(o, "tidy"), false);
    rc = read_state(s, state, name, err);
    if (rc == 0)
        rc = read_asks(s, json_get(o, "asks"), err);
    json_free(doc);
    return rc;
}

static struct json_node *asks_json(const struct shard *s)
{
    struct json_node *list = json_new_array();

    for (size_t i = 0; s->state != SHARD_OVER && i < s->asks; i++) {
        struct json_node *row = json_new_array();

        json_push_str(row, s->ask[i].id);
        json_push_num(row, s->ask[i].bytes);
        json_push_num(row, s->ask[i].money);
        json_push_num(row, s->ask[i].tokens);
        json_push(list, row);
    }
    return list;
}

int shard_save(const struct shard *s, struct store *answers, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf b = BUF_INIT((size_t)1 << 30);
    char name[32];
    int rc;

    meta_name(name, s->number);
    json_set_str(o, "state", names[s->state]);
    json_set_str(o, "token", s->token);
    json_set_str(o, "file", s->file);
    json_set_str(o, "batch", s->batch);
    json_set_str(o, "output", s->output);
    json_set_str(o, "errors", s->errors);
    json_set_num(o, "merged", s->merged);
    json_set_bool(o, "tidy", s->tidy);
    json_set(o, "asks", asks_json(s));
    rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = store_put_meta(answers, name, (struct blob){ b.ptr, b.len }, err);
    json_node_free(o);
    buf_release(&b);
    return rc;
}

/* ---- what is in it ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct shard_ask *)a)->id,
                  ((const struct shard_ask *)b)->id);
}

int shard_add(struct shard *s, const struct shard_ask *a, struct err *err)
{
    /* room for 2^k of them */
    if ((s->asks & (s->asks - 1)) == 0) {
        size_t room = s->asks ? 2 * s->asks : 1;
        struct shard_ask *more = realloc(s->ask, room * sizeof(*more));

        if (!more)
            return ERR_SET(err, ERR_NOMEM, "%zu requests of a batch", room);
        s->ask = more;
    }
    s->ask[s->asks++] = *a;
    return 0;
}

struct shard_ask *shard_find(const struct shard *s, const char *id)
{
    struct shard_ask key = { .id = "" };
    size_t lo = 0, hi = s->asks;

    snprintf(key.id, sizeof(key.id), "%s", id);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = by_id(&key, &s->ask[mid]);

        if (c == 0)
            return &s->ask[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

void shard_sort(struct shard *s)
{
    if (s->asks > 1) /* no asks: no array either */
        qsort(s->ask, s->asks, sizeof(*s->ask), by_id);
}

void shard_release(struct shard *s)
{
    free(s->ask);
    s->ask = NULL;
    s->asks = 0;
}
