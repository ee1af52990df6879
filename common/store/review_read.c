#include <string.h>
#include <strings.h>

#include "store/review.h"

static void vote(struct review_answer *v, const char *value)
{
    static const char *const same[] = { "same", "1",        "true",
                                        "yes",  "positive", "paraphrase" };
    static const char *const different[] = { "different",
                                             "0",
                                             "false",
                                             "no",
                                             "negative",
                                             "look-"
                                             "alike" };

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        v->same += strcasecmp(value, same[i]) == 0;
        v->different += strcasecmp(value, different[i]) == 0;
    }
}

static void vote_node(struct review_answer *v, const struct json_node *value)
{
    if (json_type(value) == JSON_BOOL)
        vote(v, json_bool(value, false) ? "1" : "0");
    else if (json_type(value) == JSON_NUMBER)
        vote(v, json_num(value, -1.0) == 1.0   ? "1"
                : json_num(value, -1.0) == 0.0 ? "0"
                                               : "");
    else
        vote(v, json_str(value, ""));
}

/* {"label": [{"value", "user_id"}]} */
static int argilla_lists(struct review_answer *v,
                         const struct json_node *responses, struct err *err)
{
    const struct json_node *list = json_get(responses, "label");

    if (list && json_type(list) != JSON_ARRAY)
        return ERR_SET(err, ERR_FORMAT,
                       "\"responses\": \"label\" is %s, expected an array",
                       json_type_name(json_type(list)));
    for (list = json_first(list); list; list = json_next(list)) {
        const char *status = json_str(json_get(list, "status"), "submitted");

        if (strcmp(status, "submitted") == 0)
            vote_node(v, json_get(list, "value"));
    }
    return 0;
}

/* [{"values": {"label": {"value"}}, "status", "user_id"}] */
static void argilla_users(struct review_answer *v,
                          const struct json_node *responses)
{
    const struct json_node *r = json_first(responses);

    for (; r; r = json_next(r)) {
        const char *status = json_str(json_get(r, "status"), "submitted");
        const struct json_node *label =
            json_get(json_get(r, "values"), "label");

        if (strcmp(status, "submitted") == 0)
            vote_node(v, json_get(label, "value"));
    }
}

static int argilla_votes(struct review_answer *v, const struct json_node *o,
                         struct err *err)
{
    const struct json_node *r = json_get(o, "responses");

    switch (json_type(r)) {
    case JSON_NULL:
        return 0;
    case JSON_OBJECT:
        return argilla_lists(v, r, err);
    case JSON_ARRAY:
        argilla_users(v, r);
        return 0;
    case JSON_BOOL:
    case JSON_NUMBER:
    case JSON_STRING:
        break;
    }
    return ERR_SET(err, ERR_FORMAT, "\"responses\" is %s, expected an object",
                   json_type_name(json_type(r)));
}

/* The choice of one annotation; it may hold other results as well. */
static void annotation(struct review_answer *v, const struct json_node *a)
{
    const struct json_node *r = json_first(json_get(a, "result"));

    if (json_bool(json_get(a, "was_cancelled"), false))
        return;
    for (; r; r = json_next(r))
        if (strcmp(json_str(json_get(r, "from_name"), ""), "label") == 0) {
            vote_node(v, json_first(json_get(json_get(r, "value"), "choices")));
            return;
        }
}

static int label_studio_votes(struct review_answer *v,
                              const struct json_node *o, struct err *err)
{
    const struct json_node *a = json_get(o, "annotations");

    if (!json_get(o, "data")) { /* JSON_MIN */
        const struct json_node *label = json_get(o, "label");

        if (json_type(label) == JSON_OBJECT)
            label = json_first(json_get(label, "choices"));
        vote_node(v, label);
        return 0;
    }
    if (json_type(a) != JSON_NULL && json_type(a) != JSON_ARRAY)
        return ERR_SET(err, ERR_FORMAT,
                       "\"annotations\" is %s, expected an array",
                       json_type_name(json_type(a)));
    for (a = json_first(a); a; a = json_next(a))
        annotation(v, a);
    return 0;
}

static int need_text(struct span *out, const struct json_node *o,
                     const char *name, struct err *err)
{
    const struct json_node *n;
    int rc = json_need(&n, o, name, JSON_STRING, err);

    *out = span_of(rc == 0 ? json_str(n, "") : "");
    if (rc == 0 && strspn(out->ptr, " \t\r\n") == out->len)
        rc = ERR_SET(err, ERR_FORMAT, "\"%s\" is empty", name);
    if (rc == 0 && out->len > TEXT_MAX)
        rc = ERR_SET(err, ERR_FORMAT, "\"%s\" has %zu bytes, at most %d", name,
                     out->len, TEXT_MAX);
    return rc;
}

int review_read(struct review_answer *out, const struct json_node *o,
                enum review_tool tool, struct err *err)
{
    const bool argilla = tool == REVIEW_ARGILLA;
    const struct json_node *texts = o;
    int rc = 0;

    *out = (struct review_answer){ .same = 0 };
    if (json_type(o) != JSON_OBJECT)
        return ERR_SET(err, ERR_FORMAT, "%s, expected an object",
                       json_type_name(json_type(o)));
    if (argilla || json_get(o, "data"))
        rc =
            json_need(&texts, o, argilla ? "fields" : "data", JSON_OBJECT, err);
    if (rc == 0)
        rc = need_text(&out->a, texts, "sentence1", err);
    if (rc == 0)
        rc = need_text(&out->b, texts, "sentence2", err);
    out->facts = argilla ? json_get(o, "metadata") : texts;
    if (rc < 0)
        return rc;
    return argilla ? argilla_votes(out, o, err)
                   : label_studio_votes(out, o, err);
}
