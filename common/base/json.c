#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_parts.h"
#include "base/utf8.h"

enum { FILE_MAX = 256 << 20 }; /* bytes of one JSON file */

/* struct json_node is cJSON under another name: the type never leaves. */
static const cJSON *in(const struct json_node *n)
{
    return (const cJSON *)(const void *)n;
}

static const struct json_node *out_of(const cJSON *c)
{
    return (const struct json_node *)(const void *)c;
}

static struct json_node *given(cJSON *c)
{
    return (struct json_node *)(void *)c;
}

static cJSON *own(struct json_node *n)
{
    return (cJSON *)(void *)n;
}

static int parse_text(struct json *d, unsigned flags, struct err *err)
{
    const char *end = NULL;
    size_t bad = utf8_valid(d->text, d->len); /* in comments, too */
    int rc;

    if (bad < d->len)
        return json_fail_at(err, d, bad, "invalid UTF-8");
    if (flags & JSON_COMMENTS)
        json_blank_comments(d->text, d->len);
    rc = json_check_text(d, err);
    if (rc < 0)
        return rc;
    d->root = given(cJSON_ParseWithLengthOpts(d->text, d->len + 1, &end, 0));
    if (!d->root)
        return json_fail_at(err, d, end ? (size_t)(end - d->text) : 0,
                            "not valid JSON here");
    for (; *end; end++)
        if (!strchr(" \t\r\n", *end))
            return json_fail_at(err, d, (size_t)(end - d->text),
                                "text after the JSON value");
    return json_check_tree(d, d->root, err);
}

