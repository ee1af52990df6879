#include "net/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- request ---- */

static void add_message(struct json_node *list, const char *role,
                        const char *content)
{
    struct json_node *m = json_new_object();

    json_set_str(m, "role", role);
    json_set_str(m, "content", content);
    json_push(list, m);
}

static int add_messages(struct json_node *body, const struct chat_request *r,
                        struct err *err)
{
    struct json_node *list = json_new_array();
    struct buf b = BUF_INIT(4 << 20);
    int rc = 0;

    json_set(body, "messages", list);
    if (r->prompt->system.len) {
        rc = prompt_render(&b, r->prompt->system, &r->values, err);
        if (rc == 0)
            add_message(list, "system", buf_str(&b));
    }
    buf_reset(&b);
    if (rc == 0)
        rc = prompt_render(&b, r->prompt->user, &r->values, err);
    if (rc == 0)
        add_message(list, "user", buf_str(&b));
    if (rc == 0 && r->bad) {
        add_message(list, "assistant", r->bad);
        add_message(list, "user",
                    "That was not one JSON object on the pattern asked for. "
                    "Give the same content again as JSON only.");
    }
    buf_release(&b);
    return rc;
}

int chat_body(struct buf *b, const struct chat_request *r, struct err *err)
{
    struct json_node *body = json_new_object();
    int rc;

    json_set_str(body, "model", r->model[0] ? r->model : r->provider->model);
    rc = add_messages(body, r, err);
    json_set_num(body, "temperature", r->temperature);
    json_set_num(body, "seed", (double)r->seed);
    json_set_num(body, r->provider->token_field, r->max_tokens);
    if (r->provider->json_mode && !r->plain) {
        struct json_node *f = json_new_object();

        json_set_str(f, "type", "json_object");
        json_set(body, "response_format", f);
    }
    for (const struct json_node *x = json_first(r->provider->extra); x;
         x = json_next(x))
        json_set_copy(body, json_key(x), x);
    if (rc == 0)
        rc = json_print(b, body, false, err);
    json_node_free(body);
    return rc;
}

/* ---- answer: envelope ---- */

static void fail(struct chat_answer *a, enum chat_status s, const char *text)
{
    a->status = s;
    snprintf(a->message, sizeof(a->message), "%s", text ? text : "");
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

static double tokens(const struct json_node *usage, const char *a,
                     const char *b)
{
    const struct json_node *n = json_get(usage, a);

    return json_num(n ? n : json_get(usage, b), -1.0);
}

/* The message of the first choice, or NULL after setting the status. */
static const struct json_node *open_envelope(struct chat_answer *a,
                                             const struct json_node *root,
                                             const char **finish)
{
    const struct json_node *error = json_get(root, "error"), *choice;
    const struct json_node *usage = json_get(root, "usage");

    a->prompt_tokens = tokens(usage, "prompt_tokens", "input_tokens");
    a->completion_tokens = tokens(usage, "completion_tokens", "output_tokens");
    choice = json_first(json_get(root, "choices"));
    if (error || !choice) {
        const char *m = json_str(json_get(error, "message"), NULL);

        fail(a, CHAT_ERROR,
             m ? m
               : json_str(error, json_str(json_get(root, "message"),
                                          "no choices in the answer")));
        return NULL;
    }
    *finish = json_str(json_get(choice, "finish_reason"), "stop");
    return json_get(choice, "message");
}

/* ---- answer: items ---- */

static const char *const positive_keys[] = {
    "positives", "positive", "paraphrases", "same_meaning", "similar",
    "正例",      "正样本",   "同义句",      "意思相同",     "positive_sentences"
};
static const char *const negative_keys[] = { "negatives",
                                             "negative",
                                             "hard_negatives",
                                             "look_alikes",
                                             "lookalikes",
                                             "different",
                                             "负例",
                                             "负样本",
                                             "反例",
                                             "形近义异",
                                             "negative_sentences" };

static const struct json_node *find_list(const struct json_node *o,
                                         const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct json_node *v = json_get(o, keys[i]);

        if (v)
            return v;
    }
    return NULL;
}

