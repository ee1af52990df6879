/*
 * json.h - JSON read strictly and written, on cJSON.
 *
 * What cJSON lets pass is refused here: duplicate keys, invalid UTF-8, raw
 * control characters in strings, \u0000, numbers that overflow to infinity,
 * text after the value, nesting deeper than JSON_DEPTH. Key look-up minds
 * case. Nodes live as long as their document.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { JSON_DEPTH = 64 };
enum json_flags {
    JSON_STRICT = 0,
    JSON_COMMENTS = 1, /* blank out // comments before parsing */
};
enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json;      /* a document: owns its text and all nodes */
struct json_node; /* one value; NULL is accepted everywhere as "absent" */

/* Errors: ERR_FORMAT with line:column, ERR_NOMEM. name is for messages. */
int json_parse(struct json **out, const char *name, const char *text,
               size_t len, unsigned flags, struct err *err) MUST_CHECK;
int json_load(struct json **out, const char *path, unsigned flags,
              struct err *err) MUST_CHECK;
void json_free(struct json *doc); /* NULL is fine */
const struct json_node *json_root(const struct json *doc);

enum json_type json_type(const struct json_node *n);
/* Member of an object, or NULL. */
const struct json_node *json_get(const struct json_node *n, const char *key);
/* Children of an array or object in file order. */
size_t json_size(const struct json_node *n);
const struct json_node *json_first(const struct json_node *n);
const struct json_node *json_next(const struct json_node *n);
const char *json_key(const struct json_node *n); /* NULL in arrays */

/* The value, or dflt when absent or of another type. Strings live as long as
 * the document. */
const char *json_str(const struct json_node *n, const char *dflt);
double json_num(const struct json_node *n, double dflt);
bool json_bool(const struct json_node *n, bool dflt);
/* The member, or ERR_FORMAT that names key, expected and found type. */
int json_need(const struct json_node **out, const struct json_node *n,
              const char *key, enum json_type type, struct err *err) MUST_CHECK;
/* An integer member in [min, max], else ERR_FORMAT. */
int json_need_int(int64_t *out, const struct json_node *n, const char *key,
                  int64_t min, int64_t max, struct err *err) MUST_CHECK;
const char *json_type_name(enum json_type t);

/* Line and column (from 1) where the node's key (or, in arrays, its value)
 * begins in the text; 0:0 for nodes that were built, not parsed. */
void json_where(const struct json *doc, const struct json_node *n, int *line,
                int *col);
/* ERR_SET with "name:line:col: " in front. */
#define JSON_ERR(err, doc, node, ...) \
    json_err_((err), (doc), (node), __FILE__, __LINE__, __VA_ARGS__)
int json_err_(struct err *err, const struct json *doc,
              const struct json_node *n, const char *file, int line,
              const char *fmt, ...) PRINTF_LIKE(6, 7);

/*
 * Building. A new node is owned by the caller until it is set or pushed into
 * another. Out of memory aborts the process: these documents are small.
 */
struct json_node *json_new_object(void);
struct json_node *json_new_array(void);
void json_set_str(struct json_node *o, const char *key, const char *v);
void json_set_num(struct json_node *o, const char *key, double v);
void json_set_bool(struct json_node *o, const char *key, bool v);
void json_set_null(struct json_node *o, const char *key);
void json_set(struct json_node *o, const char *key, struct json_node *v);
/* A deep copy of v, which stays whoever's it is. */
void json_set_copy(struct json_node *o, const char *key,
                   const struct json_node *v);
void json_push(struct json_node *a, struct json_node *v);
void json_push_str(struct json_node *a, const char *v);
void json_push_num(struct json_node *a, double v);
struct json_node *json_clone(const struct json_node *n);
void json_node_free(struct json_node *n);
/* Append the text: one line, or indented by tabs. Numbers print as integers
 * or with the fewest digits that read back the same. */
int json_print(struct buf *b, const struct json_node *n, bool pretty,
               struct err *err) MUST_CHECK;

#endif