int json_parse(struct json **out, const char *name, const char *text,
               size_t len, unsigned flags, struct err *err)
{
    struct json *d = calloc(1, sizeof(*d));
    int rc;

    *out = NULL;
    if (d) {
        d->name = strdup(name);
        d->text = malloc(len + 1);
    }
    if (!d || !d->name || !d->text) {
        json_free(d);
        return ERR_SET(err, ERR_NOMEM, "%s: cannot hold %zu bytes", name, len);
    }
    if (len)
        memcpy(d->text, text, len);
    d->text[len] = '\0';
    d->len = len;
    rc = parse_text(d, flags, err);
    if (rc < 0) {
        json_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

int json_load(struct json **out, const char *path, unsigned flags,
              struct err *err)
{
    struct buf b = BUF_INIT(FILE_MAX);
    int rc = file_read(&b, path, err);

    *out = NULL;
    if (rc == 0)
        rc = json_parse(out, path, buf_str(&b), b.len, flags, err);
    buf_release(&b);
    return rc;
}

void json_free(struct json *d)
{
    if (!d)
        return;
    json_node_free(d->root);
    free(d->text);
    free(d->name);
    free(d);
}

const struct json_node *json_root(const struct json *d)
{
    return d ? d->root : NULL;
}

enum json_type json_type(const struct json_node *n)
{
    const cJSON *c = in(n);

    if (cJSON_IsBool(c))
        return JSON_BOOL;
    if (cJSON_IsNumber(c))
        return JSON_NUMBER;
    if (cJSON_IsString(c))
        return JSON_STRING;
    if (cJSON_IsArray(c))
        return JSON_ARRAY;
    return cJSON_IsObject(c) ? JSON_OBJECT : JSON_NULL;
}

const struct json_node *json_get(const struct json_node *n, const char *key)
{
    if (!n || !cJSON_IsObject(in(n)))
        return NULL;
    return out_of(cJSON_GetObjectItemCaseSensitive(in(n), key));
}

size_t json_size(const struct json_node *n)
{
    return n ? (size_t)cJSON_GetArraySize(in(n)) : 0;
}

const struct json_node *json_first(const struct json_node *n)
{
    return n ? out_of(in(n)->child) : NULL;
}

const struct json_node *json_next(const struct json_node *n)
{
    return n ? out_of(in(n)->next) : NULL;
}

const char *json_key(const struct json_node *n)
{
    return n ? in(n)->string : NULL;
}

const char *json_str(const struct json_node *n, const char *dflt)
{
    return n && cJSON_IsString(in(n)) ? in(n)->valuestring : dflt;
}

double json_num(const struct json_node *n, double dflt)
{
    return n && cJSON_IsNumber(in(n)) ? in(n)->valuedouble : dflt;
}

bool json_bool(const struct json_node *n, bool dflt)
{
    return n && cJSON_IsBool(in(n)) ? cJSON_IsTrue(in(n)) : dflt;
}

/* ---- building ---- */

static cJSON *made(cJSON *c)
{
    if (!c)
        abort(); /* out of memory for a handful of bytes */
    return c;
}

static void attach(struct json_node *o, const char *key, cJSON *v)
{
    cJSON_DeleteItemFromObjectCaseSensitive(own(o), key);
    if (!cJSON_AddItemToObject(own(o), key, made(v)))
        abort();
}

struct json_node *json_new_object(void)
{
    return given(made(cJSON_CreateObject()));
}

struct json_node *json_new_array(void)
{
    return given(made(cJSON_CreateArray()));
}

void json_set_str(struct json_node *o, const char *key, const char *v)
{
    attach(o, key, cJSON_CreateString(v));
}

void json_set_num(struct json_node *o, const char *key, double v)
{
    attach(o, key, cJSON_CreateNumber(v));
}

void json_set_bool(struct json_node *o, const char *key, bool v)
{
    attach(o, key, cJSON_CreateBool(v));
}

void json_set_null(struct json_node *o, const char *key)
{
    attach(o, key, cJSON_CreateNull());
}

void json_set(struct json_node *o, const char *key, struct json_node *v)
{
    attach(o, key, own(v));
}

void json_set_copy(struct json_node *o, const char *key,
                   const struct json_node *v)
{
    attach(o, key, cJSON_Duplicate(in(v), 1));
}

void json_push(struct json_node *a, struct json_node *v)
{
    if (!cJSON_AddItemToArray(own(a), own(v)))
        abort();
}

void json_push_str(struct json_node *a, const char *v)
{
    if (!cJSON_AddItemToArray(own(a), made(cJSON_CreateString(v))))
        abort();
}

void json_push_num(struct json_node *a, double v)
{
    if (!cJSON_AddItemToArray(own(a), made(cJSON_CreateNumber(v))))
        abort();
}

struct json_node *json_clone(const struct json_node *n)
{
    return given(made(cJSON_Duplicate(in(n), 1)));
}

void json_node_free(struct json_node *n)
{
    cJSON_Delete(own(n));
}

/* cJSON takes a number for printed when it reads back nearly the same
 * (9007199254740991 as 9.00719925474099e+15): give it the text instead. */
static void spell_numbers(cJSON *n)
{
    if (cJSON_IsNumber(n) && isfinite(n->valuedouble)) {
        double d = n->valuedouble;
        char text[40];

        if (d == floor(d) && fabs(d) < 0x1p53)
            snprintf(text, sizeof(text), "%.0f", d == 0.0 ? 0.0 : d);
        else
            for (int digits = 15; digits <= 17; digits++) {
                snprintf(text, sizeof(text), "%.*g", digits, d);
                if (strtod(text, NULL) == d)
                    break;
            }
        n->valuestring = cJSON_malloc(strlen(text) + 1);
        if (!n->valuestring)
            abort();
        memcpy(n->valuestring, text, strlen(text) + 1);
        n->type = (n->type & cJSON_StringIsConst) | cJSON_Raw;
    }
    for (cJSON *c = n->child; c; c = c->next)
        spell_numbers(c);
}

int json_print(struct buf *b, const struct json_node *n, bool pretty,
               struct err *err)
{
    cJSON *copy = made(cJSON_Duplicate(in(n), 1));
    char *text;
    int rc;

    spell_numbers(copy);
    text = pretty ? cJSON_Print(copy) : cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    if (!text)
        return ERR_SET(err, ERR_NOMEM, "cannot print JSON");
    rc = buf_puts(b, text, err);
    cJSON_free(text);
    return rc;
}
