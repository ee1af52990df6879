#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"

enum { FILE_MAX = 256 << 20 }; /* bytes of one JSON file */

struct json {
    char *name;
    char *text; /* comments blanked, offsets as in the file */
    size_t len;
    cJSON *root;
};

/* struct json_node is cJSON under another name: the type never leaves. */
static const cJSON *in(const struct json_node *n)
{
    return (const cJSON *)(const void *)n;
}

static const struct json_node *out_of(const cJSON *c)
{
    return (const struct json_node *)(const void *)c;
}

static cJSON *own(struct json_node *n)
{
    return (cJSON *)(void *)n;
}

static void line_col(const char *text, size_t at, int *line, int *col)
{
    *line = 1;
    *col = 1;
    for (size_t i = 0; i < at; i++) {
        *col += 1;
        if (text[i] == '\n') {
            *line += 1;
            *col = 1;
        }
    }
}

static int fail_at(struct err *err, const struct json *d, size_t at,
                   const char *what)
{
    int line, col;

    line_col(d->text, at < d->len ? at : d->len, &line, &col);
    return ERR_SET(err, ERR_FORMAT, "%s:%d:%d: %s", d->name, line, col, what);
}

static void blank_comments(char *s, size_t len)
{
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && s[i] == '\\') {
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
            while (i < len && s[i] != '\n')
                s[i++] = ' ';
        }
    }
}

