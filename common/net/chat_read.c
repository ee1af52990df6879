#include "net/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/events.h"
#include "net/harvest.h"

/* ---- envelope ---- */

static void fail(struct chat_answer *a, enum chat_status s, const char *text)
{
    a->status = s;
    snprintf(a->message, sizeof(a->message), "%s", text ? text : "");
}

/* A member that is there and not null. */
static const struct json_node *get(const struct json_node *o, const char *key)
{
    const struct json_node *v = json_get(o, key);

    return json_type(v) == JSON_NULL ? NULL : v;
}

struct envelope {
    struct json *doc;        /* or NULL: */
    struct json_node *built; /* of events */
    const struct json_node *root;
};

static int open_envelope(struct envelope *e, const char *body, size_t len,
                         struct err *err)
{
    int rc;

    *e = (struct envelope){ NULL, NULL, NULL };
    if (events_begin(body, len)) {
        rc = events_join(&e->built, body, len, err);
        e->root = e->built;
        return rc;
    }
    rc = json_parse(&e->doc, "answer", body, len, JSON_STRICT, err);
    if (rc == ERR_FORMAT)
        rc = repair_object(&e->doc, body, len, err);
    e->root = json_root(e->doc);
    return rc;
}

static void close_envelope(struct envelope *e)
{
    json_free(e->doc);
    json_node_free(e->built);
}

/* A count, also as text. */
static double tokens(const struct json_node *usage, const char *a,
                     const char *b)
{
    const struct json_node *n = get(usage, a) ? get(usage, a) : get(usage, b);
    double v = json_num(n, -1.0);
    char *stop;

    if (json_type(n) == JSON_STRING) {
        v = strtod(json_str(n, ""), &stop);
        if (stop == json_str(n, "") || *stop)
            v = -1.0;
    }
    return v >= 0.0 && v < 1e12 ? v : -1.0;
}

/* A part of the usage that providers put at one of two places. */
static double part(const struct json_node *usage, const char *details,
                   const char *name, const char *flat)
{
    double v = tokens(get(usage, details), name, name);

    return v >= 0.0 ? v : tokens(usage, flat, name);
}

static void read_usage(struct chat_answer *a, const struct json_node *usage)
{
    struct chat_usage *u = &a->usage;

    u->prompt = tokens(usage, "prompt_tokens", "input_tokens");
    u->completion = tokens(usage, "completion_tokens", "output_tokens");
    u->cached = part(usage, "prompt_tokens_details", "cached_tokens",
                     "prompt_cache_hit_tokens");
    u->reasoning = part(usage, "completion_tokens_details", "reasoning_tokens",
                        "reasoning_tokens");
    a->prompt_tokens = u->prompt;
    a->completion_tokens = u->completion;
}

/* What an answer that is not a completion says of itself. */
static const char *error_text(const struct json_node *root)
{
    static const char *const keys[] = { "message", "msg", "error_msg",
                                        "detail" };
    const struct json_node *error = get(root, "error");
    const char *text = json_str(error, json_str(get(error, "message"), NULL));

    for (size_t i = 0; !text && i < sizeof(keys) / sizeof(keys[0]); i++)
        text = json_str(get(root, keys[i]), NULL);
    return text ? text : "no choices in the answer";
}

enum finish {
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_FILTER,
    FINISH_BROKEN,
    FINISH_UNKNOWN
};

static enum finish finish_of(const char *reason)
{
    static const struct {
        const char *name;
        enum finish finish;
    } row[] = {
        { "", FINISH_STOP },
        { "stop", FINISH_STOP },
        { "eos", FINISH_STOP },
        { "eos_token", FINISH_STOP },
        { "end_turn", FINISH_STOP },
        { "stop_sequence", FINISH_STOP },
        { "length", FINISH_LENGTH },
        { "max_tokens", FINISH_LENGTH },
        { "model_length", FINISH_LENGTH },
        { "content_filter", FINISH_FILTER },
        { "sensitive", FINISH_FILTER },
        { "safety", FINISH_FILTER },
        { "insufficient_system_resource", FINISH_BROKEN },
        { "error", FINISH_BROKEN },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (strcasecmp(reason, row[i].name) == 0)
            return row[i].finish;
    return FINISH_UNKNOWN;
}

/* content as one string: a string, or an array of parts with text. */
static int take_content(struct chat_answer *a, const struct json_node *c,
                        struct err *err)
{
    struct buf b = BUF_INIT(8 << 20);
    int rc = 0;