/* "1. text", "2) text", "- text": the mark goes. */
static const char *skip_number(const char *s)
{
    size_t d = strspn(s, "0123456789");

    if (d > 0 && d < 3 && (s[d] == '.' || s[d] == ')') && s[d + 1] == ' ')
        s += d + 2;
    else if ((s[0] == '-' || s[0] == '*') && s[1] == ' ')
        s += 2;
    return s + strspn(s, " ");
}

static char *copy_item(const char *s)
{
    char *t;
    size_t n;

    s += strspn(s, " \t\r\n");
    s = skip_number(s);
    t = strdup(s);
    n = t ? strlen(t) : 0;
    while (n && strchr(" \t\r\n", t[n - 1]))
        t[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (strchr("\t\r\n", t[i]))
            t[i] = ' ';
    return t;
}

static int take_items(struct chat_item *out, size_t *n,
                      const struct json_node *list, struct err *err)
{
    for (const struct json_node *c = json_first(list); c && *n < CHAT_ITEMS_MAX;
         c = json_next(c)) {
        const struct json_node *t = json_get(c, "text");
        const char *s = json_str(c, NULL);

        if (!s)
            s = json_str(t ? t : json_get(c, "sentence"), NULL);
        if (!s)
            continue;
        out[*n].text = copy_item(s);
        out[*n].kind =
            json_str(json_get(c, "kind"), json_str(json_get(c, "type"), ""));
        if (!out[*n].text)
            return ERR_SET(err, ERR_NOMEM, "cannot copy an item");
        *n += out[*n].text[0] != '\0';
        if (*n < CHAT_ITEMS_MAX && out[*n].text && !out[*n].text[0]) {
            free(out[*n].text);
            out[*n].text = NULL;
        }
    }
    return 0;
}

static int read_items(struct chat_answer *a, struct err *err)
{
    struct err none = ERR_INIT;
    const struct json_node *root, *pos, *neg;
    int rc;

    if (repair_json(&a->doc, &a->how, a->content, strlen(a->content), NULL,
                    &none) < 0) {
        fail(a, CHAT_UNPARSED, none.msg);
        return 0;
    }
    root = json_root(a->doc);
    if (json_type(root) == JSON_ARRAY && json_size(root) == 1)
        root = json_first(root);
    pos = find_list(root, positive_keys,
                    sizeof(positive_keys) / sizeof(positive_keys[0]));
    neg = find_list(root, negative_keys,
                    sizeof(negative_keys) / sizeof(negative_keys[0]));
    rc = take_items(a->positive, &a->positives, pos, err);
    if (rc == 0)
        rc = take_items(a->negative, &a->negatives, neg, err);
    if (rc == 0 && a->positives + a->negatives == 0)
        fail(a, CHAT_UNPARSED, "JSON without positives and negatives");
    else if (rc == 0 && a->how == REPAIR_CUT)
        a->status = CHAT_TRUNCATED;
    return rc;
}

int chat_read(struct chat_answer *a, const char *body, size_t len,
              struct err *err)
{
    const struct json_node *m;
    const char *finish = "stop", *refusal;
    struct json *doc = NULL;
    struct err none = ERR_INIT;
    int rc;

    memset(a, 0, sizeof(*a));
    a->prompt_tokens = a->completion_tokens = -1.0;
    if (json_parse(&doc, "answer", body, len, JSON_STRICT, &none) < 0) {
        fail(a, CHAT_ERROR, none.msg);
        return 0;
    }
    m = open_envelope(a, json_root(doc), &finish);
    refusal = json_str(json_get(m, "refusal"), NULL);
    rc = take_content(a, json_get(m, "content"), err);
    if (rc == 0 && !a->content)
        rc = take_content(a, json_get(m, "reasoning_content"), err);
    if (rc < 0 || a->status == CHAT_ERROR) {
        json_free(doc);
        return rc;
    }
    if (refusal || strcmp(finish, "content_filter") == 0) {
        fail(a, CHAT_FILTERED, refusal ? refusal : finish);
    } else if (!a->content) {
        fail(a, CHAT_EMPTY, "the answer has no content");
    } else {
        rc = read_items(a, err);
        if (strcmp(finish, "length") == 0 && a->status != CHAT_ERROR)
            a->status = CHAT_TRUNCATED;
    }
    json_free(doc);
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
