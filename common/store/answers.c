#include "store/answers.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

enum { KEY_SIZE = 72, RECORD_MAX = 64 << 20 };

static struct blob key_of(char out[KEY_SIZE], const char *hash, unsigned number,
                          const char *mark)
{
    int n = snprintf(out, KEY_SIZE, "%.56s-%u%s", hash, number, mark);

    return (struct blob){ out, (size_t)n };
}

int answers_open(struct store **out, const char *path, struct err *err)
{
    bool resumed;

    return store_create(out, path, "answers", &resumed, err);
}

/* JSON holds UTF-8 without NUL only. */
static int clean(struct buf *b, struct span s, struct err *err)
{
    int rc = 0;

    while (rc == 0 && s.len > 0) {
        size_t good = utf8_valid(s.ptr, s.len);
        const char *nul = memchr(s.ptr, '\0', good);

        if (nul)
            good = (size_t)(nul - s.ptr);
        rc = buf_append(b, s.ptr, good, err);
        if (rc == 0 && good < s.len)
            rc = buf_puts(b, "\xEF\xBF\xBD", err);
        good += good < s.len;
        s = (struct span){ s.ptr + good, s.len - good };
    }
    return rc;
}

/* Where they are in the record; unknown ones are left out. */
static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    { "at", offsetof(struct answer_record, at) },
    { "tries", offsetof(struct answer_record, tries) },
    { "throttles", offsetof(struct answer_record, throttles) },
    { "prompt", offsetof(struct answer_record, prompt) },
    { "cached", offsetof(struct answer_record, cached) },
    { "completion", offsetof(struct answer_record, completion) },
    { "reasoning", offsetof(struct answer_record, reasoning) },
    { "money", offsetof(struct answer_record, money) },
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static void set_details(struct json_node *o, const struct answer_record *a)
{
    json_set_str(o, "source", a->source);
    json_set_str(o, "model", a->model ? a->model : "");
    if (a->failed && a->failed[0])
        json_set_str(o, "failed", a->failed);
    for (size_t i = 0; i < NUMBERS; i++) {
        double v;

        memcpy(&v, (const char *)a + numbers[i].offset, sizeof(v));
        if (v >= 0.0)
            json_set_num(o, numbers[i].name, v);
    }
}

int answers_put(struct store *s, const char *hash, unsigned number,
                const struct answer_record *a, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf body = BUF_INIT(RECORD_MAX), b = BUF_INIT(RECORD_MAX);
    char key[KEY_SIZE];
    int rc = clean(&body, a->body, err);

    json_set_str(o, "body", buf_str(&body));
    json_set_num(o, "status", (double)a->status);
    json_set_num(o, "seconds", a->seconds);
    json_set_str(o, "template", a->template);
    if (a->source)
        set_details(o, a);
    if (rc == 0)
        rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = store_put(s, STORE_NOTES, key_of(key, hash, number, ""),
                       (struct blob){ b.ptr, b.len }, err);
    json_node_free(o);
    buf_release(&body);
    buf_release(&b);
    return rc;
}

int answers_get(struct store *s, const char *hash, unsigned number,
                struct json **doc, struct answer_record *a, struct err *err)
{
    char key[KEY_SIZE];
    struct blob b;
    const struct json_node *root;
    int rc = store_get(s, STORE_NOTES, key_of(key, hash, number, ""), &b, err);

    *doc = NULL;
    if (rc == ERR_NOTFOUND)
        return 1;
    if (rc == 0)
        rc = json_parse(doc, "stored answer", b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    root = json_root(*doc);
    a->body = span_of(json_str(json_get(root, "body"), ""));
    a->status = (long)json_num(json_get(root, "status"), 200.0);
    a->seconds = json_num(json_get(root, "seconds"), 0.0);
    a->template = json_str(json_get(root, "template"), "");
    a->source = json_str(json_get(root, "source"), NULL);
    a->model = json_str(json_get(root, "model"), "");
    a->failed = json_str(json_get(root, "failed"), "");
    for (size_t i = 0; i < NUMBERS; i++) {
        double v = json_num(json_get(root, numbers[i].name), -1.0);

        memcpy((char *)a + numbers[i].offset, &v, sizeof(v));
    }
    return 0;
}

int answers_has(struct store *s, const char *hash, unsigned number,
                struct err *err)
{
    char key[KEY_SIZE];
    struct blob b;
    int rc = store_get(s, STORE_NOTES, key_of(key, hash, number, ""), &b, err);

    return rc == ERR_NOTFOUND ? 1 : rc;
}

int answers_put_failure(struct store *s, const char *hash, unsigned number,
                        const char *reason, struct err *err)
{
    struct json_node *o = json_new_object();
    struct buf text = BUF_INIT(4096), b = BUF_INIT(8192);
    char key[KEY_SIZE];
    int rc = clean(&text, span_of(reason), err);

    json_set_str(o, "reason", buf_str(&text));
    json_set_num(o, "at", (double)time(NULL));
    if (rc == 0)
        rc = json_print(&b, o, false, err);
    if (rc == 0)
        rc = store_put(s, STORE_NOTES, key_of(key, hash, number, "!"),
                       (struct blob){ b.ptr, b.len }, err);
    json_node_free(o);
    buf_release(&text);
    buf_release(&b);
    return rc;
}

int answers_get_failure(struct store *s, const char *hash, unsigned number,
                        char *reason, size_t size, struct err *err)
{
    char key[KEY_SIZE];
    struct json *doc;
    struct blob b;
    int rc = store_get(s, STORE_NOTES, key_of(key, hash, number, "!"), &b, err);

    if (rc == ERR_NOTFOUND)
        return 1;
    if (rc == 0)
        rc = json_parse(&doc, "stored failure", b.ptr, b.len, JSON_STRICT, err);
    if (rc < 0)
        return rc;
    snprintf(reason, size, "%s",
             json_str(json_get(json_root(doc), "reason"), "no answer"));
    json_free(doc);
    return 0;
}