    if (json_type(c) == JSON_STRING)
        rc = buf_puts(&b, json_str(c, ""), err);
    for (const struct json_node *p = json_first(c);
         rc == 0 && json_type(c) == JSON_ARRAY && p; p = json_next(p))
        rc = buf_puts(&b, json_str(json_get(p, "text"), json_str(p, "")), err);
    if (rc == 0 && b.len && strspn(b.ptr, " \t\r\n") < b.len)
        a->content = b.ptr; /* ownership moves */
    else
        buf_release(&b);
    return rc;
}

/* Why the model will not; NULL: it did not refuse. */
static const char *refusal_of(const struct json_node *message)
{
    const struct json_node *c = json_get(message, "content");
    const char *text = json_str(json_get(message, "refusal"), "");

    if (json_type(c) == JSON_ARRAY)
        for (c = json_first(c); c && !text[0]; c = json_next(c))
            text = json_str(json_get(c, "refusal"), "");
    return text[0] ? text : NULL;
}

/* ---- items ---- */

static int take_item(struct chat_item *out, size_t *n,
                     const struct json_node *c, struct err *err)
{
    const char *kind, *text = harvest_text(c, &kind);
    char *copy;

    if (!text || *n == CHAT_ITEMS_MAX)
        return 0;
    copy = harvest_copy(text);
    if (!copy)
        return ERR_SET(err, ERR_NOMEM, "cannot copy an item");
    if (copy[0])
        out[(*n)++] = (struct chat_item){ copy, kind };
    else
        free(copy);
    return 0;
}

/* Asked for the numbers of sentences, some give numbers. */
static int take_number(struct chat_item *out, size_t *n,
                       const struct json_node *c, struct err *err)
{
    double v = json_num(c, 0.0);
    char text[16];

    if (!(v >= 1.0 && v <= CHAT_ITEMS_MAX) || *n == CHAT_ITEMS_MAX)
        return 0;
    snprintf(text, sizeof(text), "%.0f", v);
    out[*n] = (struct chat_item){ strdup(text), "" };
    if (!out[*n].text)
        return ERR_SET(err, ERR_NOMEM, "cannot copy an item");
    ++*n;
    return 0;
}

static int take_items(struct chat_item *out, size_t *n,
                      const struct json_node *list, struct err *err)
{
    const size_t before = *n;
    const struct json_node *c = json_first(list);
    int rc = 0;

    if (json_type(list) == JSON_STRING)
        return take_item(out, n, list, err);
    for (; rc == 0 && c; c = json_next(c))
        rc = take_item(out, n, c, err);
    for (c = *n == before ? json_first(list) : NULL; rc == 0 && c;
         c = json_next(c))
        rc = take_number(out, n, c, err);
    return rc;
}

static int read_items(struct chat_answer *a, struct err *err)
{
    struct err none = ERR_INIT;
    const struct json_node *root;
    int rc;

    if (repair_json(&a->doc, &a->how, a->content, strlen(a->content),
                    harvest_fits, &none) < 0) {
        fail(a, CHAT_UNPARSED, none.msg);
        return 0;
    }
    root = json_root(a->doc);
    rc = take_items(a->positive, &a->positives,
                    harvest_list(root, HARVEST_POSITIVES), err);
    if (rc == 0)
        rc = take_items(a->negative, &a->negatives,
                        harvest_list(root, HARVEST_NEGATIVES), err);
    if (rc == 0 && a->positives + a->negatives == 0)
        fail(a, CHAT_UNPARSED, "JSON without positives and negatives");
    else if (rc == 0 && a->how == REPAIR_CUT)
        a->status = CHAT_TRUNCATED;
    return rc;
}

/* ---- the whole ---- */

/* In JSON mode some models write blanks until their room is used up. */
static bool ends_blank(const struct json_node *message)
{
    const char *s = json_str(json_get(message, "content"), "");
    size_t n = strlen(s), blanks = 0;

    while (blanks < n && strchr(" \t\r\n", s[n - 1 - blanks]))
        blanks++;
    return blanks >= 100;
}

static int read_content(struct chat_answer *a, const struct json_node *message,
                        enum finish finish, struct err *err)
{
    static const char *const keys[] = { "content", "reasoning_content",
                                        "reasoning" };
    bool whole;
    size_t k = 0;
    int rc = 0;

