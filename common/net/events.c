#include "net/events.h"

#include <stdio.h>
#include <string.h>

#include "net/repair.h"

enum { TEXT_MAX = 8 << 20 };

static const char *const parts[] = { "content", "reasoning_content",
                                     "reasoning", "refusal" };
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

struct joiner {
    struct json_node *out;
    struct buf text[PARTS];
    char finish[64]; /* "" = not said yet */
    bool done;       /* "[DONE]" */
    bool broken;     /* an event in the middle cannot be read */
};

/* Skip what may stand before the first line; the bytes. */
static size_t margin(const char *body, size_t len)
{
    size_t skip = len >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    while (skip < len && strchr(" \t\r\n", body[skip]) && body[skip])
        skip++;
    return skip;
}

bool events_begin(const char *body, size_t len)
{
    static const char *const begin[] = { "data:", "event:", ":" };
    size_t skip = margin(body, len);

    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
        size_t n = strlen(begin[i]);

        if (len - skip >= n && memcmp(body + skip, begin[i], n) == 0)
            return true;
    }
    return false;
}

static int add_event(struct joiner *j, const struct json_node *e,
                     struct err *err)
{
    static const char *const whole[] = { "id", "model", "usage", "error" };
    const struct json_node *choice = json_first(json_get(e, "choices"));
    const char *finish = json_str(json_get(choice, "finish_reason"), "");
    int rc = 0;

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        const struct json_node *v = json_get(e, whole[i]);

        if (v && json_type(v) != JSON_NULL)
            json_set_copy(j->out, whole[i], v);
    }
    for (size_t i = 0; rc == 0 && i < PARTS; i++)
        rc = buf_puts(
            &j->text[i],
            json_str(json_get(json_get(choice, "delta"), parts[i]), ""), err);
    if (finish[0])
        snprintf(j->finish, sizeof(j->finish), "%s", finish);
    return rc;
}

static void finish(struct joiner *j)
{
    struct json_node *list = json_new_array(), *choice = json_new_object();
    struct json_node *message = json_new_object();

    for (size_t i = 0; i < PARTS; i++)
        if (j->text[i].len)
            json_set_str(message, parts[i], buf_str(&j->text[i]));
    json_set(choice, "message", message);
    json_set_str(choice, "finish_reason", j->finish);
    json_push(list, choice);
    json_set(j->out, "choices", list);
}

/* A line that is no event's data says nothing. What was dropped from the middle
 * of a sentence nobody would see, so an event that cannot be read even when it
 * is mended spoils the stream. */
static int add_line(struct joiner *j, struct span line, struct err *err)
{
    struct err none = ERR_INIT;
    struct json *doc = NULL;
    const char *p = line.ptr + 5;
    size_t n = line.len;
    int rc;

    if (n < 5 || memcmp(line.ptr, "data:", 5) != 0)
        return 0;
    for (n -= 5; n && (*p == ' ' || *p == '\t'); n--)
        p++;
    j->done |= n >= 6 && memcmp(p, "[DONE]", 6) == 0;
    if (n == 0 || *p != '{')
        return 0;
    rc = json_parse(&doc, "event", p, n, JSON_STRICT, &none);
    if (rc == ERR_FORMAT)
        rc = repair_object(&doc, p, n, &none);
    if (rc == ERR_FORMAT) {
        j->broken |= !j->finish[0];
        return 0;
    }
    if (rc < 0)
        return ERR_SET(err, (enum err_code)rc, "%s", none.msg);
    rc = add_event(j, json_root(doc), err);
    json_free(doc);
    return rc;
}

int events_join(struct json_node **out, const char *body, size_t len,
                struct err *err)
{
    struct joiner j = { .out = json_new_object() };
    const char *p = body + margin(body, len), *end = body + len;
    int rc = 0;

    for (size_t i = 0; i < PARTS; i++)
        j.text[i].max = TEXT_MAX;
    while (rc == 0 && p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));

        if (!stop)
            stop = end;
        rc = add_line(&j, (struct span){ p, (size_t)(stop - p) }, err);
        p = stop + (stop < end);
    }
    if (rc == 0 && (j.finish[0] || j.done) && !j.broken)
        finish(&j);
    for (size_t i = 0; i < PARTS; i++)
        buf_release(&j.text[i]);
    if (rc < 0) {
        json_node_free(j.out);
        j.out = NULL;
    }
    *out = j.out;
    return rc;
}