/* What cJSON would let pass inside strings, and the depth, in one scan. */
static int scan(const struct json *d, struct err *err)
{
    bool quoted = false;
    int depth = 0;

    for (size_t i = 0; i < d->len; i++) {
        unsigned char c = (unsigned char)d->text[i];

        if (quoted && c < 0x20)
            return fail_at(err, d, i, "control character in a string");
        if (quoted && c == '\\') {
            if (d->len - i > 5 && memcmp(d->text + i + 1, "u0000", 5) == 0)
                return fail_at(err, d, i, "\\u0000 in a string");
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '\0') {
            return fail_at(err, d, i, "NUL byte");
        } else if (!quoted && (c == '{' || c == '[') && ++depth > JSON_DEPTH) {
            return fail_at(err, d, i, "nested too deep");
        } else if (!quoted && (c == '}' || c == ']')) {
            depth--;
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_keys(const struct json *d, const cJSON *o, struct err *err)
{
    size_t n = (size_t)cJSON_GetArraySize(o), i = 0;
    const char **key = malloc((n + 1) * sizeof(*key));
    const cJSON *c;
    int rc = 0;

    if (!key)
        return ERR_SET(err, ERR_NOMEM, "%s: %zu keys", d->name, n);
    cJSON_ArrayForEach(c, o) key[i++] = c->string;
    qsort(key, n, sizeof(*key), by_name);
    for (i = 1; rc == 0 && i < n; i++)
        if (strcmp(key[i - 1], key[i]) == 0)
            rc = JSON_ERR(err, d, out_of(o), "duplicate key \"%.80s\"", key[i]);
    free(key);
    return rc;
}

/* Depth is bounded by scan(). */
static int check_tree(const struct json *d, const cJSON *n, struct err *err)
{
    const cJSON *c;
    int rc = 0;

    if (cJSON_IsNumber(n) && !isfinite(n->valuedouble))
        return JSON_ERR(err, d, out_of(n), "number out of range");
    if (cJSON_IsObject(n))
        rc = check_keys(d, n, err);
    cJSON_ArrayForEach(c, n)
    {
        if (rc == 0)
            rc = check_tree(d, c, err);
    }
    return rc;
}

static int parse_text(struct json *d, unsigned flags, struct err *err)
{
    const char *end = NULL;
    size_t bad = utf8_valid(d->text, d->len);
    int rc;

    if (bad < d->len)
        return fail_at(err, d, bad, "invalid UTF-8");
    if (flags & JSON_COMMENTS)
        blank_comments(d->text, d->len);
    rc = scan(d, err);
    if (rc < 0)
        return rc;
    d->root = cJSON_ParseWithLengthOpts(d->text, d->len + 1, &end, 0);
    if (!d->root)
        return fail_at(err, d, end ? (size_t)(end - d->text) : 0,
                       "not valid JSON here");
    for (; *end; end++)
        if (!strchr(" \t\r\n", *end))
            return fail_at(err, d, (size_t)(end - d->text),
                           "text after the JSON value");
    return check_tree(d, d->root, err);
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
    cJSON_Delete(d->root);
    free(d->text);
    free(d->name);
    free(d);
}

const struct json_node *json_root(const struct json *d)
{
    return d ? out_of(d->root) : NULL;
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

const char *json_type_name(enum json_type t)
{
    switch (t) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "?";
}

int json_need(const struct json_node **out, const struct json_node *n,
              const char *key, enum json_type type, struct err *err)
{
    *out = json_get(n, key);
    if (!*out)
        return ERR_SET(err, ERR_FORMAT, "\"%s\" is missing, expected %s", key,
                       json_type_name(type));
    if (json_type(*out) != type)
        return ERR_SET(err, ERR_FORMAT, "\"%s\" is %s, expected %s", key,
                       json_type_name(json_type(*out)), json_type_name(type));
    return 0;
}

int json_need_int(int64_t *out, const struct json_node *n, const char *key,
                  int64_t min, int64_t max, struct err *err)
{
    const struct json_node *v;
    double d;
    int rc = json_need(&v, n, key, JSON_NUMBER, err);

    if (rc < 0)
        return rc;
    d = json_num(v, 0.0);
    if (!(d >= (double)min && d <= (double)max) || d != floor(d))
        return ERR_SET(err, ERR_FORMAT,
                       "\"%s\" is %g, expected an integer in [%lld, %lld]", key,
                       d, (long long)min, (long long)max);
    *out = (int64_t)d;
    return 0;
}

/* ---- positions: walk the checked text along the tree ---- */

static const char *blanks(const char *s)
{
    while (*s && strchr(" \t\r\n,:", *s))
        s++;
    return s;
}

static const char *skip_string(const char *s)
{
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\')
            s++;
    return *s ? s + 1 : s;
}

/* Walk the value at s, which is node n; *hit is set to where `want` begins
 * (its key, if it has one). Returns the end of the value. */
static const char *walk(const char *s, const cJSON *n, const cJSON *want,
                        const char **hit)
{
    if (n == want && !*hit)
        *hit = s;
    if (*s == '"')
        return skip_string(s);
    if (*s != '{' && *s != '[') {
        while (*s && !strchr(" \t\r\n,]}", *s))
            s++;
        return s;
    }
    s = blanks(s + 1);
    for (const cJSON *c = n->child; c; c = c->next) {
        if (c == want)
            *hit = s;
        if (cJSON_IsObject(n))
            s = blanks(skip_string(s));
        s = blanks(walk(s, c, want, hit));
    }
    return *s ? s + 1 : s;
}

void json_where(const struct json *d, const struct json_node *n, int *line,
                int *col)
{
    const char *hit = NULL;

    *line = *col = 0;
    if (!d || !d->root || !n)
        return;
    walk(blanks(d->text), d->root, in(n), &hit);
    if (hit)
        line_col(d->text, (size_t)(hit - d->text), line, col);
}

int json_err_(struct err *err, const struct json *d, const struct json_node *n,
              const char *file, int line, const char *fmt, ...)
{
    char msg[384];
    int l, c;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    json_where(d, n, &l, &c);
    return err_set_(err, ERR_FORMAT, file, line, "%s:%d:%d: %s", d->name, l, c,
                    msg);
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
    return (struct json_node *)(void *)made(cJSON_CreateObject());
}

struct json_node *json_new_array(void)
{
    return (struct json_node *)(void *)made(cJSON_CreateArray());
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
    return (struct json_node *)(void *)made(cJSON_Duplicate(in(n), 1));
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
