/*
 * params.h - the parameters of a pipeline file: declared with a value in its
 * "params", given another by --set, put in place of "$name" in the values of
 * steps. A value {"path": P} is a file or folder: relative to the pipeline
 * file where declared, to the working folder when given by --set.
 */
#ifndef DAG_PARAMS_H
#define DAG_PARAMS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

struct params {
    const struct json *doc;  /* the pipeline file; the caller's */
    struct json_node *value; /* name -> value in force; owned */
    const char **used;       /* names that params_expand() has met */
    size_t useds;
};

/* Take the declared values; dir is the folder of the file. doc must outlive p,
 * which is to be released in any case. ERR_FORMAT, ERR_FULL (a path). */
int params_declare(struct params *p, const struct json *doc, const char *dir,
                   struct err *err) MUST_CHECK;
/* text is "name=value"; the value takes the type of the declared one.
 * ERR_USAGE: no such parameter (names the nearest), wrong type. */
int params_set(struct params *p, const char *text, struct err *err) MUST_CHECK;
/* Append the text of v, a value anywhere in doc, with parameters replaced;
 * *name is the last of them (as long as doc), or stays as it was. ERR_FORMAT:
 * unknown. */
int params_expand(struct params *p, const struct json_node *v, struct buf *b,
                  const char **name, struct err *err) MUST_CHECK;
/* Warn of each parameter that was never expanded; path is for the message. */
void params_warn_unused(const struct params *p, const char *path);
void params_release(struct params *p);

#endif
