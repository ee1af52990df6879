#include "net/chat.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/schema.h"

const char *chat_status_name(enum chat_status s)
{
    switch (s) {
    case CHAT_ITEMS:
        return "answered";
    case CHAT_TRUNCATED:
        return "truncated";
    case CHAT_FILTERED:
        return "filtered";
    case CHAT_EMPTY:
        return "empty";
    case CHAT_UNPARSED:
        return "unparsed";
    case CHAT_ERROR:
        return "error";
    }
    return "?";
}

enum { BAD_MAX = 16384 }; /* bytes */

static void add_message(struct json_node *list, const char *role,
                        const char *content)
{
    struct json_node *m = json_new_object();

    json_set_str(m, "role", role);
    json_set_str(m, "content", content);
    json_push(list, m);
}

/* An answer that was wrong is shown again, but not a megabyte of it. */
static void add_bad(struct json_node *list, const char *bad)
{
    char shown[BAD_MAX + 1];
    size_t n = strnlen(bad, BAD_MAX);

    if (bad[n]) /* leave no half of a character */
        n = utf8_valid(bad, n);
    memcpy(shown, bad, n);
    shown[n] = '\0';
    add_message(list, "assistant", shown);
    add_message(list, "user",
                "That was not one JSON object on the pattern asked for. "
                "Give the same content again as JSON only.");
}

/* The prompt comes first as it was: providers cache equal beginnings. */
static int add_more(struct json_node *list, const struct chat_request *r,
                    struct err *err)
{
    struct prompt_values v = r->values;
    struct buf b = BUF_INIT(1 << 20);
    int rc;

    v.positives = r->more_positives;
    v.negatives = r->more_negatives;
    rc = prompt_render(&b, r->prompt->more, &v, err);
    if (rc == 0) {
        add_message(list, "assistant", r->kept);
        add_message(list, "user", buf_str(&b));
    }
    buf_release(&b);
    return rc;
}

static bool is_dropped(const struct chat_request *r, const char *key)
{
    char word[80];

    snprintf(word, sizeof(word), ",%.70s,", key);
    return r->dropped && strstr(r->dropped, word);
}

/* The profile's "extra" replaces a member of ours, or, by null, drops it. */
static bool is_ours(const struct chat_request *r, const char *key)
{
    return !json_get(r->provider->extra, key) && !is_dropped(r, key);
}

/* In JSON mode some endpoints refuse, or answer blanks, unless the word and an
 * example are in the prompt. The template decides, not the sentence: requests
 * begin alike. */
static bool lacks_json(const struct chat_request *r)
{
    const struct prompt *p = r->prompt;

    return r->rung == PROVIDER_OBJECT && !r->plain &&
           is_ours(r, "response_format") &&
           !strcasestr(p->system.len ? p->system.ptr : p->user.ptr, "json");
}

static const char pattern[] =
    "Answer with one JSON object on this pattern: {\"positives\":[\"...\"],"
    "\"negatives\":[{\"text\":\"...\",\"kind\":\"...\"}]}";

/* With the pattern where the template does not speak of JSON. */
static int add_system(struct json_node *list, const struct chat_request *r,
                      struct err *err)
{
    const struct span system = r->prompt->system;
    const bool json = lacks_json(r);
    struct buf b = BUF_INIT(4 << 20);
    int rc = 0;

    if (system.len)
        rc = prompt_render(&b, system, &r->values, err);
    if (rc == 0 && json)
        rc = buf_printf(&b, err, "%s%s", system.len ? "\n" : "", pattern);
    if (rc == 0 && (system.len || json))
        add_message(list, "system", buf_str(&b));
    buf_release(&b);
    return rc;
}

static int add_messages(struct json_node *body, const struct chat_request *r,
                        struct err *err)
{
    struct json_node *list = json_new_array();
    struct buf b = BUF_INIT(4 << 20);
    int rc;

    json_set(body, "messages", list);
    rc = add_system(list, r, err);
    if (rc == 0)
        rc = prompt_render(&b, r->prompt->user, &r->values, err);
    if (rc == 0)
        add_message(list, "user", buf_str(&b));
    if (rc == 0 && r->bad)
        add_bad(list, r->bad);
    if (rc == 0 && r->kept)
        rc = add_more(list, r, err);
    buf_release(&b);
    return rc;
}

static void add_number(struct json_node *body, const struct chat_request *r,
                       const char *key, double v)
{
    if (is_ours(r, key))
        json_set_num(body, key, v);
}

static void add_all(struct json_node *body, const struct chat_request *r,
                    const struct json_node *members)
{
    for (const struct json_node *x = json_first(members); x; x = json_next(x))
        if (json_type(x) != JSON_NULL && !is_dropped(r, json_key(x)))
            json_set_copy(body, json_key(x), x);
}

static void add_format(struct json_node *body, const struct chat_request *r)
{
    struct json_node *f;

    if (r->plain || r->rung == PROVIDER_PLAIN || !is_ours(r, "response_format"))
        return;
    f = json_new_object();
    json_set_str(f, "type",
                 r->rung == PROVIDER_SCHEMA ? "json_schema" : "json_object");
    if (r->rung == PROVIDER_SCHEMA) {
        struct json_node *s = json_new_object();

        json_set_str(s, "name", "items");
        json_set_bool(s, "strict", true);
        json_set(s, "schema", schema_items());
        json_set(f, "json_schema", s);
    } else if (r->rung == PROVIDER_LLAMA) {
        json_set(f, "schema", schema_items());
    }
    json_set(body, "response_format", f);
}

static void add_stream(struct json_node *body, const struct chat_request *r)
{
    struct json_node *o;

    if (!r->provider->stream)
        return;
    json_set_bool(body, "stream", true);
    if (!is_ours(r, "stream_options"))
        return;
    o = json_new_object();
    json_set_bool(o, "include_usage", true);
    json_set(body, "stream_options", o);
}

int chat_body(struct buf *b, const struct chat_request *r, struct err *err)
{
    struct json_node *body = json_new_object();
    const char *state = r->thinking ? "on" : "off";
    int rc;

    json_set_str(body, "model", r->model[0] ? r->model : r->provider->model);
    rc = add_messages(body, r, err);
    add_number(body, r, "temperature", r->temperature);
    add_number(body, r, "seed", (double)r->seed);
    add_number(body, r, r->provider->token_field, r->max_tokens);
    add_format(body, r);
    add_stream(body, r);
    add_all(body, r, json_get(r->provider->thinking, state));
    add_all(body, r, r->provider->extra);
    if (rc == 0)
        rc = json_print(b, body, false, err);
    json_node_free(body);
    return rc;
}