    for (; rc == 0 && !a->content && k < 3; k++)
        rc = take_content(a, json_get(message, keys[k]), err);
    if (rc == 0 && a->content)
        rc = read_items(a, err);
    if (rc < 0)
        return rc;
    if (!a->content || (k > 1 && a->status == CHAT_UNPARSED))
        fail(a, CHAT_EMPTY, "the answer has no content");
    /* the room may end after the JSON did, in blanks or in prose */
    whole = a->status == CHAT_ITEMS &&
            (a->how == REPAIR_AS_IS || a->how == REPAIR_FENCE);
    if (finish == FINISH_LENGTH && !whole)
        a->status = CHAT_TRUNCATED;
    a->blank = a->status == CHAT_TRUNCATED && ends_blank(message);
    if (finish == FINISH_UNKNOWN && a->status == CHAT_UNPARSED)
        a->status = CHAT_TRUNCATED;
    return 0;
}

/* Why a filter of the provider's struck; NULL: it did not. */
static const char *filter_of(const struct json_node *choice, enum finish finish)
{
    const char *hit = json_str(json_get(choice, "moderation_hit_type"), "");

    if (hit[0])
        return hit;
    return finish == FINISH_FILTER
               ? json_str(json_get(choice, "finish_reason"), "")
               : NULL;
}

static int read_choice(struct chat_answer *a, const struct json_node *choice,
                       struct err *err)
{
    const struct json_node *message = json_get(choice, "message");
    const char *reason = json_str(json_get(choice, "finish_reason"), "");
    const char *refusal = refusal_of(message);
    enum finish finish = finish_of(reason);
    const char *filter = filter_of(choice, finish);

    if (refusal || filter) {
        fail(a, CHAT_FILTERED, refusal ? refusal : filter);
        return 0;
    }
    if (finish == FINISH_BROKEN) {
        fail(a, CHAT_ERROR, reason);
        return 0;
    }
    return read_content(a, message, finish, err);
}

int chat_read(struct chat_answer *a, const char *body, size_t len,
              struct err *err)
{
    const struct json_node *choice;
    struct envelope e;
    struct err none = ERR_INIT;
    int rc = 0;

    memset(a, 0, sizeof(*a));
    read_usage(a, NULL);
    if (open_envelope(&e, body, len, &none) < 0) {
        fail(a, CHAT_ERROR, none.msg);
        return 0;
    }
    read_usage(a, json_get(e.root, "usage"));
    snprintf(a->model, sizeof(a->model), "%s",
             json_str(json_get(e.root, "model"), ""));
    choice = json_first(json_get(e.root, "choices"));
    if (get(e.root, "error") || !choice)
        fail(a, CHAT_ERROR, error_text(e.root));
    else
        rc = read_choice(a, choice, err);
    close_envelope(&e);
    return rc;
}

void chat_answer_release(struct chat_answer *a)
{
    for (size_t i = 0; i < a->positives; i++)
        free(a->positive[i].text);
    for (size_t i = 0; i < a->negatives; i++)
        free(a->negative[i].text);
    free(a->content);
    json_free(a->doc);
    memset(a, 0, sizeof(*a));
}
