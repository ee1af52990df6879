/*
 * json_parts.h - what the files behind json.h share: json.c (cJSON: parsing,
 * the tree, printing), json_check.c (what cJSON lets pass), json_where.c
 * (positions and messages). Nobody else includes this.
 */
#ifndef BASE_JSON_PARTS_H
#define BASE_JSON_PARTS_H

#include "base/json.h"

struct json {
    char *name;
    char *text; /* comments blanked, offsets as in the file */
    size_t len;
    struct json_node *root;
};

/* Overwrite // comments with spaces, so that offsets hold. */
void json_blank_comments(char *s, size_t len);
/* The text before cJSON reads it: control characters and \u0000 in
 * strings, NUL bytes, depth. ERR_FORMAT. */
int json_check_text(const struct json *d, struct err *err) MUST_CHECK;
/* The tree that cJSON made of it: duplicate keys, infinite numbers. */
int json_check_tree(const struct json *d, const struct json_node *n,
                    struct err *err) MUST_CHECK;
/* ERR_FORMAT with the line and column of byte `at` of the text. */
int json_fail_at(struct err *err, const struct json *d, size_t at,
                 const char *what);

#endif
